"""Latent attention: its two forms are one, its cache is a past, and what it is by plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_MODEL, D_V, normal
from tests.cases.latent import D_ROPE, HEADS, KV_RANK, calls, parameters
from tests.reference.oracle import attend

N = 8
FORMS = [ref.multi_head_latent_attention, ref.absorbed_latent_attention]
EACH = pytest.mark.parametrize("form", FORMS, ids=lambda f: f.__name__)
FREQUENCIES = ref.rotary_frequencies(D_ROPE)


def turned(pair_by_pair: np.ndarray, position: int) -> np.ndarray:
    """Rotate neighbours as complex numbers."""
    z = pair_by_pair[0::2] + 1j * pair_by_pair[1::2]
    z = z * np.exp(1j * position * FREQUENCIES)
    return np.stack([z.real, z.imag], -1).reshape(-1)


def normed(c: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return weight * c / math.sqrt(sum(c * c) / len(c) + 1e-6)


def by_heads(x: np.ndarray, p: ref.LatentParameters) -> tuple[np.ndarray, ...]:
    """Queries, keys and values of each head, one position at a time, as the paper writes them."""
    q = np.zeros((BATCH, HEADS, N, D_K + D_ROPE))
    k, v = np.zeros_like(q), np.zeros((BATCH, HEADS, N, D_V))
    for b, t in np.ndindex(BATCH, N):
        c_q = normed(x[b, t] @ p.w_query_down, p.query_norm)
        c_kv = normed(x[b, t] @ p.w_kv_down, p.kv_norm)
        for h in range(HEADS):
            nope, rope = slice(h * D_K, (h + 1) * D_K), slice(h * D_ROPE, (h + 1) * D_ROPE)
            q[b, h, t] = [*(c_q @ p.w_query_up[:, nope]), *turned(c_q @ p.w_query_rope[:, rope], t)]
            k[b, h, t] = [*(c_kv @ p.w_key_up[:, nope]), *turned(x[b, t] @ p.w_key_rope, t)]
            v[b, h, t] = c_kv @ p.w_value_up[:, h * D_V : (h + 1) * D_V]
    return q, k, v


@EACH
def test_as_the_paper_writes_it(form):
    x, p = normal(BATCH, N, D_MODEL), parameters()
    q, k, v = by_heads(x, p)
    heads, weights = attend(q, k, v, causal=True)
    expected = sum(heads[:, h] @ p.w_out[h * D_V : (h + 1) * D_V] for h in range(HEADS))
    (output, found), _ = form(x, p, FREQUENCIES, n_heads=HEADS, causal=True, return_weights=True)
    np.testing.assert_allclose(found, weights, atol=1e-12)
    np.testing.assert_allclose(output, expected, atol=1e-11)


@pytest.mark.parametrize("i", range(len(calls())))
def test_both_forms_give_the_same(i):
    args, kwargs = calls()[i]
    kwargs |= {"return_weights": True}
    (one, one_weights), one_cache = FORMS[0](*args, **kwargs)
    (other, other_weights), other_cache = FORMS[1](*args, **kwargs)
    np.testing.assert_allclose(one, other, atol=1e-12 * abs(one).max())
    np.testing.assert_allclose(one_weights, other_weights, atol=1e-12)
    np.testing.assert_array_equal(one_cache.latents, other_cache.latents)


@EACH
@pytest.mark.parametrize("cut", [[1] * N, [3, 1, 4], [N]], ids=str)
@pytest.mark.parametrize("latent", [True, False], ids=["query latent", "no query latent"])
def test_decoding_is_the_full_pass(form, cut, latent):
    x, p = normal(BATCH, N, D_MODEL), parameters(query_latent=latent)
    options = {"n_heads": HEADS, "causal": True, "window": 5, "sinks": np.linspace(-1, 1, HEADS)}
    expected, whole = FORMS[0](x, p, FREQUENCIES, **options)
    cache, outputs, start = None, [], 0
    for m in cut:
        step = x[:, start : start + m]
        output, cache = form(step, p, FREQUENCIES, cache=cache, **options)
        outputs.append(output)
        start += m
    found = np.concatenate(outputs, 1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * abs(expected).max())
    for part, of_whole in zip(cache, whole, strict=True):
        np.testing.assert_allclose(part, of_whole, atol=1e-13)


@EACH
def test_the_cache_is_as_small_as_promised(form):
    _, cache = form(normal(N, D_MODEL), parameters(), FREQUENCIES, n_heads=HEADS)
    assert sum(a.size for a in cache) == N * (KV_RANK + D_ROPE)


@EACH
def test_only_the_distance_counts(form):
    """All positions moved alike: the rotary parts turn, their products do not."""
    x, p, options = normal(BATCH, N, D_MODEL), parameters(), {"n_heads": HEADS, "causal": True}
    here, _ = form(x, p, FREQUENCIES, **options)
    there, _ = form(x, p, FREQUENCIES, positions=np.arange(N) + 1000, **options)
    np.testing.assert_allclose(here, there, atol=1e-9)
    stretched, _ = form(x, p, FREQUENCIES, positions=2 * np.arange(N), **options)
    assert not np.allclose(here, stretched, atol=1e-3)


def test_without_compression_it_is_multi_head_attention():
    """Latents as wide as the heads, no norm that changes them, and no rotary part."""
    x = normal(N, D_MODEL)
    x /= np.sqrt(np.square(x).mean(-1, keepdims=True))  # of RMS one: the norm leaves it
    w_query, w_key, w_value, w_out = (normal(D_MODEL, D_MODEL) for _ in range(4))
    nothing = np.zeros((D_MODEL, HEADS * 2)), np.zeros((D_MODEL, 2))
    p = ref.LatentParameters(
        w_query, nothing[0], np.eye(D_MODEL), None, w_key, nothing[1], w_value, w_out
    )
    d_head = D_MODEL // HEADS
    for form in FORMS:
        output, _ = form(x, p, np.ones(1), n_heads=HEADS, scale=d_head**-0.5, eps=1e-15)
        expected = ref.multi_head_attention(x, w_query, w_key, w_value, w_out, n_heads=HEADS)
        np.testing.assert_allclose(output, expected, atol=1e-10)


@EACH
def test_the_future_does_not_matter(form):
    x, p, options = normal(BATCH, N, D_MODEL), parameters(), {"n_heads": HEADS, "causal": True}
    before, _ = form(x, p, FREQUENCIES, **options)
    for t in range(N):
        changed = x.copy()
        changed[:, t] += 1.0
        after, _ = form(changed, p, FREQUENCIES, **options)
        moved = (abs(after - before) > 1e-9).any((0, 2))
        assert moved.tolist() == [i >= t for i in range(N)]
