from __future__ import annotations

import numpy as np

from tests.cases.common import BATCH, D_K, D_V, HEADS, KV_HEADS, KV_LEN, Q_LEN, call, normal

N_FEATURES = 9
_projection = normal(N_FEATURES, D_K)
_x = normal(2, 3, D_K)
_q = normal(BATCH, HEADS, Q_LEN, D_K)
_k = normal(BATCH, KV_HEADS, KV_LEN, D_K)
_v = normal(BATCH, KV_HEADS, KV_LEN, D_V)
_past = _k[..., :Q_LEN, :], _v[..., :Q_LEN, :]
_mask = np.ones((BATCH, 1, 1, KV_LEN), bool)
_mask[0, ..., :3] = False
_long = np.linspace(40, 1, Q_LEN)[:, None]  # every key is shorter than the one before


def _features_refused(argument: str = "x") -> list:
    return [
        (call([1.0], _projection), TypeError, f"{argument}: expected a ARRAY, got list"),
        (call(_x, _projection.astype(int)), TypeError, "projection: expected a floating dtype"),
        (
            call(_x, _projection[:, :3]),
            ValueError,
            "projection: expected shape (n_features, d_k) with d_k = 4 (from x), got (9, 3)",
        ),
        (call(_x, _projection[0]), ValueError, "projection: expected shape (n_features, d_k)"),
        (call(_x, _projection[:0]), ValueError, "n_features: expected at least 1, got 0"),
        (call(_x[..., :0], _projection[:, :0]), ValueError, "d_k: expected at least 1, got 0"),
        (call(np.array(1.0), _projection), ValueError, "x: expected shape (*batch, d_k), got ()"),
    ]


GOOD = {
    "positive_features": [
        call(_x, _projection),
        call(_x[0, 0], _projection[:1]),
        call(_x, _projection.astype(np.float32)),
    ],
    "trigonometric_features": [
        call(_x, _projection),
        call(_x[0, 0], _projection[:1]),
        call(_x, _projection.astype(np.float32)),
    ],
    "orthogonal_projection": [
        call(_projection),
        call(_projection[:3]),
        call(_projection[:4]),
        call(_projection[:8]),
        call(normal(5, 1)),
    ],
    "performer_attention": [
        call(_q, _k, _v, _projection, mask=_mask, scale=0.7),
        call(_q, *_past, _projection, causal=True, mask=_mask[..., :Q_LEN], chunk_len=2),
        call(_q, _k, _v, _projection),
        call(_q, *_past, _projection, causal=True),
        call(_q, *_past, _projection, causal=True, chunk_len=3, scale=2.0),
        call(_q[0, 0], _k[0, 0], _v[0, 0], _projection.astype(np.float32)),
        call(_q[0], _k[0], _v[0], _projection),
        call(_q[0], _past[0][0], _past[1][0], _projection, causal=True),
        call(_q, _k, _v, _projection, mask=np.zeros(KV_LEN, bool)),
        call(40 * _q, 40 * _k, _v, _projection),
        call(_q, _long * _past[0], _past[1], _projection, causal=True, chunk_len=2),
    ],
}

BAD = {
    "positive_features": _features_refused(),
    "trigonometric_features": _features_refused(),
    "orthogonal_projection": [
        (call([1.0]), TypeError, "noise: expected a ARRAY, got list"),
        (call(_projection.astype(int)), TypeError, "noise: expected a floating dtype"),
        (call(_x), ValueError, "noise: expected shape (n_features, d_k), got (2, 3, 4)"),
        (call(_projection[:0]), ValueError, "n_features: expected at least 1, got 0"),
        (call(_projection[:, :0]), ValueError, "d_k: expected at least 1, got 0"),
    ],
    "performer_attention": [
        (
            call(_q, _k, _v, _projection, causal="no"),
            TypeError,
            "causal: expected True or False, got str.",
        ),
        (call([1.0], _k, _v, _projection), TypeError, "q: expected a ARRAY, got list"),
        (call(_q, _k, _v, [1.0]), TypeError, "projection: expected a ARRAY, got list"),
        (call(_q, _k, _v[..., :5, :], _projection), ValueError, "v: expected shape"),
        (call(_q[:, :4], _k, _v, _projection), ValueError, "n_heads: expected a multiple"),
        (
            call(_q, _k, _v, _projection[:, :3]),
            ValueError,
            "projection: expected shape (n_features, d_k) with d_k = 4 (from q), got (9, 3)",
        ),
        (
            call(_q, _k, _v, _projection, causal=True),
            ValueError,
            "q: expected as many queries as keys, got q_len = 5 and kv_len = 7",
        ),
        (
            call(_q, _k, _v, _projection, mask=np.ones((Q_LEN, KV_LEN), bool)),
            ValueError,
            "mask: expected a shape that broadcasts to the keys, which all queries share",
        ),
        (
            call(_q, *_past, _projection, mask=_mask, causal=True),
            ValueError,
            "mask: expected a shape that broadcasts",
        ),
        (call(_q, _k, _v, _projection, mask=np.ones(7)), TypeError, "mask: expected a boolean"),
        (
            call(_q, _k, _v, _projection, scale=0),
            ValueError,
            "scale: expected a number above zero, got 0",
        ),
        (call(_q, _k, _v, _projection, scale="big"), TypeError, "scale: expected a number"),
        (call(_q, _k, _v, _projection, chunk_len=0), ValueError, "chunk_len: expected at least 1"),
        (call(_q, _k, _v, _projection, chunk_len=1.5), TypeError, "chunk_len: expected a whole"),
    ],
}
