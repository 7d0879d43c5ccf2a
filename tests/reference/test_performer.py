"""Performer: is the estimate unbiased, how far does it scatter, and does its stabiliser cancel?

The kernel is exact and the estimates' variances are known in closed form (Choromanski et al. 2021,
lemma 2), so that a test can say how far a mean over many draws may lie from the truth. Seeds are
fixed: what passes once passes always.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_V, HEADS, KV_HEADS, normal

D, N_DRAWS = 4, 20_000
SIGMAS = 5  # how many standard errors a mean may be off: one in two million by chance


def vectors() -> tuple[np.ndarray, np.ndarray]:
    """A query and a key whose kernel is small, where positive features are at their best."""
    return np.array([0.5, -0.3, 0.2, 0.4]), np.array([-0.2, 0.4, 0.1, -0.3])


def independent_rows(features, q, k, n_features: int) -> np.ndarray:
    """The same for rows that are independent, all in one call: one row makes one estimate."""
    rows = normal(N_DRAWS * n_features, D)
    n_features_a_row = len(features(q, rows)) // len(rows)
    single = (features(q, rows) * features(k, rows)).reshape(n_features_a_row, -1).sum(0)
    return (single * len(rows)).reshape(N_DRAWS, n_features).mean(-1)


def variance(name: str, q, k, n_features: int) -> float:
    """The paper's closed form, for independent rows."""
    kernel = math.exp(q @ k)
    if name == "positive":
        return kernel**2 * (math.exp(((q + k) ** 2).sum()) - 1) / n_features
    length = math.exp((q**2).sum() + (k**2).sum())
    return length * (1 - math.exp(-((q - k) ** 2).sum())) ** 2 / (2 * n_features)


FEATURES = {"positive": ref.positive_features, "trigonometric": ref.trigonometric_features}
BOTH = pytest.mark.parametrize("name", FEATURES)


@BOTH
@pytest.mark.parametrize("n_features", [1, 16])
def test_the_estimate_is_unbiased_and_scatters_as_it_should(name, n_features):
    q, k = vectors()
    found = independent_rows(FEATURES[name], q, k, n_features)
    sigma = math.sqrt(variance(name, q, k, n_features))
    assert abs(found.mean() - math.exp(q @ k)) < SIGMAS * sigma / math.sqrt(N_DRAWS)
    np.testing.assert_allclose(found.std(), sigma, rtol=0.05)


@BOTH
def test_the_error_shrinks_with_the_root_of_the_features(name):
    q, k = vectors()
    few, many = (independent_rows(FEATURES[name], q, k, m) for m in (4, 64))
    errors = [np.sqrt(((x - math.exp(q @ k)) ** 2).mean()) for x in (few, many)]
    np.testing.assert_allclose(errors[0] / errors[1], 4, rtol=0.1)


def test_orthogonal_rows_stay_unbiased_and_scatter_less():
    """Blocks of rows at right angles, each block one estimate; about a tenth less variance.

    The sample variance itself is good to two per cent.
    """
    n_draws, width = 6000, 8
    q = math.sqrt(0.5 / width) * np.array([1.0, -1, 2, 0, 1, 1, -1, 1]) / 2
    k = math.sqrt(0.5 / width) * np.array([1.0, 1, 0, 2, 1, -1, 1, 1]) / 2
    rows = ref.orthogonal_projection(normal(n_draws * width, width))
    single = ref.positive_features(q, rows) * ref.positive_features(k, rows) * len(rows)
    found = single.reshape(n_draws, width).mean(-1)
    independent = variance("positive", q, k, width)
    assert abs(found.mean() - math.exp(q @ k)) < SIGMAS * math.sqrt(independent / n_draws)
    assert found.var() < 0.94 * independent


def test_small_weights_are_where_positive_features_win():
    q = np.array([0.9, -0.8, 0.7, 0.5])
    assert variance("positive", q, -q, 1) == 0  # opposite vectors: no scatter at all
    assert variance("trigonometric", q, -q, 1) > 1
    rows = normal(30, D)
    found = ref.positive_features(q, rows) @ ref.positive_features(-q, rows)
    np.testing.assert_allclose(found, math.exp(-q @ q), rtol=1e-12)
    found = [
        ref.trigonometric_features(q, row[None]) @ ref.trigonometric_features(-q, row[None])
        for row in rows
    ]
    assert min(found) < 0 < max(found)


