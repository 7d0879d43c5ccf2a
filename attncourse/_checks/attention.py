"""What attention and its layers take."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import boolean, floating, one_device
from attncourse._checks.looking import once_for_each_kind
from attncourse._checks.numbers import count, divides, fraction
from attncourse._checks.shapes import broadcasts, shapes


def heads(n_heads: int, n_kv_heads: int) -> None:
    """Raise unless the query heads divide evenly among the key and value heads."""
    if n_kv_heads == 0 or n_heads % n_kv_heads:
        raise ValueError(
            f"n_heads: expected a multiple of n_kv_heads = {n_kv_heads}, got {n_heads}; "
            "each key and value head serves the same number of query heads."
        )


@once_for_each_kind
def attention(
    kind: type, q: Any, k: Any, v: Any, *, mask: Any = None, bias: Any = None, sinks: Any = None
) -> tuple[int, ...]:
    """Check the arrays that attention takes, and give the shape of its scores."""
    floating(kind, q=q, k=k, v=v)
    one_head = len(q.shape) == 2
    dims = shapes(
        q=(q, "q_len d_k" if one_head else "*batch n_heads q_len d_k"),
        k=(k, "kv_len d_k" if one_head else "*batch n_kv_heads kv_len d_k"),
        v=(v, "kv_len d_v" if one_head else "*batch n_kv_heads kv_len d_v"),
    )
    n_heads = dims.get("n_heads", 1)
    heads(n_heads, dims.get("n_kv_heads", 1))
    count("n_heads", n_heads, minimum=1)
    count("d_k", dims["d_k"], minimum=1)
    scores_shape = (*q.shape[:-1], count("kv_len", dims["kv_len"], minimum=1))
    if mask is not None:
        boolean(kind, mask=mask)
        broadcasts("mask", mask, scores_shape, "the scores")
    if bias is not None:
        floating(kind, bias=bias)
        broadcasts("bias", bias, scores_shape, "the scores")
    if sinks is not None:
        floating(kind, sinks=sinks)
        if tuple(sinks.shape) != (n_heads,):
            raise ValueError(
                f"sinks: expected shape (n_heads,) = ({n_heads},), got {tuple(sinks.shape)}."
            )
    one_device(q=q, k=k, v=v, mask=mask, bias=bias, sinks=sinks)
    return scores_shape


def dropout(
    kind: type, share: float, noise: Any, q: Any, scores: tuple[int, ...], drawn: bool
) -> None:
    """Check what sets weights to zero: a share below one, and numbers unless they are drawn."""
    if share == 0 and noise is None:
        return
    fraction("dropout", share)
    if share == 1:
        raise ValueError("dropout: expected a share below 1, which would leave no weight, got 1.")
    if noise is not None:
        floating(kind, noise=noise)
        broadcasts("noise", noise, scores, "the scores")
        one_device(q=q, noise=noise)
    elif not drawn:
        raise ValueError("noise: expected uniform numbers that say what is dropped, got None.")


@once_for_each_kind
def projections(
    kind: type,
    x: Any,
    context: Any,
    w_query: Any,
    w_key: Any,
    w_value: Any,
    w_out: Any,
    *,
    n_heads: int,
    n_kv_heads: int,
) -> None:
    """Check the arrays that attention with heads takes."""
    weights = {"w_query": w_query, "w_key": w_key, "w_value": w_value, "w_out": w_out}
    floating(kind, x=x, context=context, **weights)
    one_device(x=x, context=context, **weights)
    shapes(
        x=(x, "*batch q_len d_model"),
        context=(context, "*batch kv_len d_context"),
        w_query=(w_query, "d_model n_heads*d_k"),
        w_key=(w_key, "d_context n_kv_heads*d_k"),
        w_value=(w_value, "d_context n_kv_heads*d_v"),
        w_out=(w_out, "n_heads*d_v d_out"),
    )
    divides("n_heads", n_heads, "the width of w_query", w_query.shape[-1])
    divides("n_kv_heads", n_kv_heads, "the width of w_key", w_key.shape[-1])
    divides("n_kv_heads", n_kv_heads, "the width of w_value", w_value.shape[-1])
    d_k, d_v = w_query.shape[-1] // n_heads, w_value.shape[-1] // n_kv_heads
    if w_key.shape[-1] != n_kv_heads * d_k:
        raise ValueError(
            f"w_key: expected shape (d_context, n_kv_heads*d_k) with n_kv_heads = {n_kv_heads} and "
            f"d_k = {d_k} (from w_query), got {tuple(w_key.shape)}."
        )
    if w_out.shape[0] != n_heads * d_v:
        raise ValueError(
            f"w_out: expected shape (n_heads*d_v, d_out) with n_heads = {n_heads} and "
            f"d_v = {d_v} (from w_value), got {tuple(w_out.shape)}."
        )
