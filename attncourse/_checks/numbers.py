"""Numbers and names: whole, real, positive, dividing, known."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

from attncourse._checks.arrays import type_name
from attncourse._checks.looking import traced

#: What a size, a length or a position of an array can be at the most.
LARGEST = 2**63 - 1


def count(name: str, value: Any, minimum: int | None = 0, maximum: int | None = None) -> int:
    """Give ``value`` as an int, and raise unless it is a whole number within the bounds."""
    if type(value) is int or type(value).__name__ == "SymInt":
        number = value  # a length that a compiler keeps open stays open
    else:
        try:
            number = operator.index(value)
        except TypeError:
            number = None
        if number is None or isinstance(value, bool):
            raise TypeError(f"{name}: expected a whole number, got {value!r}.")
    if type(number) is int and abs(number) > LARGEST:  # too long to be shown, perhaps
        bound = f"at most {LARGEST}" if number > 0 else f"at least {minimum or -LARGEST}"
        raise ValueError(f"{name}: expected {bound}, got a number of {_digits(number)} digits.")
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


def above_one(name: str, value: Any) -> None:
    """Raise unless ``value`` is a finite number above one."""
    real(name, value)
    if value <= 1:
        raise ValueError(f"{name}: expected a number above one, got {value!r}.")


def real(name: str, value: Any) -> None:
    """Raise unless ``value`` is a finite real number."""
    if type(value) is int and abs(value) > LARGEST:
        raise ValueError(
            f"{name}: expected a number that arrays can hold, got a whole one of "
            f"{_digits(value)} digits; write it as a float."
        )
    try:
        # A number that a compiler keeps open is compared, since it cannot be asked if it is finite.
        finite = -math.inf < value < math.inf if traced() else math.isfinite(value)
    except OverflowError:
        raise ValueError(f"{name}: expected a number that a float can hold.") from None
    except (TypeError, ValueError, RuntimeError):  # all that a wrong value raises
        raise TypeError(f"{name}: expected a number, got {type_name(type(value))}.") from None
    if isinstance(value, bool):
        raise TypeError(f"{name}: expected a number, got {value!r}.")
    if not finite:
        raise ValueError(f"{name}: expected a finite number, got {value!r}.")


def _digits(number: int) -> int:
    """Count the digits of a whole number that may be too long to write out."""
    return int(number.bit_length() * math.log10(2)) + 1


def divides(name: str, value: Any, what: str, size: int) -> None:
    """Raise unless ``value`` is a whole number, at least one, that divides ``size``."""
    if size % count(name, value, minimum=1):
        raise ValueError(f"{name}: expected a divisor of {what}, {size}, got {value}.")


def one_of(name: str, value: Any, known: Iterable[str]) -> None:
    """Raise unless ``value`` is one of the known names."""
    known = list(known)
    if value not in known:
        raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}.")


def fraction(name: str, value: Any) -> None:
    """Raise unless ``value`` is a number from zero to one."""
    real(name, value)
    if not 0 <= value <= 1:
        raise ValueError(f"{name}: expected a number from 0 to 1, got {value!r}.")


def flag(name: str, value: Any) -> None:
    """Raise unless ``value`` is True or False, Python's or NumPy's."""
    if type(value).__name__ not in ("bool", "bool_"):
        hint = "; an array is a mask: pass it as mask=" if hasattr(value, "shape") else ""
        raise TypeError(f"{name}: expected True or False, got {type_name(type(value))}{hint}.")
