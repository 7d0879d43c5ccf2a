"""Attention over tiles: against the plain path, against differences, and by what it never makes."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref
from tests.cases.common import BATCH, HEADS, KV_LEN, Q_LEN, all_options, normal, qkv
from tests.cases.flash import near
from tests.reference.oracle import attend, visible

OPTIONS = all_options()
NAMED = pytest.mark.parametrize("options", OPTIONS, ids=["+".join(o) or "plain" for o in OPTIONS])


def log_of_sum(q, k, *, mask=None, bias=0.0, causal=False, window=None, scale=None, **rest):
    """The log-sum-exp of whole rows of scores, in the words of its definition."""
    k = np.repeat(k, q.shape[1] // k.shape[1], 1)
    scores = np.einsum("bhid,bhjd->bhij", q, k) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if rest.get("softcap"):
        scores = rest["softcap"] * np.tanh(scores / rest["softcap"])
    seen = np.array(
        [
            [visible(i, j, Q_LEN, KV_LEN, causal, window) for j in range(KV_LEN)]
            for i in range(Q_LEN)
        ]
    )
    terms = np.exp(scores + bias) * (seen if mask is None else seen & mask)
    total = terms.sum(-1)
    if rest.get("sinks") is not None:
        total = total + np.exp(rest["sinks"])[:, None]
    with np.errstate(divide="ignore"):
        return np.log(total)


def test_by_hand():
    """Scores 0 and 1, one key a tile: the second tile moves the maximum."""
    q, k, v = np.array([[1.0]]), np.array([[0.0], [1.0]]), np.array([[10.0], [20.0]])
    output, log_sum_exp = ref.flash_attention(q, k, v, q_tile=1, kv_tile=1)
    np.testing.assert_allclose(output, [[(10 + 20 * math.e) / (1 + math.e)]])
    np.testing.assert_allclose(log_sum_exp, [math.log(1 + math.e)])


@NAMED
def test_all_options(options):
    q, k, v = qkv()
    output, log_sum_exp = ref.flash_attention(q, k, v, **options, q_tile=2, kv_tile=3)
    np.testing.assert_allclose(output, attend(q, k, v, **options)[0], atol=1e-13)
    np.testing.assert_allclose(log_sum_exp, log_of_sum(q, k, **options), atol=1e-13)


@given(
    seed=st.integers(0, 999),
    lens=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    tiles=st.tuples(st.integers(1, 14), st.integers(1, 14)),
    causal=st.booleans(),
    window=st.none() | st.integers(1, 14),
)
def test_tiles_of_any_length_change_nothing(seed, lens, tiles, causal, window):
    """Whatever divides, exceeds or is cut short; more queries than keys, and fewer."""
    r = np.random.default_rng(seed)
    q, k, v = (r.normal(size=(2, n, d)) for n, d in zip((*lens, lens[1]), (3, 3, 4), strict=True))
    options = {"causal": causal, "window": window, "mask": r.random(lens) < 0.7}
    output, log_sum_exp = ref.flash_attention(q, k, v, **options, q_tile=tiles[0], kv_tile=tiles[1])
    expected, whole = ref.flash_attention(q, k, v, **options, q_tile=99, kv_tile=99)
    np.testing.assert_allclose(output, expected, atol=1e-13)
    np.testing.assert_allclose(log_sum_exp, whole, atol=1e-13)
    plain = ref.scaled_dot_product_attention(q, k, v, **options)
    np.testing.assert_allclose(output, plain, atol=1e-13)
    given_back = [
        ref.flash_attention_backward(
            np.cos(output), q, k, v, output, log_sum_exp, **options, q_tile=i, kv_tile=j
        )
        for i, j in (tiles, (99, 99))
    ]
    for ours, theirs in zip(given_back[0][:3], given_back[1][:3], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_a_predicate_is_a_mask_that_is_never_whole():
    q, k, v = qkv()
    mask = ref.create_mask(near, Q_LEN, KV_LEN)
    assert not mask.any(-1).all(), "one row is empty"
    by_tiles = ref.flash_attention(q, k, v, mask_mod=near, q_tile=2, kv_tile=2)
    by_mask = ref.flash_attention(q, k, v, mask=mask)
    for ours, theirs in zip(by_tiles, by_mask, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-13)


@pytest.mark.parametrize(("q_len", "kv_len"), [(11, 11), (7, 11), (11, 7)])
@pytest.mark.parametrize(
    "options", [{}, {"causal": True}, {"window": 1}, {"window": 4}, {"causal": True, "window": 5}]
)
@pytest.mark.parametrize("tiles", [(2, 3), (3, 2), (1, 1), (4, 16)])
def test_a_tile_is_met_if_and_only_if_somebody_sees_into_it(q_len, kv_len, options, tiles):
    """A predicate keeps the book: forward and backward meet just these tiles, each once."""
    met = []

    def noting(q_pos, kv_pos):
        met.append((int(q_pos.min()), int(kv_pos.min()), *np.broadcast(q_pos, kv_pos).shape))
        return np.ones((1, 1), bool)

    expected = []
    for i in range(0, q_len, tiles[0]):
        for j in range(0, kv_len, tiles[1]):
            rows, columns = range(q_len)[i : i + tiles[0]], range(kv_len)[j : j + tiles[1]]
            causal, window = options.get("causal", False), options.get("window")
            if any(visible(a, b, q_len, kv_len, causal, window) for a in rows for b in columns):
                expected.append((i + kv_len - q_len, j, len(rows), len(columns)))
    q, k, v = normal(q_len, 3), normal(kv_len, 3), normal(kv_len, 2)
    given = {**options, "mask_mod": noting, "q_tile": tiles[0], "kv_tile": tiles[1]}
    output, log_sum_exp = ref.flash_attention(q, k, v, **given)
    assert sorted(met) == sorted(expected)
    met.clear()
    ref.flash_attention_backward(output, q, k, v, output, log_sum_exp, **given)
    assert sorted(met) == sorted(expected)


@NAMED
def test_gradients_against_differences(options):
    """The slope along one random direction in all arguments at once, by central differences."""
    q, k, v = qkv()
    arrays = {"q": q, "k": k, "v": v}
    arrays |= {name: options[name] for name in ("bias", "sinks") if name in options}
    fixed = {name: value for name, value in options.items() if name not in arrays}
    to_output, to_lse = normal(*q.shape[:-1], v.shape[-1]), normal(*q.shape[:-1])

    def run(**arrays):
        return ref.flash_attention(**arrays, **fixed, q_tile=3, kv_tile=2)

    def loss(step):
        output, lse = run(**{n: a + step * directions[n] for n, a in arrays.items()})
        return (to_output * output).sum() + (to_lse * np.where(np.isinf(lse), 0, lse)).sum()

    output, lse = run(**arrays)
    q, k, v, *_ = (arrays.pop(name) for name in "qkv")
    back = ref.flash_attention_backward(
        to_output,
        q,
        k,
        v,
        output,
        lse,
        grad_log_sum_exp=to_lse,
        **fixed,
        **arrays,
        q_tile=2,
        kv_tile=4,
    )
    arrays |= {"q": q, "k": k, "v": v}
    grads = {name: getattr(back, name) for name in arrays}
    for name, array in arrays.items():
        assert grads[name].shape == array.shape
        directions = {n: normal(*a.shape) * (n == name) for n, a in arrays.items()}
        slope = (loss(1e-6) - loss(-1e-6)) / 2e-6
        found = (grads[name] * directions[name]).sum()
        assert found == pytest.approx(slope, rel=1e-6, abs=1e-7), name


def test_without_bias_and_sinks_there_is_no_gradient_for_them():
    q, k, v = qkv()
    output, log_sum_exp = ref.flash_attention(q, k, v)
    back = ref.flash_attention_backward(output, q, k, v, output, log_sum_exp)
    assert back.bias is None
    assert back.sinks is None


@given(
    seed=st.integers(0, 999),
    cuts=st.sets(st.integers(1, KV_LEN - 1)),
    causal=st.booleans(),
    sinks=st.booleans(),
)
def test_parts_merge_to_the_whole(seed, cuts, causal, sinks):
    """Any cut of the keys, in any order, one at a time or all together; parts that see nothing."""
    r = np.random.default_rng(seed)
    q, k, v = (r.normal(size=a.shape) for a in qkv())
    mask = r.random((BATCH, 1, Q_LEN, KV_LEN)) < 0.5
    mask &= ref.causal_mask(Q_LEN, KV_LEN) if causal else True
    sink = {"sinks": r.normal(size=HEADS)} if sinks else {}
    ends = [0, *sorted(cuts), KV_LEN]
    parts = [
        ref.flash_attention(
            q, k[:, :, a:b], v[:, :, a:b], mask=mask[..., a:b], **(sink if a == 0 else {})
        )
        for a, b in itertools.pairwise(ends)
    ]
    parts = [parts[i] for i in r.permutation(len(parts))]
    expected = ref.flash_attention(q, k, v, mask=mask, **sink)
    together = ref.merge_attention(*(np.stack(arrays) for arrays in zip(*parts, strict=True)))
    running = parts[0]
    for part in parts[1:]:
        running = ref.merge_attention(*(np.stack(both) for both in zip(running, part, strict=True)))
    for found in (together, running):
        np.testing.assert_allclose(found[0], expected[0], atol=1e-13)
        np.testing.assert_allclose(found[1], expected[1], atol=1e-13)


def test_an_empty_row_is_zero_and_so_are_its_gradients():
    q, k, v = qkv()
    mask = np.ones((Q_LEN, KV_LEN), bool)
    mask[1] = False
    output, log_sum_exp = ref.flash_attention(q, k, v, mask=mask, kv_tile=2)
    assert (output[:, :, 1] == 0).all()
    assert (log_sum_exp[:, :, 1] == -np.inf).all()
    assert np.isfinite(np.delete(log_sum_exp, 1, axis=2)).all()
    back = ref.flash_attention_backward(
        normal(*output.shape), q, k, v, output, log_sum_exp, mask=mask, kv_tile=2
    )
    assert (back.q[:, :, 1] == 0).all()
    assert (back.q[:, :, 0] != 0).all()
    assert all(np.isfinite(grad).all() for grad in back[:3])


def test_large_scores_neither_overflow_nor_vanish():
    """Scores from -1e6 to 1e6, rising and falling from tile to tile."""
    q, k = np.array([[1e3]]), 1e3 * np.array([[-1.0], [0.5], [1.0], [1.0], [-0.5]])
    v = np.arange(5.0)[:, None]
    for order in (slice(None), slice(None, None, -1)):
        output, log_sum_exp = ref.flash_attention(q, k[order], v[order], scale=1.0, kv_tile=1)
        assert output.item() == 2.5
        assert log_sum_exp.item() == pytest.approx(1e6 + math.log(2), rel=1e-15)


def test_half_precision_is_computed_and_summed_in_float32():
    """A thousand equal keys in tiles of one: in float16 the sums would have stuck or overflowed."""
    q = k = np.full((1000, 4), 150, np.float16)  # dot products of 90000 are beyond float16
    v = np.ones((1000, 1), np.float16)
    output, log_sum_exp = ref.flash_attention(q[:3], k, v, kv_tile=1)
    assert output.dtype == np.float16
    assert log_sum_exp.dtype == np.float32
    np.testing.assert_array_equal(output, np.ones((3, 1)))
    np.testing.assert_allclose(log_sum_exp, 45000 + math.log(1000), rtol=1e-6)
    back = ref.flash_attention_backward(
        np.ones((3, 1), np.float16), q[:3], k, v, output, log_sum_exp, kv_tile=1, q_tile=1
    )
    assert {grad.dtype for grad in back[:3]} == {np.dtype(np.float16)}
    np.testing.assert_allclose(back.v, 3 / 1000, rtol=1e-2)  # the log-sum-exp's float32 steps


def peak(function) -> int:
    """The most bytes in use at once while the function runs, beyond what was there."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def forward(attend, length):
    q, k, v = (normal(length, 8).astype(np.float32) for _ in range(3))
    return lambda: attend(q, k, v)


def backward(length):
    q, k, v = (normal(length, 8).astype(np.float32) for _ in range(3))
    options = {"causal": True, "q_tile": 32, "kv_tile": 32}
    output, log_sum_exp = ref.flash_attention(q, k, v, **options)
    return lambda: ref.flash_attention_backward(output, q, k, v, output, log_sum_exp, **options)


def flash(q, k, v):
    return ref.flash_attention(q, k, v, mask_mod=near, q_tile=32, kv_tile=32)


@pytest.mark.parametrize(
    "made", [lambda n: forward(flash, n), backward], ids=["forward", "backward"]
)
def test_memory_is_linear_in_length(made):
    """Twice the length, at most twice the peak, and far from one row a query."""
    short, long = peak(made(512)), peak(made(1024))
    assert long < 2.1 * short
    assert long < 1024 * 1024, "less than one byte a score"


def test_memory_of_the_plain_path_is_quadratic():
    """The measure can tell: what holds for tiles does not hold for the matrix of scores."""
    short, long = (peak(forward(ref.scaled_dot_product_attention, n)) for n in (512, 1024))
    assert long > 3.8 * short
    assert long > 4 * 1024 * 1024
