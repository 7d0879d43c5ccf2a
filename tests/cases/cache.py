from __future__ import annotations

import numpy as np

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_V, HEADS, KV_HEADS, KV_LEN, Q_LEN, call, normal, some

KV_SUM = KV_LEN + Q_LEN


def _new(seq: int = Q_LEN) -> tuple[np.ndarray, np.ndarray]:
    return normal(BATCH, KV_HEADS, seq, D_K), normal(BATCH, KV_HEADS, seq, D_V)


def _qkv(seq: int = Q_LEN) -> tuple[np.ndarray, ...]:
    return normal(BATCH, HEADS, seq, D_K), *_new(seq)


_past = ref.KVCache(*_new(KV_LEN))

GOOD = {
    "append_to_cache": [
        call(_past, *_new()),
        call(None, *_new()),
        call(ref.KVCache(*[a[0, 0] for a in _past]), *[a[0, 0] for a in _new()]),
    ],
    "cached_attention": [
        call(*_qkv(), _past),
        call(*_qkv()),
        call(*_qkv(), _past, window=3, softcap=2.0, sinks=normal(HEADS), return_weights=True),
        call(
            *_qkv(),
            _past,
            causal=False,
            mask=some(BATCH, 1, Q_LEN, KV_SUM),
            bias=normal(HEADS, Q_LEN, KV_SUM),
        ),
    ],
}

BAD = {
    "append_to_cache": [
        (call(tuple(_past), *_new()), TypeError, "cache: expected a KVCache, as the step before"),
        (call(_past, _new()[0], _new(2)[1]), ValueError, "v: expected shape (*batch, n_kv_heads"),
        (call(_past, *[a[:1] for a in _new()]), ValueError, "cache.k: expected shape (*batch"),
        (call(_past, *[a[:, :2] for a in _new()]), ValueError, "with *batch = (2,) (from k), n_kv_"),
        (call(_past, *_new()[::-1]), ValueError, "d_k = 8 (from k)"),
        (call(None, normal(D_K), normal(D_V)), ValueError, "k: expected shape"),
        (
            call(_past, *[a.astype(np.float32) for a in _new()]),
            TypeError,
            "k float32, v float32, cache.k float64",
        ),
        (
            call(_past._replace(v=_past.v[:, :, 1:]), *_new()),
            ValueError,
            "cache.v: expected shape (*batch, n_kv_heads, kv_len, d_v) with *batch = (2,)",
        ),
    ],
    "cached_attention": [
        (call(*_qkv(), tuple(_past)), TypeError, "cache: expected a KVCache"),
        (call(*_qkv(), _past, mask=some(Q_LEN, KV_LEN)), ValueError, "(2, 6, 5, 12), got (5, 7)"),
        (call(_qkv()[0][:, :4], *_new(), _past), ValueError, "n_heads: expected a multiple"),
        (call(*_qkv(), _past, temperature=2.0), TypeError, "temperature"),
    ],
}
