"""What every public function asks of its arguments, in one wording for both libraries.

A check reads ``shape``, ``dtype`` and ``device`` only, which NumPy arrays and PyTorch tensors both
have; it imports neither library. Each raises one error that says what was expected, what came and,
where it is not obvious, what to do.
"""

from __future__ import annotations

import math
import operator
from typing import Any

FLOATING = ("float16", "bfloat16", "float32", "float64")
INTEGER = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def dtype_name(array: Any) -> str:
    """Give the dtype's bare name: ``float32`` for ``torch.float32`` and ``numpy.float32``."""
    return getattr(array.dtype, "name", str(array.dtype)).removeprefix("torch.")


def _type_name(kind: type) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _array(kind: type, name: str, array: Any) -> None:
    if not isinstance(array, kind):
        raise TypeError(f"{name}: expected a {_type_name(kind)}, got {_type_name(type(array))}.")


def floating(kind: type, **arrays: Any) -> None:
    """Raise unless each array is of type ``kind`` with a floating dtype, the same for all."""
    for name, array in arrays.items():
        _array(kind, name, array)
        if dtype_name(array) not in FLOATING:
            hint = (
                "a boolean array is a mask: pass it as mask="
                if dtype_name(array) == "bool"
                else "convert it to floating point first"
            )
            raise TypeError(
                f"{name}: expected a floating dtype ({', '.join(FLOATING)}), "
                f"got {dtype_name(array)}; {hint}."
            )
    if len({dtype_name(array) for array in arrays.values()}) > 1:
        found = ", ".join(f"{name} {dtype_name(array)}" for name, array in arrays.items())
        raise TypeError(f"Expected one floating dtype for all, got {found}; convert them to one.")


def boolean(kind: type, **arrays: Any) -> None:
    """Raise unless each array is a boolean array of type ``kind``."""
    for name, array in arrays.items():
        _array(kind, name, array)
        if dtype_name(array) != "bool":
            hint = (
                "an additive mask is a bias: pass it as bias="
                if dtype_name(array) in FLOATING
                else f"write {name} != 0 if non-zero means may attend"
            )
            raise TypeError(
                f"{name}: expected a boolean array in which True means may attend, "
                f"got {dtype_name(array)}; {hint}."
            )


def integer(kind: type, **arrays: Any) -> None:
    """Raise unless each array is an integer array of type ``kind``."""
    for name, array in arrays.items():
        _array(kind, name, array)
        if dtype_name(array) not in INTEGER:
            raise TypeError(f"{name}: expected an integer array, got {dtype_name(array)}.")


def one_device(**arrays: Any) -> None:
    """Raise unless all arrays that are given live on one device."""
    devices = {name: str(array.device) for name, array in arrays.items() if array is not None}
    if len(set(devices.values())) > 1:
        found = ", ".join(f"{name} on {device}" for name, device in devices.items())
        raise ValueError(f"Expected all arrays on one device, got {found}; move them to one.")


def shapes(**arrays: tuple[Any, str]) -> dict[str, Any]:
    """Bind the dimensions that each pattern names, and raise where two arrays disagree.

    ``shapes(q=(q, "*batch q_len d_k"), k=(k, "*batch kv_len d_k"))`` gives ``d_k`` and the others
    by name. A leading ``*name`` takes any number of dimensions.
    """
    known: dict[str, Any] = {}
    source: dict[str, str] = {}
    for name, (array, pattern) in arrays.items():
        shape, dims = tuple(array.shape), pattern.split()
        starred = dims[0].startswith("*")
        n_leading = len(shape) - (len(dims) - 1) if starred else 0
        fits = n_leading >= 0 if starred else len(shape) == len(dims)
        found: dict[str, Any] = {}
        if fits:
            sizes = [shape[:n_leading], *shape[n_leading:]] if starred else shape
            found = dict(zip(dims, sizes, strict=True))
            fits = all(
                size == (int(dim) if dim.isdigit() else known.get(dim, size))
                for dim, size in found.items()
            )
        if not fits:
            bound = [f"{d} = {known[d]} (from {source[d]})" for d in dims if known.get(d, ()) != ()]
            raise ValueError(
                f"{name}: expected shape ({', '.join(dims)})"
                + (f" with {', '.join(bound)}" if bound else "")
                + f", got {shape}."
            )
        for dim, size in found.items():
            known.setdefault(dim, size)
            source.setdefault(dim, name)
    return known


def broadcasts(name: str, array: Any, target: tuple[int, ...], what: str) -> None:
    """Raise unless ``array`` broadcasts to ``target``, the shape of ``what``."""
    shape, target = tuple(array.shape), tuple(target)
    tail = target[len(target) - len(shape) :]
    if len(shape) > len(target) or any(
        size not in (1, wanted) for size, wanted in zip(shape, tail, strict=True)
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


def count(name: str, value: Any, minimum: int | None = 0, maximum: int | None = None) -> int:
    """Give ``value`` as an int, and raise unless it is a whole number within the bounds."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name}: expected a whole number, got {value!r}.")
    if minimum is not None and number < minimum:
        raise ValueError(f"{name}: expected at least {minimum}, got {number}.")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name}: expected at most {maximum}, got {number}.")
    return number


def positive(name: str, value: Any) -> None:
    """Raise unless ``value`` is a finite number above zero."""
    real(name, value)
    if value <= 0:
        raise ValueError(f"{name}: expected a number above zero, got {value!r}.")


def real(name: str, value: Any) -> None:
    """Raise unless ``value`` is a finite real number."""
    try:
        finite = math.isfinite(value)
    except TypeError:
        raise TypeError(f"{name}: expected a number, got {_type_name(type(value))}.") from None
    if isinstance(value, bool):
        raise TypeError(f"{name}: expected a number, got {value!r}.")
    if not finite:
        raise ValueError(f"{name}: expected a finite number, got {value!r}.")


def heads(n_heads: int, n_kv_heads: int) -> None:
    """Raise unless the query heads divide evenly among the key and value heads."""
    if n_kv_heads == 0 or n_heads % n_kv_heads:
        raise ValueError(
            f"n_heads: expected a multiple of n_kv_heads = {n_kv_heads}, got {n_heads}; "
            "each key and value head serves the same number of query heads."
        )


def size_one_along(name: str, array: Any, of: Any, axis: int) -> None:
    """Raise unless ``array`` has the shape of ``of``, but with size one along ``axis``."""
    wanted = list(of.shape)
    wanted[axis] = 1
    if tuple(array.shape) != tuple(wanted):
        raise ValueError(f"{name}: expected shape {tuple(wanted)}, got {tuple(array.shape)}.")


def divides(name: str, value: Any, what: str, size: int) -> None:
    """Raise unless ``value`` is a whole number, at least one, that divides ``size``."""
    if size % count(name, value, minimum=1):
        raise ValueError(f"{name}: expected a divisor of {what}, {size}, got {value}.")


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
