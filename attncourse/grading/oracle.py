"""What works a right answer out, and may be asked twice for the same one."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

_F = TypeVar("_F", bound=Callable[..., Any])
#: Right answers by oracle and arguments.
KEPT: dict[bytes, Any] = {}
_keeping = False


@contextlib.contextmanager
def keeping() -> Iterator[None]:
    """Keep what oracles give inside."""
    global _keeping
    before, _keeping = _keeping, True
    try:
        yield
    finally:
        _keeping = before


def oracle(function: _F) -> _F:
    """Mark a function that works a right answer out from its arguments alone.

    Where many are held against the same answer, it is worked out once
    (:mod:`attncourse.grading.memo`). Elsewhere this changes nothing.
    """

    @functools.wraps(function)
    def asked(*values: Any, **options: Any) -> Any:
        if not KEPT and not _keeping:
            return function(*values, **options)
        key = _key(function, values, options)
        if key in KEPT:
            return _copy(KEPT[key])
        found = function(*values, **options)
        if _keeping:
            KEPT[key] = _copy(found)
        return found

    return asked  # pyrefly: ignore


def _key(function: Any, values: tuple[Any, ...], options: dict[str, Any]) -> bytes:
    digest = hashlib.blake2b(f"{function.__module__}.{function.__qualname__}".encode())
    for part in (values, tuple(sorted(options.items()))):
        _feed(digest, part)
    return digest.digest()


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, (tuple, list)):
        digest.update(f"({len(value)}".encode())
        for part in value:
            _feed(digest, part)
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif hasattr(value, "array") and hasattr(value, "dtype"):  # a tensor on its way
        digest.update(str(value.dtype).encode())
        _feed(digest, value.array)
    else:
        digest.update(f"{type(value).__name__}{value!r};".encode())


def _copy(value: Any) -> Any:
    """Arrays of one's own: nobody who is given a kept answer can change it."""
    if isinstance(value, tuple):
        return tuple(map(_copy, value))
    return value.copy() if isinstance(value, np.ndarray) else value
