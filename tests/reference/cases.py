"""Inputs for every public function: good ones, and bad ones with what must be said of them.

All arrays are NumPy's; the parity test turns them into tensors for the twins. Every dimension has
a size of its own, so that a swapped pair cannot go unseen.
"""

from __future__ import annotations

import itertools

import numpy as np

BATCH, HEADS, KV_HEADS, Q_LEN, KV_LEN, D_K, D_V = 2, 6, 3, 5, 7, 4, 8
D_MODEL, D_CONTEXT, D_OUT, D_Q, D_HIDDEN = 12, 10, 11, 9, 13

rng = np.random.default_rng(20170612)


def normal(*shape: int) -> np.ndarray:
    """Draw from the one generator, which starts anew for each test."""
    return rng.normal(size=shape)


def call(*args, **kwargs) -> tuple[tuple, dict]:
    return args, kwargs


def qkv(n_heads: int = HEADS, n_kv_heads: int = KV_HEADS) -> tuple[np.ndarray, ...]:
    return (
        normal(BATCH, n_heads, Q_LEN, D_K),
        normal(BATCH, n_kv_heads, KV_LEN, D_K),
        normal(BATCH, n_kv_heads, KV_LEN, D_V),
    )


def some(*shape: int) -> np.ndarray:
    """A mask with a fully masked row, and with a row that sees everything."""
    mask = rng.random(shape) < 0.6
    mask.reshape(-1, shape[-1])[0] = False
    mask.reshape(-1, shape[-1])[-1] = True
    return mask


def all_options() -> list[dict]:
    """Every subset of the options of scaled_dot_product_attention."""
    options = {
        "mask": some(BATCH, 1, Q_LEN, KV_LEN),
        "bias": normal(HEADS, Q_LEN, KV_LEN),
        "causal": True,
        "window": 3,
        "scale": 0.3,
        "softcap": 1.5,
        "sinks": normal(HEADS),
    }
    return [
        {name: options[name] for name in chosen}
        for size in range(len(options) + 1)
        for chosen in itertools.combinations(options, size)
    ]


def projections(n_heads: int, n_kv_heads: int, d_in: int = D_MODEL) -> tuple[np.ndarray, ...]:
    return (
        normal(D_MODEL, n_heads * D_K) / D_MODEL**0.5,
        normal(d_in, n_kv_heads * D_K) / d_in**0.5,
        normal(d_in, n_kv_heads * D_V) / d_in**0.5,
        normal(n_heads * D_V, D_OUT),
    )


def _softmaxes() -> list:
    x = normal(2, 3, 5)
    spread = np.array([[1e4, -1e4, 0.0], [-np.inf, 2.0, -np.inf], [-np.inf] * 3, [np.nan, 1, 2]])
    return [
        call(x),
        call(x, axis=0),
        call(x, axis=1, mask=some(3, 1)),
        call(x, mask=some(2, 3, 5)),
        call(x, axis=-2, mask=some(2, 3, 5)),
        call(normal(7)),
        call(spread),
        call(1e300 * normal(3, 4)),
    ]


def _masks(*numbers: int) -> list:
    lengths = [(3, 3), (2, 5), (5, 2), (1, 4), (0, 3)]
    return [call(*pair, number) for pair in lengths for number in numbers]


def _layers(name: str) -> list:
    n_heads, n_kv_heads = {
        "multi_head_attention": (3, 3),
        "multi_query_attention": (3, 1),
        "grouped_query_attention": (6, 3),
    }[name]
    heads = {"n_heads": n_heads}
    if name == "grouped_query_attention":
        heads["n_kv_heads"] = n_kv_heads
    x, context = normal(BATCH, Q_LEN, D_MODEL), normal(BATCH, KV_LEN, D_CONTEXT)
    itself, other = projections(n_heads, n_kv_heads), projections(n_heads, n_kv_heads, D_CONTEXT)
    return [
        call(x, *itself, **heads),
        call(x[0], *itself, **heads, causal=True, return_weights=True),
        call(x, *other, **heads, context=context),
        call(x, *other, **heads, context=context, mask=some(BATCH, 1, 1, KV_LEN), window=2),
        call(x, *itself, **heads, sinks=normal(n_heads), softcap=2.0, bias=normal(Q_LEN, Q_LEN)),
    ]


