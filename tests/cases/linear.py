from __future__ import annotations

import numpy as np

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_V, HEADS, KV_HEADS, call, normal

SEQ = 5
_q = normal(BATCH, HEADS, SEQ, D_K)
_k = normal(BATCH, KV_HEADS, SEQ, D_K)
_v = normal(BATCH, KV_HEADS, SEQ, D_V)
_one = _q[0, 0], _k[0, 0], _v[0, 0]
_state = ref.LinearState(
    normal(BATCH, KV_HEADS, D_K, D_V), 3 + np.abs(normal(BATCH, KV_HEADS, D_K))
)
_mask = np.ones((BATCH, 1, 1, SEQ), bool)
_mask[0, ..., :2] = False
_mask[1, ..., 3] = False
#: Gates of every shape: for each feature, for each head, constant, one number, and a hard reset.
_gates = {
    "feature": -np.abs(normal(BATCH, KV_HEADS, SEQ, D_K)) - 0.01,
    "head": -np.abs(normal(BATCH, KV_HEADS, SEQ, 1)) - 0.01,
    "constant": ref.retention_log_decay(KV_HEADS),
    "of a feature": np.log(np.linspace(0.1, 1, D_K)),
    "number": np.array(-0.3),
    "strong": -1e4 * np.abs(normal(BATCH, KV_HEADS, SEQ, D_K)),
    "reset": np.where(np.arange(SEQ)[:, None] == 2, -np.inf, -0.1),
}
_positive = ref.elu_features(_q), ref.elu_features(_k), _v


def _causal(**more) -> list:
    """Calls of one of the forms; the first has every array there is."""
    all_arrays = {"log_decay": _gates["feature"], "mask": _mask, "state": _state}
    return [
        call(_q, _k, _v, **all_arrays, scale=0.7, **more),
        call(*_positive, **all_arrays, normalize=True, **more),
        call(*_positive, log_decay=_gates["head"], state=_state, normalize=True, **more),
        call(*_positive, mask=_mask, normalize=True, **more),
        call(*_one, **more),
        call(_q[0], _k[0], _v[0], log_decay=_gates["feature"][0], **more),
        call(*_one, log_decay=_gates["head"][0, 0], mask=_mask[0, 0], **more),
        call(*(x[..., :1, :] for x in (_q, _k, _v)), state=_state, **more),
        call(*(x[:0] for x in (_q, _k, _v)), **more),
        *[call(_q, _k, _v, log_decay=gates, **more) for gates in _gates.values()],
    ]


def _refused_everywhere() -> list:
    return [
        (call([1.0], _k, _v), TypeError, "q: expected a ARRAY, got list"),
        (call(_q, _k.astype(int), _v), TypeError, "k: expected a floating dtype"),
        (call(_q, _k, _v.astype(np.float32)), TypeError, "one floating dtype for all"),
        (call(_q, _k[..., :3], _v), ValueError, "k: expected shape (*batch, n_kv_heads, kv_len"),
        (call(_q, _k, _v[:, :, :4]), ValueError, "v: expected shape (*batch, n_kv_heads, kv_len"),
        (call(_q[:, :4], _k, _v), ValueError, "n_heads: expected a multiple of n_kv_heads = 3"),
        (call(_q[0], _k, _v), ValueError, "k: expected shape"),
        (call(_q[0, 0], _k[0], _v[0]), ValueError, "k: expected shape (kv_len, d_k)"),
        (call(_q[0, 0, 0], _k, _v), ValueError, "q: expected shape (*batch, n_heads, q_len, d_k)"),
        (
            call(*(x[..., :0, :] for x in (_q, _k, _v))),
            ValueError,
            "kv_len: expected at least 1, got 0",
        ),
        (
            call(_q[..., :0], _k[..., :0], _v),
            ValueError,
            "d_k: expected at least 1, got 0",
        ),
        (call(_q, _k, _v, scale="big"), TypeError, "scale: expected a number, got str"),
        (call(_q, _k, _v, scale=np.inf), ValueError, "scale: expected a finite number"),
        (call(_q, _k, _v, mask=np.ones(SEQ)), TypeError, "mask: expected a boolean array"),
        (
            call(_q, _k, _v, mask=np.ones((SEQ, SEQ), bool)),
            ValueError,
            "mask: expected a shape that broadcasts to the keys, which all queries share, "
            "(2, 3, 1, 5), got (5, 5)",
        ),
    ]


def _refused() -> list:
    """What every causal form refuses."""
    other_dtype = _gates["head"].astype(int)
    return [
        *_refused_everywhere(),
        (
            call(_q[..., :4, :], _k, _v),
            ValueError,
            "q: expected as many queries as keys, got q_len = 4 and kv_len = 5; each step takes",
        ),
        (call(_q, _k, _v, log_decay=[0.0]), TypeError, "log_decay: expected a ARRAY, got list"),
        (call(_q, _k, _v, log_decay=other_dtype), TypeError, "log_decay: expected a floating"),
        (
            call(_q, _k, _v, log_decay=np.exp(_gates["constant"])),
            ValueError,
            "log_decay: expected numbers at or below zero, got 0.992188; pass the logarithm",
        ),
        (
            call(_q, _k, _v, log_decay=_gates["feature"][..., :2]),
            ValueError,
            "log_decay: expected a last dimension of 1 (one gate a head) or d_k = 4",
        ),
        (
            call(_q, _k, _v, log_decay=_gates["head"][:, :2]),
            ValueError,
            "log_decay: expected a shape that broadcasts to k, (2, 3, 5, 4), got (2, 2, 5, 1)",
        ),
        (
            call(_q, _k, _v, state=tuple(_state)),
            TypeError,
            "state: expected a LinearState, got tuple",
        ),
        (
            call(_q, _k, _v, state=ref.LinearState(_state[0][..., :3, :], _state[1])),
            ValueError,
            "key_value_sum: expected shape (*batch, n_kv_heads, d_k, d_v)",
        ),
        (
            call(_q, _k, _v, state=ref.LinearState(_state[0][..., :3], _state[1])),
            ValueError,
            "key_value_sum: expected shape (*batch, n_kv_heads, d_k, d_v)",
        ),
        (
            call(_q, _k, _v, state=ref.LinearState(_state[0], _state[1][:, :2])),
            ValueError,
            "key_sum: expected shape (*batch, n_kv_heads, d_k)",
        ),
    ]


