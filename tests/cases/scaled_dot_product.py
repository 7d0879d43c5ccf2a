from __future__ import annotations

import numpy as np

from tests.cases.common import HEADS, KV_LEN, Q_LEN, all_options, call, normal, qkv, some

_q, _k, _v = qkv()
_noise = abs(normal(2, HEADS, Q_LEN, KV_LEN)) % 1

GOOD = {
    "scaled_dot_product_attention": [
        *[call(*qkv(), **options, return_weights=True) for options in all_options()],
        call(*qkv()),
        call(*qkv(HEADS, HEADS), causal=True),
        call(*qkv(HEADS, 1), mask=some(Q_LEN, KV_LEN)),
        call(*[a[0, 0] for a in qkv(1, 1)], causal=True, sinks=normal(1)),
        call(*[a[0] for a in qkv()], bias=normal(KV_LEN)),
        call(normal(1, 2, 7, 3), normal(1, 2, 4, 3), normal(1, 2, 4, 5), causal=True),  # empty rows
        call(*qkv(), dropout=0.3, noise=_noise, return_weights=True, causal=True),
        call(*qkv(), dropout=0.0, noise=_noise[0, 0]),
    ],
}

BAD = {
    "scaled_dot_product_attention": [
        (
            call(_q, _k, _v, causal=np.ones((5, 7), bool)),
            TypeError,
            "causal: expected True or False, got ARRAY; an array is a mask: pass it as mask=.",
        ),
        (call(_q, _k, _v, causal="no"), TypeError, "causal: expected True or False, got str."),
        (call(_q, _k, _v, causal=1), TypeError, "causal: expected True or False, got int."),
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
        (call(_q[:, :0], _k, _v), ValueError, "n_heads: expected at least 1, got 0"),
        (call(_q, _k, _v, scale=normal(2)), TypeError, "scale: expected a number, got"),
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
        (call(_q, _k, _v, dropout=1, noise=_noise), ValueError, "dropout: expected a share below"),
        (call(_q, _k, _v, dropout=-0.1), ValueError, "dropout: expected a number from 0 to 1"),
        (call(_q, _k, _v, dropout=0.1, noise=_noise > 0), TypeError, "noise: expected a floating"),
        (call(_q, _k, _v, dropout=0.1, noise=_noise[..., 1:]), ValueError, "noise: expected a sh"),
    ],
}