_wide = (normal(BATCH, 3, Q_LEN, D_Q), normal(BATCH, 3, KV_LEN, D_K))
_additive = (normal(D_Q, D_HIDDEN), normal(D_K, D_HIDDEN), normal(D_HIDDEN))

#: For each public function, calls that must give the same numbers in both libraries.
GOOD = {
    "softmax": [*_softmaxes(), call(normal(3, 4), temperature=0.2), call(1e8 * normal(3, 4))],
    "online_softmax": [
        *_softmaxes(),
        *[call(normal(3, 7), tile_len=tile_len) for tile_len in (1, 2, 7, 9)],
        call(normal(3, 7), axis=0, tile_len=2),
    ],
    "online_softmax_step": [
        call(normal(3, 1), np.exp(normal(3, 1)), normal(3, 5)),
        call(normal(1, 4), np.exp(normal(1, 4)), normal(3, 4), axis=0),
        call(np.full((3, 1), -np.inf), np.zeros((3, 1)), normal(3, 5)),
        call(np.full((3, 1), -np.inf), np.zeros((3, 1)), np.full((3, 5), -np.inf)),
    ],
    "dot_scores": [
        call(*qkv(HEADS, HEADS)[:2]),
        call(normal(Q_LEN, D_K), normal(KV_LEN, D_K)),
    ],
    "scaled_dot_scores": [
        call(*qkv(HEADS, HEADS)[:2]),
        call(*qkv(HEADS, HEADS)[:2], scale=-0.7),
        call(normal(Q_LEN, D_K), normal(KV_LEN, D_K), scale=0),
    ],
    "general_scores": [
        call(*_wide, normal(D_Q, D_K)),
        call(_wide[0][0, 0], _wide[1][0, 0], normal(D_Q, D_K)),
    ],
    "additive_scores": [
        call(*_wide, *_additive),
        call(_wide[0][0, 0], _wide[1][0, 0], *_additive),
    ],
    "materialise": [
        call(lambda q_pos, kv_pos: (q_pos + 2 * kv_pos) % 3 == 0, 4, 7),
        call(lambda q_pos, kv_pos: kv_pos != 1, 5, 3),
    ],
    "causal_mask": [call(3, 3), call(2, 5), call(5, 2), call(0, 3), call(3, 0)],
    "sliding_window_mask": _masks(1, 2, 9),
    "prefix_mask": _masks(0, 2, 9),
    "block_mask": _masks(1, 2, 9),
    "document_mask": [
        call(np.array([[1, 1, 2, 2, 1], [0, 0, 0, -3, -3]])),
        call(np.array([[1, 1, 2, 2, 1], [0, 0, 0, -3, -3]]), 2),
        call(np.array([[1, 1, 2, 2, 1], [0, 0, 0, -3, -3]]), 0),
    ],
    "padding_mask": [call(np.array([3, 0, 5]), 5), call(np.array([2], dtype=np.int32), 3)],
    "scaled_dot_product_attention": [
        *[call(*qkv(), **options, return_weights=True) for options in all_options()],
        call(*qkv()),
        call(*qkv(HEADS, HEADS), causal=True),
        call(*qkv(HEADS, 1), mask=some(Q_LEN, KV_LEN)),
        call(*[a[0, 0] for a in qkv(1, 1)], causal=True, sinks=normal(1)),
        call(*[a[0] for a in qkv()], bias=normal(KV_LEN)),
        call(normal(1, 2, 7, 3), normal(1, 2, 4, 3), normal(1, 2, 4, 5), causal=True),  # empty rows
    ],
    "split_heads": [call(normal(BATCH, Q_LEN, D_MODEL), 3), call(normal(Q_LEN, D_MODEL), 4)],
    "merge_heads": [call(normal(BATCH, 3, Q_LEN, D_K)), call(normal(3, Q_LEN, D_K))],
    "multi_head_attention": _layers("multi_head_attention"),
    "multi_query_attention": _layers("multi_query_attention"),
    "grouped_query_attention": _layers("grouped_query_attention"),
}

_q, _k, _v = qkv()
_x = normal(Q_LEN, D_MODEL)
_w = projections(6, 3)
_gqa = {"n_heads": 6, "n_kv_heads": 3}
_row = normal(4)

