"""What latent attention takes."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import floating, integer, one_device
from attncourse._checks.numbers import divides
from attncourse._checks.shapes import shapes

#: The fields of the parameters that may be None.
OPTIONAL = ("kv_norm", "w_query_down", "query_norm")


def latent(
    kind: type,
    x: Any,
    parameters: Any,
    frequencies: Any,
    *,
    n_heads: int,
    cache: Any = None,
    positions: Any = None,
) -> None:
    """Check the arrays that latent attention takes."""
    given = {
        name: array
        for prefix, fields in (("", parameters), ("cache.", cache))
        if fields is not None
        for name, array in ((prefix + field, part) for field, part in fields._asdict().items())
        if array is not None or name not in OPTIONAL
    }
    floating(kind, x=x, **given)
    floating(kind, frequencies=frequencies)
    if positions is not None:
        integer(kind, positions=positions)
    one_device(x=x, **given, frequencies=frequencies, positions=positions)
    if parameters.query_norm is not None and parameters.w_query_down is None:
        raise ValueError("query_norm: expected None without w_query_down, whose result it scales.")
    query = "d_model" if parameters.w_query_down is None else "q_rank"
    patterns = {
        "x": "*batch seq d_model",
        "w_query_down": "d_model q_rank",
        "query_norm": "q_rank",
        "w_query_up": f"{query} n_heads*d_nope",
        "w_query_rope": f"{query} n_heads*d_rope",
        "w_kv_down": "d_model kv_rank",
        "kv_norm": "kv_rank",
        "w_key_up": "kv_rank n_heads*d_nope",
        "w_key_rope": "d_model d_rope",
        "w_value_up": "kv_rank n_heads*d_v",
        "w_out": "n_heads*d_v d_out",
        "cache.latents": "*batch kv_len kv_rank",
        "cache.rotary_keys": "*batch kv_len d_rope",
    }
    arrays = {"x": x, **given}
    dims = shapes(**{name: (arrays[name], p) for name, p in patterns.items() if name in arrays})
    divides("n_heads", n_heads, "the width of w_query_up", dims["n_heads*d_nope"])
    divides("n_heads", n_heads, "the width of w_value_up", dims["n_heads*d_v"])
    if dims["n_heads*d_rope"] != n_heads * dims["d_rope"]:
        raise ValueError(
            f"w_query_rope: expected shape ({query}, n_heads*d_rope) with n_heads = {n_heads} and "
            f"d_rope = {dims['d_rope']} (from w_key_rope), "
            f"got {tuple(parameters.w_query_rope.shape)}."
        )
    if tuple(frequencies.shape) != (dims["d_rope"] // 2,) or dims["d_rope"] % 2:
        raise ValueError(
            f"frequencies: expected shape (d_rope / 2,) with d_rope = {dims['d_rope']} "
            f"(from w_key_rope), got {tuple(frequencies.shape)}."
        )
    if positions is not None and len(positions.shape) > 1:
        shapes(x=(x, "*batch seq d_model"), positions=(positions, "*batch seq"))
    elif positions is not None:
        shapes(x=(x, "*batch seq d_model"), positions=(positions, "seq"))
