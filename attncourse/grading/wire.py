"""What crosses the pipe between the grader and a worker: a JSON header and raw array bytes.

A message is four bytes of header length, the header, and the bytes of its arrays one after
another. Types come from a white list and every length is bounded before anything is allocated.
Nothing is ever unpickled, so the grader can read what hostile code has written.

The values of a call are None, numbers, arrays, tensors, and tuples of these. :func:`encode` turns
them into JSON in which an array is a number, its place among the message's arrays. A tensor
travels as an array with a word that it is one, so only a side that handles torch's tensors
imports torch.

This file runs on both sides and imports nothing of the course.
"""

from __future__ import annotations

import json
import math
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

HEADER_LIMIT = 256 * 1024
PAYLOAD_LIMIT = 64 * 1024 * 1024
MAX_ARRAYS = 64
MAX_AXES = 8
MAX_DEPTH = 8
DTYPES = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
_NDARRAY, _GENERIC = np.ndarray, np.generic


class WireError(Exception):
    """The other side wrote something that is not a message."""


@dataclass(frozen=True)
class Tensor:
    """A torch tensor, for a side that has no torch: its numbers, and the name of its dtype.

    A check hands one to :class:`attncourse.grading.checks.Call` where the learner's function takes
    tensors, and gets one back. ``bfloat16``, which NumPy lacks, has its numbers in float32.
    """

    array: np.ndarray
    dtype: str = ""

    def torch(self) -> Any:
        """The tensor itself, on the CPU. Imports torch."""
        import torch

        tensor = torch.from_numpy(self.array)
        return tensor.to(getattr(torch, self.dtype)) if self.dtype else tensor


def live(value: Any) -> Any:
    """A value as the learner's function gets it: each :class:`Tensor` becomes torch's own."""
    if isinstance(value, tuple):
        return tuple(live(part) for part in value)
    return value.torch() if isinstance(value, Tensor) else value


def plain(value: object) -> Any:
    """Return ``value`` as it crosses the pipe, or say in words what it is instead.

    Python's numbers stay what they are; NumPy's scalars become arrays without axes; tensors become
    :class:`Tensor`.

    Raises
    ------
    TypeError
        It is no None, number, plain array, tensor, or tuple of these; the message names its kind.
    """
    return _plain(value, 0)


def _plain(value: object, depth: int) -> Any:
    kind = type(value)
    if value is None or kind in (bool, float, Tensor):
        return value
    if kind is int:
        if abs(value) < 1 << 63:  # pyrefly: ignore
            return value
        raise TypeError("an integer too large for 64 bits (a float would do)")
    if kind is tuple:
        if depth == MAX_DEPTH:
            raise TypeError("tuples inside tuples without end")
        return tuple(_plain(part, depth + 1) for part in value)  # pyrefly: ignore
    if kind is _NDARRAY or (isinstance(value, _GENERIC) and kind.__module__ == "numpy"):
        return _native(np.asarray(value))
    # Only who has imported torch can hold a tensor.
    torch: Any = sys.modules.get("torch")
    if torch is not None and kind in (getattr(torch, "Tensor", None), _parameter(torch)):
        return _tensor(torch, value)
    raise TypeError(f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."))


def _native(array: np.ndarray) -> np.ndarray:
    """The same numbers in this machine's byte order, and no wider than float64."""
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.name not in DTYPES:
        raise TypeError(f"an array of dtype {array.dtype}")
    return array


def _parameter(torch: Any) -> Any:
    return getattr(getattr(torch, "nn", None), "Parameter", None)


def _tensor(torch: Any, value: Any) -> Tensor:
    if value.layout is not torch.strided or value.is_quantized or value.is_complex():
        raise TypeError("a tensor that is sparse, quantized or complex")
    value = value.detach().cpu()
    name = str(value.dtype).removeprefix("torch.")
    numbers = value.float() if name == "bfloat16" else value.resolve_neg()
    return Tensor(_native(numbers.numpy()), name)


def encode(value: Any, arrays: list[np.ndarray]) -> Any:
    """A :func:`plain` value as JSON; its arrays are added to ``arrays``."""
    if isinstance(value, tuple):
        return {"tuple": [encode(part, arrays) for part in value]}
    if isinstance(value, Tensor):
        arrays.append(value.array)
        return {"tensor": len(arrays) - 1, "dtype": value.dtype}
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    return value


def decode(node: Any, arrays: Sequence[np.ndarray]) -> Any:
    """The value that :func:`encode` was given.

    Raises
    ------
    WireError
        It is not as :func:`encode` would have written it.
    """
    return _decode(node, arrays, 0)


def _decode(node: Any, arrays: Sequence[np.ndarray], depth: int) -> Any:
    if node is None or type(node) in (bool, int, float):
        return node
    match node:
        case {"tuple": list(parts), **rest} if not rest and depth < MAX_DEPTH:
            return tuple(_decode(part, arrays, depth + 1) for part in parts)
        case {"array": int(i), **rest} if not rest and 0 <= i < len(arrays):
            return arrays[i]
        case {"tensor": int(i), "dtype": str(name), **rest} if not rest and 0 <= i < len(arrays):
            if name == "" or name in DTYPES or name == "bfloat16":
                return Tensor(arrays[i], name)
    raise WireError("a value that is not one")


def parts(value: Any) -> list[np.ndarray]:
    """All arrays of a value, in the order in which :func:`encode` sends them."""
    found: list[np.ndarray] = []
    encode(value, found)
    return found


def changed(before: Any, after: Any) -> bool:
    """Whether an argument is no longer what it was."""
    pairs = zip(parts(before), parts(after), strict=True)
    return any(
        a.shape != b.shape or a.dtype != b.dtype or a.tobytes() != b.tobytes() for a, b in pairs
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
    size = sum(a.nbytes for a in arrays)
    if max(len(text) / HEADER_LIMIT, size / PAYLOAD_LIMIT, len(arrays) / MAX_ARRAYS) > 1:
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