_x = normal(2, 3, D_K)
_not_floating = [
    (call([1.0]), TypeError, "x: expected a ARRAY, got list"),
    (call(np.array([1])), TypeError, "x: expected a floating dtype"),
    (call(np.array([np.nan])), ValueError, "x: expected numbers, got NaN"),
]
_no_dimension = (call(np.array(1.0)), ValueError, "x: expected shape (*batch, d_k), got ()")
_edges = np.array([-1e3, -1.0, -1e-9, 0.0, 1e-9, 1.0, 1e3])

GOOD = {
    "elu_features": [call(_x), call(_edges), call(np.array(-2.0))],
    "relu_features": [call(_x), call(_edges), call(np.array(-2.0))],
    "softmax_features": [call(_x), call(_edges)],
    "taylor_features": [call(_x), call(_x[0, 0]), call(_x[:0])],
    "dpfp_features": [call(_x), *[call(_x, n_shifts=n) for n in (2, 7)], call(_x[0, 0])],
    "decay_matrix": [
        call(-np.abs(normal(2, 3, 4)) - 0.01),
        call(-1e4 * np.abs(normal(6))),
        call(np.array([-np.inf, -0.5, -np.inf, 0.0, -0.1])),
        call(np.zeros(1)),
        call(np.zeros((2, 0))),
    ],
    "retention_log_decay": [call(1), call(5), call(3, dtype="float32"), call(60)],
    "linear_attention": [
        call(_q, normal(BATCH, KV_HEADS, 7, D_K), normal(BATCH, KV_HEADS, 7, D_V), scale=0.7),
        call(*_positive, mask=_mask, normalize=True),
        call(*_positive, normalize=True, scale=3.0),
        call(_q, _k, _v, mask=_mask[0, 0, 0]),
        call(_one[0][:2], *_one[1:]),
        call(_q[0], _k[0], _v[0]),
        call(*_one, mask=np.zeros(SEQ, bool), normalize=True),
        call(_q[:0], _k[:0], _v[:0]),
    ],
    "linear_attention_recurrent": _causal(),
    "linear_attention_chunked": [
        *_causal(chunk_len=2),
        *[
            call(_q, _k, _v, log_decay=gates, state=_state, chunk_len=n)
            for n in (1, 3, 5, 9)
            for gates in _gates.values()
        ],
        call(_q, _k, _v),
    ],
    "linear_attention_parallel": _causal(),
}

BAD = {
    "elu_features": _not_floating,
    "relu_features": _not_floating,
    "softmax_features": [
        *_not_floating,
        (call(np.array(1.0)), ValueError, "axis"),
        (call(np.zeros((2, 0))), ValueError, "at least one entry"),
    ],
    "taylor_features": [*_not_floating, _no_dimension],
    "dpfp_features": [
        *_not_floating,
        _no_dimension,
        (call(_x, n_shifts=0), ValueError, "n_shifts: expected at least 1, got 0"),
        (call(_x, n_shifts=1.5), TypeError, "n_shifts: expected a whole number, got 1.5"),
    ],
    "decay_matrix": [
        (call([0.0]), TypeError, "log_decay: expected a ARRAY, got list"),
        (call(np.array([1])), TypeError, "log_decay: expected a floating dtype"),
        (call(np.array(-1.0)), ValueError, "log_decay: expected shape (*batch, seq), got ()"),
        (call(np.array([-1.0, 0.9])), ValueError, "at or below zero, got 0.9; pass the logarithm"),
        (call(np.array([np.inf])), ValueError, "at or below zero, got inf"),
    ],
    "retention_log_decay": [
        (call(0), ValueError, "n_heads: expected at least 1, got 0"),
        (call(2.0), TypeError, "n_heads: expected a whole number, got 2.0"),
        (call(2, dtype="float16"), ValueError, "dtype: expected one of float32, float64"),
    ],
    "linear_attention": _refused_everywhere(),
    "linear_attention_recurrent": _refused(),
    "linear_attention_chunked": [
        *_refused(),
        (call(_q, _k, _v, chunk_len=0), ValueError, "chunk_len: expected at least 1, got 0"),
        (call(_q, _k, _v, chunk_len=2.0), TypeError, "chunk_len: expected a whole number"),
    ],
    "linear_attention_parallel": _refused(),
}

#: The state.
FLOAT32 = dict.fromkeys(
    ("linear_attention_recurrent", "linear_attention_chunked", "linear_attention_parallel"), (1, 2)
) | {"decay_matrix": (0,)}
NO_GRADIENT = {"retention_log_decay": "it takes no array"}
