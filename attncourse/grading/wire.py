"""What crosses the pipe between the grader and a worker: a JSON header and raw array bytes.

A message is four bytes of header length, the header, and the bytes of its arrays one after
another. Types come from a white list and every length is bounded before anything is allocated.
Nothing is ever unpickled, so the grader can read what hostile code has written.

This file runs on both sides and imports nothing of the course.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Sequence
from typing import IO, Any

import numpy as np

HEADER_LIMIT = 256 * 1024
PAYLOAD_LIMIT = 64 * 1024 * 1024
MAX_ARRAYS = 16
MAX_AXES = 8
DTYPES = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
_NDARRAY, _GENERIC = np.ndarray, np.generic


class WireError(Exception):
    """The other side wrote something that is not a message."""


def plain(value: object) -> np.ndarray:
    """Return ``value`` as an ordinary array, or say in words what it is instead.

    Raises
    ------
    TypeError
        It is neither a plain NumPy array of numbers nor a number; the message names its kind.
    """
    kind = type(value)
    if kind is _NDARRAY:
        array = value
    elif kind in (bool, int, float) or (isinstance(value, _GENERIC) and kind.__module__ == "numpy"):
        array = np.array(value)
    elif value is None:
        raise TypeError("None")
    else:
        raise TypeError(f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."))
    if array.dtype.name not in DTYPES:  # pyrefly: ignore
        raise TypeError(f"an array of dtype {array.dtype}")  # pyrefly: ignore
    return array  # pyrefly: ignore


def changed(before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> tuple[int, ...]:
    """Which arguments are no longer what they were."""
    return tuple(
        i
        for i, (a, b) in enumerate(zip(before, after, strict=True))
        if a.shape != b.shape or a.dtype != b.dtype or a.tobytes() != b.tobytes()
    )


def describe(array: np.ndarray) -> dict[str, Any]:
    """The header entry of one array. Strides travel too: a view must arrive as a view."""
    entry: dict[str, Any] = {"dtype": array.dtype.name, "shape": list(array.shape)}
    if not array.flags.c_contiguous and array.size and min(array.strides) > 0:
        entry["strides"] = list(array.strides)
    return entry


def pack(header: dict[str, Any], arrays: Sequence[np.ndarray] = ()) -> bytes:
    """Encode one message."""
    text = json.dumps(header | {"arrays": [describe(a) for a in arrays]}).encode()
    if len(text) > HEADER_LIMIT or sum(a.nbytes for a in arrays) > PAYLOAD_LIMIT:
        raise WireError("the message is too large")
    body = [np.ascontiguousarray(a).tobytes() for a in arrays]
    return b"".join([struct.pack(">I", len(text)), text, *body])


def reader(source: IO[bytes]) -> Callable[[int], bytes]:
    """Give a function that reads exactly so many bytes, or raises EOFError at the end."""

    def read(count: int) -> bytes:
        data = source.read(count)
        if len(data) < count:
            raise EOFError
        return data

    return read


def unpack(read: Callable[[int], bytes]) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Read one message.

    Parameters
    ----------
    read
        ``read(n)`` returns exactly n bytes, or raises EOFError.

    Raises
    ------
    WireError
        Anything is not as :func:`pack` would have written it.
    EOFError
        The other side has gone.
    """
    (length,) = struct.unpack(">I", read(4))
    if length > HEADER_LIMIT:
        raise WireError("a header of impossible length")
    try:
        header = json.loads(read(length))
        entries = header["arrays"]
        sizes = [_size(entry) for entry in entries]
        if len(sizes) > MAX_ARRAYS or sum(sizes) > PAYLOAD_LIMIT:
            raise WireError("more array data than fits one message")
        return header, [_array(entry, read(n)) for entry, n in zip(entries, sizes, strict=True)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WireError(f"a header that is not one: {type(error).__name__}") from None


def _size(entry: dict[str, Any]) -> int:
    dtype, shape = entry["dtype"], entry["shape"]
    if dtype not in DTYPES:
        raise WireError(f"an array of dtype {str(dtype)[:40]!r}")
    if type(shape) is not list or len(shape) > MAX_AXES:
        raise WireError("an array shape that is not one")
    if any(type(n) is not int or not 0 <= n <= PAYLOAD_LIMIT for n in shape):
        raise WireError("an array shape that is not one")
    return math.prod(shape) * np.dtype(dtype).itemsize


def _array(entry: dict[str, Any], data: bytes) -> np.ndarray:
    shape, dtype = tuple(entry["shape"]), np.dtype(entry["dtype"])
    array = np.frombuffer(data, dtype=dtype).reshape(shape).copy()
    strides = entry.get("strides")
    if strides is None:
        return array
    extent = sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) + dtype.itemsize
    if not 0 < extent <= PAYLOAD_LIMIT or min(strides) <= 0:
        raise WireError("strides that fit no array")
    view = np.ndarray(shape, dtype, np.zeros(extent, np.uint8), strides=tuple(strides))
    view[...] = array
    return view
