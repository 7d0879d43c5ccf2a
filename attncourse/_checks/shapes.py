"""Which shapes fit together."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from attncourse._checks.looking import traced
from attncourse._checks.numbers import count


def shapes(**arrays: tuple[Any, str | tuple]) -> dict[str, Any]:
    """Bind the dimensions that each pattern names, and raise where two arrays disagree.

    ``shapes(q=(q, "*batch q_len d_k"), k=(k, "*batch kv_len d_k"))`` gives ``d_k`` and the others
    by name. A leading ``*name`` takes any number of dimensions. A tuple in place of a string may
    hold sizes: ``w=(w, (n_rows, "d_k"))``.
    """
    asked = tuple((name, pattern, tuple(a.shape)) for name, (a, pattern) in arrays.items())
    if traced():
        return _bind(asked)
    try:
        return dict(_bound(asked))
    except TypeError:  # an export keeps sizes open, and an open size cannot be looked up
        return _bind(asked)


def _bind(asked: tuple[tuple[str, str | tuple, tuple], ...]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    source: dict[str, str] = {}
    for name, pattern, shape in asked:
        dims = pattern.split() if isinstance(pattern, str) else pattern
        dims = [int(d) if isinstance(d, str) and d.isdigit() else d for d in dims]
        starred = isinstance(dims[0], str) and dims[0].startswith("*")
        n_leading = len(shape) - (len(dims) - 1) if starred else 0
        fits = n_leading >= 0 if starred else len(shape) == len(dims)
        found: dict[str, Any] = {}
        if fits:
            sizes = [shape[:n_leading], *shape[n_leading:]] if starred else shape
            pairs = [*zip(dims, sizes, strict=True)]
            found = {dim: size for dim, size in pairs if isinstance(dim, str)}
            fits = all(
                size == (known.get(dim, found[dim]) if isinstance(dim, str) else dim)
                for dim, size in pairs
            )
        if not fits:
            named = [dim for dim in dims if isinstance(dim, str)]
            bound = [
                f"{d} = {known[d]} (from {source[d]})" for d in named if known.get(d, ()) != ()
            ]
            raise ValueError(
                f"{name}: expected shape ({', '.join(map(str, dims))})"
                + (f" with {', '.join(bound)}" if bound else "")
                + f", got {shape}."
            )
        for dim, size in found.items():
            known.setdefault(dim, size)
            source.setdefault(dim, name)
    return known


#: A layer asks the same of the same shapes at every step: four of five microseconds are saved.
_bound = lru_cache(maxsize=4096)(_bind)


def among(shape: tuple[int, ...], *others: tuple[int, ...]) -> bool:
    """Say whether a shape is one of these.

    Their number of dimensions is compared first: a compiler that keeps a length open would
    otherwise settle that it is never the size of the batch.
    """
    return any(len(shape) == len(other) and tuple(shape) == tuple(other) for other in others)


def broadcasts(name: str, array: Any, target: tuple[int, ...], what: str) -> None:
    """Raise unless ``array`` broadcasts to ``target``, the shape of ``what``."""
    shape, target = tuple(array.shape), tuple(target)
    tail = target[len(target) - len(shape) :]
    if len(shape) > len(target) or any(
        size != 1 and size != wanted for size, wanted in zip(shape, tail, strict=True)
    ):
        raise ValueError(
            f"{name}: expected a shape that broadcasts to {what}, {target}, got {shape}."
        )


def axis(array: Any, axis: int) -> None:
    """Raise unless ``array`` has this axis, with at least one entry along it."""
    n_dims = len(array.shape)
    if not -n_dims <= count("axis", axis, minimum=None) < n_dims:
        raise ValueError(f"axis: expected an axis of the {n_dims}-dimensional array, got {axis}.")
    if array.shape[axis] == 0:
        raise ValueError(
            f"axis: expected at least one entry along axis {axis}, got shape {tuple(array.shape)}."
        )


def size_one_along(name: str, array: Any, of: Any, axis: int) -> None:
    """Raise unless ``array`` has the shape of ``of``, but with size one along ``axis``."""
    wanted = list(of.shape)
    wanted[axis] = 1
    if tuple(array.shape) != tuple(wanted):
        raise ValueError(f"{name}: expected shape {tuple(wanted)}, got {tuple(array.shape)}.")
