from __future__ import annotations

import itertools
import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import attncourse.pytorch as att
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


SPARSE = pytest.mark.parametrize(
    "weigh",
    [ref.sparsemax, *(partial(ref.entmax, alpha=alpha) for alpha in (1.05, 1.5, 2, 3.0))],
    ids=["sparsemax", "entmax-1.05", "entmax-1.5", "entmax-2", "entmax-3"],
)
MODEST = hnp.arrays(np.float64, (3, 6), elements=st.floats(-3, 3).map(lambda x: round(x, 2)))


def projection(scores: list[float]) -> list[float]:
    """Sparsemax by its definition: of all supports, the one whose projection is no longer shrunk."""
    best = None
    for size in range(1, len(scores) + 1):
        for support in itertools.combinations(range(len(scores)), size):
            threshold = (sum(scores[i] for i in support) - 1) / size
            p = [scores[i] - threshold if i in support else 0.0 for i in range(len(scores))]
            if min(p) >= 0:
                distance = sum((a - b) ** 2 for a, b in zip(p, scores, strict=True))
                if best is None or distance < best[0]:
                    best = distance, p
    return best[1]


def entmax_15_by_sorting(scores: list[float]) -> list[float]:
    """Peters et al.'s exact solution for 1.5: a quadratic equation for each size of the support."""
    z = sorted((s / 2 for s in scores), reverse=True)
    for k in range(len(z), 0, -1):
        mean = sum(z[:k]) / k
        spread = sum((value - mean) ** 2 for value in z[:k])
        if spread > 1:
            continue
        threshold = mean - math.sqrt((1 - spread) / k)
        if z[k - 1] > threshold and (k == len(z) or z[k] <= threshold):
            return [max(s / 2 - threshold, 0) ** 2 for s in scores]
    raise AssertionError("no support fits")


def test_sparsemax_by_hand():
    np.testing.assert_allclose(ref.sparsemax(np.array([1.0, 0.5, -1.0])), [0.75, 0.25, 0])
    np.testing.assert_allclose(ref.sparsemax(np.array([0.1, 0.2, 0.3])), [0.7 / 3, 1 / 3, 1.3 / 3])
    # One below the best: just out. A little more than that: a little weight.
    np.testing.assert_array_equal(ref.sparsemax(np.array([2.0, 1.0])), [1, 0])
    np.testing.assert_allclose(ref.sparsemax(np.array([2.0, 1.5])), [0.75, 0.25])
    np.testing.assert_allclose(ref.sparsemax(np.array([2.0, 2.0, 1.5, 1.5])), [0.5, 0.5, 0, 0])
    np.testing.assert_allclose(ref.sparsemax(np.zeros((4, 2)), axis=0), np.full((4, 2), 0.25))


def test_entmax_by_hand():
    """Two scores d apart, at 1.5: (d/2 + t)² + t² = 1 for the lower one's root t."""
    d = 0.8
    root = (-d / 2 + math.sqrt(2 - d**2 / 4)) / 2
    expected = [(d / 2 + root) ** 2, root**2]
    np.testing.assert_allclose(ref.entmax(np.array([d, 0.0])), expected, rtol=1e-14)
    np.testing.assert_allclose(ref.entmax(np.array([d, 0.0]), alpha=1.5), expected, rtol=1e-14)
    # 1 / (alpha - 1) below the best: just out.
    np.testing.assert_allclose(ref.entmax(np.array([2.0, 0.0])), [1, 0], atol=1e-15)
    assert ref.entmax(np.array([1.99, 0.0]))[1] > 0
    np.testing.assert_allclose(ref.entmax(np.array([1.0, 0.5, -1.0]), alpha=2), [0.75, 0.25, 0])


@given(x=MODEST)
def test_sparsemax_is_the_nearest_of_all_weights(x):
    np.testing.assert_allclose(ref.sparsemax(x), [projection(list(row)) for row in x], atol=1e-12)
    np.testing.assert_allclose(ref.entmax(x, alpha=2), ref.sparsemax(x), atol=1e-12)


@given(x=MODEST)
def test_entmax_at_one_and_a_half(x):
    expected = [entmax_15_by_sorting(list(row)) for row in x]
    np.testing.assert_allclose(ref.entmax(x), expected, atol=1e-12)


@SPARSE
@settings(max_examples=20)
@given(x=MODEST, seed=st.integers(0, 99))
def test_no_other_weights_are_better(weigh, x, seed):
    """The definition: p·x plus Tsallis's entropy is largest, against random weights."""
    alpha = weigh.keywords["alpha"] if isinstance(weigh, partial) else 2
    others = np.random.default_rng(seed).dirichlet(np.full(6, 0.5), size=(50, 3))

    def value(p):
        entropy = (p - np.maximum(p, 0) ** alpha).sum(-1) / (alpha * (alpha - 1))
        return (p * x).sum(-1) + entropy

    found = weigh(x)
    assert (value(found) >= value(others) - 1e-9).all()
    nudged = 0.999 * found + 0.001 * others
    assert (value(found) >= value(nudged) - 1e-12).all()


@SPARSE
@settings(max_examples=30)
@given(case=scores_and_masks())
def test_sparse_rows_sum_to_one_or_zero(weigh, case):
    x, mask, axis = case
    weights = weigh(x, axis=axis, mask=mask)
    assert (weights >= 0).all()
    assert (weights[~mask] == 0).all()
    np.testing.assert_allclose(weights.sum(axis), mask.any(axis).astype(float), atol=1e-7)


