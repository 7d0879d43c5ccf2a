"""Sparse attention: 5 queries at the end of 7 keys, so that no block is as long as it might be."""

from __future__ import annotations

import numpy as np

from tests.cases.common import BATCH, HEADS, KV_HEADS, KV_LEN, Q_LEN, call, normal, qkv

_q, _k, _v = qkv()
#: Keys that are padding, as padding_mask gives them; one sequence has none at all.
_padding = (np.arange(KV_LEN) < np.array([5, 0])[:, None])[:, None, None]
_by_head = normal(HEADS, 1, KV_LEN) > -0.5
_options = {"mask": _padding, "scale": 0.3, "softcap": 1.5, "sinks": normal(HEADS)}
_one_head = [a[0, 0] for a in qkv()]
_more_queries = (normal(1, 2, 7, 3), normal(1, 2, 4, 3), normal(1, 2, 4, 5))
_no_queries = (_q[:, :, :0], _k, _v)

# Blocks of two: queries stand at 2 to 6, in blocks 1, 2 and 3; keys in blocks 0 to 3.
_table = np.array([[1, 0, -1], [2, 2, 0], [3, -1, -1]])
_tables = np.stack([np.roll(_table, i, axis=1) for i in range(HEADS)])
_tables[1:3, 0, 0] = [3, 2]
_random = np.array([[3], [-1], [0]])
_randoms = np.stack([_random[:: -1 if i == 2 else 1] for i in range(HEADS)])
_global = np.array([1])
_tokens = np.array([5, 0, 5])
_other = tuple(a + 1 for a in qkv())

