"""Rotary positions by hand: what turns, what stays, and how fast."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref
from tests.cases.common import normal

BATCH, HEADS, SEQ, D_K, D_ROTARY = 2, 3, 5, 10, 6
EACH = np.array([[4, 0, 6, 7, 30], [900, 1, 2, 3, 12]])
FREQUENCIES = ref.rotary_frequencies(D_ROTARY, base=30.0)
BOTH_PAIRINGS = pytest.mark.parametrize("interleaved", [False, True])


def turn(x: np.ndarray, positions: np.ndarray, interleaved: bool, base: float) -> np.ndarray:
    """One pair of one vector at a time, as a complex number."""
    turned = x.copy()
    n = D_ROTARY // 2
    for b, h, s in np.ndindex(*x.shape[:3]):
        for i in range(n):
            first, second = (2 * i, 2 * i + 1) if interleaved else (i, i + n)
            unit = np.exp(1j * positions[b, s] * base ** (-2 * i / D_ROTARY))
            z = complex(x[b, h, s, first], x[b, h, s, second]) * unit
            turned[b, h, s, first], turned[b, h, s, second] = z.real, z.imag
    return turned


@BOTH_PAIRINGS
def test_one_pair_at_a_time(interleaved):
    x = normal(BATCH, HEADS, SEQ, D_K)
    found = ref.rotary(x, EACH, FREQUENCIES, interleaved=interleaved)
    np.testing.assert_allclose(found, turn(x, EACH, interleaved, 30.0), atol=1e-12)
    np.testing.assert_array_equal(found[..., D_ROTARY:], x[..., D_ROTARY:])
    for b in range(BATCH):  # one sequence at a time, its positions alone
        alone = ref.rotary(x[b], EACH[b], FREQUENCIES, interleaved=interleaved)
        np.testing.assert_array_equal(alone, found[b])


def test_the_pairings_differ_and_are_one():
    """The same features, paired otherwise, give other scores; reordered, the same."""
    q, k = normal(SEQ, 8), normal(SEQ, 8)
    positions, frequencies = np.arange(SEQ), ref.rotary_frequencies(8, base=5.0)

    def scores(q, k, interleaved):
        turned = (ref.rotary(x, positions, frequencies, interleaved=interleaved) for x in (q, k))
        return ref.dot_scores(*turned)

    neighbours = scores(q, k, True)
    assert not np.allclose(neighbours, scores(q, k, False), atol=0.1)
    q, k = (ref.interleaved_to_half_split(x) for x in (q, k))
    np.testing.assert_allclose(scores(q, k, False), neighbours, atol=1e-12)
    q, k = (ref.half_split_to_interleaved(x) for x in (q, k))
    np.testing.assert_allclose(scores(q, k, True), neighbours, atol=1e-12)


@pytest.mark.parametrize("d_rotary", [None, 4])
def test_converted_weights_make_converted_features(d_rotary):
    """A checkpoint of one pairing runs with the other: only the projections' columns move."""
    n_heads, d_k = 3, 6
    x, w, bias = normal(SEQ, 7), normal(7, n_heads * d_k), normal(n_heads * d_k)
    heads = {"n_heads": n_heads, "d_rotary": d_rotary}
    features = ref.split_heads(x @ w + bias, n_heads)
    columns, entries = (ref.interleaved_to_half_split(a, **heads) for a in (w, bias))
    converted = ref.split_heads(x @ columns + entries, n_heads)
    expected = ref.interleaved_to_half_split(features, d_rotary=d_rotary)
    np.testing.assert_allclose(converted, expected, atol=1e-13)
    rows = ref.interleaved_to_half_split(w.T, **heads, axis=0)
    np.testing.assert_array_equal(rows, columns.T)
    np.testing.assert_array_equal(ref.half_split_to_interleaved(columns, **heads), w)

    positions, frequencies = np.arange(SEQ), ref.rotary_frequencies(d_rotary or d_k, base=9.0)
    turned = ref.rotary(features, positions, frequencies, interleaved=True)
    found = ref.rotary(converted, positions, frequencies)
    np.testing.assert_allclose(
        found, ref.interleaved_to_half_split(turned, d_rotary=d_rotary), atol=1e-12
    )


