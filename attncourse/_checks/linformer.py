"""What attention over projected keys and values takes."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import floating, one_device
from attncourse._checks.attention import attention
from attncourse._checks.shapes import shapes


def shortened(
    kind: type, q: Any, k: Any, v: Any, key_projection: Any, value_projection: Any
) -> None:
    """Check queries, keys and values, and what shortens the keys and the values."""
    projections = {"key_projection": key_projection, "value_projection": value_projection}
    floating(kind, q=q, k=k, v=v, **projections)
    one_device(q=q, k=k, v=v, **projections)
    attention(kind, q, k, v)
    one_head = len(k.shape) == 2
    known = {"k": (k, "kv_len d_k" if one_head else "*batch n_kv_heads kv_len d_k")}
    for name, projection in projections.items():
        shared = one_head or len(projection.shape) == 2
        pattern = "n_projected kv_len" if shared else "n_kv_heads n_projected kv_len"
        known[name] = (projection, pattern)
    shapes(**known)
