from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref
from tests.cases.common import HEADS, KV_HEADS, KV_LEN, Q_LEN, all_options, normal, qkv
from tests.reference.oracle import attend, visible

E = math.e
OPTIONS = all_options()
QKV = qkv()
NAMED = pytest.mark.parametrize("options", OPTIONS, ids=["+".join(o) or "plain" for o in OPTIONS])


def test_by_hand():
    """Scores 0 and 1 give the weights 1/(1+e) and e/(1+e)."""
    q, k = np.array([[2.0, 0, 0, 0]]), np.array([[0.0, 9, 0, 0], [1.0, 9, 0, 0]])
    v = np.array([[10.0], [20.0]])
    output, weights = ref.scaled_dot_product_attention(q, k, v, return_weights=True)
    np.testing.assert_allclose(weights, [[1 / (1 + E), E / (1 + E)]])
    np.testing.assert_allclose(output, [[(10 + 20 * E) / (1 + E)]])


def test_options_by_hand():
    """One query, two keys, scores 0 and 1, and one option at a time."""
    q, k, v = np.array([[1.0]]), np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]])

    def weight_of_second(**options):
        return ref.scaled_dot_product_attention(q, k, v, **options).item()

    assert weight_of_second() == pytest.approx(E / (1 + E))
    assert weight_of_second(scale=2.0) == pytest.approx(E**2 / (1 + E**2))
    assert weight_of_second(bias=np.array([1.0, 0.0])) == pytest.approx(1 / 2)
    assert weight_of_second(mask=np.array([True, False])) == 0
    assert weight_of_second(mask=np.array([False, True])) == 1
    assert weight_of_second(causal=True) == pytest.approx(E / (1 + E))
    assert weight_of_second(window=1) == 1
    assert weight_of_second(sinks=np.array([0.0])) == pytest.approx(E / (1 + E + 1))
    t = math.exp(math.tanh(1))
    assert weight_of_second(softcap=1.0) == pytest.approx(t / (1 + t))
    t = math.exp(0.5 * math.tanh(2))
    assert weight_of_second(softcap=0.5) == pytest.approx(t / (1 + t))


def test_order_of_options_by_hand():
    """Soft-cap bends the score, not the bias; neither lifts a mask."""
    q, k, v = np.array([[1.0]]), np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]])
    options = {"softcap": 1.0, "bias": np.array([0.0, 5.0])}
    t = math.exp(math.tanh(1) + 5)
    weight = ref.scaled_dot_product_attention(q, k, v, **options).item()
    assert weight == pytest.approx(t / (1 + t))
    masked = ref.scaled_dot_product_attention(q, k, v, **options, mask=np.array([True, False]))
    assert masked.item() == 0
    alone = {"sinks": np.array([0.0]), "mask": np.array([False, True])}
    weight = ref.scaled_dot_product_attention(q, k, v, **options, **alone).item()
    assert weight == pytest.approx(t / (t + 1))


@NAMED
def test_against_one_number_at_a_time(options):
    q, k, v = qkv()
    output, weights = ref.scaled_dot_product_attention(q, k, v, **options, return_weights=True)
    expected_output, expected_weights = attend(q, k, v, **options)
    np.testing.assert_allclose(weights, expected_weights, atol=1e-13)
    np.testing.assert_allclose(output, expected_output, atol=1e-13)


@NAMED
def test_perturbing_a_key_reaches_those_who_see_it_and_nobody_else(options):
    """Causality, and every other mask: the future is changed, and the past does not move."""
    q, k, v = qkv()
    before = ref.scaled_dot_product_attention(q, k, v, **options)
    for j in range(KV_LEN):
        k_, v_ = k.copy(), v.copy()
        k_[..., j, :] += normal(*k.shape[:2], k.shape[-1])
        v_[..., j, :] += 10
        after = ref.scaled_dot_product_attention(q, k_, v_, **options)
        moved = (abs(after - before) > 1e-9).any(-1)
        sees = np.zeros_like(moved)
        for b, h, i in np.ndindex(*moved.shape):
            open_ = bool(options["mask"][b, 0, i, j]) if "mask" in options else True
            position = (i, j, Q_LEN, KV_LEN, "causal" in options, options.get("window"))
            sees[b, h, i] = open_ and visible(*position)
        np.testing.assert_array_equal(moved, sees)


@NAMED
def test_rows_sum_to_one_or_zero(options):
    q, k, v = qkv()
    output, weights = ref.scaled_dot_product_attention(q, k, v, **options, return_weights=True)
    total = weights.sum(-1)
    empty = (weights == 0).all(-1)
    assert empty.any() == ("mask" in options)
    assert (output[empty] == 0).all()
    if "sinks" in options:
        assert (total[~empty] > 0).all()
        assert (total < 1).all()
    else:
        np.testing.assert_allclose(total, (~empty).astype(float), atol=1e-12)


@NAMED
def test_batches_and_heads_do_not_mix(options):
    q, k, v = qkv()
    before = ref.scaled_dot_product_attention(q, k, v, **options)
    q[1, 2] += 1.0
    moved = (abs(ref.scaled_dot_product_attention(q, k, v, **options) - before) > 1e-9).any((2, 3))
    expected = np.zeros_like(moved)
    expected[1, 2] = True
    np.testing.assert_array_equal(moved, expected)