def test_the_order_of_the_features():
    """Even ones first, then odd ones, within each head and as far as it turns."""
    order = ref.interleaved_to_half_split(np.arange(14.0), n_heads=2, d_rotary=6)
    np.testing.assert_array_equal(order, [0, 2, 4, 1, 3, 5, 6, 7, 9, 11, 8, 10, 12, 13])


@given(st.integers(-3000, 3000), st.integers(-3000, 3000), st.integers(-3000, 3000), st.booleans())
def test_scores_depend_on_the_difference(p, r, shift, interleaved):
    rng = np.random.default_rng(7)
    q, k = rng.normal(size=(2, 1, D_K))

    def score(at_q: int, at_k: int) -> float:
        turned = (
            ref.rotary(x, np.array([at]), FREQUENCIES, interleaved=interleaved)
            for x, at in ((q, at_q), (k, at_k))
        )
        return ref.dot_scores(*turned).item()

    assert score(p, r) == pytest.approx(score(p + shift, r + shift), abs=2e-12)
    assert score(p, r) == pytest.approx(score(0, r - p), abs=2e-12)


@given(st.integers(-3000, 3000), st.integers(-3000, 3000), st.booleans())
def test_turns_add_up_and_keep_lengths(p, r, interleaved):
    x = np.random.default_rng(8).normal(size=(1, D_K))

    def turned(x: np.ndarray, at: int) -> np.ndarray:
        return ref.rotary(x, np.array([at]), FREQUENCIES, interleaved=interleaved)

    np.testing.assert_allclose(turned(turned(x, p), r), turned(x, p + r), atol=2e-12)
    np.testing.assert_allclose(np.linalg.norm(turned(x, p)), np.linalg.norm(x), rtol=1e-14)
    np.testing.assert_array_equal(turned(x, 0), x)


def test_the_bound_of_the_paper_decays():
    """Section 3.4.3: the mean size of the partial sums of turns falls with the distance."""
    frequencies = ref.rotary_frequencies(128)
    cos, sin = ref.rotary_tables(np.arange(4000), frequencies)
    bound = abs((cos + 1j * sin).cumsum(-1)).mean(-1)
    assert bound[0] == pytest.approx(32.5)  # the mean of 1 to 64
    windows = bound[1:3841].reshape(-1, 240).mean(-1)
    assert (windows[:6] > windows[1:7]).all()
    assert windows[-1] < 0.25 * bound[0]

    q, k = normal(1, 128), normal(1, 128)
    pairs = (q[0, :64] - 1j * q[0, 64:]) * (k[0, :64] + 1j * k[0, 64:])
    steps = abs(np.diff(pairs, append=0)).max()
    positions = np.arange(4000)
    turned = ref.rotary(np.repeat(k, 4000, 0), positions, frequencies)
    assert (abs(turned @ q[0]) <= steps * bound * 64 + 1e-9).all(), "equation 37"


def test_magnitude_lengthens_what_turns():
    x = normal(SEQ, D_K)
    plain = ref.rotary(x, np.arange(SEQ), FREQUENCIES)
    longer = ref.rotary(x, np.arange(SEQ), FREQUENCIES, attention_factor=1.5)
    np.testing.assert_allclose(longer[:, :D_ROTARY], 1.5 * plain[:, :D_ROTARY], atol=1e-14)
    np.testing.assert_array_equal(longer[:, D_ROTARY:], plain[:, D_ROTARY:])


