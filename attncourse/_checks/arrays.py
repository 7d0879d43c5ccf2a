"""What kind of array: its type, its dtype, its device, and no NaN in it."""

from __future__ import annotations

import math
from typing import Any

from attncourse._checks.looking import asked_to_look, autocast, looked_at

FLOATING = ("float16", "bfloat16", "float32", "float64")
INTEGER = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def dtype_name(array: Any) -> str:
    """Give the dtype's bare name: ``float32`` for ``torch.float32`` and ``numpy.float32``."""
    return getattr(array.dtype, "name", str(array.dtype)).removeprefix("torch.")


def type_name(kind: type) -> str:
    """Give the name that an error shows: ``list``, ``numpy.ndarray``, ``torch.Tensor``."""
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _array(kind: type, name: str, array: Any) -> None:
    if not isinstance(array, kind):
        raise TypeError(f"{name}: expected a {type_name(kind)}, got {type_name(type(array))}.")


def no_nan(**arrays: Any) -> None:
    """Raise if an array holds a NaN: it would spread silently over whole rows."""
    for name, array in arrays.items():
        if found := int((array != array).sum()):
            raise ValueError(
                f"{name}: expected numbers, got NaN in {found} of {math.prod(array.shape)} "
                "entries; look for it in the step before this one."
            )


def floating(kind: type, **arrays: Any) -> None:
    """Raise unless each array is a ``kind`` with one floating dtype for all, and without NaN."""
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
    if len({array.dtype for array in arrays.values()}) > 1 and not autocast(array):
        found = ", ".join(f"{name} {dtype_name(array)}" for name, array in arrays.items())
        raise TypeError(f"Expected one floating dtype for all, got {found}; convert them to one.")
    # NumPy's were looked at when the outermost function was called.
    if kind.__module__ != "numpy" and asked_to_look():
        no_nan(**{name: array for name, array in arrays.items() if looked_at(array)})


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
    devices = [array.device for array in arrays.values() if array is not None]
    if any(device != devices[0] for device in devices):
        given = {name: array for name, array in arrays.items() if array is not None}
        found = ", ".join(f"{name} on {array.device}" for name, array in given.items())
        raise ValueError(f"Expected all arrays on one device, got {found}; move them to one.")
