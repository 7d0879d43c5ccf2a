from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref
from tests.cases.common import (
    BATCH,
    D_CONTEXT,
    D_K,
    D_MODEL,
    D_V,
    KV_LEN,
    Q_LEN,
    normal,
    projections,
)

COUNT = st.integers(1, 4)
WEIGHTS = projections(6, 3)


def test_split_by_hand():
    x = np.array([[1.0, 2, 3, 4], [5.0, 6, 7, 8]])
    np.testing.assert_array_equal(ref.split_heads(x, 2), [[[1, 2], [5, 6]], [[3, 4], [7, 8]]])


@given(batch=COUNT, n_heads=COUNT, seq=COUNT, d_head=COUNT)
def test_merge_undoes_split(batch, n_heads, seq, d_head):
    x = np.arange(batch * seq * n_heads * d_head, dtype=float).reshape(batch, seq, -1)
    heads = ref.split_heads(x, n_heads)
    assert heads.shape == (batch, n_heads, seq, d_head)
    for h in range(n_heads):
        np.testing.assert_array_equal(heads[:, h], x[:, :, h * d_head : (h + 1) * d_head])
    np.testing.assert_array_equal(ref.merge_heads(heads), x)


def head_by_head(x, context, w_query, w_key, w_value, w_out, n_heads, n_kv_heads, **options):
    """The definition, one head after the other."""
    total = 0
    for i in range(n_heads):
        g = i * n_kv_heads // n_heads
        q = x @ w_query[:, i * D_K : (i + 1) * D_K]
        k = context @ w_key[:, g * D_K : (g + 1) * D_K]
        v = context @ w_value[:, g * D_V : (g + 1) * D_V]
        head = ref.scaled_dot_product_attention(q, k, v, **options)
        total = total + head @ w_out[i * D_V : (i + 1) * D_V]
    return total


def test_each_variant_is_its_heads_one_by_one():
    x, context = normal(BATCH, Q_LEN, D_MODEL), normal(BATCH, KV_LEN, D_CONTEXT)
    for n_heads, n_kv_heads in ((3, 3), (6, 1), (6, 3), (6, 2)):
        itself = projections(n_heads, n_kv_heads)
        other = projections(n_heads, n_kv_heads, D_CONTEXT)
        counts = {"n_heads": n_heads, "n_kv_heads": n_kv_heads}
        for asked, weights in ((x, itself), (context, other)):
            expected = head_by_head(x, asked, *weights, **counts, causal=True)
            found = ref.grouped_query_attention(x, *weights, **counts, context=asked, causal=True)
            np.testing.assert_allclose(found, expected, atol=1e-12)
            if n_kv_heads == n_heads:
                same = ref.multi_head_attention(
                    x, *weights, n_heads=n_heads, context=asked, causal=True
                )
                np.testing.assert_array_equal(same, found)
            if n_kv_heads == 1:
                same = ref.multi_query_attention(
                    x, *weights, n_heads=n_heads, context=asked, causal=True
                )
                np.testing.assert_array_equal(same, found)


def test_self_attention_asks_itself():
    x, weights = normal(BATCH, Q_LEN, D_MODEL), projections(3, 3)
    alone = ref.multi_head_attention(x, *weights, n_heads=3)
    asked = ref.multi_head_attention(x, *weights, n_heads=3, context=x)
    np.testing.assert_array_equal(alone, asked)


def test_every_head_sees_the_whole_sequence():
    """Heads divide the features: one changed position reaches every head at every position."""
    x, weights = normal(BATCH, Q_LEN, D_MODEL), projections(3, 3)
    _, before = ref.multi_head_attention(x, *weights, n_heads=3, return_weights=True)
    x[:, 2] += 1
    _, after = ref.multi_head_attention(x, *weights, n_heads=3, return_weights=True)
    assert before.shape == (BATCH, 3, Q_LEN, Q_LEN)
    assert (abs(after - before) > 1e-9).all()


@given(seed=st.integers(0, 999))
def test_permutation_equivariance(seed):
    """Without positions, a shuffled sequence gives the shuffled output."""
    r = np.random.default_rng(seed)
    x, order = r.normal(size=(2, 5, D_MODEL)), r.permutation(5)
    weights = [r.normal(size=w.shape) for w in WEIGHTS]
    heads = {"n_heads": 6, "n_kv_heads": 3}
    expected = ref.grouped_query_attention(x, *weights, **heads)[:, order]
    found = ref.grouped_query_attention(x[:, order], *weights, **heads)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_future_of_a_causal_layer_may_change():
    x, weights = normal(BATCH, Q_LEN, D_MODEL), projections(6, 3)
    heads = {"n_heads": 6, "n_kv_heads": 3, "causal": True}
    before = ref.grouped_query_attention(x, *weights, **heads)
    x[:, 3:] += normal(BATCH, Q_LEN - 3, D_MODEL)
    after = ref.grouped_query_attention(x, *weights, **heads)
    np.testing.assert_allclose(after[:, :3], before[:, :3], atol=1e-13)
    assert (abs(after[:, 3:] - before[:, 3:]) > 1e-9).all()
