"""Checks of what a widget is given: each returns the clean value or says what was expected.

They raise ``ValueError``; the traits of :mod:`attncourse.widgets.kit.base` make it a
``TraitError``.
"""

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np


def number(name: str, value: Any, low: float, high: float) -> float:
    """Return a number between two limits, or say what is wrong with it."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ValueError(f"{name}: expected a number, got {value!r}")
    if not low <= value <= high:  # NaN fails too
        raise ValueError(f"{name}: expected a number from {low:g} to {high:g}, got {value!r}")
    return float(value)


def whole(name: str, value: Any, low: int, high: int) -> int:
    """Return a whole number between two limits, or say what is wrong with it."""
    if number(name, value, low, high) != int(value):
        raise ValueError(f"{name}: expected a whole number from {low} to {high}, got {value!r}")
    return int(value)


def choice(name: str, value: Any, known: Collection[Any]) -> Any:
    """Return one of a few known values, or say which there are."""
    if not isinstance(value, str | int | float) or value not in known:
        raise ValueError(f"{name}: expected one of {tuple(known)}, got {value!r}")
    return value


def some_of(name: str, value: Any, known: Collection[str]) -> list[str]:
    """Return one or more of a few known words, or say which there are."""
    if isinstance(value, str) or not value or set(value) - set(known):
        raise ValueError(f"{name}: expected some of {tuple(known)}, got {value!r}")
    return list(value)


def words(name: str, value: Any, count: int, each: str) -> list[str]:
    """Return as many words as there are things to name; ``each`` says what one names."""
    if isinstance(value, str) or len(value) != count:
        raise ValueError(f"{name}: expected {count} words, one a {each}, got {value!r}")
    return [str(word) for word in value]


def optional(check: Callable[..., Any]) -> Callable[..., Any]:
    """Return the check that also takes None."""
    return lambda name, value, *bounds: None if value is None else check(name, value, *bounds)


def vectors(name: str, value: Any, count: int | None, most: int, limit: float) -> list[Any]:
    """Return 2-D vectors as lists, or say what is wrong with them."""
    want = f"{count} vectors" if count else f"1 to {most} vectors"
    given = array(name, value, f"{want} of two numbers each, such as [[1.0, 0.5], …]")
    if given.ndim != 2 or given.shape[1] != 2 or not 1 <= len(given) <= most:
        raise ValueError(
            f"{name}: expected {want} of two numbers each, shape ({count or 'n'}, 2), "
            f"got shape {given.shape}"
        )
    if count and len(given) != count:
        raise ValueError(
            f"{name}: expected {count} vectors, as many as the widget was made with, got "
            f"{len(given)}; make a new widget for another number"
        )
    bound(name, given, limit)
    return given.tolist()


def grid(name: str, value: Any, q_len: int, kv_len: int, limit: float) -> list[list[float | None]]:
    """Return an optional number for each query and key; ``{(i, j): x}`` sets single cells."""
    if value is None:
        value = {}
    if isinstance(value, dict):
        cells = np.full((q_len, kv_len), np.nan)
        for cell, one in value.items():
            if not (
                isinstance(cell, tuple)
                and len(cell) == 2
                and all(isinstance(at, int | np.integer) for at in cell)
                and 0 <= cell[0] < q_len
                and 0 <= cell[1] < kv_len
            ):
                raise ValueError(
                    f"{name}: expected cells (query, key) from (0, 0) to "
                    f"({q_len - 1}, {kv_len - 1}), got {cell!r}"
                )
            cells[cell] = array(name, one, "a number in each cell")
    else:
        cells = array(name, value, "numbers, with None or NaN where nothing is set")
    if cells.shape != (q_len, kv_len):
        raise ValueError(
            f"{name}: expected shape (q_len, kv_len) = ({q_len}, {kv_len}), got {cells.shape}; "
            "a dict {(query, key): number} sets single cells"
        )
    bound(name, cells[~np.isnan(cells)], limit)
    return [[None if math.isnan(x) else x for x in row] for row in cells.tolist()]


def booleans(name: str, value: Any, q_len: int, kv_len: int) -> list[list[bool]]:
    """Return a mask as lists, or say what is wrong with it."""
    given = np.asarray(value)
    if given.dtype != np.bool_:
        raise ValueError(
            f"{name}: expected booleans, True = may attend, got dtype {given.dtype}; "
            "compare first, as in scores > 0"
        )
    if given.shape != (q_len, kv_len):
        raise ValueError(
            f"{name}: expected shape (q_len, kv_len) = ({q_len}, {kv_len}), got {given.shape}"
        )
    return given.tolist()


def bound(name: str, given: np.ndarray, limit: float) -> None:
    """Refuse numbers that are not finite or too large to draw."""
    bad = given[~(np.abs(given) <= limit)]
    if bad.size:
        raise ValueError(
            f"{name}: expected finite numbers from {-limit:g} to {limit:g}, got {bad.flat[0]:g}"
        )


def array(name: str, value: Any, want: str) -> np.ndarray:
    """Return a float array, or say what was wanted."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: expected {want}, got {value!r}") from error
