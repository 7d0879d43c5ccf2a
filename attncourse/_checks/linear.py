"""What linear attention and the delta rule take: queries, keys, values, gates and a state."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import boolean, floating, one_device
from attncourse._checks.attention import heads
from attncourse._checks.looking import looked_at
from attncourse._checks.numbers import count, real
from attncourse._checks.shapes import broadcasts, shapes

#: The last dimensions of what is carried from one call to the next.
STATES = {"key_value_sum": "d_k d_v", "key_sum": "d_k", "state": "d_k d_v"}


def linear_attention(
    kind: type,
    q: Any,
    k: Any,
    v: Any,
    *,
    scale: float | None = None,
    mask: Any = None,
    **states: Any,
) -> dict[str, Any]:
    """Check queries, keys, values, a mask over the keys and the states, and give the sizes."""
    floating(kind, q=q, k=k, v=v)
    for name, state in states.items():
        floating(kind, **{name: state})
    one_head = len(q.shape) == 2
    lead = "" if one_head else "*batch n_kv_heads "
    dims = shapes(
        q=(q, "q_len d_k" if one_head else "*batch n_heads q_len d_k"),
        k=(k, lead + "kv_len d_k"),
        v=(v, lead + "kv_len d_v"),
        **{name: (state, lead + STATES[name]) for name, state in states.items()},
    )
    if not one_head:
        heads(dims["n_heads"], dims["n_kv_heads"])
    count("kv_len", dims["kv_len"], minimum=1)
    count("d_k", dims["d_k"], minimum=1)
    if mask is not None:
        boolean(kind, mask=mask)
        target = (*k.shape[:-2], 1, k.shape[-2])
        broadcasts("mask", mask, target, "the keys, which all queries share")
    if scale is not None:
        real("scale", scale)
    one_device(q=q, k=k, v=v, mask=mask, **states)
    return dims


def recurrence(
    kind: type, q: Any, k: Any, v: Any, *, log_decay: Any = None, beta: Any = None, **others: Any
) -> None:
    """Check what goes through the sequence step by step: queries, keys, values and gates."""
    dims = linear_attention(kind, q, k, v, **others)
    if dims["q_len"] != dims["kv_len"]:
        raise ValueError(
            f"q: expected as many queries as keys, got q_len = {dims['q_len']} and "
            f"kv_len = {dims['kv_len']}; each step takes in one key and answers one query. What "
            "came before stands in the state."
        )
    if log_decay is not None:
        log_gate(kind, log_decay)
        shape, last = tuple(log_decay.shape), tuple(log_decay.shape[-1:])
        if last not in ((), (1,), (dims["d_k"],)):
            raise ValueError(
                f"log_decay: expected a last dimension of 1 (one gate a head) or "
                f"d_k = {dims['d_k']} (one a feature), got shape {shape}."
            )
        broadcasts("log_decay", log_decay, k.shape, "k")
    if beta is not None:
        floating(kind, beta=beta)
        broadcasts("beta", beta, k.shape[:-1], "k without its last dimension")
    one_device(q=q, log_decay=log_decay, beta=beta)


def log_gate(kind: type, log_decay: Any) -> None:
    """Raise unless these are logarithms of gates, so at or below zero."""
    floating(kind, log_decay=log_decay)
    if looked_at(log_decay) and bool((log_decay > 0).any()):
        raise ValueError(
            f"log_decay: expected numbers at or below zero, got {float(log_decay.max()):g}; "
            "pass the logarithm of a gate between 0 and 1, not the gate."
        )


def random_features(kind: type, projection: Any, *, name: str = "projection", **x: Any) -> None:
    """Check the rows that make random features, and that they are as wide as ``x``, if given."""
    for label, array in x.items():
        floating(kind, **{label: array})
    floating(kind, **{name: projection})
    arrays = {label: (array, "*batch d_k") for label, array in x.items()}
    dims = shapes(**arrays, **{name: (projection, "n_features d_k")})
    count("n_features", dims["n_features"], minimum=1)
    count("d_k", dims["d_k"], minimum=1)
    one_device(**x, **{name: projection})
