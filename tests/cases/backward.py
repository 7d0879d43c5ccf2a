from __future__ import annotations

import numpy as np

from tests.cases.common import (
    BATCH,
    D_CONTEXT,
    D_MODEL,
    D_OUT,
    D_V,
    HEADS,
    KV_LEN,
    Q_LEN,
    all_options,
    call,
    normal,
    projections,
    qkv,
    some,
)

_q, _k, _v = qkv()
_grad = normal(BATCH, HEADS, Q_LEN, D_V)
_one_head = [a[0, 0] for a in (_grad, *qkv(1, 1))]
_x, _context = normal(BATCH, Q_LEN, D_MODEL), normal(BATCH, KV_LEN, D_CONTEXT)
_dy = normal(BATCH, Q_LEN, D_OUT)
_gain = normal(D_MODEL)
_weights = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


def _layers(*numbers: int, **heads: int) -> list:
    itself, other = projections(*numbers), projections(*numbers, D_CONTEXT)
    mask = some(BATCH, 1, 1, KV_LEN)
    return [
        call(_dy, _x, *itself, **heads),
        call(_dy[0], _x[0], *itself, **heads, causal=True),
        call(_dy, _x, *other, **heads, context=_context),
        call(_dy, _x, *other, **heads, context=_context, mask=mask, window=2, scale=0.3),
        call(
            _dy, _x, *itself, **heads, sinks=normal(numbers[0]), softcap=2.0, bias=normal(Q_LEN, 1)
        ),
    ]


def _refused_norm(x: np.ndarray) -> list:
    return [
        (call(x[0], x), ValueError, "grad: expected the shape of x, (2, 5, 12), got (5, 12)"),
        (call(x > 0, x), TypeError, "grad: expected a floating dtype"),
        (call(x, x, _gain[1:]), ValueError, "weight: expected shape (d_model) with d_model = 12"),
        (call(x, [1.0]), TypeError, "x: expected a ARRAY, got list"),
        (call(x, x, eps=0), ValueError, "eps: expected a number above zero, got 0"),
    ]


_heads = {"n_heads": 6, "n_kv_heads": 3}
_w = projections(6, 3)

GOOD = {
    "softmax_backward": [
        call(normal(*_weights.shape), _weights),
        call(normal(3, 4, 5), np.exp(normal(3, 4, 5)), axis=1, temperature=0.3),
        call(normal(7), np.exp(normal(7)), axis=0, temperature=2),
    ],
    "scaled_dot_product_attention_backward": [
        *[call(_grad, _q, _k, _v, **options) for options in all_options()],
        call(_grad, *qkv(HEADS, 1), mask=some(Q_LEN, KV_LEN)),
        call(_grad, *qkv(HEADS, HEADS), bias=normal(KV_LEN)),
        call(_grad, *qkv(), bias=normal(BATCH, 1, Q_LEN, 1), softcap=3.0),
        call(_grad[0], *[a[0] for a in qkv()], window=3, sinks=normal(HEADS)),
        call(*_one_head, causal=True, sinks=normal(1), bias=normal(Q_LEN, 1)),
        call(
            normal(1, 2, 7, 5),
            normal(1, 2, 7, 3),
            normal(1, 2, 4, 3),
            normal(1, 2, 4, 5),
            causal=True,
        ),
        call(_grad[:, :, :0], _q[:, :, :0], _k, _v, bias=normal(HEADS, 1, 1), sinks=normal(HEADS)),
    ],
    "multi_head_attention_backward": _layers(3, 3, n_heads=3),
    "grouped_query_attention_backward": [
        *_layers(6, 3, **_heads),
        call(_dy, _x, *projections(4, 1), n_heads=4, n_kv_heads=1),
    ],
    "layer_norm_backward": [
        call(normal(*_x.shape), 3 * _x + 1, _gain),
        call(normal(*_x.shape), 3 * _x + 1),
        call(normal(D_MODEL), _x[0, 0], _gain, eps=0.5),
        call(normal(*_x.shape), np.full(_x.shape, 2.0), _gain),
    ],
    "rms_norm_backward": [
        call(normal(*_x.shape), 3 * _x + 1, _gain),
        call(normal(*_x.shape), 3 * _x + 1),
        call(normal(D_MODEL), _x[0, 0], _gain, eps=0.5),
        call(normal(*_x.shape), np.zeros(_x.shape), _gain),
    ],
}

BAD = {
    "softmax_backward": [
        (
            call(_weights[:2], _weights),
            ValueError,
            "grad: expected the shape of the weights, (3, 3)",
        ),
        (call(_weights > 0, _weights), TypeError, "grad: expected a floating dtype"),
        (call(_weights, _weights.astype("f")), TypeError, "grad float64, weights float32"),
        (call(_weights, _weights, axis=2), ValueError, "axis of the 2-dimensional array, got 2"),
        (
            call(_weights, _weights, temperature=-1),
            ValueError,
            "temperature: expected a number above",
        ),
    ],
    "scaled_dot_product_attention_backward": [
        (call(_q, _q, _k, _v), ValueError, "grad: expected the shape of the output, (2, 6, 5, 8)"),
        (call(_grad.astype(int), _q, _k, _v), TypeError, "grad: expected a floating dtype"),
        (call(_grad, _q, _k, _v[..., 1:, :]), ValueError, "v: expected shape"),
        (call(_grad, _q[:, :4], _k, _v), ValueError, "n_heads: expected a multiple"),
        (call(_grad, _q, _k, _v, mask=np.zeros((5, 7))), TypeError, "mask: expected a boolean"),
        (call(_grad, _q, _k, _v, window=0), ValueError, "window: expected at least 1"),
        (call(_grad, _q, _k, _v, softcap=0), ValueError, "softcap: expected a number above zero"),
        (call(_grad, _q, _k, _v, scale=np.inf), ValueError, "scale: expected a finite"),
    ],
    "multi_head_attention_backward": [
        (call(_dy, _x, *projections(3, 3), n_heads=5), ValueError, "n_heads: expected a divisor"),
        (
            call(_x, _x, *projections(3, 3), n_heads=3),
            ValueError,
            "shape of the output, (2, 5, 11)",
        ),
        (
            call(_dy, _x, *projections(3, 3), n_heads=3, return_weights=True),
            TypeError,
            "argument 'return_weights'",
        ),
    ],
    "grouped_query_attention_backward": [
        (call(_dy, _x, *_w, n_heads=6, n_kv_heads=5), ValueError, "n_kv_heads: expected a divisor"),
        (
            call(_dy[:1], _x, *_w, **_heads),
            ValueError,
            "shape of the output, (2, 5, 11), got (1, 5",
        ),
        (call(_dy, _x, *_w, **_heads, context=_context), ValueError, "w_key: expected shape"),
        (
            call(_dy, _x, *_w[:3], _w[3] > 0, **_heads),
            TypeError,
            "w_out: expected a floating dtype",
        ),
    ],
    "layer_norm_backward": _refused_norm(_x),
    "rms_norm_backward": _refused_norm(_x),
}