GOOD = {
    "two_sided_window_mask": [call(5, 7, 2), call(7, 4, 1), call(4, 4, 9), call(0, 3, 2)],
    "dilated_window_mask": [
        call(5, 9, 2, 3),
        call(5, 9, 3, 2, two_sided=True),
        call(7, 4, 1, 1),
        call(7, 4, 2, 2, two_sided=True),
    ],
    "global_mask": [call(_tokens, 5, 7), call(np.array([0]), 3, 3), call(np.array([3, 1]), 7, 4)],
    "strided_mask": [call(5, 9, 3), call(6, 6, 1), call(7, 4, 2), call(4, 4, 9)],
    "fixed_mask": [call(5, 9, 3, 2), call(6, 6, 1), call(7, 4, 3), call(4, 4, 9)],
    "block_sparse_mask": [
        call(_table, Q_LEN, KV_LEN, block_len=2),
        call(_tables, Q_LEN, KV_LEN, block_len=2),
        call(np.array([[0]]), 3, 3, block_len=5),
        call(np.array([[0], [-1], [1], [0]]), 7, 4, block_len=2),
    ],
    "big_bird_blocks": [
        call(_random, _global, Q_LEN, KV_LEN, block_len=2),
        call(_randoms, np.array([3, 0]), Q_LEN, KV_LEN, block_len=2, window=3),
        call(_random[:, :0], _global, Q_LEN, KV_LEN, block_len=2, window=1),
    ],
    "big_bird_mask": [
        call(_random, _global, Q_LEN, KV_LEN, block_len=2, window=1),
        call(_randoms, np.array([3, 0]), Q_LEN, KV_LEN, block_len=2, window=1),
        call(_random, _global, Q_LEN, KV_LEN, block_len=2),
    ],
    "sliding_window_attention": [
        call(*qkv(), window=2, dilation=2, **_options),
        call(*qkv(), window=2, two_sided=True, mask=_by_head),
        call(*qkv(HEADS, HEADS), window=1),
        call(*qkv(), window=99, two_sided=True),
        call(_q[:, :, :0], _k, _v, window=7),
        call(*_one_head, window=3, sinks=normal(1)),
        call(*[a[0] for a in qkv(HEADS, 1)], window=3, mask=_padding[0, 0, 0]),
        call(*_more_queries, window=2, two_sided=True),
        call(*_more_queries, window=9, dilation=3),
        call(*_no_queries, window=2),
    ],
    "longformer_attention": [
        call(*qkv(), _tokens, window=2, global_qkv=_other, **_options),
        call(*qkv(), _tokens, window=2, causal=True, mask=_by_head),
        call(*qkv(), np.array([1]), window=1, dilation=2),
        call(*_one_head, np.array([6]), window=2, sinks=normal(1)),
        call(*_one_head, np.array([6]), window=2, global_qkv=tuple(a[0, 0] for a in _other)),
        call(*_more_queries, np.array([0, 3]), window=2, causal=True),
        call(*_no_queries, _tokens, window=2),
    ],
    "block_sparse_attention": [
        call(*qkv(), _table, block_len=2, causal=True, **_options),
        call(*qkv(), _tables, block_len=2, mask=_by_head),
        call(*qkv(HEADS, 1), np.array([[0, 1], [1, 0]]), block_len=5),
        call(*_one_head, _table, block_len=2, sinks=normal(1)),
        call(*_more_queries, np.array([[0], [-1], [1], [0]]), block_len=2, causal=True),
    ],
    "block_attention": [
        call(*qkv(), block_len=3, causal=True, **_options),
        call(*qkv(), block_len=2),
        call(*_one_head, block_len=99),
        call(*_more_queries, block_len=2),
    ],
    "big_bird_attention": [
        call(*qkv(), _random, _global, block_len=2, window=1, **_options),
        call(*qkv(), _randoms, np.array([3, 0]), block_len=2, window=1, mask=_by_head),
        call(*qkv(), _random, _global, block_len=2, window=2, causal=True),
        call(*_one_head, _random, np.array([3]), block_len=2, sinks=normal(1)),
    ],
    "strided_attention": [
        call(*qkv(), stride=2, **_options),
        call(*qkv(), stride=1),
        call(*_one_head, stride=3),
        call(*_more_queries, stride=2),
        call(*qkv(), stride=99, mask=_by_head),
    ],
    "fixed_attention": [
        call(*qkv(), block_len=3, n_summaries=2, **_options),
        call(*qkv(), block_len=2, mask=_by_head),
        call(*_one_head, block_len=3),
        call(*_more_queries, block_len=2),
        call(*qkv(), block_len=99),
    ],
}
NO_GRADIENT = {name: "a grid of booleans" for name in GOOD if name.endswith("_mask")}
NO_GRADIENT["big_bird_blocks"] = "a table of whole numbers"
assert _padding.shape == (BATCH, 1, 1, KV_LEN)
assert KV_HEADS < HEADS


def _common(*tables: np.ndarray, **sizes: int) -> list:
    """What is wrong for every sparse attention."""
    wrong_mask = np.ones((Q_LEN, KV_LEN), bool)
    return [
        (call(_q, _k[..., :-1], _v, *tables, **sizes), ValueError, "d_k = 4 (from q)"),
        (call(_q[:, :4], _k, _v, *tables, **sizes), ValueError, "n_heads: expected a multiple"),
        (call(_q, _k > 0, _v, *tables, **sizes), TypeError, "k: expected a floating dtype"),
        (
            call(_q, _k, _v, *tables, **sizes, mask=wrong_mask),
            ValueError,
            "mask: expected a shape that broadcasts to one row of the scores, (2, 6, 1, 7)",
        ),
        (call(_q, _k, _v, *tables, **sizes, mask=normal(7)), TypeError, "pass it as bias="),
        (call(_q, _k, _v, *tables, **sizes, scale=np.inf), ValueError, "scale: expected a finite"),
        (call(_q, _k, _v, *tables, **sizes, softcap=0.0), ValueError, "softcap: expected a number"),
        (call(_q, _k, _v, *tables, **sizes, sinks=normal(3)), ValueError, "(n_heads,) = (6,)"),
    ]


def _wrong_numbers(name: str, arguments: tuple, **sizes: int) -> list:
    """Each number below its least, and none that is whole."""
    below = (call(*arguments, **sizes | {name: 0}), ValueError, f"{name}: expected at least 1")
    part = (call(*arguments, **sizes | {name: 1.5}), TypeError, f"{name}: expected a whole number")
    return [below, part]


