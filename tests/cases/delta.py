from __future__ import annotations

import numpy as np

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_V, HEADS, KV_HEADS, call, normal

SEQ = 5
_q = normal(BATCH, HEADS, SEQ, D_K)
_k = ref.l2_normalize(normal(BATCH, KV_HEADS, SEQ, D_K))
_v = normal(BATCH, KV_HEADS, SEQ, D_V)
_beta = np.abs(np.sin(normal(BATCH, KV_HEADS, SEQ)))
_state = normal(BATCH, KV_HEADS, D_K, D_V)
_gates = {
    "feature": -np.abs(normal(BATCH, KV_HEADS, SEQ, D_K)) - 0.01,
    "head": -np.abs(normal(BATCH, KV_HEADS, SEQ, 1)) - 0.01,
    "constant": ref.retention_log_decay(KV_HEADS),
    "strong": -1e4 * np.abs(normal(BATCH, KV_HEADS, SEQ, D_K)),
    "reset": np.where(np.arange(SEQ)[:, None] == 2, -np.inf, -0.1),
}


def _calls(**more) -> list:
    """Calls of one of the forms; the first has every array there is."""
    return [
        call(_q, _k, _v, _beta, log_decay=_gates["feature"], state=_state, scale=0.7, **more),
        call(_q, _k, _v, _beta, **more),
        call(_q, _k, _v, 2 * _beta[:, :1], state=_state, **more),
        call(_q, _k, _v, np.array(1.0), **more),
        call(_q[0, 0], _k[0, 0], _v[0, 0], _beta[0, 0], **more),
        call(_q[0], _k[0], _v[0], _beta[0], state=_state[0], **more),
        call(_q[0, 0], _k[0, 0], _v[0, 0], _beta[0, 0], log_decay=_gates["head"][0, 0], **more),
        call(*(x[..., :1, :] for x in (_q, _k, _v)), _beta[..., :1], state=_state, **more),
        call(*(x[:0] for x in (_q, _k, _v)), _beta[:0], **more),
        *[call(_q, _k, _v, _beta, log_decay=gates, **more) for gates in _gates.values()],
    ]


def _refused() -> list:
    return [
        (call(_q, [1.0], _v, _beta), TypeError, "k: expected a ARRAY, got list"),
        (call(_q, _k, _v.astype(np.float32), _beta), TypeError, "one floating dtype for all"),
        (call(_q, _k, _v, _beta.astype(int)), TypeError, "beta: expected a floating dtype"),
        (call(_q, _k, _v, 0.5), TypeError, "beta: expected a ARRAY, got float"),
        (
            call(_q, _k, _v, _beta[..., None]),
            ValueError,
            "beta: expected a shape that broadcasts to k without its last dimension, (2, 3, 5), "
            "got (2, 3, 5, 1)",
        ),
        (call(_q, _k, _v, _beta[..., :4]), ValueError, "beta: expected a shape that broadcasts"),
        (call(_q[..., :3], _k, _v, _beta), ValueError, "k: expected shape"),
        (call(_q[:, :4], _k, _v, _beta), ValueError, "n_heads: expected a multiple"),
        (
            call(_q, _k[..., :4, :], _v[..., :4, :], _beta[..., :4]),
            ValueError,
            "q: expected as many queries as keys, got q_len = 5 and kv_len = 4",
        ),
        (
            call(_q, _k, _v, _beta, log_decay=-_gates["head"]),
            ValueError,
            "log_decay: expected numbers at or below zero",
        ),
        (
            call(_q, _k, _v, _beta, log_decay=_gates["head"][..., 0]),
            ValueError,
            "log_decay: expected a last dimension of 1",
        ),
        (call(_q, _k, _v, _beta, state=[0.0]), TypeError, "state: expected a ARRAY, got list"),
        (
            call(_q, _k, _v, _beta, state=_state.swapaxes(-1, -2)),
            ValueError,
            "state: expected shape (*batch, n_kv_heads, d_k, d_v)",
        ),
        (call(_q, _k, _v, _beta, scale=np.nan), ValueError, "scale: expected a finite number"),
        (call(_q, _k, _v, _beta, scale="big"), TypeError, "scale: expected a number, got str"),
    ]


GOOD = {
    "l2_normalize": [
        call(normal(2, 3, D_K)),
        call(np.array([[3.0, 4.0], [0.0, 0.0], [1e-8, 0.0]])),
        call(normal(D_K), eps=10.0),
        call(1e150 * normal(3, D_K)),
    ],
    "delta_rule_recurrent": _calls(),
    "delta_rule_chunked": [
        *_calls(chunk_len=2),
        *[
            call(_q, _k, _v, _beta, log_decay=gates, state=_state, chunk_len=n)
            for n in (1, 3, 5, 9)
            for gates in _gates.values()
        ],
        call(_q, _k, _v, _beta),
    ],
    "delta_rule_parallel": _calls(),
}

BAD = {
    "l2_normalize": [
        (call([1.0]), TypeError, "x: expected a ARRAY, got list"),
        (call(np.array(1.0)), ValueError, "x: expected shape (*batch, d_k), got ()"),
        (call(_k, eps=0.0), ValueError, "eps: expected a number above zero, got 0.0"),
        (call(_k, eps="small"), TypeError, "eps: expected a number, got str"),
    ],
    "delta_rule_recurrent": _refused(),
    "delta_rule_chunked": [
        *_refused(),
        (call(_q, _k, _v, None), TypeError, "beta: expected a "),
        (call(_q, _k, _v, _beta, chunk_len=0), ValueError, "chunk_len: expected at least 1, got 0"),
        (call(_q, _k, _v, _beta, chunk_len=2.0), TypeError, "chunk_len: expected a whole number"),
    ],
    "delta_rule_parallel": _refused(),
}

#: The state.
FLOAT32 = {f"delta_rule_{form}": (1,) for form in ("recurrent", "chunked", "parallel")}
