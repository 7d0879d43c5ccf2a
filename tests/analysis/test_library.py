"""Counts against the library itself: its PyTorch functions under PyTorch's own counter."""

from __future__ import annotations

import pytest
import torch

import attncourse.pytorch as att
from attncourse import analysis
from attncourse.analysis import TransformerShape
from tests.analysis.test_operations import counted, zeros

B, H, N, M, D, E = 2, 3, 10, 7, 4, 5  # batch, heads, queries, keys, d_k, d_v
SIZES = {"n_heads": H, "d_k": D, "d_v": E, "batch": B}


def arrays() -> tuple[torch.Tensor, ...]:
    return zeros(B, H, N, D), zeros(B, H, M, D), zeros(B, H, M, E)


def test_flash_forward_and_backward():
    q, k, v = arrays()
    tiles = {"q_tile": 4, "kv_tile": 3}
    found = analysis.attention_operations(N, M, **SIZES)
    assert found.matmul == counted(att.flash_attention, q, k, v, **tiles)
    output, log_sum_exp = att.flash_attention(q, k, v, **tiles)
    given = (torch.zeros_like(output), q, k, v, output, log_sum_exp)
    found = analysis.attention_backward_operations(N, M, recompute=True, **SIZES)
    assert found.matmul == counted(att.flash_attention_backward, *given, **tiles)


def test_linformer():
    wanted = counted(att.linformer_attention, *arrays(), zeros(3, M), zeros(3, M))
    assert analysis.linformer_operations(N, M, n_projected=3, **SIZES).matmul == wanted


def test_nystrom():
    wanted = counted(att.nystrom_attention, *arrays(), n_landmarks=2, iterations=3)
    found = analysis.nystrom_operations(N, M, n_landmarks=2, n_iterations=3, **SIZES)
    assert found.matmul == wanted


@pytest.mark.parametrize("n_kv_heads", [2, 4])
def test_a_language_model(n_kv_heads):
    model = att.LanguageModel(
        11, 12, 4, 3, positions="learned", n_positions=7, n_kv_heads=n_kv_heads, bias=True
    )
    shape = TransformerShape(3, 12, 4, 48, 11, n_kv_heads, n_positions=7, gated=False)
    shape = shape._replace(bias=True, norm_bias=True, tied=True)
    n_parameters = sum(p.numel() for p in model.parameters())
    assert analysis.parameter_table(shape)["total"] == n_parameters
    tokens = torch.zeros(2, 5, dtype=torch.int64)
    assert analysis.model_operations(shape, 5, batch=2).matmul == counted(model, tokens)


@pytest.mark.parametrize("name", ["multi_head_latent_attention", "absorbed_latent_attention"])
@pytest.mark.parametrize("q_rank", [None, 6])
def test_latent(name, q_rank):
    sizes = {"d_model": 9, "n_heads": 3, "d_latent": 7, "d_nope": 4, "d_rope": 2, "d_v": 5}
    d, h, r, nope, rope, d_v = sizes.values()
    given = d if q_rank is None else q_rank
    parameters = att.LatentParameters(
        w_query_up=zeros(given, h * nope),
        w_query_rope=zeros(given, h * rope),
        w_kv_down=zeros(d, r),
        kv_norm=None,
        w_key_up=zeros(r, h * nope),
        w_key_rope=zeros(d, rope),
        w_value_up=zeros(r, h * d_v),
        w_out=zeros(h * d_v, d),
        w_query_down=None if q_rank is None else zeros(d, q_rank),
        query_norm=None,
    )
    function = getattr(att, name)
    count = {
        "multi_head_latent_attention": analysis.latent_operations,
        "absorbed_latent_attention": analysis.absorbed_latent_operations,
    }[name]
    frequencies = torch.ones(rope // 2)
    x = zeros(2, 8, d)
    options = {"batch": 2, "d_q_latent": q_rank, **sizes}
    wanted = counted(function, x, parameters, frequencies, n_heads=h)
    assert count(8, 8, **options).matmul == wanted
    _, cache = function(x, parameters, frequencies, n_heads=h)
    wanted = counted(function, x[:, :3], parameters, frequencies, n_heads=h, cache=cache)
    assert count(3, 11, n_cached=8, **options).matmul == wanted
