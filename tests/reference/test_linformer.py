"""Linformer: what its projections make of full attention, and why it cannot be causal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref
from tests.cases.common import HEADS, KV_HEADS, KV_LEN, Q_LEN, normal, qkv


def test_by_hand():
    """Two keys become one, which is their sum: one key has all the weight."""
    q, k = np.array([[1.0], [5.0]]), np.array([[2.0], [3.0]])
    v = np.array([[10.0, 1.0], [20.0, 2.0]])
    total, last = np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]])
    found = ref.linformer_attention(q, k, v, total, last)
    np.testing.assert_array_equal(found, [[20.0, 2.0], [20.0, 2.0]])
    both = np.array([[1.0, 1.0], [0.0, 0.0]])  # keys 5 and 0, values 30 and 0
    found = ref.linformer_attention(q[:1], k, v[:, :1], both, both, scale=0.2)
    np.testing.assert_allclose(found, [[30 * np.e / (1 + np.e)]])


@given(seed=st.integers(0, 999))
def test_the_identity_gives_full_attention(seed):
    """And a permutation does too: keys and values may come in any order."""
    r = np.random.default_rng(seed)
    q, k, v = (r.normal(size=a.shape) for a in qkv())
    same = np.eye(KV_LEN)
    shuffled = same[r.permutation(KV_LEN)]
    plain = ref.scaled_dot_product_attention(q, k, v)
    for projection in (same, shuffled):
        found = ref.linformer_attention(q, k, v, projection, projection)
        np.testing.assert_allclose(found, plain, atol=1e-13)
    apart = ref.linformer_attention(q, k, v, same, shuffled)
    np.testing.assert_allclose(
        apart, ref.scaled_dot_product_attention(q, k, shuffled @ v), atol=1e-13
    )


def test_a_projection_for_each_head():
    """Head i of the keys is shortened by projection i, and serves its neighbours."""
    q, k, v = qkv()
    e, f = normal(KV_HEADS, 2, KV_LEN), normal(KV_HEADS, 2, KV_LEN)
    found = ref.linformer_attention(q, k, v, e, f)
    for head in range(HEADS):
        g = head // (HEADS // KV_HEADS)
        one = ref.linformer_attention(q[:, [head]], k[:, [g]], v[:, [g]], e[g], f[g])
        np.testing.assert_allclose(found[:, [head]], one, atol=1e-13)


def test_padding_of_zeros_adds_nothing():
    q, k, v = qkv()
    e, f = normal(2, KV_LEN), normal(2, KV_LEN)
    k[..., 4:, :] = v[..., 4:, :] = 0
    short = ref.linformer_attention(q, k[..., :4, :], v[..., :4, :], e[:, :4], f[:, :4])
    np.testing.assert_allclose(ref.linformer_attention(q, k, v, e, f), short, atol=1e-13)


def test_low_rank_is_exact_where_keys_repeat():
    """Keys in two groups of equal ones, of equal size: their means say all there is to say."""
    q, k, v = normal(Q_LEN, 3), np.repeat(normal(2, 3), 4, axis=0), normal(8, 2)
    means = np.repeat(np.eye(2), 4, axis=1) / 4
    found = ref.linformer_attention(q, k, v, means, means)
    np.testing.assert_allclose(found, ref.scaled_dot_product_attention(q, k, v), atol=1e-13)


def test_it_cannot_be_causal():
    """Every output, the first one too, moves with the last key and with the last value."""
    q, k, v = normal(KV_LEN, 3), normal(KV_LEN, 3), normal(KV_LEN, 2)
    e, f = normal(2, KV_LEN), normal(2, KV_LEN)
    before = ref.linformer_attention(q, k, v, e, f)
    k_, v_ = k.copy(), v.copy()
    k_[-1] += 1
    assert (ref.linformer_attention(q, k_, v, e, f) != before).all()
    v_[-1] += 1
    assert (ref.linformer_attention(q, k, v_, e, f) != before).all()
    with pytest.raises(TypeError, match="causal"):
        ref.linformer_attention(q, k, v, e, f, causal=True)


def test_half_precision_is_computed_in_float32():
    """A projected key of 600 000 is beyond float16; the scores are not."""
    q, k = np.full((1, 4), 1e-3, np.float16), np.full((1000, 4), 600, np.float16)
    v = np.ones((1000, 1), np.float16)
    e, f = np.ones((2, 1000), np.float16), np.full((2, 1000), 1e-3, np.float16)
    found = ref.linformer_attention(q, k, v, e, f)
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, 1, rtol=1e-3)
