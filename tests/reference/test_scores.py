from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attncourse.pytorch as att
import attncourse.reference as ref

rng = np.random.default_rng(2015)
Q = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]])
K = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 4.0], [-1.0, 2.0]])
BOTH = pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])


def to(room, *arrays):
    return [torch.from_numpy(a) if room is att else a for a in arrays]


def pair_by_pair(score, q, k):
    return np.array([[score(a, b) for b in k] for a in q])


def test_dot_by_hand():
    expected = [[2, 3, 8, 3], [0, -1, -4, -2], [6, 3.5, 2, -2]]
    np.testing.assert_allclose(ref.dot_scores(Q, K), expected)


def test_scale_by_hand():
    root = math.sqrt(2)
    np.testing.assert_allclose(
        ref.scaled_dot_scores(Q, K)[0], [2 / root, 3 / root, 8 / root, 3 / root]
    )
    np.testing.assert_allclose(ref.scaled_dot_scores(Q, K, scale=10)[0], [20, 30, 80, 30])
    assert (ref.scaled_dot_scores(Q, K, scale=0) == 0).all()


def test_scale_is_of_the_last_dimension():
    q, k = rng.normal(size=(2, 3, 5, 16)), rng.normal(size=(2, 3, 7, 16))
    np.testing.assert_allclose(ref.scaled_dot_scores(q, k), ref.dot_scores(q, k) / 4)


def test_scale_keeps_the_variance_at_one():
    for d_k in (4, 64):
        q, k = rng.normal(size=(200, d_k)), rng.normal(size=(300, d_k))
        assert abs(ref.scaled_dot_scores(q, k).var() - 1) < 0.1
        assert abs(ref.dot_scores(q, k).var() / d_k - 1) < 0.1


def test_general_by_hand():
    w = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])
    k = np.array([[1.0, 1.0, 1.0], [0.0, 2.0, -1.0]])
    # q = (1, 2): q W = (1, 6, 2).
    np.testing.assert_allclose(ref.general_scores(Q[:1], k, w), [[9, 10]])
    np.testing.assert_allclose(ref.general_scores(Q, K, np.eye(2)), ref.dot_scores(Q, K))


def test_general_is_a_dot_product_of_projections():
    w_q, w_k = rng.normal(size=(9, 3)), rng.normal(size=(4, 3))
    q, k = rng.normal(size=(2, 5, 9)), rng.normal(size=(2, 7, 4))
    np.testing.assert_allclose(
        ref.general_scores(q, k, w_q @ w_k.T), ref.dot_scores(q @ w_q, k @ w_k), atol=1e-12
    )


def test_additive_by_hand():
    w_query, w_key, v = np.array([[1.0, 0.0]]), np.array([[0.0], [2.0]]), np.array([3.0])
    scores = ref.additive_scores(Q, K, w_query.T, w_key, v)  # tanh(q_0 + 2 k_1) * 3
    expected = pair_by_pair(lambda a, b: 3 * math.tanh(a[0] + 2 * b[1]), Q, K)
    np.testing.assert_allclose(scores, expected)


def test_additive_is_one_layer_over_the_pair_joined():
    """v . tanh(W [q; k]), pair by pair: what the field calls concat attention."""
    q, k = rng.normal(size=(5, 9)), rng.normal(size=(7, 4))
    w, v = rng.normal(size=(13, 13)), rng.normal(size=13)
    expected = pair_by_pair(lambda a, b: v @ np.tanh(np.concatenate([a, b]) @ w), q, k)
    np.testing.assert_allclose(ref.additive_scores(q, k, w[:9], w[9:], v), expected)