_sizes = {"block_len": 2, "window": 1}
_no_block = "expected numbers from -1 to 3, got 4"

BAD = {
    "two_sided_window_mask": [
        *_wrong_numbers("window", (5, 7), window=2),
        (call(-1, 7, 2), ValueError, "q_len: expected at least 0"),
    ],
    "dilated_window_mask": [
        *_wrong_numbers("window", (5, 7), window=2, dilation=2),
        *_wrong_numbers("dilation", (5, 7), window=2, dilation=2),
        (call(5, 7.5, 2, 2), TypeError, "kv_len: expected a whole number"),
    ],
    "global_mask": [
        (call(_tokens * 1.0, 5, 7), TypeError, "tokens: expected an integer array"),
        (call(_tokens, 5, 5), ValueError, "tokens: expected numbers from 0 to 4, got 5"),
        (call(_tokens - 1, 5, 7), ValueError, "tokens: expected numbers from 0 to 6, got -1"),
        (call(_tokens[None], 5, 7), ValueError, "tokens: expected shape (n_global)"),
        (call(_tokens[:0], 5, 7), ValueError, "tokens: expected at least 1, got 0"),
        (call(_tokens, -5, 7), ValueError, "q_len: expected at least 0"),
        (call(_tokens, 5, 7.5), TypeError, "kv_len: expected a whole number"),
    ],
    "strided_mask": _wrong_numbers("stride", (5, 7), stride=2),
    "fixed_mask": [
        *_wrong_numbers("block_len", (5, 7), block_len=2),
        *_wrong_numbers("n_summaries", (5, 7, 2), n_summaries=2),
        (call(5, 7, 2, 3), ValueError, "n_summaries: expected at most 2, got 3"),
    ],
    "block_sparse_mask": [
        *_wrong_numbers("block_len", (_table, 5, 7), block_len=2),
        (call(_table[1:], 5, 7, block_len=2), ValueError, "blocks: expected shape (3, n_picks)"),
        (call(_tables[:, 1:], 5, 7, block_len=2), ValueError, "expected shape (n_heads, 3, n_p"),
        (call(_table + 1, 5, 7, block_len=2), ValueError, f"blocks: {_no_block}"),
        (call(_table - 1, 5, 7, block_len=2), ValueError, "numbers from -1 to 3, got -2"),
        (call(_table > 0, 5, 7, block_len=2), TypeError, "blocks: expected an integer array"),
        (call(_table, -5, 7, block_len=2), ValueError, "q_len: expected at least 0"),
        (call(_table, 5, -7, block_len=2), ValueError, "kv_len: expected at least 0"),
    ],
    "big_bird_blocks": [
        *_wrong_numbers("block_len", (_random, _global, 5, 7), block_len=2),
        *_wrong_numbers("window", (_random, _global, 5, 7), block_len=2, window=2),
        (call(_random + 1, _global, 5, 7, **_sizes), ValueError, f"random_blocks: {_no_block}"),
        (call(_random, _global - 2, 5, 7, **_sizes), ValueError, "global_blocks: expected numbers"),
        (call(_random, _global[:0], 5, 7, **_sizes), ValueError, "global_blocks: expected at l"),
        (call(_random[1:], _global, 5, 7, **_sizes), ValueError, "random_blocks: expected shape"),
        (call(_random > 0, _global, 5, 7, **_sizes), TypeError, "random_blocks: expected an int"),
        (call(_random, _global > 0, 5, 7, **_sizes), TypeError, "global_blocks: expected an int"),
    ],
    "big_bird_mask": [
        *_wrong_numbers("window", (_random, _global, 5, 7), block_len=2, window=2),
        (call(_random + 1, _global, 5, 7, **_sizes), ValueError, f"random_blocks: {_no_block}"),
    ],
    "sliding_window_attention": [
        *_common(window=2),
        *_wrong_numbers("window", (_q, _k, _v), window=2),
        *_wrong_numbers("dilation", (_q, _k, _v), window=2, dilation=2),
    ],
    "longformer_attention": [
        (
            call(_q, _k, _v, _tokens, window=2, causal=0),
            TypeError,
            "causal: expected True or False, got int.",
        ),
        *_common(_tokens, window=2),
        *_wrong_numbers("window", (_q, _k, _v, _tokens), window=2),
        *_wrong_numbers("dilation", (_q, _k, _v, _tokens), window=2, dilation=2),
        (call(_q, _k, _v, _tokens + 2, window=2), ValueError, "tokens: expected numbers from 0"),
        (call(_q, _k, _v, _tokens * 1.0, window=2), TypeError, "tokens: expected an integer"),
        (call(_q, _k, _v, _tokens, window=2, global_qkv=_q), TypeError, "tuple (q, k, v), got"),
        (
            call(_q, _k, _v, _tokens, window=2, global_qkv=(_q, _k)),
            TypeError,
            "global_qkv: expected a tuple (q, k, v)",
        ),
        (
            call(_q, _k, _v, _tokens, window=2, global_qkv=(_q, _q, _v)),
            ValueError,
            "k of global_qkv: expected the shape of k, (2, 3, 7, 4), got (2, 6, 5, 4)",
        ),
        (
            call(_q, _k, _v, _tokens, window=2, global_qkv=(_q, _k, _v.astype(np.float32))),
            TypeError,
            "one floating dtype for all, got v of global_qkv float32, v float64",
        ),
    ],
    "block_sparse_attention": [
        (
            call(_q, _k, _v, _table, block_len=2, causal=0),
            TypeError,
            "causal: expected True or False, got int.",
        ),
        *_common(_table, block_len=2),
        *_wrong_numbers("block_len", (_q, _k, _v, _table), block_len=2),
        (call(_q, _k, _v, _table + 1, block_len=2), ValueError, f"blocks: {_no_block}"),
        (call(_q, _k, _v, _tables[:2], block_len=2), ValueError, "blocks: expected shape (6, 3, n"),
        (call(_q, _k, _v, _table[:2], block_len=2), ValueError, "blocks: expected shape (3, n_pic"),
        (call(_q, _k, _v, _table > 0, block_len=2), TypeError, "blocks: expected an integer"),
    ],
    "block_attention": [
        (
            call(_q, _k, _v, block_len=2, causal=0),
            TypeError,
            "causal: expected True or False, got int.",
        ),
        *_common(block_len=2),
        *_wrong_numbers("block_len", (_q, _k, _v), block_len=2),
    ],
    "big_bird_attention": [
        (
            call(_q, _k, _v, _random, _global, **_sizes, causal=0),
            TypeError,
            "causal: expected True or False, got int.",
        ),
        *_common(_random, _global, **_sizes),
        *_wrong_numbers("block_len", (_q, _k, _v, _random, _global), **_sizes),
        *_wrong_numbers("window", (_q, _k, _v, _random, _global), **_sizes),
        (
            call(_q, _k, _v, _random + 1, _global, **_sizes),
            ValueError,
            f"random_blocks: {_no_block}",
        ),
        (
            call(_q, _k, _v, _randoms[:2], _global, **_sizes),
            ValueError,
            "random_blocks: expected shape (6, 3, n_picks)",
        ),
        (call(_q, _k, _v, _random, _global + 3, **_sizes), ValueError, "global_blocks: expected"),
        (call(_q, _k, _v, _random, _global > 0, **_sizes), TypeError, "global_blocks: expected an"),
    ],
    "strided_attention": [
        *_common(stride=2),
        *_wrong_numbers("stride", (_q, _k, _v), stride=2),
    ],
    "fixed_attention": [
        *_common(block_len=2),
        *_wrong_numbers("block_len", (_q, _k, _v), block_len=2),
        *_wrong_numbers("n_summaries", (_q, _k, _v), block_len=2, n_summaries=1),
        (call(_q, _k, _v, block_len=2, n_summaries=3), ValueError, "n_summaries: expected at most"),
    ],
}