def test_tables_once_for_all_layers():
    x = normal(BATCH, HEADS, SEQ, D_K)
    cos, sin = ref.rotary_tables(EACH, FREQUENCIES, attention_factor=0.8)
    assert cos.shape == sin.shape == (BATCH, SEQ, D_ROTARY // 2)
    np.testing.assert_array_equal(
        ref.rotate(x, cos, sin), ref.rotary(x, EACH, FREQUENCIES, attention_factor=0.8)
    )


def test_how_exact_single_precision_is_far_out():
    """What the docstring says: at position 100000 float32 is off by up to 0.01, and not by less."""
    wrong = [
        ref.rotary_tables(np.array([100000]), ref.rotary_frequencies(128, dtype=dtype))
        for dtype in ("float32", "float64")
    ]
    assert wrong[0][0].dtype == np.float32
    error = abs((wrong[0][0] + 1j * wrong[0][1]) - (wrong[1][0] + 1j * wrong[1][1])).max()
    assert 0.001 < error < 0.01


@BOTH_PAIRINGS
def test_half_precision_far_out(interleaved):
    """Angles are not rounded with the features: the error is that of one rounding of the result."""
    x = normal(SEQ, D_K).astype(np.float16)
    far = 100000 + np.arange(SEQ)
    found = ref.rotary(x, far, FREQUENCIES, interleaved=interleaved)
    exact = ref.rotary(x.astype(float), far, FREQUENCIES, interleaved=interleaved)
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, exact, rtol=2**-11 * 1.01, atol=2e-6)
    assert ref.rotary_tables(far, FREQUENCIES.astype(np.float16))[0].dtype == np.float32


def test_interpolation_is_a_change_of_positions():
    x, positions = normal(SEQ, D_ROTARY), np.arange(SEQ)
    slower = ref.interpolated_frequencies(FREQUENCIES, factor=4)
    np.testing.assert_allclose(
        ref.rotary(x, 4 * positions, slower), ref.rotary(x, positions, FREQUENCIES), atol=1e-13
    )


def test_ntk_is_a_change_of_base():
    for n_pairs, base, factor in [(2, 100.0, 3.0), (16, 10000.0, 8.0), (64, 5e5, 2.5)]:
        d = 2 * n_pairs
        scaled = ref.ntk_frequencies(ref.rotary_frequencies(d, base=base), factor=factor)
        expected = ref.rotary_frequencies(d, base=base * factor ** (d / (d - 2)))
        np.testing.assert_allclose(scaled, expected, rtol=1e-13)


def test_dynamic_ntk_starts_where_training_ended():
    scale = {"original_len": 64}
    for seq_len in (1, 63, 64):
        found = ref.dynamic_ntk_frequencies(FREQUENCIES, seq_len=seq_len, factor=3.0, **scale)
        np.testing.assert_allclose(found, FREQUENCIES, rtol=1e-15)
    twice = ref.dynamic_ntk_frequencies(FREQUENCIES, seq_len=128, **scale)
    np.testing.assert_allclose(twice, ref.ntk_frequencies(FREQUENCIES, factor=2), rtol=1e-15)
    steeper = ref.dynamic_ntk_frequencies(FREQUENCIES, seq_len=128, factor=3.0, **scale)
    np.testing.assert_allclose(steeper, ref.ntk_frequencies(FREQUENCIES, factor=4), rtol=1e-15)


LLAMA_2 = {"factor": 16.0, "original_len": 4096}


def test_by_parts_one_by_one():
    """The paper's numbers for Llama 2: below one turn all is interpolated, above 32 nothing."""
    frequencies = ref.rotary_frequencies(128)
    found = ref.ntk_by_parts_frequencies(frequencies, **LLAMA_2)
    kinds = set()
    for theta, scaled in zip(frequencies, found, strict=True):
        turns = 4096 / (2 * math.pi / theta)
        share = 0 if turns < 1 else 1 if turns > 32 else (turns - 1) / 31
        kinds.add(share if share in (0, 1) else "between")
        assert scaled == pytest.approx((1 - share) * theta / 16 + share * theta, rel=1e-13)
    assert kinds == {0, 1, "between"}


