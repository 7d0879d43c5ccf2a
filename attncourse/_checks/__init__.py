"""What every public function asks of its arguments, in one wording for both libraries.

A check reads ``shape``, ``dtype`` and ``device`` (and looks for NaN), which NumPy arrays and
PyTorch tensors both allow; it imports neither library. Each raises one error that says what was
expected, what came and, where it is not obvious, what to do.
"""

from attncourse._checks.arrays import (
    FLOATING,
    INTEGER,
    boolean,
    dtype_name,
    floating,
    integer,
    no_nan,
    one_device,
    type_name,
)
from attncourse._checks.attention import attention, heads, projections
from attncourse._checks.cache import appended, state
from attncourse._checks.numbers import count, divides, fraction, one_of, positive, real
from attncourse._checks.shapes import axis, broadcasts, shapes, size_one_along

__all__ = [
    "FLOATING",
    "INTEGER",
    "appended",
    "attention",
    "axis",
    "boolean",
    "broadcasts",
    "count",
    "divides",
    "dtype_name",
    "floating",
    "fraction",
    "heads",
    "integer",
    "no_nan",
    "one_device",
    "one_of",
    "positive",
    "projections",
    "real",
    "shapes",
    "size_one_along",
    "state",
    "type_name",
]
