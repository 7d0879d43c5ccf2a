"""One file a network, in the format of safetensors: a heading in JSON, then the numbers."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from attncourse.trained.rounding import restored

HERE = Path(__file__).parent
DTYPES = {"F32": np.dtype("<f4"), "I8": np.dtype("i1")}
#: Where each array starts, counted from the end of the heading, so that any language may view it.
EDGE = 8


class DamagedFile(ValueError):
    """A file that is not what :func:`pack` writes."""


@dataclass(frozen=True)
class Trained:
    """A network that is kept.

    Parameters
    ----------
    arrays
        Its numbers by name, restored to float64.
    record
        What made it, what it was judged on, and whatever else it needs to be used (its symbols).
    """

    arrays: Mapping[str, np.ndarray]
    record: Mapping[str, Any]


def path(name: str) -> Path:
    """Give the file of a network.

    Parameters
    ----------
    name
        What it is called.

    Examples
    --------
    >>> path("letters_to_sounds").name
    'letters_to_sounds.safetensors'
    """
    return HERE / f"{name}.safetensors"


def pack(arrays: Mapping[str, np.ndarray], record: Mapping[str, Any]) -> bytes:
    """Write arrays of int8 and float32, and a record, as bytes.

    The format is that of safetensors, whose own writer puts names in any order: the same network
    would have another hash each time.

    Parameters
    ----------
    arrays
        What :func:`attncourse.trained.rounded` gives.
    record
        Anything that JSON can hold.

    Examples
    --------
    >>> arrays, record = unpack(pack({"q": np.array([[3, -4]], dtype=np.int8)}, {"seed": 0}))
    >>> arrays["q"].tolist(), record
    ([[3, -4]], {'seed': 0})
    """
    kinds = {dtype: kind for kind, dtype in DTYPES.items()}
    heading: dict[str, Any] = {"__metadata__": {"record": json.dumps(record, ensure_ascii=False)}}
    body = b""
    # The wide ones first, as the format asks: so each starts at a multiple of its own size.
    for name, array in sorted(arrays.items(), key=lambda pair: (-pair[1].itemsize, pair[0])):
        if array.dtype not in kinds:
            raise ValueError(f"{name}: expected int8 or float32, got {array.dtype}")
        start, body = len(body), body + array.tobytes()
        heading[name] = {
            "dtype": kinds[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [start, len(body)],
        }
    text = json.dumps(heading, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % EDGE)
    return struct.pack("<Q", len(text)) + text + body


def unpack(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read arrays and record back.

    Parameters
    ----------
    data
        What :func:`pack` wrote.

    Raises
    ------
    DamagedFile
        The bytes are cut off, or something else.

    Examples
    --------
    >>> try:
    ...     unpack(pack({"b": np.zeros(2, np.float32)}, {})[:-1])
    ... except DamagedFile as error:
    ...     print(error)
    expected 8 bytes of numbers, got 7
    """
    try:
        (n,) = struct.unpack_from("<Q", data)
        heading = json.loads(data[8 : 8 + n])
        record = json.loads(heading.pop("__metadata__")["record"])
        ends = max((entry["data_offsets"][1] for entry in heading.values()), default=0)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(f"expected a file of attncourse.trained ({error})") from None
    if len(data) != 8 + n + ends:
        raise DamagedFile(f"expected {ends} bytes of numbers, got {len(data) - 8 - n}")
    arrays = {
        name: np.frombuffer(
            data[8 + n :][slice(*entry["data_offsets"])], DTYPES[entry["dtype"]]
        ).reshape(entry["shape"])
        for name, entry in heading.items()
    }
    return arrays, record


@cache
def load(name: str) -> Trained:
    """Read a network that the course has trained.

    Parameters
    ----------
    name
        What it is called: the name of its file here.

    Examples
    --------
    >>> load("letters_to_sounds").record["command"]
    'make trained ONLY=letters_to_sounds'
    """
    arrays, record = unpack(path(name).read_bytes())
    return Trained(restored(arrays), record)