#: For each public function, bad calls: the error's type and a part of its text.
BAD = {
    "softmax": [
        (call([1.0, 2.0]), TypeError, "x: expected a ARRAY, got list."),
        (call(np.array([1, 2])), TypeError, "got int64; convert it to floating point first"),
        (call(np.array([True, False])), TypeError, "a boolean array is a mask"),
        (call(_row + 1j), TypeError, "got complex128"),
        (
            call(_row, axis=1),
            ValueError,
            "axis: expected an axis of the 1-dimensional array, got 1",
        ),
        (call(_row, axis=-2), ValueError, "got -2"),
        (call(_row, axis=0.5), TypeError, "axis: expected a whole number, got 0.5"),
        (call(np.array(1.0)), ValueError, "0-dimensional"),
        (call(normal(3, 0)), ValueError, "at least one entry along axis -1, got shape (3, 0)"),
        (call(_row, mask=np.array([1, 0, 1, 1])), TypeError, "write mask != 0"),
        (call(_row, mask=np.zeros(4)), TypeError, "an additive mask is a bias"),
        (call(_row, mask=[True] * 4), TypeError, "mask: expected a ARRAY, got list"),
        (call(_row, mask=np.ones(3, bool)), ValueError, "broadcasts to x, (4,), got (3,)"),
        (call(_row, mask=np.ones((2, 4), bool)), ValueError, "broadcasts to x, (4,), got (2, 4)"),
        (call(_row, temperature=0), ValueError, "temperature: expected a number above zero, got 0"),
        (call(_row, temperature=np.inf), ValueError, "temperature: expected a finite number"),
        (call(_row, temperature="hot"), TypeError, "temperature: expected a number, got str"),
    ],
    "online_softmax": [
        (call(np.array([1, 2])), TypeError, "x: expected a floating dtype"),
        (call(_row, axis=3), ValueError, "got 3"),
        (call(_row, mask=np.zeros(4)), TypeError, "mask: expected a boolean array"),
        (call(_row, mask=np.ones(3, bool)), ValueError, "broadcasts to x"),
        (call(_row, tile_len=0), ValueError, "tile_len: expected at least 1, got 0"),
        (call(_row, tile_len=1.5), TypeError, "tile_len: expected a whole number, got 1.5"),
        (call(_row, tile_len=True), TypeError, "tile_len: expected a whole number, got True"),
    ],
    "online_softmax_step": [
        (call(_row[:1], _row[:1], np.array([1])), TypeError, "tile: expected a floating dtype"),
        (call(np.array([1]), _row[:1], _row), TypeError, "maximum: expected a floating dtype"),
        (call(_row[:1], np.array([1]), _row), TypeError, "normaliser: expected a floating dtype"),
        (call(_row, _row[:1], _row), ValueError, "maximum: expected shape (1,), got (4,)"),
        (call(_row[:1], _row[:2], _row), ValueError, "normaliser: expected shape (1,), got (2,)"),
        (call(_row[:1], _row[:1], _row, axis=1), ValueError, "axis"),
    ],
    "dot_scores": [
        (call(normal(5, 4), normal(7, 3)), ValueError, "with d_k = 4 (from q), got (7, 3)"),
        (call(normal(2, 5, 4), normal(3, 7, 4)), ValueError, "*batch = (2,) (from q)"),
        (call(normal(4), normal(7, 4)), ValueError, "q: expected shape (*batch, q_len, d_k)"),
        (
            call(normal(5, 4), normal(7, 4).astype(np.float32)),
            TypeError,
            "one floating dtype for all, got q float64, k float32",
        ),
        (call(np.ones((5, 4), int), normal(7, 4)), TypeError, "q: expected a floating dtype"),
        (call(normal(5, 4), None), TypeError, "k: expected a ARRAY, got NoneType"),
    ],
    "scaled_dot_scores": [
        (call(normal(5, 4), normal(7, 3)), ValueError, "k: expected shape"),
        (call(normal(5, 0), normal(7, 0)), ValueError, "d_k: expected at least 1, got 0"),
        (call(normal(5, 4), normal(7, 4), scale=np.nan), ValueError, "scale: expected a finite"),
        (call(normal(5, 4), normal(7, 4), scale="1"), TypeError, "scale: expected a number"),
        (call([1.0], normal(7, 4)), TypeError, "q: expected a ARRAY, got list"),
    ],
    "general_scores": [
        (call(*_wide, normal(D_K, D_Q)), ValueError, "w: expected shape (d_q, d_k) with d_q = 9"),
        (call(*_wide, normal(D_Q, D_K, 1)), ValueError, "w: expected shape (d_q, d_k)"),
        (call(*_wide, np.ones((D_Q, D_K), int)), TypeError, "w: expected a floating dtype"),
    ],
    "additive_scores": [
        (call(*_wide, _additive[1], _additive[0], _additive[2]), ValueError, "w_query: expected"),
        (call(*_wide, *_additive[:2], normal(D_HIDDEN, 1)), ValueError, "v: expected shape"),
        (call(*_wide, *_additive[:2], normal(D_K)), ValueError, "d_hidden = 13 (from w_query)"),
        (call(*_wide, *_additive[:2], np.ones(D_HIDDEN, int)), TypeError, "v: expected a floating"),
    ],
    "materialise": [
        (call(lambda q_pos, kv_pos: q_pos - kv_pos, 2, 3), TypeError, "mask: expected a boolean"),
        (call(lambda q_pos, kv_pos: True, 2, 3), TypeError, "mask: expected a ARRAY, got bool"),
        (
            call(lambda q_pos, kv_pos: (kv_pos >= q_pos)[None], 2, 3),
            ValueError,
            "mask: expected a shape that broadcasts to (q_len, kv_len), (2, 3), got (1, 2, 3)",
        ),
        (
            call(lambda q_pos, kv_pos: kv_pos >= q_pos, -2, 3),
            ValueError,
            "q_len: expected at least",
        ),
    ],
    "causal_mask": [
        (call(2.0, 3), TypeError, "q_len: expected a whole number, got 2.0"),
        (call(2, -1), ValueError, "kv_len: expected at least 0, got -1"),
    ],
    "sliding_window_mask": [
        (call(2, 3, 0), ValueError, "window: expected at least 1, got 0"),
        (call(2, 3, None), TypeError, "window: expected a whole number, got None"),
        (call(-2, 3, 1), ValueError, "q_len"),
    ],
    "prefix_mask": [
        (call(2, 3, -1), ValueError, "prefix_len: expected at least 0, got -1"),
        (call(2, 3, 1.0), TypeError, "prefix_len: expected a whole number"),
    ],
    "block_mask": [
        (call(2, 3, 0), ValueError, "block_len: expected at least 1, got 0"),
        (call(2, 3, "2"), TypeError, "block_len: expected a whole number"),
    ],
    "document_mask": [
        (call(normal(2, 3)), TypeError, "documents: expected an integer array, got float64"),
        (call(np.array([1, 1])), ValueError, "documents: expected shape (batch, kv_len), got (2,)"),
        (call(np.array([[1, 1]]), 3), ValueError, "q_len: expected at most 2, got 3"),
        (call(np.array([[1, 1]]), -1), ValueError, "q_len: expected at least 0, got -1"),
    ],
    "padding_mask": [
        (call(np.array([True]), 3), TypeError, "lengths: expected an integer array, got bool"),
        (call([1, 2], 3), TypeError, "lengths: expected a ARRAY, got list"),
        (call(np.array([[1]]), 3), ValueError, "lengths: expected shape (batch), got (1, 1)"),
        (call(np.array([1, 4]), 3), ValueError, "lengths: expected at most 3, got 4"),
        (call(np.array([1, -1]), 3), ValueError, "lengths: expected at least 0, got -1"),
        (call(np.array([1]), 3.0), TypeError, "kv_len: expected a whole number"),
    ],
    "scaled_dot_product_attention": [
        (call(_q, _k, _v[..., :-1, :]), ValueError, "kv_len = 7 (from k)"),
        (call(_q, _k[..., :-1], _v), ValueError, "d_k = 4 (from q)"),
        (call(_q, _k[:1], _v), ValueError, "*batch = (2,) (from q)"),
        (call(_q, _k, _v[:, :1]), ValueError, "n_kv_heads = 3 (from k)"),
        (
            call(_q[:, :4], _k, _v),
            ValueError,
            "n_heads: expected a multiple of n_kv_heads = 3, got 4",
        ),
        (call(_q, _k[:, :0], _v[:, :0]), ValueError, "n_kv_heads = 0"),
        (call(_q[0, 0], _k[0], _v[0]), ValueError, "k: expected shape (kv_len, d_k)"),
        (
            call(_q, _k[..., :0, :], _v[..., :0, :]),
            ValueError,
            "kv_len: expected at least 1, got 0",
        ),
        (call(_q.astype(int), _k, _v), TypeError, "q: expected a floating dtype"),
        (call(_q, _k, _v.astype(np.float32)), TypeError, "one floating dtype for all"),
        (call(_q, _k, _v, mask=np.ones((7, 5), bool)), ValueError, "broadcasts to the scores"),
        (call(_q, _k, _v, mask=np.zeros((5, 7))), TypeError, "pass it as bias="),
        (call(_q, _k, _v, mask=np.ones((5, 7), int)), TypeError, "write mask != 0"),
        (call(_q, _k, _v, bias=np.ones((5, 7), bool)), TypeError, "pass it as mask="),
        (call(_q, _k, _v, bias=normal(5, 6)), ValueError, "bias: expected a shape that broadcasts"),
        (call(_q, _k, _v, window=0), ValueError, "window: expected at least 1, got 0"),
        (call(_q, _k, _v, scale=np.inf), ValueError, "scale: expected a finite number"),
        (call(_q, _k, _v, softcap=-1.0), ValueError, "softcap: expected a number above zero"),
        (call(_q, _k, _v, sinks=normal(3)), ValueError, "(n_heads,) = (6,), got (3,)"),
        (call(_q, _k, _v, sinks=np.ones(6, int)), TypeError, "sinks: expected a floating dtype"),
    ],
    "split_heads": [
        (call(_x, 5), ValueError, "n_heads: expected a divisor of the width of x, 12, got 5"),
        (call(_x, 0), ValueError, "n_heads: expected at least 1, got 0"),
        (call(_x, 3.0), TypeError, "n_heads: expected a whole number"),
        (call(_x[0], 3), ValueError, "x: expected shape (*batch, seq, features), got (12,)"),
        (call(_x.astype(int), 3), TypeError, "x: expected a floating dtype"),
    ],
    "merge_heads": [
        (call(_x), ValueError, "x: expected shape (*batch, n_heads, seq, d_head), got (5, 12)"),
        (call(_q > 0), TypeError, "x: expected a floating dtype"),
    ],
    "multi_head_attention": [
        (
            call(_x, *projections(6, 6), n_heads=5),
            ValueError,
            "divisor of the width of w_query, 24",
        ),
        (
            call(_x, *projections(6, 3), n_heads=6),
            ValueError,
            "with n_kv_heads = 6 and d_k = 4 (from w_query), got (12, 12)",
        ),
        (call(_x, *projections(6, 6), n_heads=6, sharp=1), TypeError, "argument 'sharp'"),
    ],
    "multi_query_attention": [
        (call(_x, *projections(6, 6), n_heads=6), ValueError, "w_key: expected shape"),
        (call(_x.astype(int), *projections(6, 1), n_heads=6), TypeError, "x: expected a floating"),
    ],
    "grouped_query_attention": [
        (
            call(_x, *projections(6, 4), n_heads=6, n_kv_heads=4),
            ValueError,
            "a multiple of n_kv_heads",
        ),
        (call(_x, *_w, n_heads=6, n_kv_heads=5), ValueError, "n_kv_heads: expected a divisor"),
        (call(_x, *_w, n_heads=0, n_kv_heads=3), ValueError, "n_heads: expected at least 1, got 0"),
        (call(_x, *_w[:3], _w[3][1:], **_gqa), ValueError, "d_v = 8 (from w_value), got (47, 11)"),
        (call(_x[:, 1:], *_w, **_gqa), ValueError, "w_query: expected shape"),
        (
            call(_x, *_w, **_gqa, context=normal(2, 3, D_MODEL)),
            ValueError,
            "context: expected shape",
        ),
        (call(_x, *_w, **_gqa, context=normal(3, D_CONTEXT)), ValueError, "w_key: expected shape"),
        (call(_x, *_w[:3], _w[3].astype(np.float32), **_gqa), TypeError, "w_out float32"),
        (call(_x, *_w, **_gqa, causal=True, window=0), ValueError, "window: expected at least 1"),
    ],
}
