from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import attncourse.reference as ref

E = math.e
FLOATS = st.floats(-1e4, 1e4)
BOTH = pytest.mark.parametrize("softmax", [ref.softmax, ref.online_softmax])


@st.composite
def scores_and_masks(draw):
    """Scores of any shape, a mask for them, and an axis."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=6))
    x = draw(hnp.arrays(np.float64, shape, elements=FLOATS))
    mask = draw(hnp.arrays(bool, shape))
    return x, mask, draw(st.integers(-len(shape), len(shape) - 1))


@BOTH
def test_by_hand(softmax):
    np.testing.assert_allclose(softmax(np.array([0.0, 1.0])), [1 / (1 + E), E / (1 + E)])
    np.testing.assert_allclose(softmax(np.log([1.0, 2.0, 5.0])), [1 / 8, 2 / 8, 5 / 8])
    np.testing.assert_allclose(softmax(np.zeros(4)), [0.25] * 4)
    columns = np.log([[1.0, 1.0], [3.0, 4.0]])
    np.testing.assert_allclose(softmax(columns, axis=0), [[1 / 4, 1 / 5], [3 / 4, 4 / 5]])


@BOTH
def test_mask_by_hand(softmax):
    x = np.log([1.0, 2.0, 5.0])
    np.testing.assert_allclose(softmax(x, mask=np.array([True, True, False])), [1 / 3, 2 / 3, 0])
    assert softmax(x, mask=np.array([True, True, False]))[2] == 0
    np.testing.assert_array_equal(softmax(x, mask=np.zeros(3, dtype=bool)), np.zeros(3))
    np.testing.assert_array_equal(softmax(np.full(3, -np.inf)), np.zeros(3))


@BOTH
def test_no_overflow_and_no_nan(softmax):
    np.testing.assert_allclose(softmax(np.array([1000.0, 1001.0])), [1 / (1 + E), E / (1 + E)])
    np.testing.assert_array_equal(softmax(np.array([-1e300, 0.0, 1e300])), [0, 0, 1])
    # What a mask hides may be infinite.
    hidden = np.array([-np.inf, 0.0, np.inf])
    np.testing.assert_array_equal(softmax(hidden, mask=np.array([False, True, False])), [0, 1, 0])


def test_temperature_by_hand():
    x = np.array([0.0, 2.0])
    np.testing.assert_allclose(ref.softmax(x, temperature=2.0), [1 / (1 + E), E / (1 + E)])
    np.testing.assert_allclose(ref.softmax(x, temperature=1e9), [0.5, 0.5])
    np.testing.assert_allclose(ref.softmax(x, temperature=1e-3), [0, 1])


@BOTH
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_half_precision_is_computed_in_float32(softmax, dtype):
    """5000 equal weights: a half-precision sum would stop growing at 2048."""
    weights = softmax(np.zeros(5000, dtype=dtype), **tiles(softmax))
    assert weights.dtype == dtype
    np.testing.assert_allclose(weights, np.full(5000, 1 / 5000, dtype=dtype))


def tiles(softmax):
    return {"tile_len": 1000} if softmax is ref.online_softmax else {}


@BOTH
@given(case=scores_and_masks())
def test_rows_sum_to_one_or_zero(softmax, case):
    x, mask, axis = case
    weights = softmax(x, axis=axis, mask=mask)
    assert (weights >= 0).all()
    assert (weights[~mask] == 0).all()
    np.testing.assert_allclose(weights.sum(axis), mask.any(axis).astype(float), atol=1e-12)


@BOTH
@given(case=scores_and_masks(), shift=FLOATS)
def test_shift_invariance(softmax, case, shift):
    x, mask, axis = case
    shifted = softmax(x + shift, axis=axis, mask=mask)
    np.testing.assert_allclose(shifted, softmax(x, axis=axis, mask=mask), atol=1e-10)


@BOTH
@given(case=scores_and_masks(), seed=st.integers(0, 99))
def test_permutation_equivariance(softmax, case, seed):
    x, mask, axis = case
    order = np.random.default_rng(seed).permutation(x.shape[axis])
    x_, mask_ = np.take(x, order, axis), np.take(mask, order, axis)
    expected = np.take(softmax(x, axis=axis, mask=mask), order, axis)
    np.testing.assert_allclose(softmax(x_, axis=axis, mask=mask_), expected, atol=1e-12)


@BOTH
@given(x=hnp.arrays(np.float64, (2, 5), elements=st.floats(-30, 30)))
def test_ratio_of_two_weights(softmax, x):
    """The defining property: p_i / p_j = exp(x_i - x_j)."""
    p = softmax(x)
    np.testing.assert_allclose(p[:, 0] / p[:, 1], np.exp(x[:, 0] - x[:, 1]), rtol=1e-10)


@given(case=scores_and_masks(), tile_len=st.integers(1, 8))
def test_any_tiling_gives_the_softmax(case, tile_len):
    x, mask, axis = case
    online = ref.online_softmax(x, axis=axis, mask=mask, tile_len=tile_len)
    np.testing.assert_allclose(online, ref.softmax(x, axis=axis, mask=mask), atol=1e-12)


def test_step_by_hand():
    """Scores log 1, log 4, log 2: the maximum moves once, and the sum moves with it."""
    state = np.array([-np.inf]), np.array([0.0])
    expected = [(math.log(1), 1.0), (math.log(4), 1.25), (math.log(4), 1.75)]
    for score, wanted in zip(np.log([1.0, 4.0, 2.0]), expected, strict=True):
        state = ref.online_softmax_step(*state, np.array([score]))
        np.testing.assert_allclose(np.concatenate(state), wanted, atol=1e-15)


def test_step_takes_nothing_from_an_empty_tile():
    state = np.array([-np.inf]), np.array([0.0])
    state = ref.online_softmax_step(*state, np.array([-np.inf, -np.inf]))
    assert state == (-np.inf, 0.0)
    state = ref.online_softmax_step(*state, np.array([2.0, -np.inf]))
    assert state == (2.0, 1.0)


@given(x=hnp.arrays(np.float64, (3, 6), elements=FLOATS), cut=st.integers(1, 5))
def test_steps_in_either_order_give_the_log_sum_exp(x, cut):
    start = np.full((3, 1), -np.inf), np.zeros((3, 1))
    one = ref.online_softmax_step(*ref.online_softmax_step(*start, x[:, :cut]), x[:, cut:])
    two = ref.online_softmax_step(*ref.online_softmax_step(*start, x[:, cut:]), x[:, :cut])
    expected = np.logaddexp.reduce(x, axis=1, keepdims=True)
    for maximum, normaliser in (one, two):
        np.testing.assert_allclose(maximum + np.log(normaliser), expected, atol=1e-10)
