from __future__ import annotations

import numpy as np

from tests.cases.common import (
    BATCH,
    D_HIDDEN,
    D_K,
    D_Q,
    HEADS,
    KV_LEN,
    Q_LEN,
    all_options,
    call,
    normal,
    qkv,
    some,
)

_wide = (normal(BATCH, 3, Q_LEN, D_Q), normal(BATCH, 3, KV_LEN, D_K))
_additive = (normal(D_Q, D_HIDDEN), normal(D_K, D_HIDDEN), normal(D_HIDDEN))
_stacked = normal(D_Q + D_K, D_HIDDEN)
_options = [options for options in all_options() if "sinks" not in options]

GOOD = {
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
    "concat_scores": [
        call(*_wide, _stacked, normal(D_HIDDEN)),
        call(_wide[0][0, 0], _wide[1][0, 0], _stacked, normal(D_HIDDEN)),
    ],
    "location_scores": [
        call(_wide[0], normal(D_Q, KV_LEN)),
        call(_wide[0][0, 0], normal(D_Q, KV_LEN), kv_len=3),
        call(_wide[0], normal(D_Q, KV_LEN), kv_len=KV_LEN),
        call(_wide[0], normal(D_Q, KV_LEN), kv_len=0),
    ],
    "masked_scores": [
        *[call(*qkv()[:2], **options) for options in _options],
        call(*qkv(HEADS, HEADS)[:2], mask=some(Q_LEN, KV_LEN)),
        call(normal(Q_LEN, D_K), normal(KV_LEN, D_K), causal=True, bias=normal(KV_LEN)),
    ],
    "cosine_scores": [
        call(*qkv(HEADS, HEADS)[:2]),
        call(normal(Q_LEN, D_K), normal(KV_LEN, D_K), scale=-3.5),
        call(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [0.0, 0.0], [-0.0, 1.0]])),
        call(1e300 * normal(Q_LEN, D_K), 1e-300 * normal(KV_LEN, D_K)),
    ],
}

BAD = {
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
    "concat_scores": [
        (call(*_wide, _stacked[1:], _additive[2]), ValueError, "w: expected shape (13, d_hidden)"),
        (call(*_wide, _stacked, normal(D_K)), ValueError, "v: expected shape (d_hidden)"),
        (call(_wide[0], _wide[1][0], _stacked, _additive[2]), ValueError, "k: expected shape"),
        (call(*_wide, _stacked > 0, _additive[2]), TypeError, "w: expected a floating dtype"),
        (call(*_wide, _stacked, _additive[2].astype("f")), TypeError, "v float32"),
    ],
    "location_scores": [
        (call(_wide[0], normal(D_K, KV_LEN)), ValueError, "w: expected shape (d_q, max_len)"),
        (call(normal(D_Q), normal(D_Q, KV_LEN)), ValueError, "q: expected shape (*batch, q_len"),
        (call(_wide[0], normal(D_Q, 7), kv_len=8), ValueError, "kv_len: expected at most 7, got 8"),
        (call(_wide[0], normal(D_Q, 7), kv_len=-1), ValueError, "kv_len: expected at least 0"),
        (call(_wide[0], normal(D_Q, 7), kv_len=2.0), TypeError, "kv_len: expected a whole number"),
        (call(_wide[0], normal(D_Q, 7).astype("f")), TypeError, "q float64, w float32"),
    ],
    "cosine_scores": [
        (call(normal(5, 4), normal(7, 3)), ValueError, "with d_k = 4 (from q), got (7, 3)"),
        (call(normal(5, 0), normal(7, 0)), ValueError, "d_k: expected at least 1, got 0"),
        (call(normal(5, 4), normal(7, 4), scale=np.inf), ValueError, "scale: expected a finite"),
        (call(normal(5, 4), normal(7, 4), scale=None), TypeError, "scale: expected a number"),
        (call(normal(5, 4), normal(7, 4).astype("f")), TypeError, "q float64, k float32"),
    ],
    "masked_scores": [
        (
            call(normal(5, 4), normal(7, 4), causal=1.0),
            TypeError,
            "causal: expected True or False, got float.",
        ),
        (call(*qkv(4, 3)[:2]), ValueError, "n_heads: expected a multiple of n_kv_heads = 3, got 4"),
        (call(normal(5, 4), normal(7, 3)), ValueError, "with d_k = 4 (from q), got (7, 3)"),
        (
            call(normal(5, 4), normal(7, 4), mask=np.ones((7, 5), bool)),
            ValueError,
            "mask: expected",
        ),
        (call(normal(5, 4), normal(7, 4), bias=normal(5, 6)), ValueError, "bias: expected a shape"),
        (call(normal(5, 4), normal(7, 4), window=0), ValueError, "window: expected at least 1"),
        (call(normal(5, 4), normal(7, 4), softcap=0.0), ValueError, "softcap: expected a number"),
        (call(normal(5, 4), normal(7, 4), scale="1"), TypeError, "scale: expected a number"),
        (call(normal(5, 4), normal(7, 4), sinks=normal(1)), TypeError, "argument 'sinks'"),
    ],
}
