"""Nyström attention: its means, its pseudo-inverse, and where the whole is exact."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref
from tests.cases.common import KV_LEN, normal, qkv


@given(seed=st.integers(0, 999), seq=st.integers(1, 20), part=st.integers(1, 20))
def test_segment_means_are_means_of_even_segments(seed, seq, part):
    """Every position counts once; segments differ in length by at most one."""
    n = min(seq, part)
    x = np.random.default_rng(seed).normal(size=(2, seq, 3))
    means = ref.segment_means(x, n)
    # One position at a time tells which segment it belongs to, and that segment's length.
    parts = ref.segment_means(np.eye(seq), n)
    lengths = (parts > 0).sum(-1)
    np.testing.assert_allclose(parts.sum(-1), 1)
    assert ((parts > 0).sum(0) == 1).all()
    assert (np.diff(parts.argmax(0)) >= 0).all()
    assert lengths.max() - lengths.min() <= 1
    np.testing.assert_allclose(means, parts @ x, atol=1e-13)
    np.testing.assert_allclose(parts[parts > 0], np.repeat(1 / lengths, lengths))


def test_segment_means_at_both_ends():
    x = normal(7, 2)
    np.testing.assert_array_equal(ref.segment_means(x, 7), x)
    np.testing.assert_allclose(ref.segment_means(x, 1), x.mean(0, keepdims=True))


@pytest.mark.parametrize("n", [3, 16])
def test_pseudo_inverse_converges_for_a_softmax(n):
    """The kernel of Nyström attention: square, and regular unless two landmarks are alike."""
    a = ref.softmax(2 * normal(4, n, n))
    found = [ref.iterative_pseudo_inverse(a, iterations=i) for i in (0, 3, 6, 20)]
    missing = [np.linalg.norm(np.eye(n) - a @ z, 2, axis=(-2, -1)).max() for z in found]
    assert missing[0] > missing[1] > missing[2] > missing[3]
    np.testing.assert_allclose(found[-1], np.linalg.pinv(a), rtol=1e-8)


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3)])
def test_pseudo_inverse_of_any_shape(shape):
    u, _, vt = np.linalg.svd(normal(*shape), full_matrices=False)
    a = u * np.array([3.0, 2.0, 1.0, 0.5][: min(shape)]) @ vt
    found = ref.iterative_pseudo_inverse(a, iterations=10)
    np.testing.assert_allclose(found, np.linalg.pinv(a), atol=1e-9)


def test_pseudo_inverse_of_less_than_full_rank():
    """Zero directions stay zero: the four equations of Penrose hold."""
    a = normal(5, 2) @ normal(2, 4)
    z = ref.iterative_pseudo_inverse(a, iterations=12)
    for left, right in ((a @ z @ a, a), (z @ a @ z, z), (a @ z, (a @ z).T), (z @ a, (z @ a).T)):
        np.testing.assert_allclose(left, right, atol=1e-6)
    np.testing.assert_array_equal(ref.iterative_pseudo_inverse(np.zeros((2, 3))), np.zeros((3, 2)))


def test_each_step_takes_what_is_missing_to_its_third_power():
    """I - A Z' = (I - A Z)³ (I - A Z / 4), an identity of matrices, from the start on."""
    a, one = ref.softmax(normal(4, 4)), np.eye(4)
    for i in range(5):
        z, after = (a @ ref.iterative_pseudo_inverse(a, iterations=n) for n in (i, i + 1))
        expected = np.linalg.matrix_power(one - z, 3) @ (one - z / 4)
        np.testing.assert_allclose(one - after, expected, atol=1e-12)


def test_the_norms_are_those_of_columns_and_of_rows():
    """A matrix whose largest column and largest row differ: 8 and 5, with signs."""
    a = np.array([[1.0, -4.0], [0.0, 4.0]])
    np.testing.assert_allclose(ref.iterative_pseudo_inverse(a, iterations=0), a.T / 40)
    batch = np.stack([a, 2 * a])  # each matrix has its own norms
    alone = [ref.iterative_pseudo_inverse(matrix) for matrix in batch]
    np.testing.assert_allclose(ref.iterative_pseudo_inverse(batch), np.stack(alone))


