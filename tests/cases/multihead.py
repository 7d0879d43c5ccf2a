from __future__ import annotations

import numpy as np

from tests.cases.common import (
    BATCH,
    D_CONTEXT,
    D_K,
    D_MODEL,
    KV_LEN,
    Q_LEN,
    call,
    normal,
    projections,
    qkv,
    some,
)


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


_q = qkv()[0]
_x = normal(Q_LEN, D_MODEL)
_w = projections(6, 3)
_gqa = {"n_heads": 6, "n_kv_heads": 3}

GOOD = {
    "split_heads": [call(normal(BATCH, Q_LEN, D_MODEL), 3), call(normal(Q_LEN, D_MODEL), 4)],
    "merge_heads": [call(normal(BATCH, 3, Q_LEN, D_K)), call(normal(3, Q_LEN, D_K))],
    "multi_head_attention": _layers("multi_head_attention"),
    "multi_query_attention": _layers("multi_query_attention"),
    "grouped_query_attention": _layers("grouped_query_attention"),
}

BAD = {
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
        (
            call(np.stack([_x, _x]), *projections(6, 6), n_heads=6, mask=np.ones((2, 5), bool)),
            ValueError,
            "give a mask of (batch, seq) as mask[:, None, None], and one of (q_len, kv_len)",
        ),
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
