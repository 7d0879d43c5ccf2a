"""Sparse attention: each against the plain path under its mask, and by what it never makes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref
from attncourse.reference.flash.tiles import _Tiles
from tests.cases.common import BATCH, HEADS, KV_LEN, normal, qkv

BLOCK = 3


class Pattern(NamedTuple):
    """A sparse attention, its mask, and the rule that both follow, in plain words."""

    attend: Callable[..., np.ndarray]
    mask: Callable[[int, int], np.ndarray]
    sees: Callable[[int, int], bool]  # of the positions of a query and of a key


def window(size: int, dilation: int = 1, two_sided: bool = False) -> Pattern:
    offsets = {n * dilation for n in range(size)}
    if two_sided:
        offsets |= {-offset for offset in offsets}
    if dilation > 1:
        mask = partial(ref.dilated_window_mask, window=size, dilation=dilation, two_sided=two_sided)
    else:
        make = ref.two_sided_window_mask if two_sided else ref.sliding_window_mask
        mask = partial(make, window=size)
    options = {"window": size, "dilation": dilation, "two_sided": two_sided}
    return Pattern(
        partial(ref.sliding_window_attention, **options), mask, lambda p, j: p - j in offsets
    )


def longformer(tokens: list[int], size: int, dilation: int = 1) -> Pattern:
    near = window(size, dilation, two_sided=True)
    places = np.array(tokens)
    return Pattern(
        lambda *qkv, **o: ref.longformer_attention(
            *qkv, places, window=size, dilation=dilation, **o
        ),
        lambda q_len, kv_len: near.mask(q_len, kv_len) | ref.global_mask(places, q_len, kv_len),
        lambda p, j: near.sees(p, j) or p in tokens or j in tokens,
    )


def strided(stride: int) -> Pattern:
    return Pattern(
        partial(ref.strided_attention, stride=stride),
        partial(ref.strided_mask, stride=stride),
        lambda p, j: p - j in range(stride) or p - j in range(0, 99, stride),
    )


def fixed(block_len: int, n: int) -> Pattern:
    sizes = {"block_len": block_len, "n_summaries": n}
    blocks = [range(start, start + block_len) for start in range(-99 * block_len, 99, block_len)]
    ends = {j for block in blocks for j in block[-n:]}
    return Pattern(
        partial(ref.fixed_attention, **sizes),
        partial(ref.fixed_mask, **sizes),
        lambda p, j: j <= p and (j in ends or any(p in block and j in block for block in blocks)),
    )


def local(block_len: int) -> Pattern:
    return Pattern(
        partial(ref.block_attention, block_len=block_len),
        partial(ref.block_mask, block_len=block_len),
        lambda p, j: p // block_len == j // block_len,
    )


def row_of(p: int, q_len: int, kv_len: int) -> int:
    return p // BLOCK - (kv_len - q_len) // BLOCK


def n_blocks(q_len: int, kv_len: int) -> tuple[int, int]:
    positions = range(kv_len - q_len, kv_len)
    return len({p // BLOCK for p in positions}), len({j // BLOCK for j in range(kv_len)})


PATTERNS = {
    "window 1": window(1),
    "window 3": window(3),
    "window 99": window(99),
    "two-sided 1": window(1, two_sided=True),
    "two-sided 3": window(3, two_sided=True),
    "two-sided 99": window(99, two_sided=True),
    "dilated": window(2, 3),
    "dilated two-sided": window(3, 2, two_sided=True),
    "longformer": longformer([2], 2),
    "longformer dilated": longformer([0, 2], 2, 2),
    "longformer all global": longformer([2, 1, 0], 1),
    "strided 1": strided(1),
    "strided 3": strided(3),
    "strided 99": strided(99),
    "fixed 1": fixed(1, 1),
    "fixed 3": fixed(3, 1),
    "fixed 3 of 4": fixed(4, 3),
    "fixed whole blocks": fixed(2, 2),
    "local 1": local(1),
    "local 3": local(3),
    "local 99": local(99),
}
EACH = pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
LENGTHS = [(9, 9), (10, 10), (11, 11), (1, 10), (4, 11), (5, 9), (11, 4), (10, 3), (3, 3)]


def grid(sees: Callable[[int, int], bool], q_len: int, kv_len: int) -> np.ndarray:
    """The rule, pair by pair: the last query stands at the last key."""
    positions = range(kv_len - q_len, kv_len)
    return np.array([[sees(p, j) for j in range(kv_len)] for p in positions])


@EACH
@pytest.mark.parametrize(("q_len", "kv_len"), LENGTHS)
def test_mask_and_attention_follow_the_rule(pattern, q_len, kv_len):
    """Lengths that divide and that do not; a past, and more queries than keys."""
    expected = grid(pattern.sees, q_len, kv_len)
    np.testing.assert_array_equal(pattern.mask(q_len, kv_len), expected)
    q, k, v = normal(2, 6, q_len, 4), normal(2, 3, kv_len, 4), normal(2, 3, kv_len, 5)
    plain = ref.scaled_dot_product_attention(q, k, v, mask=expected)
    np.testing.assert_allclose(pattern.attend(q, k, v), plain, atol=1e-13)


@EACH
@pytest.mark.parametrize("options", [{"scale": 0.3}, {"softcap": 0.7}, {"sinks": True}])
def test_options_mean_what_they_mean_elsewhere(pattern, options):
    if "sinks" in options:
        options = {"sinks": normal(HEADS)}
    q, k, v = qkv()
    mask = pattern.mask(q.shape[2], KV_LEN)
    plain = ref.scaled_dot_product_attention(q, k, v, mask=mask, **options)
    np.testing.assert_allclose(pattern.attend(q, k, v, **options), plain, atol=1e-13)


@EACH
@pytest.mark.parametrize("shape", [(BATCH, 1, 1), (HEADS, 1), (BATCH, HEADS, 1), (1,), ()])
def test_padding_is_hidden(pattern, shape):
    """A mask of keys of any shape that fits; rows that it leaves empty are zero."""
    q, k, v = qkv()
    padding = normal(*shape, KV_LEN) > 0
    mask = pattern.mask(q.shape[2], KV_LEN) & padding
    plain = ref.scaled_dot_product_attention(q, k, v, mask=mask)
    found = pattern.attend(q, k, v, mask=padding)
    np.testing.assert_allclose(found, plain, atol=1e-13)
    nothing = pattern.attend(q, k, v, mask=np.zeros((1, 1), bool))
    np.testing.assert_array_equal(nothing, np.zeros_like(nothing))


@pytest.mark.parametrize(("q_len", "kv_len"), LENGTHS)
@pytest.mark.parametrize("size", [1, 2])
def test_longformer_with_the_future_hidden(q_len, kv_len, size):
    tokens = np.array([2, 0])
    q, k, v = normal(2, 6, q_len, 4), normal(2, 3, kv_len, 4), normal(2, 3, kv_len, 5)
    pattern = longformer([2, 0], size)
    mask = grid(lambda p, j: j <= p and pattern.sees(p, j), q_len, kv_len)
    found = ref.longformer_attention(q, k, v, tokens, window=size, causal=True)
    plain = ref.scaled_dot_product_attention(q, k, v, mask=mask)
    np.testing.assert_allclose(found, plain, atol=1e-13)


def test_global_tokens_may_ask_in_their_own_words():
    """With queries, keys and values of their own, in the global rows and there alone."""
    q, k, v = qkv()
    own = tuple(a + normal(*a.shape) for a in (q, k, v))
    tokens, start = np.array([3, 6]), KV_LEN - q.shape[2]
    found = ref.longformer_attention(q, k, v, tokens, window=1, global_qkv=own)
    expected = ref.longformer_attention(q, k, v, tokens, window=1)
    rows = tokens - start
    expected[:, :, rows] = ref.scaled_dot_product_attention(*own)[:, :, rows]
    np.testing.assert_allclose(found, expected, atol=1e-13)


@given(
    seed=st.integers(0, 999),
    lens=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    by_head=st.booleans(),
    causal=st.booleans(),
)
def test_any_table_of_blocks(seed, lens, by_head, causal):
    """With blocks that stand twice, with none, with rows of none; one table, or one a head."""
    r = np.random.default_rng(seed)
    q_len, kv_len = lens
    rows, blocks = n_blocks(*lens)
    table = r.integers(-1, blocks, size=(*([6] if by_head else []), rows, 3))
    q, k, v = (
        r.normal(size=(2, 6, q_len, 4)),
        r.normal(size=(2, 3, kv_len, 4)),
        r.normal(size=(2, 3, kv_len, 5)),
    )

    def rule(table):
        return lambda p, j: j // BLOCK in table[row_of(p, *lens)] and (j <= p or not causal)

    expected = np.array([grid(rule(t), *lens) for t in (table if by_head else table[None])])
    mask = ref.block_sparse_mask(table, *lens, block_len=BLOCK)
    hidden = ref.causal_mask(*lens) if causal else True
    np.testing.assert_array_equal(mask & hidden, expected if by_head else expected[0])
    found = ref.block_sparse_attention(q, k, v, table, block_len=BLOCK, causal=causal)
    plain = ref.scaled_dot_product_attention(q, k, v, mask=expected)
    np.testing.assert_allclose(found, plain, atol=1e-13)


@given(
    seed=st.integers(0, 999),
    lens=st.tuples(st.integers(1, 14), st.integers(1, 14)),
    size=st.integers(1, 3),
    by_head=st.booleans(),
    causal=st.booleans(),
)
def test_big_bird(seed, lens, size, by_head, causal):
    """Neighbours, random blocks (-1: none) and global blocks, which see all in their turn."""
    r = np.random.default_rng(seed)
    q_len, kv_len = lens
    rows, blocks = n_blocks(*lens)
    random = r.integers(-1, blocks, size=(*([6] if by_head else []), rows, 2))
    everywhere = r.integers(0, blocks, size=2)
    q, k, v = (
        r.normal(size=(2, 6, q_len, 4)),
        r.normal(size=(2, 3, kv_len, 4)),
        r.normal(size=(2, 3, kv_len, 5)),
    )

    def rule(table):
        def sees(p, j):
            row, block = p // BLOCK, j // BLOCK
            near = abs(row - block) < size
            return (
                near or block in table[row_of(p, *lens)] or row in everywhere or block in everywhere
            )

        return sees

    tables = random if by_head else random[None]
    expected = np.array([grid(rule(table), *lens) for table in tables])
    sizes = {"block_len": BLOCK, "window": size}
    mask = ref.big_bird_mask(random, everywhere, *lens, **sizes)
    np.testing.assert_array_equal(mask, expected if by_head else expected[0])
    found = ref.big_bird_attention(q, k, v, random, everywhere, **sizes, causal=causal)
    hidden = ref.causal_mask(*lens) if causal else True
    plain = ref.scaled_dot_product_attention(q, k, v, mask=expected & hidden)
    np.testing.assert_allclose(found, plain, atol=1e-13)


def test_block_attention_with_the_future_hidden():
    q, k, v = qkv()
    mask = grid(lambda p, j: p // 2 == j // 2 and j <= p, q.shape[2], KV_LEN)
    found = ref.block_attention(q, k, v, block_len=2, causal=True)
    np.testing.assert_allclose(
        found, ref.scaled_dot_product_attention(q, k, v, mask=mask), atol=1e-13
    )


@EACH
def test_half_precision_is_rounded_once(pattern):
    """In float16 the result is that in float32, rounded: parts merge before they are rounded."""
    q, k, v = (a.astype(np.float16) for a in qkv())
    sinks = normal(HEADS).astype(np.float16)
    wide = pattern.attend(*(a.astype(np.float32) for a in (q, k, v)), sinks=sinks)
    found = pattern.attend(q, k, v, sinks=sinks)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, wide.astype(np.float16))


def made_big_bird(q, k, v):
    rows = np.arange(q.shape[-2] // 16)
    random = (7 * rows[:, None] + np.arange(2)) % len(rows)
    return ref.big_bird_attention(q, k, v, random, np.array([0]), block_len=16)


LINEAR = {
    "window": partial(ref.sliding_window_attention, window=16),
    "two-sided": partial(ref.sliding_window_attention, window=16, two_sided=True),
    "dilated": partial(ref.sliding_window_attention, window=16, dilation=4),
    "longformer": lambda *qkv: ref.longformer_attention(*qkv, np.array([0, 99]), window=16),
    "local": partial(ref.block_attention, block_len=16),
    "big bird": made_big_bird,
}


def measured(attend: Any, length: int) -> int:
    """The most bytes in use at once, beyond the arguments."""
    q, k, v = (normal(1, length, 8).astype(np.float32) for _ in range(3))
    attend(q, k, v)  # what is made once, and is not of the length
    tracemalloc.start()
    try:
        attend(q, k, v)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("attend", LINEAR.values(), ids=LINEAR)
def test_memory_is_linear_in_length(attend):
    short, long = measured(attend, 1024), measured(attend, 2048)
    assert long < 2.1 * short
    assert long < 2 * 2048 * 2048, "less than half a score a pair"


@pytest.mark.parametrize(
    "attend",
    [
        lambda *a: ref.strided_attention(*a, stride=32),
        lambda *a: ref.fixed_attention(*a, block_len=32),
    ],
    ids=["strided", "fixed"],
)
def test_memory_of_the_sparse_transformer_is_linear(attend):
    short, long = measured(attend, 1024), measured(attend, 2048)
    assert long < 2.3 * short
    assert long < 2 * 2048 * 2048


def test_memory_of_the_plain_path_is_quadratic():
    """The measure can tell, and a mask on the plain path saves nothing."""

    def plain(q, k, v):
        mask = ref.sliding_window_mask(q.shape[-2], k.shape[-2], 16)
        return ref.scaled_dot_product_attention(q, k, v, mask=mask)

    short, long = measured(plain, 512), measured(plain, 1024)
    assert long > 3.8 * short
    assert long > 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("attend", "kept"),
    [
        (partial(ref.sliding_window_attention, window=16), 2 * 16),
        (partial(ref.sliding_window_attention, window=16, two_sided=True), 3 * 16),
        (partial(ref.sliding_window_attention, window=16, dilation=4), 2 * 16),
        (partial(ref.block_attention, block_len=16), 16),
        (made_big_bird, 6 * 16 + 16),
    ],
)
def test_scores_are_computed_for_what_is_kept(attend, kept, monkeypatch):
    """Count them where they are made: as many for each query as the docstring says."""
    made = []
    scores = _Tiles.scores

    def counting(self, q, k):
        found = scores(self, q, k)
        made.append(found.size)
        return found

    monkeypatch.setattr(_Tiles, "scores", counting)
    attend(*(normal(1, 256, 4) for _ in range(3)))
    assert sum(made) == 256 * kept