@SPARSE
def test_sparse_weights_keep_the_order(weigh):
    """A higher score never gets less; what no one may see changes nothing."""
    x = np.random.default_rng(0).normal(size=(50, 7)) * 2
    weights = weigh(x)
    order = x.argsort(-1)
    assert (np.diff(np.take_along_axis(weights, order, -1)) >= 0).all()
    np.testing.assert_allclose(weigh(x + 100.0), weights, atol=1e-10)
    wider = np.concatenate([x, np.full((50, 2), -np.inf)], -1)
    np.testing.assert_allclose(weigh(wider), np.pad(weights, ((0, 0), (0, 2))), atol=1e-12)
    seen = np.arange(9) < 7
    high = np.concatenate([x, np.full((50, 2), 99.0)], -1)
    np.testing.assert_allclose(weigh(high, mask=seen)[:, :7], weights, atol=1e-12)


def test_entmax_lies_between_softmax_and_one_key():
    x = np.array([1.0, 0.6, 0.3, -0.2])
    np.testing.assert_allclose(ref.entmax(x, alpha=1 + 1e-7), ref.softmax(x), atol=1e-6)
    n_kept = [(ref.entmax(x, alpha=alpha) > 0).sum() for alpha in (1.2, 2.5, 3, 5)]
    assert n_kept == sorted(n_kept, reverse=True)
    assert n_kept[0] == 4
    assert n_kept[-1] == 1


@pytest.mark.parametrize("alpha", [1.3, 1.5, 2, 6.0])
def test_entmax_of_equal_scores(alpha):
    """The threshold sits at its upper end: n equal weights."""
    for n in (1, 2, 1000):
        weights = ref.entmax(np.full(n, 7.0), alpha=alpha)
        np.testing.assert_allclose(weights, np.full(n, 1 / n), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@SPARSE
def test_sparse_weights_in_low_precision(weigh, dtype):
    x = np.random.default_rng(0).normal(size=(20, 9)).astype(dtype)
    weights = weigh(x)
    assert weights.dtype == dtype
    np.testing.assert_allclose(weights, weigh(x.astype(float)), rtol=4e-3, atol=2e-3)


@pytest.mark.parametrize("alpha", [1.2, 1.5, 2, 2.5])
def test_sparse_gradients(alpha):
    """diag(s) - s sᵀ / sum(s) with s = p^(2 - alpha) in the support, and zero outside of it."""
    x = torch.tensor([1.1, 0.75, 0.2, -2.5, 0.9], dtype=torch.float64)
    functions = [partial(att.entmax, alpha=alpha)] + ([att.sparsemax] if alpha == 2 else [])
    for function in functions:
        p = function(x)
        s = torch.where(p > 0, p ** (2 - alpha), 0)
        expected = torch.diag(s) - torch.outer(s, s) / s.sum()
        found = torch.autograd.functional.jacobian(function, x)
        torch.testing.assert_close(found, expected)
        assert alpha == 1.2 or (found[3] == 0).all()
        assert (found.sum(0).abs() < 1e-12).all()


@pytest.mark.parametrize("alpha", [None, 1.2, 1.5, 2, 2.5])
def test_sparse_gradients_against_differences(alpha):
    """First and second order, through masks, an empty row and a hidden infinity."""
    function = att.sparsemax if alpha is None else partial(att.entmax, alpha=alpha)
    x = torch.tensor(
        [[1.1, 0.75, 0.2, -2.5], [0.3, 0.4, 0.5, 0.61], [2.0, 1.4, 1.7, 0.1]],
        dtype=torch.float64,
        requires_grad=True,
    )
    mask = torch.tensor([[True, True, False, True], [False] * 4, [True] * 4])
    assert torch.autograd.gradcheck(lambda x: function(x, mask=mask), (x,))
    assert torch.autograd.gradgradcheck(lambda x: function(x, mask=mask), (x,))
    assert torch.autograd.gradcheck(lambda x: function(x, axis=0), (x,))
    hidden = torch.where(mask, x.detach(), torch.inf).requires_grad_()
    function(hidden, mask=mask)[:, 0].sum().backward()
    assert hidden.grad.isfinite().all()
    assert (hidden.grad[~mask] == 0).all()
    assert (hidden.grad[0, :2] != 0).all()


def test_an_infinite_score_is_named():
    x = np.array([[0.0, np.inf], [1.0, 2.0]])
    for softmax in (ref.softmax, ref.online_softmax, ref.sparsemax, ref.entmax):
        with pytest.raises(ValueError, match=r"below inf, got inf in 1 of 2 rows"):
            softmax(x)
        hidden = softmax(x, mask=np.array([[True, False], [True, True]]))
        np.testing.assert_array_equal(hidden[0], [1, 0])


@pytest.mark.parametrize("alpha", [2.01, 2.5, 3, 4, 10, 30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_entmax_sums_to_one_however_narrow_the_last_gap(alpha, dtype):
    """Above alpha = 2 the smallest weight is a high root: its gap is lost in the threshold."""
    x = np.array([[0, -0.1, -0.1], [0, 0, -0.02], [1, 1, 1]], dtype)
    weights = ref.entmax(x, alpha=alpha)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=4 * np.finfo(dtype).eps)
    for row, found in zip(x, weights, strict=True):
        # The condition of the optimum: each weight to the power alpha - 1 lies on one line.
        inside = found > 0
        line = found[inside].astype(float) ** (alpha - 1) - (alpha - 1) * row[inside].astype(float)
        np.testing.assert_allclose(line, line[0], atol=50 * np.finfo(dtype).eps * alpha)


def test_entmax_at_ten():
    weights = ref.entmax(np.array([0, -0.1, -0.1], np.float32), alpha=10)
    np.testing.assert_allclose(weights, [0.98836, 0.00582, 0.00582], atol=1e-5)