@given(seed=st.integers(0, 999))
def test_a_score_depends_on_its_own_pair_alone(seed):
    """Reordering queries and keys reorders rows and columns, and does nothing else."""
    r = np.random.default_rng(seed)
    q, k = r.normal(size=(2, 5, 4)), r.normal(size=(2, 7, 4))
    weights = r.normal(size=(4, 4)), r.normal(size=(4, 6)), r.normal(size=(4, 6)), r.normal(size=6)
    rows, columns = r.permutation(5), r.permutation(7)
    for score in (
        ref.dot_scores,
        ref.scaled_dot_scores,
        lambda q, k: ref.general_scores(q, k, weights[0]),
        lambda q, k: ref.additive_scores(q, k, *weights[1:]),
    ):
        expected = score(q, k)[:, rows][:, :, columns]
        np.testing.assert_allclose(score(q[:, rows], k[:, columns]), expected, atol=1e-12)


@given(seed=st.integers(0, 999))
def test_the_other_scores_too_depend_on_their_own_pair_alone(seed):
    r = np.random.default_rng(seed)
    q, k = r.normal(size=(2, 5, 4)), r.normal(size=(2, 7, 3))
    w, v = r.normal(size=(7, 6)), r.normal(size=6)
    rows, columns = r.permutation(5), r.permutation(7)
    expected = ref.concat_scores(q, k, w, v)[:, rows][:, :, columns]
    np.testing.assert_allclose(ref.concat_scores(q[:, rows], k[:, columns], w, v), expected)
    k = r.normal(size=(2, 7, 4))
    expected = ref.cosine_scores(q, k, scale=3.0)[:, rows][:, :, columns]
    np.testing.assert_allclose(ref.cosine_scores(q[:, rows], k[:, columns], scale=3.0), expected)


def test_concat_by_hand():
    w, v = np.array([[1.0], [0.0], [0.0], [2.0]]), np.array([3.0])
    expected = pair_by_pair(lambda a, b: 3 * math.tanh(a[0] + 2 * b[1]), Q, K)
    np.testing.assert_allclose(ref.concat_scores(Q, K, w, v), expected)


def test_concat_joins_the_query_and_then_the_key():
    q, k = rng.normal(size=(5, 9)), rng.normal(size=(7, 4))
    w, v = rng.normal(size=(13, 6)), rng.normal(size=6)
    expected = pair_by_pair(lambda a, b: v @ np.tanh(np.concatenate([a, b]) @ w), q, k)
    np.testing.assert_allclose(ref.concat_scores(q, k, w, v), expected)


def test_location_by_hand():
    w = np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 10.0, 0.0, -10.0]])
    np.testing.assert_allclose(ref.location_scores(Q, w)[0], [1, 22, 3, -16])
    np.testing.assert_allclose(ref.location_scores(Q, w, kv_len=3)[0], [1, 22, 3])
    np.testing.assert_array_equal(ref.location_scores(Q, w, kv_len=4), ref.location_scores(Q, w))
    assert ref.location_scores(Q, w, kv_len=0).shape == (3, 0)


@BOTH
def test_cosine_by_hand(room):
    """(3, 4) against itself at another length, across, against, and half way."""
    q, k = to(room, np.array([[3.0, 4.0]]), np.array([[30.0, 40], [-4, 3], [-3, -4], [0, 2]]))
    np.testing.assert_allclose(room.cosine_scores(q, k), [[1, 0, -1, 0.8]], atol=1e-15)
    np.testing.assert_allclose(room.cosine_scores(q, k, scale=10.0), [[10, 0, -10, 8]], atol=1e-14)


@BOTH
def test_cosine_of_a_vector_of_zeros(room):
    """It points nowhere: its scores are zero, and so is its pull on the others."""
    q, k = to(room, np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 0.0], [2.0, 0.0]]))
    np.testing.assert_array_equal(room.cosine_scores(q, k, scale=7.0), [[0, 0], [0, 7]])


