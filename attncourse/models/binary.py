"""Files of weights: numbers, names and arrays one behind the other."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

#: GGUF's numbers by their code, as ``struct`` writes them.
_NUMBERS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
_STRING, _LIST = 8, 9
#: GGUF's arrays by their code: numbers in a block, and how the block is written.
_HALF = ("scale", "<f2")
_BLOCKS = {
    0: (1, np.dtype([("values", "<f4")])),
    1: (1, np.dtype([("values", "<f2")])),
    3: (32, np.dtype([_HALF, ("lowest", "<f2"), ("pairs", "u1", 16)])),  # Q4_1
    8: (32, np.dtype([_HALF, ("values", "i1", 32)])),  # Q8_0
}
#: CTranslate2's arrays by their code.
_DTYPES = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}


class _Cursor:
    """Where we are in a file."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self, kind: str) -> Any:
        (value,) = struct.unpack_from(f"<{kind}", self.data, self.at)
        self.at += struct.calcsize(f"<{kind}")
        return value

    def text(self, length: str) -> str:
        """A string behind its length."""
        n = self.number(length)
        self.at += n
        return self.data[self.at - n : self.at].decode("utf-8")

    def value(self, kind: int) -> Any:
        """A value of GGUF's: a number, a string or a list."""
        if kind == _STRING:
            return self.text("Q")
        if kind == _LIST:
            inner, n = self.number("I"), self.number("Q")
            return [self.value(inner) for _ in range(n)]
        return self.number(_NUMBERS[kind])


def read_gguf(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a GGUF file, the format of llama.cpp: what it says of itself, and its arrays.

    Arrays of 4 and 8 bits become float32: 32 numbers share a scale, and in Q4_1 a lowest value.
    """
    file = _Cursor(data)
    magic, version, n_arrays, n_facts = (file.number(kind) for kind in ("4s", "I", "Q", "Q"))
    if (magic, version) != (b"GGUF", 3):
        raise ValueError(f"expected a GGUF file of version 3, got {magic!r}, version {version}.")
    facts: dict[str, Any] = {}
    for _ in range(n_facts):
        name = file.text("Q")
        facts[name] = file.value(file.number("I"))
    found = []
    for _ in range(n_arrays):
        name = file.text("Q")
        shape = [file.number("Q") for _ in range(file.number("I"))][::-1]
        found.append((name, shape, file.number("I"), file.number("Q")))
    edge = facts.get("general.alignment", 32)
    start = -(-file.at // edge) * edge
    return facts, {
        name: _unpacked(data, start + offset, shape, kind) for name, shape, kind, offset in found
    }


def _unpacked(data: bytes, at: int, shape: list[int], kind: int) -> np.ndarray:
    n, block = _BLOCKS[kind]
    blocks = np.frombuffer(data, block, int(np.prod(shape)) // n, at)
    if "pairs" in (block.names or ()):  # the low halves of the bytes come first, then the high ones
        values = np.concatenate([blocks["pairs"] & 15, blocks["pairs"] >> 4], axis=-1)
    else:
        values = blocks["values"]
    numbers = values.astype(np.float32)
    if "scale" in (block.names or ()):
        numbers *= blocks["scale"].astype(np.float32)[:, None]
    if "lowest" in (block.names or ()):
        numbers += blocks["lowest"].astype(np.float32)[:, None]
    return numbers.reshape(shape)


def read_ctranslate2(data: bytes) -> dict[str, np.ndarray]:
    """Read a model of CTranslate2's: its arrays, halves as float32."""
    file = _Cursor(data)
    version, _, _, n_arrays = file.number("I"), file.text("H"), file.number("I"), file.number("I")
    if version != 6:
        raise ValueError(f"expected a CTranslate2 model of version 6, got version {version}.")
    arrays: dict[str, np.ndarray] = {}
    for _ in range(n_arrays):
        name = file.text("H").rstrip("\0")
        shape = [file.number("I") for _ in range(file.number("B"))]
        dtype, n_bytes = np.dtype(_DTYPES[file.number("B")]), file.number("I")
        array = np.frombuffer(data, dtype, n_bytes // dtype.itemsize, file.at).reshape(shape)
        arrays[name] = array.astype(np.float32 if dtype == "<f2" else dtype)
        file.at += n_bytes
    return arrays