def test_all_positions_as_landmarks_give_full_attention():
    """S S⁺ S = S: exact with an exact inverse, and as near as the iteration has come to it."""
    q, k, v = 2 * normal(2, 6, KV_LEN, 4), normal(2, 3, KV_LEN, 4), normal(2, 3, KV_LEN, 5)
    plain = ref.scaled_dot_product_attention(q, k, v, scale=1.0)
    error = [
        abs(
            ref.nystrom_attention(q, k, v, n_landmarks=KV_LEN, iterations=i, scale=1.0) - plain
        ).max()
        for i in (6, 12, 18)
    ]
    assert error[0] > error[1] > error[2]
    assert error[2] < 1e-3
    np.testing.assert_allclose(
        ref.nystrom_attention(q, k, v, n_landmarks=KV_LEN, iterations=40, scale=1.0),
        plain,
        atol=1e-6,
    )


@pytest.mark.parametrize("lens", [(12, 12), (13, 11), (9, 14)])
def test_against_its_definition(lens):
    """With numpy's own inverse and means, and lengths that do not divide."""
    q, k, v = normal(lens[0], 3), normal(lens[1], 3), normal(lens[1], 2)

    def means(x):
        ends = [len(x) * i // 4 for i in range(5)]
        return np.array([x[a:b].mean(0) for a, b in itertools.pairwise(ends)])

    def kernel(a, b):
        weights = np.exp(a @ b.T / np.sqrt(3))
        return weights / weights.sum(-1, keepdims=True)

    q_, k_ = means(q), means(k)
    expected = kernel(q, k_) @ np.linalg.pinv(kernel(q_, k_)) @ kernel(q_, k) @ v
    found = ref.nystrom_attention(q, k, v, n_landmarks=4, iterations=40)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_constant_values_come_back():
    """Weights sum to one where the landmarks' matrix is regular, though some may be negative."""
    q, k, _ = (3 * a for a in qkv())
    v = np.broadcast_to(np.array([2.0, -1.0]), (*k.shape[:-1], 2))
    found = ref.nystrom_attention(q, k, v, n_landmarks=2, iterations=30)
    np.testing.assert_allclose(found, np.broadcast_to([2.0, -1.0], found.shape), atol=1e-8)


def test_as_many_landmarks_as_different_tokens_are_exact():
    """Each token stands three times in a row, so each landmark is a token."""
    q, k, v = np.repeat(normal(4, 3), 3, 0), np.repeat(2 * normal(4, 3), 3, 0), normal(12, 2)
    found = ref.nystrom_attention(q, k, v, n_landmarks=4, iterations=40)
    np.testing.assert_allclose(found, ref.scaled_dot_product_attention(q, k, v), atol=1e-8)


def test_grouped_heads_are_repeated_not_tiled():
    q, k, v = qkv()
    repeated = (np.repeat(a, 2, axis=1) for a in (k, v))
    np.testing.assert_allclose(
        ref.nystrom_attention(q, k, v, n_landmarks=3),
        ref.nystrom_attention(q, *repeated, n_landmarks=3),
        atol=1e-12,
    )


def test_it_cannot_be_causal():
    """The first output moves with the last key: a landmark is a mean, the inverse mixes them."""
    q, k, v = normal(8, 3), normal(8, 3), normal(8, 2)
    before = ref.nystrom_attention(q, k, v, n_landmarks=4)
    k[-1] += 1
    assert (ref.nystrom_attention(q, k, v, n_landmarks=4)[0] != before[0]).all()


def test_half_precision_is_computed_in_float32():
    """Rounded once, at the end: sums of a thousand would not survive float16."""
    q, k, v = (normal(1000, 4).astype(np.float16) for _ in range(3))
    found = ref.nystrom_attention(q, k, v, n_landmarks=8)
    wide = ref.nystrom_attention(*(a.astype(np.float32) for a in (q, k, v)), n_landmarks=8)
    np.testing.assert_array_equal(found, wide.astype(np.float16))
    ones = np.full((5000, 1), 20, np.float16)
    np.testing.assert_array_equal(ref.segment_means(ones, 1), [[20]])
    a = np.full((1, 2000), 60, np.float16)  # its norms, 60 and 120 000: the second overflows
    inverse = ref.iterative_pseudo_inverse(a)
    assert inverse.dtype == np.float16
    np.testing.assert_allclose(inverse.astype(float), 60 / 7.2e6, rtol=0.02)