@BOTH
def test_cosine_does_not_mind_the_length(room):
    q, k = rng.normal(size=(5, 4)), rng.normal(size=(7, 4))
    expected = pair_by_pair(lambda a, b: a @ b / math.hypot(*a) / math.hypot(*b), q, k)
    for factor in (1.0, 1e-300, 1e300, 1e-160, 1e160):
        found = room.cosine_scores(*to(room, factor * q, k / factor))
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_cosine_in_half_precision_does_not_overflow():
    """Squares of 300 do, in half precision."""
    q, k = rng.normal(size=(5, 64)).astype(np.float16), rng.normal(size=(7, 64)).astype(np.float16)
    found = ref.cosine_scores(q * np.float16(300), k)
    assert found.dtype == np.float16
    np.testing.assert_allclose(
        found, ref.cosine_scores(q.astype(float), k.astype(float)), atol=1e-3
    )


def test_cosine_gradients_at_and_around_zero():
    """Finite at a vector of zeros, right everywhere else, also where two entries are largest."""
    q = torch.tensor(
        [[0.0, 0, 0], [1, -1, 0.5], [1, 2, 3]], dtype=torch.float64, requires_grad=True
    )
    k = torch.tensor([[1.0, 1, 1], [-2, 0, 1]], dtype=torch.float64, requires_grad=True)
    att.cosine_scores(q, k).square().sum().backward()
    assert q.grad.isfinite().all()
    rest = q.detach()[1:].requires_grad_()
    assert torch.autograd.gradcheck(lambda q, k: att.cosine_scores(q, k, scale=2.0), (rest, k))
    assert torch.autograd.gradgradcheck(att.cosine_scores, (rest, k))


def test_a_row_can_get_no_sharper_than_its_scale_allows():
    """Two keys, one along and one against: 1 / (1 + exp(-2 scale)) at most."""
    q, k = np.array([[1.0, 0.0]]), np.array([[5.0, 0.0], [-9.0, 0.0]])
    weights = ref.softmax(ref.cosine_scores(q, k, scale=1.5))
    np.testing.assert_allclose(weights[0, 0], 1 / (1 + math.exp(-3)))


def test_masked_scores_by_hand():
    q, k = np.array([[1.0], [2.0]]), np.array([[1.0], [2.0], [3.0]])
    inf = np.inf
    np.testing.assert_allclose(ref.masked_scores(q, k), [[1, 2, 3], [2, 4, 6]])
    np.testing.assert_allclose(ref.masked_scores(q, k, causal=True), [[1, 2, -inf], [2, 4, 6]])
    np.testing.assert_allclose(ref.masked_scores(q, k, window=2), [[1, 2, -inf], [-inf, 4, 6]])
    np.testing.assert_allclose(
        ref.masked_scores(q, k, mask=np.array([True, False, True])), [[1, -inf, 3], [2, -inf, 6]]
    )
    np.testing.assert_allclose(
        ref.masked_scores(q[:1], k, softcap=2.0, scale=0.5, bias=np.array([10.0, 0.0, 0.0])),
        [[2 * math.tanh(0.25) + 10, 2 * math.tanh(0.5), 2 * math.tanh(0.75)]],
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_masked_scores_keep_their_dtype(dtype):
    q, k = rng.normal(size=(6, 5, 4)).astype(dtype), rng.normal(size=(3, 7, 4)).astype(dtype)
    found = ref.masked_scores(q, k, causal=True, bias=rng.normal(size=7))
    assert found.dtype == dtype
    assert found.shape == (6, 5, 7)
    assert np.isneginf(found).sum() == 6 * (4 + 3 + 2 + 1)


def test_sparse_attention_is_its_weights_times_the_values():
    """Any weights will do: masked scores, entmax, values."""
    q, k, v = rng.normal(size=(5, 4)), rng.normal(size=(7, 4)), rng.normal(size=(7, 3))
    weights = ref.softmax(ref.masked_scores(q, k, causal=True, softcap=2.0))
    expected = ref.scaled_dot_product_attention(q, k, v, causal=True, softcap=2.0)
    np.testing.assert_allclose(weights @ v, expected)
    sparse = ref.sparsemax(ref.masked_scores(q, k, causal=True, scale=5.0))
    np.testing.assert_allclose(sparse.sum(-1), 1)
    assert (sparse[0, 3:] == 0).all()