class TestFeatures:
    def test_by_hand(self):
        x, rows = np.array([1.0, 2.0]), np.array([[1.0, 0.0], [0.0, -1.0], [1.0, 1.0], [0.0, 0.0]])
        expected = np.exp(np.array([1, -2, 3, 0]) - 2.5) / 2
        np.testing.assert_allclose(ref.positive_features(x, rows), expected)
        angles, amplitude = np.array([1, -2, 3, 0]), math.exp(2.5) / 2
        expected = amplitude * np.concatenate([np.sin(angles), np.cos(angles)])
        np.testing.assert_allclose(ref.trigonometric_features(x, rows), expected)

    def test_never_negative(self):
        assert (ref.positive_features(3 * normal(50, D), normal(20, D)) > 0).all()
        assert (ref.trigonometric_features(3 * normal(50, D), normal(20, D)) < 0).any()

    @BOTH
    def test_half_precision(self, name):
        x, rows = normal(5, D).astype(np.float16), normal(9, D)
        found = FEATURES[name](x, rows)
        assert found.dtype == np.float16
        exact = FEATURES[name](x.astype(np.float64), rows)
        np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-6)


class TestOrthogonalProjection:
    @pytest.mark.parametrize("n_features", [1, 3, 4, 5, 8, 11])
    def test_against_gram_schmidt_in_loops(self, n_features):
        noise = normal(n_features, D)
        found = ref.orthogonal_projection(noise)
        for start in range(0, n_features, D):
            earlier = []
            for i in range(start, min(start + D, n_features)):
                left = noise[i].copy()
                for other in earlier:
                    left -= (noise[i] @ other) * other
                earlier.append(left / math.sqrt(left @ left))
                expected = earlier[-1] * math.sqrt(noise[i] @ noise[i])
                np.testing.assert_allclose(found[i], expected, rtol=1e-9, atol=1e-12)

    def test_right_angles_within_a_block_and_lengths_kept(self):
        noise = normal(3 * D, D)
        found = ref.orthogonal_projection(noise)
        products = found @ found.T
        for block in range(3):
            rows = slice(block * D, (block + 1) * D)
            squares = (noise[rows] ** 2).sum(-1)
            np.testing.assert_allclose(products[rows, rows], np.diag(squares), atol=1e-12)
        np.testing.assert_array_less(0.1, abs(products[:D, D:]).max())

    def test_each_row_is_as_gaussian_as_before(self):
        """Mean zero, variance one and no correlation, in every entry of every row."""
        found = np.stack([ref.orthogonal_projection(noise) for noise in normal(5000, 3, 3)])
        bound = SIGMAS / math.sqrt(5000)
        assert abs(found.mean(0)).max() < bound
        second = np.einsum("nri,nrj->rij", found, found) / 5000
        assert abs(second - np.eye(3)).max() < bound * math.sqrt(2)
        fourth = (found**4).mean(0)  # three for a Gaussian, with a variance of 96
        assert abs(fourth - 3).max() < bound * math.sqrt(96)


def qkv(seq: int = 6, kv_len: int | None = None) -> tuple[np.ndarray, ...]:
    q, kv_len = normal(BATCH, HEADS, seq, D_K), kv_len or seq
    return q, normal(BATCH, KV_HEADS, kv_len, D_K), normal(BATCH, KV_HEADS, kv_len, D_V)


