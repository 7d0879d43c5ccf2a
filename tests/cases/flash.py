"""FlashAttention: the calls of scaled dot-product attention again, and what tiles bring."""

from __future__ import annotations

import numpy as np

import attncourse.reference as ref
from tests.cases.common import (
    BATCH,
    HEADS,
    KV_LEN,
    Q_LEN,
    all_options,
    call,
    normal,
    qkv,
    some,
)


def near(q_pos, kv_pos):
    """A predicate that works on arrays and on tensors, with some empty rows."""
    return (q_pos % 3 != 0) & (abs(q_pos - kv_pos) <= 2)


def _backward(q, k, v, *, with_log_sum_exp=False, tiles=None, **options) -> tuple[tuple, dict]:
    """A call of the backward pass, with what the forward pass gives."""
    output, log_sum_exp = ref.flash_attention(q, k, v, **options)
    if with_log_sum_exp:
        options["grad_log_sum_exp"] = normal(*log_sum_exp.shape)
    grad = normal(*output.shape)
    return call(grad, q, k, v, output, log_sum_exp, **options, **(tiles or {}))


_q, _k, _v = qkv()
_calls = [
    (qkv(), {}),
    (qkv(HEADS, HEADS), {"causal": True}),
    (qkv(HEADS, 1), {"mask": some(Q_LEN, KV_LEN)}),
    ([a[0, 0] for a in qkv(1, 1)], {"causal": True, "sinks": normal(1)}),
    ([a[0] for a in qkv()], {"bias": normal(KV_LEN)}),
    (qkv(), {"bias": normal(BATCH, 1, Q_LEN, 1), "mask": some(HEADS, 1, KV_LEN)}),
    (qkv(), {"mask_mod": near, "softcap": 2.0}),
    # Empty rows: more queries than keys, with and without a sink to fall into.
    ((normal(1, 2, 7, 3), normal(1, 2, 4, 3), normal(1, 2, 4, 5)), {"causal": True}),
    (
        (normal(1, 2, 7, 3), normal(1, 2, 4, 3), normal(1, 2, 4, 5)),
        {"causal": True, "sinks": np.array([0.5, -np.inf])},
    ),
    (([a[:, :, :0] if a.shape[2] == Q_LEN else a for a in qkv()]), {}),
]
#: Each option alone, and all but one; every subset stands in the tests of either room.
_options = [options for options in all_options() if len(options) in (1, 6, 7)]
_tiles = [{"q_tile": 2, "kv_tile": 3}, {"q_tile": 3, "kv_tile": 1}, {"q_tile": 9, "kv_tile": 2}]
_every = {"mask": some(BATCH, 1, Q_LEN, KV_LEN), "bias": normal(HEADS, Q_LEN, KV_LEN)}
_every |= {"mask_mod": near, "sinks": normal(HEADS), "softcap": 1.5, "scale": 0.3, "window": 6}

GOOD = {
    "flash_attention": [
        call(*_calls[0][0], **_every | {"mask_mod": None}, q_tile=2, kv_tile=3),
        *[call(*qkv(), **options, **_tiles[i % 3]) for i, options in enumerate(_options)],
        *[call(*arrays, **options, **_tiles[0]) for arrays, options in _calls],
        call(*qkv(), **_every, **_tiles[1]),
        call(*qkv()),
    ],
    "flash_attention_backward": [
        _backward(*qkv(), **_every | {"mask_mod": None}, with_log_sum_exp=True, tiles=_tiles[0]),
        *[_backward(*qkv(), **options, tiles=_tiles[i % 3]) for i, options in enumerate(_options)],
        *[_backward(*arrays, **options, tiles=_tiles[0]) for arrays, options in _calls],
        _backward(*qkv(), **_every, tiles=_tiles[1]),
        _backward(*qkv()),
    ],
    "merge_attention": [
        call(normal(3, 2, 5, 4), normal(3, 2, 5)),
        call(normal(3, 2, 5, 4), np.where(some(3, 2, 5), normal(3, 2, 5), -np.inf)),
        call(normal(1, 5, 4), normal(1, 5)),
        call(normal(2, 3, 4), np.array([[1e4, -1e4, -np.inf], [-np.inf, -1e4, -np.inf]])),
    ],
}
#: A log-sum-exp is a running state: it is kept in float32.
FLOAT32 = {"flash_attention": (1,), "merge_attention": (1,)}