def test_llama3_one_by_one():
    """Its own numbers, by its own cases."""
    frequencies = ref.rotary_frequencies(128, base=500000.0)
    found = ref.llama3_frequencies(frequencies)
    kinds = set()
    for theta, scaled in zip(frequencies, found, strict=True):
        wavelength = 2 * math.pi / theta
        if wavelength < 8192 / 4:
            kinds.add("kept")
            expected = theta
        elif wavelength > 8192 / 1:
            kinds.add("interpolated")
            expected = theta / 8
        else:
            kinds.add("between")
            smooth = (8192 / wavelength - 1) / (4 - 1)
            expected = (1 - smooth) * theta / 8 + smooth * theta
        assert scaled == pytest.approx(expected, rel=1e-13)
    assert kinds == {"kept", "interpolated", "between"}


@pytest.mark.parametrize("truncate", [True, False])
def test_yarn_one_by_one(truncate):
    """Llama 2 again, with the ramp of the authors' code: from pair 20 (20.9) to pair 46 (45.03)."""
    frequencies = ref.rotary_frequencies(128)
    found = ref.yarn_frequencies(frequencies, base=10000.0, **LLAMA_2, truncate=truncate)
    ends = [64 * math.log(4096 / (2 * math.pi * beta)) / math.log(10000) for beta in (32, 1)]
    assert [round(end, 2) for end in ends] == [20.94, 45.03]
    first, last = (20, 46) if truncate else ends
    for i, (theta, scaled) in enumerate(zip(frequencies, found, strict=True)):
        slowed = 0 if i < first else 1 if i > last else (i - first) / (last - first)
        expected = (1 - slowed) * theta + slowed * theta / 16
        assert scaled == pytest.approx(expected, rel=1e-13)


def test_yarns_code_is_not_its_paper():
    """The same ends, another ramp between them: by up to a factor of more than two."""
    frequencies = ref.rotary_frequencies(128)
    paper = ref.ntk_by_parts_frequencies(frequencies, **LLAMA_2)
    code = ref.yarn_frequencies(frequencies, base=10000.0, **LLAMA_2)
    np.testing.assert_allclose(paper[:21], code[:21], rtol=1e-13)
    np.testing.assert_allclose(paper[46:], code[46:], rtol=1e-13)
    assert (paper[22:45] < code[22:45]).all()
    assert (code / paper).max() > 2


def test_yarn_where_both_ends_meet():
    """Training too short for a single turn: all pairs but the first are interpolated."""
    frequencies = ref.rotary_frequencies(8)
    found = ref.yarn_frequencies(frequencies, base=10000.0, factor=8, original_len=3)
    np.testing.assert_allclose(found, frequencies / [1, 8, 8, 8], rtol=1e-13)


def test_yarn_where_no_pair_is_slow():
    """Where one turn would be pair 10 of 4, the code's ramp ends at 7 (d - 1, not n - 1)."""
    frequencies = ref.rotary_frequencies(8, base=50.0)
    betas = {"beta_fast": 20000.0, "beta_slow": 1.0}
    found = ref.yarn_frequencies(frequencies, base=50.0, factor=8, original_len=100000, **betas)
    slowed = np.arange(4) / 7
    np.testing.assert_allclose(found, frequencies * (1 - slowed + slowed / 8), rtol=1e-13)


def test_yarn_sharpens_the_scores():
    """Queries and keys both carry the magnitude; scores carry its square, 1 / t."""
    assert ref.yarn_attention_factor(1) == ref.yarn_attention_factor(0.3) == 1
    attention_factor = ref.yarn_attention_factor(32.0)
    assert attention_factor == pytest.approx(0.1 * math.log(32) + 1, rel=1e-15)
    assert ref.yarn_attention_factor(32.0, mscale=0.5) == pytest.approx(0.05 * math.log(32) + 1)
    q, k = normal(SEQ, D_ROTARY), normal(SEQ, D_ROTARY)
    plain, sharper = (
        ref.dot_scores(
            *(ref.rotary(x, np.arange(SEQ), FREQUENCIES, attention_factor=m) for x in (q, k))
        )
        for m in (1.0, attention_factor)
    )
    np.testing.assert_allclose(sharper, attention_factor**2 * plain, rtol=1e-12)