def explicit_weights(q, k, projection, *, causal=False, mask=True, scale=None):
    """Features without a stabiliser, multiplied out, hidden, and divided by their sum."""
    root = math.sqrt(1 / math.sqrt(D_K) if scale is None else scale)
    k = k.repeat(HEADS // KV_HEADS, axis=1)
    features = [
        np.exp(root * x @ projection.T - root**2 * (x**2).sum(-1, keepdims=True) / 2)
        for x in (q, k)
    ]
    weights = features[0] @ features[1].swapaxes(-1, -2)
    weights = weights * mask * (np.tri(q.shape[-2], k.shape[-2]) if causal else 1)
    total = weights.sum(-1, keepdims=True)
    return weights / np.where(total > 0, total, 1)


@pytest.mark.parametrize("chunk_len", [1, 4, 64])
@pytest.mark.parametrize("scale", [None, 1.3])
@pytest.mark.parametrize("causal", [False, True])
def test_the_stabiliser_changes_nothing(causal, scale, chunk_len):
    (q, k, v), projection = qkv(), normal(9, D_K)
    for mask in (None, np.array([False, True, True, False, True, True])):
        options = {"causal": causal, "scale": scale}
        found = ref.performer_attention(
            q, k, v, projection, mask=mask, chunk_len=chunk_len, **options
        )
        weights = explicit_weights(q, k, projection, mask=True if mask is None else mask, **options)
        expected = weights @ v.repeat(HEADS // KV_HEADS, axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
def test_it_becomes_softmax_attention(causal):
    """With sixteen times the features, a quarter of the error."""
    q, k, v = qkv()
    q, k = q / 2, k / 2  # long vectors need many more features
    exact = ref.scaled_dot_product_attention(q, k, v, causal=causal)

    def error(n_features: int) -> float:
        squares = [
            (ref.performer_attention(q, k, v, normal(n_features, D_K), causal=causal) - exact) ** 2
            for _ in range(40)
        ]
        return math.sqrt(np.mean(squares))

    errors = [error(m) for m in (100, 1600)]
    assert errors[1] < 0.1
    np.testing.assert_allclose(errors[0] / errors[1], 4, rtol=0.15)


@pytest.mark.parametrize("causal", [False, True])
def test_weights_are_never_negative_and_sum_to_one(causal):
    """Values that are unit vectors bring the weights out."""
    q, k, _ = qkv()
    unit = np.broadcast_to(np.eye(6), (BATCH, KV_HEADS, 6, 6))
    weights = ref.performer_attention(q, k, unit, normal(9, D_K), causal=causal)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-12)
    if causal:
        np.testing.assert_array_equal(np.triu(weights, 1), 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("factor", [1, 30, 1000])
def test_long_vectors_neither_overflow_nor_vanish(factor, causal, dtype):
    """Held to logarithms: plain exponentials of such vectors are all zero, and 0 / 0 no weight."""
    (q, k, v), rows = qkv(), normal(9, D_K)
    q, k, v, rows = (x.astype(dtype) for x in (factor * q, factor * k, v, rows))
    mask = np.array([True, False, True, True, False, True])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ref.performer_attention(q, k, v, rows, causal=causal, mask=mask, chunk_len=4)
    q, k, v, rows = (x.astype(np.float64) for x in (q, k, v, rows))
    exponents = [
        D_K**-0.25 * x @ rows.T - D_K**-0.5 * (x**2).sum(-1, keepdims=True) / 2
        for x in (q, k.repeat(HEADS // KV_HEADS, axis=1))
    ]
    pairs = exponents[0][..., :, None, :] + exponents[1][..., None, :, :]
    hidden = ~np.broadcast_to(mask, (6, 6)) | (np.triu(np.ones((6, 6), bool), 1) & causal)
    pairs[:, :, hidden] = -np.inf
    terms = np.exp(pairs - pairs.max((-2, -1), keepdims=True)).sum(-1)
    weights = terms / terms.sum(-1, keepdims=True)
    expected = weights @ v.repeat(HEADS // KV_HEADS, axis=1)
    # The exponents themselves are large, and each is rounded.
    tolerance = np.finfo(dtype).eps * 30 * factor**2
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("chunk_len", [1, 2, 4, 64])
def test_nothing_comes_from_the_future(chunk_len):
    """Not even through the stabiliser, where the shortest key has the largest exponents."""
    (q, k, v), projection = qkv(), normal(9, D_K)
    k = 100 * k  # a maximum taken over all keys would push the early ones to zero

    def run(k, v):
        return ref.performer_attention(q, k, v, projection, causal=True, chunk_len=chunk_len)

    before = run(k, v)
    for i in range(6):
        later = k.copy(), v.copy()
        later[0][..., i, :] *= 1e-3
        later[1][..., i, :] += 1
        after = run(*later)
        np.testing.assert_allclose(after[..., :i, :], before[..., :i, :], rtol=1e-12, atol=1e-15)
        assert (after[..., i, :] != before[..., i, :]).all()


@pytest.mark.parametrize("causal", [False, True])
def test_nothing_to_attend_to_gives_zeros(causal):
    (q, k, v), projection = qkv(), normal(9, D_K)
    found = ref.performer_attention(q, k, v, projection, causal=causal, mask=np.zeros(6, bool))
    np.testing.assert_array_equal(found, 0)


@pytest.mark.parametrize("causal", [False, True])
def test_half_precision_is_computed_in_float32(causal):
    q, k, v = (x.astype(np.float16) for x in qkv(40))
    projection = normal(32, D_K)
    found = ref.performer_attention(q, k, v, projection, causal=causal)
    exact = ref.performer_attention(
        *(x.astype(np.float64) for x in (q, k, v)), projection, causal=causal
    )
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-4)


def test_one_head_and_no_batch():
    (q, k, v), projection = qkv(), normal(9, D_K)
    for causal in (False, True):
        whole = ref.performer_attention(q, k, v, projection, causal=causal)
        three = ref.performer_attention(q[1], k[1], v[1], projection, causal=causal)
        one = ref.performer_attention(q[1, 5], k[1, 2], v[1, 2], projection, causal=causal)
        np.testing.assert_allclose(three, whole[1], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one, whole[1, 5], rtol=1e-12, atol=1e-12)