@given(seed=st.integers(0, 999))
def test_permutation_equivariance(seed):
    """Keys may come in any order; the queries' order is the outputs' order."""
    r = np.random.default_rng(seed)
    q, k, v = (r.normal(size=a.shape) for a in QKV)
    mask, bias = r.random((Q_LEN, KV_LEN)) < 0.6, r.normal(size=(Q_LEN, KV_LEN))
    options = {"softcap": 2.0, "sinks": r.normal(size=HEADS)}
    rows, columns = r.permutation(Q_LEN), r.permutation(KV_LEN)
    expected = ref.scaled_dot_product_attention(q, k, v, mask=mask, bias=bias, **options)
    shuffled = ref.scaled_dot_product_attention(
        q[:, :, rows],
        k[:, :, columns],
        v[:, :, columns],
        mask=mask[rows][:, columns],
        bias=bias[rows][:, columns],
        **options,
    )
    np.testing.assert_allclose(shuffled, expected[:, :, rows], atol=1e-12)


@given(seed=st.integers(0, 999), shift=st.floats(-50, 50))
def test_a_bias_on_a_whole_row_changes_nothing(seed, shift):
    r = np.random.default_rng(seed)
    q, k, v = (r.normal(size=a.shape) for a in QKV)
    options = {"mask": r.random((Q_LEN, KV_LEN)) < 0.6, "causal": True}
    bias = r.normal(size=(HEADS, Q_LEN, KV_LEN))
    expected = ref.scaled_dot_product_attention(q, k, v, bias=bias, **options)
    shifted = ref.scaled_dot_product_attention(q, k, v, bias=bias + shift, **options)
    np.testing.assert_allclose(shifted, expected, atol=1e-10)


@given(seed=st.integers(0, 999))
def test_an_output_lies_between_the_values(seed):
    r = np.random.default_rng(seed)
    q, k, v = 30 * r.normal(size=(2, 5, 3)), r.normal(size=(2, 7, 3)), r.normal(size=(2, 7, 4))
    output = ref.scaled_dot_product_attention(q, k, v)
    assert (output <= v.max(-2, keepdims=True) + 1e-12).all()
    assert (output >= v.min(-2, keepdims=True) - 1e-12).all()


def test_grouped_heads_are_repeated_not_tiled():
    q, k, v = qkv()
    n = HEADS // KV_HEADS
    grouped = ref.scaled_dot_product_attention(q, k, v)
    repeated = ref.scaled_dot_product_attention(q, np.repeat(k, n, 1), np.repeat(v, n, 1))
    tiled = ref.scaled_dot_product_attention(q, np.tile(k, (1, n, 1, 1)), np.tile(v, (1, n, 1, 1)))
    np.testing.assert_array_equal(grouped, repeated)
    assert not np.allclose(grouped, tiled)


def test_decoding_one_by_one_is_the_whole_at_once():
    """A cache is a past: causal attention with fewer queries is aligned bottom-right."""
    _, k, v = qkv()
    q = normal(*k.shape[:1], HEADS, KV_LEN, k.shape[-1])
    whole = ref.scaled_dot_product_attention(q, k, v, causal=True, window=3)
    for i in range(KV_LEN):
        now = (q[:, :, i : i + 1], k[:, :, : i + 1], v[:, :, : i + 1])
        step = ref.scaled_dot_product_attention(*now, causal=True, window=3)
        np.testing.assert_allclose(step, whole[:, :, i : i + 1], atol=1e-12)


def test_more_queries_than_keys_leave_the_first_empty():
    q, k, v = normal(2, 5, 3), normal(2, 3, 3), normal(2, 3, 4)
    output = ref.scaled_dot_product_attention(q, k, v, causal=True)
    assert (output[:, :2] == 0).all()
    assert (output[:, 2:] != 0).all()
    np.testing.assert_allclose(output[:, 2], v[:, 0])


def test_an_infinitely_deep_sink_is_none():
    q, k, v = qkv()
    no_sink = ref.scaled_dot_product_attention(q, k, v, sinks=np.full(HEADS, -np.inf))
    np.testing.assert_allclose(no_sink, ref.scaled_dot_product_attention(q, k, v), atol=1e-13)


def test_a_bias_of_minus_infinity_hides():
    q, k, v = qkv()
    mask = ref.causal_mask(Q_LEN, KV_LEN)
    hidden = ref.scaled_dot_product_attention(q, k, v, bias=np.where(mask, 0.0, -np.inf))
    expected = ref.scaled_dot_product_attention(q, k, v, mask=mask)
    np.testing.assert_allclose(hidden, expected, atol=1e-13)


def test_one_head_is_attention_without_a_head_axis():
    q, k, v = (a[0, 0] for a in qkv())
    options = {"sinks": np.array([0.3]), "causal": True}
    alone = ref.scaled_dot_product_attention(q, k, v, **options)
    with_axis = ref.scaled_dot_product_attention(q[None], k[None], v[None], **options)
    np.testing.assert_array_equal(alone, with_axis[0])


def test_half_precision_does_not_overflow():
    """A dot product of 90000 is beyond float16; the scores are float32."""
    q = k = np.full((2, 4), 150, dtype=np.float16)
    v = np.array([[1.0], [3.0]], dtype=np.float16)
    output, weights = ref.scaled_dot_product_attention(q, k, v, return_weights=True)
    assert output.dtype == weights.dtype == np.float16
    np.testing.assert_array_equal(output, [[2], [2]])
