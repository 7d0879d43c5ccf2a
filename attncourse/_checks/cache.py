"""What caches take: their states, and what is written into them."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import floating, one_device, type_name
from attncourse._checks.shapes import shapes


def state(name: str, value: Any, kind: type) -> None:
    """Raise unless ``value`` is a ``kind``, the named tuple that a step before this one gave."""
    if not isinstance(value, kind):
        raise TypeError(
            f"{name}: expected a {kind.__name__}, as the step before gives it, "
            f"got {type_name(type(value))}."
        )


def appended(kind: type, k: Any, v: Any, cache: Any = None) -> None:
    """Check new keys and values, and that they fit behind those of ``cache`` if there is one."""
    past = {} if cache is None else {"cache.k": cache.k, "cache.v": cache.v}
    floating(kind, k=k, v=v, **past)
    one_device(k=k, v=v, **past)
    one_head = len(k.shape) == 2
    batch = "" if one_head else "*batch n_kv_heads "
    patterns = {"k": "seq d_k", "v": "seq d_v", "cache.k": "kv_len d_k", "cache.v": "kv_len d_v"}
    arrays = {"k": k, "v": v, **past}
    shapes(**{name: (array, batch + patterns[name]) for name, array in arrays.items()})
