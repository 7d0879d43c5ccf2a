from __future__ import annotations

import numpy as np

from tests.cases.common import HEADS, KV_HEADS, KV_LEN, call, normal, qkv

N_PROJECTED = 3


def _projections(*heads: int) -> tuple[np.ndarray, np.ndarray]:
    return normal(*heads, N_PROJECTED, KV_LEN), normal(*heads, N_PROJECTED, KV_LEN)


_q, _k, _v = qkv()
_e, _f = _projections()

GOOD = {
    "linformer_attention": [
        call(*qkv(), *_projections(KV_HEADS), scale=0.3),
        call(*qkv(), *_projections()),
        call(*qkv(), _projections()[0], _projections(KV_HEADS)[0]),
        call(*qkv(HEADS, 1), *_projections(1)),
        call(*[a[0, 0] for a in qkv()], *_projections()),
        call(*[a[0, 0] for a in qkv()], np.eye(KV_LEN), np.eye(KV_LEN)),
    ],
}

BAD = {
    "linformer_attention": [
        (call(_q, _k, _v, _e[:, 1:], _f), ValueError, "kv_len = 7 (from k)"),
        (call(_q, _k, _v, _e[1:], _f), ValueError, "n_projected = 2 (from key_projection)"),
        (call(_q, _k, _v, _e, _f[:, 1:]), ValueError, "value_projection: expected shape"),
        (call(_q, _k, _v, _e, _projections(2)[1]), ValueError, "n_kv_heads = 3 (from k)"),
        (
            call(_q[0, 0], _k[0, 0], _v[0, 0], _projections(1)[0], _f),
            ValueError,
            "key_projection: expected shape (n_projected, kv_len)",
        ),
        (call(_q, _k, _v, _e > 0, _f), TypeError, "key_projection: expected a floating dtype"),
        (call(_q, _k, _v, _e, _f.astype(np.float32)), TypeError, "one floating dtype for all"),
        (call(_q[:, :4], _k, _v, _e, _f), ValueError, "n_heads: expected a multiple"),
        (call(_q, _k, _v, _e, _f, scale=np.inf), ValueError, "scale: expected a finite number"),
    ],
}
