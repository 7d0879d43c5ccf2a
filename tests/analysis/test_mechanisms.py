"""Counts of linear, latent and approximate attention: each written out in products and counted."""

from __future__ import annotations

import pytest
import torch

from attncourse import analysis
from tests.analysis.test_operations import counted, zeros

B, H, N, M, D, E = 2, 3, 10, 7, 4, 5  # batch, heads, queries, keys, d_k, d_v
SIZES = {"n_heads": H, "d_k": D, "d_v": E, "batch": B}


def recurrent_linear():
    state = zeros(B, H, D, E)
    for _ in range(N):
        q, k, v = zeros(B, H, 1, D), zeros(B, H, 1, D), zeros(B, H, 1, E)
        state = state + k.mT @ v
        q @ state


def recurrent_delta():
    state = zeros(B, H, D, E)
    for _ in range(N):
        q, k, v = zeros(B, H, 1, D), zeros(B, H, 1, D), zeros(B, H, 1, E)
        state = state + k.mT @ (v - k @ state)
        q @ state


def chunked_linear(chunk_len):
    state = zeros(B, H, D, E)
    for start in range(0, N, chunk_len):
        c = min(chunk_len, N - start)
        q, k, v = zeros(B, H, c, D), zeros(B, H, c, D), zeros(B, H, c, E)
        (q @ k.mT).tril() @ v + q @ state
        state = state + k.mT @ v


def chunked_delta(chunk_len):
    """The triangular system row by row: each row takes in the rows before it."""
    state = zeros(B, H, D, E)
    for start in range(0, N, chunk_len):
        c = min(chunk_len, N - start)
        q, k, v = zeros(B, H, c, D), zeros(B, H, c, D), zeros(B, H, c, E)
        among, right, solved = k @ k.mT, torch.cat([k, v], -1), []
        for i in range(c):
            row = right[..., i : i + 1, :]
            if i:
                row = row - among[..., i : i + 1, :i] @ torch.cat(solved, -2)
            solved.append(row)
        w, u = torch.cat(solved, -2).split([D, E], -1)
        written = u - w @ state
        q @ state + (q @ k.mT).tril() @ written
        state = state + k.mT @ written


@pytest.mark.parametrize("chunk_len", [1, 3, 4, 10, 20])
def test_chunks(chunk_len):
    found = analysis.chunked_linear_operations(N, chunk_len=chunk_len, **SIZES)
    assert found.matmul == counted(chunked_linear, chunk_len)
    found = analysis.chunked_delta_operations(N, chunk_len=chunk_len, **SIZES)
    assert found.matmul == counted(chunked_delta, chunk_len)


def test_step_by_step():
    assert analysis.recurrent_linear_operations(N, **SIZES).matmul == counted(recurrent_linear)
    assert analysis.recurrent_delta_operations(N, **SIZES).matmul == counted(recurrent_delta)


def test_step_by_step_outside_products():
    """A position of a head: add to and read the normaliser, divide; difference and strength."""
    one = {"n_heads": 1, "d_k": D, "d_v": E}
    assert analysis.recurrent_linear_operations(1, **one).elementwise == D + 2 * D + E
    assert analysis.recurrent_delta_operations(1, **one).elementwise == E + E
    assert analysis.recurrent_delta_operations(1, gated=True, **one).elementwise == 2 * E + D * E
    for function in (analysis.recurrent_linear_operations, analysis.recurrent_delta_operations):
        assert function(N, **SIZES).elementwise == B * H * N * function(1, **one).elementwise


def performer(f=6):
    projection = zeros(D, f)
    q, k = zeros(B, H, N, D) @ projection, zeros(B, H, M, D) @ projection
    q @ (k.mT @ zeros(B, H, M, E)), q @ k.sum(-2, keepdim=True).mT


def linformer(r=3):
    k, v = zeros(r, M) @ zeros(B, H, M, D), zeros(r, M) @ zeros(B, H, M, E)
    (zeros(B, H, N, D) @ k.mT) @ v


