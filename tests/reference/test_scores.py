from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref

rng = np.random.default_rng(2015)
Q = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]])
K = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 4.0], [-1.0, 2.0]])


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
