"""Positions by hand: absolute, relative, biased; and the same step by step as all at once."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_V, HEADS, KV_LEN, Q_LEN, normal, qkv, some
from tests.reference import oracle


def test_sinusoids_one_by_one():
    found = ref.sinusoidal_positions(np.array([[0, 3, 700], [5, 11, 2]]), 6, base=40.0)
    assert found.shape == (2, 3, 6)
    for (row, column), p in np.ndenumerate(np.array([[0, 3, 700], [5, 11, 2]])):
        for i in range(3):
            angle = p / 40 ** (2 * i / 6)
            assert found[row, column, 2 * i] == pytest.approx(math.sin(angle), abs=1e-12)
            assert found[row, column, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-12)


def test_the_papers_base():
    """The slowest of many pairs turns by almost one over 10000 a step."""
    slowest = np.arcsin(ref.sinusoidal_positions(np.array([1]), 512)[0, -2])
    assert slowest == pytest.approx(10000 ** (-510 / 512), rel=1e-12)
    assert ref.rotary_frequencies(512)[-1] == pytest.approx(10000 ** (-510 / 512), rel=1e-12)


def test_a_step_is_a_linear_map():
    """One matrix for a shift by k, whatever the position: what the paper hoped a head could use."""
    table = ref.sinusoidal_positions(np.arange(60), 8)
    shift, *_ = np.linalg.lstsq(table[:50], table[7:57], rcond=None)
    np.testing.assert_allclose(table[3:53] @ shift, table[10:60], atol=1e-9)
    np.testing.assert_allclose(shift @ shift.T, np.eye(8), atol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_that_is_asked_for(dtype):
    assert ref.sinusoidal_positions(np.arange(3), 4, dtype=dtype).dtype == dtype
    assert ref.rotary_frequencies(4, dtype=dtype).dtype == dtype
    assert ref.alibi_slopes(3, dtype=dtype).dtype == dtype


@pytest.mark.parametrize("lengths", [(5, 5), (2, 6), (6, 2), (0, 3), (3, 0)])
def test_relative_positions_agree_with_the_masks(lengths):
    relative = ref.relative_positions(*lengths)
    np.testing.assert_array_equal(relative <= 0, ref.causal_mask(*lengths))
    near = (relative <= 0) & (relative > -3)
    np.testing.assert_array_equal(near, ref.sliding_window_mask(*lengths, 3))


def test_alibi_slopes_of_the_paper():
    halves = [1 / 2**i for i in range(1, 9)]
    np.testing.assert_array_equal(ref.alibi_slopes(8), halves)
    between = [2**-0.5, 2**-1.5, 2**-2.5, 2**-3.5]
    np.testing.assert_allclose(ref.alibi_slopes(12), [*halves, *between], rtol=1e-15)
    np.testing.assert_allclose(ref.alibi_slopes(16)[:4:2], between[:2], rtol=1e-15)


@given(st.integers(1, 200))
def test_alibi_slopes_by_recursion(n_heads):
    """The rule as it is told: the smaller power of two, then every second slope of the larger."""

    def slopes(n: int) -> list[float]:
        if n & (n - 1) == 0:
            return [2 ** (-8 * i / n) for i in range(1, n + 1)]
        smaller = max(2**e for e in range(9) if 2**e < n)
        return slopes(smaller) + slopes(2 * smaller)[0::2][: n - smaller]

    np.testing.assert_allclose(ref.alibi_slopes(n_heads), slopes(n_heads), rtol=1e-14)


def test_alibi_one_by_one():
    slopes = np.array([0.5, 0.3])
    found = ref.alibi_bias(3, 5, slopes)
    for h, i, j in np.ndindex(2, 3, 5):
        assert found[h, i, j] == pytest.approx(-slopes[h] * abs(i + 2 - j), abs=1e-15)


def test_alibi_as_bloom_adds_it():
    """slope · j differs by a constant in each row, which the softmax forgets."""
    q, k, v = qkv()
    slopes = ref.alibi_slopes(HEADS)
    ours = ref.alibi_bias(Q_LEN, KV_LEN, slopes)
    blooms = slopes[:, None, None] * np.arange(KV_LEN)
    a, b = (
        ref.scaled_dot_product_attention(q, k, v, bias=bias, causal=True) for bias in (ours, blooms)
    )
    np.testing.assert_allclose(a, b, atol=1e-12)


def bucket(distance: int, n_buckets: int, max_distance: int) -> int:
    """The formula, its logarithms in exact fractions: the power that each bucket begins with."""
    exact = n_buckets // 2
    if distance < exact:
        return distance
    wide, step = n_buckets - exact, 0
    while step + 1 < wide and Fraction(distance, exact) ** wide >= Fraction(
        max_distance, exact
    ) ** (step + 1):
        step += 1
    return exact + step


def test_t5_buckets_of_the_paper():
    """32 buckets, 128 positions: 8 · 16^(k/8), rounded up, is where each wide bucket begins."""
    starts = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91]
    found = ref.t5_buckets(1, 300, bidirectional=True)[0][::-1]  # from 0 behind to 299 behind
    np.testing.assert_array_equal(np.flatnonzero(np.diff(found)) + 1, starts)
    assert found[-1] == 15
    ahead = ref.t5_buckets(300, 300, bidirectional=True)[0]
    np.testing.assert_array_equal(ahead[1:], found[1:] + 16)


@given(st.integers(1, 20), st.integers(1, 150), st.booleans())
def test_t5_buckets_one_by_one(half, above, bidirectional):
    n_each, max_distance = 2 * half, half + above
    found = ref.t5_buckets(
        3,
        220,
        bidirectional=bidirectional,
        n_buckets=2 * n_each if bidirectional else n_each,
        max_distance=max_distance,
    )
    for i in range(3):
        for j in [0, 1, 60, 100, 150, 190, *range(200, 220)]:
            behind = i + 217 - j
            if bidirectional:
                expected = bucket(abs(behind), n_each, max_distance) + n_each * (behind < 0)
            else:
                expected = bucket(max(behind, 0), n_each, max_distance)
            assert found[i, j] == expected


def test_t5_bias_reads_a_column_for_each_head():
    table = normal(8, HEADS)
    bias = ref.t5_bias(9, 11, table, bidirectional=True, max_distance=6)
    buckets = ref.t5_buckets(9, 11, bidirectional=True, n_buckets=8, max_distance=6)
    assert len(set(buckets.ravel())) == 7, "all but one: nothing is zero steps ahead"
    for h, i, j in np.ndindex(*bias.shape):
        assert bias[h, i, j] == table[buckets[i, j], h]


def test_t5_bias_has_the_papers_distance():
    bias = ref.t5_bias(1, 300, np.arange(32.0)[:, None], bidirectional=True)
    np.testing.assert_array_equal(bias[0], ref.t5_buckets(1, 300, bidirectional=True))


def shaw(q, k, v, key_table, value_table, weights_of) -> np.ndarray:
    """Every key and value moved by the vector of its distance, for each query anew."""
    d_key, d_value = len(key_table) // 2, len(value_table) // 2
    q_len, kv_len = q.shape[-2], k.shape[-2]
    output = np.zeros((*q.shape[:-1], v.shape[-1]))
    for i in range(q_len):
        behind = [i + kv_len - q_len - j for j in range(kv_len)]
        to_keys = np.stack([key_table[max(0, min(2 * d_key, d_key - b))] for b in behind])
        to_values = np.stack([value_table[max(0, min(2 * d_value, d_value - b))] for b in behind])
        weights = weights_of(q[..., i : i + 1, :], k + to_keys, i)
        output[..., i, :] = (weights @ (v + to_values))[..., 0, :]
    return output


@pytest.mark.parametrize("lengths", [(5, 7), (7, 7), (1, 6)])
@pytest.mark.parametrize("rows", [(1, 1), (3, 7), (5, 3), (21, 21)])
def test_shaw_one_query_at_a_time(lengths, rows):
    q_len, kv_len = lengths
    q, k, v = normal(2, 3, q_len, 4), normal(2, 3, kv_len, 4), normal(2, 3, kv_len, 6)
    key_table, value_table = normal(rows[0], 4), normal(rows[1], 6)
    mask = some(q_len, kv_len) | np.eye(q_len, kv_len, dtype=bool)

    def weights_of(one, keys, i):
        return oracle.attend(one, keys, keys, mask=mask[i : i + 1], scale=0.3)[1]

    found = ref.shaw_attention(q, k, v, key_table, value_table, mask=mask, scale=0.3)
    expected = shaw(q, k, v, key_table, value_table, weights_of)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_shaw_without_distances_is_attention():
    """Tables of zeros change nothing, nor does a key table that says the same of all distances."""
    q, k, v = qkv()
    options = {"causal": True, "sinks": normal(HEADS), "bias": normal(Q_LEN, KV_LEN)}
    plain = ref.scaled_dot_product_attention(q, k, v, **options)
    nothing = ref.shaw_attention(q, k, v, np.zeros((5, D_K)), np.zeros((3, D_V)), **options)
    np.testing.assert_allclose(nothing, plain, atol=1e-13)
    same = np.tile(normal(D_K), (5, 1))
    plain = ref.scaled_dot_product_attention(q, k, v, causal=True)
    np.testing.assert_allclose(ref.shaw_attention(q, k, v, same, causal=True), plain, atol=1e-12)


def test_shaw_gives_weight_times_vector_only():
    """A value table that says the same of all distances adds it as far as the weights sum."""
    q, k, v = qkv()
    vector, mask = normal(D_V), some(Q_LEN, KV_LEN)
    same, table = np.tile(vector, (3, 1)), normal(5, D_K)
    options = {"mask": mask, "sinks": normal(HEADS), "return_weights": True}
    plain, _ = ref.shaw_attention(q, k, v, table, **options)
    output, weights = ref.shaw_attention(q, k, v, table, same, **options)
    np.testing.assert_allclose(output - plain, weights.sum(-1, keepdims=True) * vector, atol=1e-12)
    assert (output[:, :, 0] == 0).all(), "nothing to attend to, nothing said"
    assert (weights.sum(-1) < 1).all()


def test_shaw_in_half_precision():
    """Weights stay in float32 until both sides are summed: the error is that of one rounding."""
    given = [*qkv(), normal(5, D_K), normal(3, D_V)]
    half = [a.astype(np.float16) for a in given]
    found = ref.shaw_attention(*half)
    exact = ref.shaw_attention(*[a.astype(np.float64) for a in half])
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, exact, rtol=2**-11 * 1.01, atol=2**-24)


TABLES = {"shaw": (normal(7, D_K), normal(5, D_V)), "t5": normal(8, HEADS)}
FREQUENCIES = ref.rotary_frequencies(D_K, base=20.0)


def attend(scheme: str, x, k, v, positions, kv_positions) -> np.ndarray:
    """Causal attention with one of the schemes."""
    q_len, kv_len = len(positions), len(kv_positions)
    if scheme == "shaw":
        return ref.shaw_attention(x, k, v, *TABLES["shaw"], causal=True)
    if scheme == "rotary":
        x = ref.rotary(x, positions, FREQUENCIES)
        k = ref.rotary(k, kv_positions, FREQUENCIES)
        return ref.scaled_dot_product_attention(x, k, v, causal=True)
    if scheme in ("sinusoidal", "learned"):
        x, k = (
            a + ref.sinusoidal_positions(p, D_K)
            if scheme == "sinusoidal"
            else a + ref.learned_positions(np.cos(np.arange(9 * D_K)).reshape(9, D_K), p)
            for a, p in ((x, positions), (k, kv_positions))
        )
        return ref.scaled_dot_product_attention(x, k, v, causal=True)
    bias = (
        ref.alibi_bias(q_len, kv_len, ref.alibi_slopes(HEADS))
        if scheme == "alibi"
        else ref.t5_bias(q_len, kv_len, TABLES["t5"], bidirectional=False, max_distance=7)
    )
    return ref.scaled_dot_product_attention(x, k, v, bias=bias, causal=True)


@pytest.mark.parametrize("chunk", [1, 4])
@pytest.mark.parametrize("scheme", ["sinusoidal", "learned", "rotary", "alibi", "t5", "shaw"])
def test_step_by_step_as_all_at_once(scheme, chunk):
    """Decoding: the new queries, all keys so far, and where the new ones stand."""
    n = 9
    x, k, v = (
        normal(BATCH, HEADS, n, D_K),
        normal(BATCH, HEADS, n, D_K),
        normal(BATCH, HEADS, n, D_V),
    )
    everywhere = np.arange(n)
    whole = attend(scheme, x, k, v, everywhere, everywhere)
    parts = [
        attend(scheme, x[:, :, s:e], k[:, :, :e], v[:, :, :e], everywhere[s:e], everywhere[:e])
        for s, e in [(s, min(s + chunk, n)) for s in range(0, n, chunk)]
    ]
    np.testing.assert_allclose(np.concatenate(parts, axis=2), whole, atol=1e-12)
    without = ref.scaled_dot_product_attention(x, k, v, causal=True)
    assert not np.allclose(whole, without, atol=0.01), "positions make a difference"