def nystrom(r=2, n_iterations=3):
    q, k, v = zeros(B, H, N, D), zeros(B, H, M, D), zeros(B, H, M, E)
    q_marks, k_marks, one = zeros(B, H, r, D), zeros(B, H, r, D), torch.eye(r)
    left, middle, right = q @ k_marks.mT, q_marks @ k_marks.mT, q_marks @ k.mT
    inverse = middle.mT
    for _ in range(n_iterations):
        product = middle @ inverse
        inverse = inverse @ (13 * one - product @ (15 * one - product @ (7 * one - product))) / 4
    left @ (inverse @ (right @ v))


def test_approximations():
    assert analysis.performer_operations(N, M, n_features=6, **SIZES).matmul == counted(performer)
    assert analysis.linformer_operations(N, M, n_projected=3, **SIZES).matmul == counted(linformer)
    found = analysis.nystrom_operations(N, M, n_landmarks=2, n_iterations=3, **SIZES)
    assert found.matmul == counted(nystrom)


def test_approximations_outside_products():
    found = analysis.performer_operations(N, M, n_features=6, **SIZES)
    assert found[1:] == (B * H * (M * 6 + N * E), B * H * (N + M) * 6)
    found = analysis.linformer_operations(N, M, n_projected=3, **SIZES)
    assert found[1:] == (5 * B * H * N * 3, B * H * N * 3)
    found = analysis.nystrom_operations(N, M, n_landmarks=2, n_iterations=3, **SIZES)
    scores = 2 * N + 2 * 2 + 2 * M
    assert found[1:] == (B * H * (5 * scores + (N + M) * D + 3 * 4 * 4), B * H * scores)


LATENT = {"d_model": 9, "n_heads": H, "d_latent": 6, "d_nope": 4, "d_rope": 2, "d_v": E, "batch": B}


def latent(n_cached: int, absorbed: bool, d_q_latent: int | None):
    """N queries over a cache and N new positions, projection by projection."""
    d, r, nope, rope = 9, 6, 4, 2
    x, kv_len = zeros(B, N, d), N + n_cached
    if d_q_latent is None:
        x @ zeros(d, H * (nope + rope))
    else:
        x @ zeros(d, d_q_latent) @ zeros(d_q_latent, H * (nope + rope))
    x @ zeros(d, r + rope)
    q = zeros(B, H, N, nope)
    if absorbed:
        cached = zeros(B, 1, kv_len, r).expand(B, H, kv_len, r)
        keys = torch.cat([cached, zeros(B, H, kv_len, rope)], -1)
        q = torch.cat([q @ zeros(H, nope, r), zeros(B, H, N, rope)], -1)
        out = (q @ keys.mT) @ cached @ zeros(H, r, E)
    else:
        cached = zeros(B, kv_len, r)
        cached @ zeros(r, H * (nope + E))
        keys = zeros(B, H, kv_len, nope + rope)
        q = torch.cat([q, zeros(B, H, N, rope)], -1)
        out = (q @ keys.mT) @ zeros(B, H, kv_len, E)
    out.transpose(1, 2).reshape(B, N, H * E) @ zeros(H * E, d)


@pytest.mark.parametrize("n_cached", [0, 8])
@pytest.mark.parametrize("d_q_latent", [None, 3])
def test_latent(n_cached, d_q_latent):
    given = LATENT | {"n_cached": n_cached, "d_q_latent": d_q_latent}
    found = analysis.latent_operations(N, N + n_cached, **given)
    assert found.matmul == counted(latent, n_cached, False, d_q_latent)
    found = analysis.absorbed_latent_operations(N, N + n_cached, **given)
    assert found.matmul == counted(latent, n_cached, True, d_q_latent)


def test_absorbing_pays_in_decoding_and_not_in_reading():
    """With the sizes of DeepSeek-V2."""
    sizes = {
        "d_model": 5120,
        "n_heads": 128,
        "d_latent": 512,
        "d_nope": 128,
        "d_rope": 64,
        "d_v": 128,
    }
    one = {"n_cached": 4095, "d_q_latent": 1536, **sizes}
    plain = analysis.latent_operations(1, 4096, **one).matmul
    assert analysis.absorbed_latent_operations(1, 4096, **one).matmul < plain / 10
    plain = analysis.latent_operations(4096, 4096, **sizes).matmul
    assert analysis.absorbed_latent_operations(4096, 4096, **sizes).matmul > plain
