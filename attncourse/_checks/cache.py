"""What caches take: their states, and what is written into them."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import floating, integer, one_device
from attncourse._checks.looking import looked_at
from attncourse._checks.numbers import count
from attncourse._checks.shapes import axis as has_axis
from attncourse._checks.shapes import shapes


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


def slots(kind: type, cache: Any, *new_kv: Any) -> None:
    """Check a cache of slots with a length for each sequence, and what is to be written."""
    new = dict(zip("kv", new_kv, strict=False))
    floating(kind, **{"cache.k": cache.k, "cache.v": cache.v}, **new)
    integer(kind, **{"cache.lengths": cache.lengths})
    arrays = {"cache.k": cache.k, "cache.v": cache.v, "cache.lengths": cache.lengths, **new}
    one_device(**arrays)
    patterns = {
        "cache.k": "batch n_kv_heads n_slots d_k",
        "cache.v": "batch n_kv_heads n_slots d_v",
        "cache.lengths": "batch",
        "k": "batch n_kv_heads seq d_k",
        "v": "batch n_kv_heads seq d_v",
    }
    shapes(**{name: (array, patterns[name]) for name, array in arrays.items()})


def pages(kind: type, cache: Any, *new_kv: Any) -> None:
    """Check a cache of pages, and what is to be written."""
    new = dict(zip("kv", new_kv, strict=False))
    fields = {f"cache.{name}": array for name, array in cache._asdict().items()}
    floats = {"cache.k": cache.k, "cache.v": cache.v, **new}
    floating(kind, **floats)
    integer(kind, **{name: array for name, array in fields.items() if name not in floats})
    one_device(**fields, **new)
    patterns = {
        "cache.k": "n_pages n_kv_heads page_size d_k",
        "cache.v": "n_pages n_kv_heads page_size d_v",
        "cache.block_table": "batch max_pages",
        "cache.lengths": "batch",
        "cache.ref_counts": "n_pages",
        "k": "batch n_kv_heads seq d_k",
        "v": "batch n_kv_heads seq d_v",
    }
    shapes(**{name: (array, patterns[name]) for name, array in {**fields, **new}.items()})
    between("cache.block_table", cache.block_table, -1, cache.k.shape[0] - 1)


def counts(kind: type, counts: Any, lengths: Any, seq: int) -> None:
    """Check how many of ``seq`` new positions are real, a number for each sequence."""
    integer(kind, counts=counts)
    one_device(counts=counts, cache=lengths)
    shapes(cache=(lengths, "batch"), counts=(counts, "batch"))
    between("counts", counts, 0, seq)


def between(name: str, array: Any, minimum: int, maximum: int) -> None:
    """Raise unless all entries lie within the bounds, where entries can be looked at."""
    if looked_at(array) and 0 not in array.shape:
        low, high = int(array.min()), int(array.max())
        if low < minimum or high > maximum:
            raise ValueError(
                f"{name}: expected numbers from {minimum} to {maximum}, "
                f"got {low if low < minimum else high}."
            )


def room(what: str, needed: Any, free: Any, hint: str) -> None:
    """Raise if more is needed than there is free, where numbers can be looked at."""
    if looked_at(needed) and 0 not in needed.shape and (most := int(needed.max())) > int(free):
        raise ValueError(f"cache: expected room for {most} {what}, got {int(free)}; {hint}.")


def new_queries(kind: type, q: Any, k: Any) -> None:
    """Check that each new query comes with a key: both of the same new position."""
    floating(kind, q=q, k=k)
    one_device(q=q, k=k)
    shapes(q=(q, "batch n_heads q_len d_k"), k=(k, "batch n_kv_heads q_len d_k"))


def scattered(past: Any, update: Any, write_indices: Any, axis: int) -> tuple[int, int]:
    """Check the arrays of a scatter along an axis; give the number of slots and of new rows."""
    has_axis(past, axis)
    n_dims = len(past.shape)
    if axis % n_dims == 0:
        raise ValueError(f"axis: expected another axis than that of the batch, got {axis}.")
    wanted = list(past.shape)
    wanted[axis] = tuple(update.shape)[axis] if len(update.shape) == n_dims else "n_new"
    if tuple(update.shape) != tuple(wanted):
        raise ValueError(
            f"update: expected shape ({', '.join(map(str, wanted))}), the shape of past but for "
            f"axis {axis}, got {tuple(update.shape)}."
        )
    if tuple(write_indices.shape) != (past.shape[0],):
        raise ValueError(
            f"write_indices: expected shape (batch,) = ({past.shape[0]},), "
            f"got {tuple(write_indices.shape)}."
        )
    n_slots = past.shape[axis]
    return n_slots, count("update's rows", wanted[axis], maximum=n_slots)


def sequence(name: str, index: Any, lengths: Any, *, empty: bool = False) -> None:
    """Raise unless ``index`` is a sequence of the batch, and an empty one if that is asked for."""
    count(name, index, maximum=lengths.shape[0] - 1)
    if empty and looked_at(lengths) and (used := int(lengths[index])):
        raise ValueError(
            f"{name}: expected an empty sequence, got {index}, which has {used} positions; "
            "free it first."
        )


def shared_length(length: Any, available: Any) -> Any:
    """Give how many positions are shared: all, if not said; never more than there are."""
    if length is None:
        return available
    maximum = int(available) if looked_at(available) else None
    return count("length", length, maximum=maximum)