_out, _lse = ref.flash_attention(_q, _k, _v)
_grad = normal(*_out.shape)

BAD = {
    "flash_attention": [
        (
            call(_q, _k, _v, causal=np.ones((5, 7), bool)),
            TypeError,
            "causal: expected True or False, got ARRAY",
        ),
        (call(_q, _k, _v[..., :-1, :]), ValueError, "kv_len = 7 (from k)"),
        (call(_q[:, :4], _k, _v), ValueError, "n_heads: expected a multiple of n_kv_heads = 3"),
        (call(_q, _k, _v.astype(np.float32)), TypeError, "one floating dtype for all"),
        (call(_q, _k, _v, mask=np.ones((7, 5), bool)), ValueError, "broadcasts to the scores"),
        (call(_q, _k, _v, mask=lambda i, j: i > j), TypeError, "mask: expected a ARRAY"),
        (call(_q, _k, _v, mask_mod=np.ones((5, 7), bool)), TypeError, "pass it as mask="),
        (call(_q, _k, _v, mask_mod=lambda i, j: i - j), TypeError, "mask_mod: expected a bool"),
        (
            call(_q, _k, _v, mask_mod=lambda i, j: (i - j)[:1, :2] > 0),
            ValueError,
            "mask_mod: expected a shape that broadcasts to the tile, (5, 7), got (1, 2)",
        ),
        (call(_q, _k, _v, bias=normal(5, 6)), ValueError, "bias: expected a shape that broadcasts"),
        (call(_q, _k, _v, window=0), ValueError, "window: expected at least 1, got 0"),
        (call(_q, _k, _v, scale=np.inf), ValueError, "scale: expected a finite number"),
        (call(_q, _k, _v, softcap=-1.0), ValueError, "softcap: expected a number above zero"),
        (call(_q, _k, _v, sinks=normal(3)), ValueError, "(n_heads,) = (6,), got (3,)"),
        (call(_q[..., :0], _k[..., :0], _v), ValueError, "d_k: expected at least 1, got 0"),
        (call(_q, _k, _v, q_tile=0), ValueError, "q_tile: expected at least 1, got 0"),
        (call(_q, _k, _v, kv_tile=0), ValueError, "kv_tile: expected at least 1, got 0"),
        (call(_q, _k, _v, kv_tile=1.5), TypeError, "kv_tile: expected a whole number, got 1.5"),
    ],
    "flash_attention_backward": [
        (call(_grad[..., :-1], _q, _k, _v, _out, _lse), ValueError, "grad: expected shape"),
        (call(_grad, _q, _k, _v, _out[:, :, :-1], _lse), ValueError, "output: expected shape"),
        (call(_grad, _q, _k, _v, _out, _lse[..., None]), ValueError, "log_sum_exp: expected shape"),
        (
            call(_grad, _q, _k, _v, _out, _lse, grad_log_sum_exp=_lse[..., :-1]),
            ValueError,
            "grad_log_sum_exp: expected shape",
        ),
        (call(_grad > 0, _q, _k, _v, _out, _lse), TypeError, "grad: expected a floating dtype"),
        (call(_grad, _q, _k, _v, _out, _lse > 0), TypeError, "log_sum_exp: expected a floating"),
        (call(_grad, _q, _k[..., :-1], _v, _out, _lse), ValueError, "d_k = 4 (from q)"),
        (call(_grad, _q, _k, _v, _out, _lse, q_tile=0), ValueError, "q_tile: expected at least 1"),
        (call(_grad, _q, _k, _v, _out, _lse, window=0), ValueError, "window: expected at least 1"),
    ],
    "merge_attention": [
        (call(_out, _lse[..., :-1]), ValueError, "log_sum_exps: expected shape"),
        (call(_out > 0, _lse), TypeError, "outputs: expected a floating dtype"),
        (call(_out, _lse > 0), TypeError, "log_sum_exps: expected a floating dtype"),
        (call(normal(0, 5, 4), normal(0, 5)), ValueError, "at least one part, got (0, 5)"),
        (call(normal(5, 4), normal(5)), ValueError, "(n_parts, *batch, q_len)"),
    ],
}
