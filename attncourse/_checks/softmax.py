"""What the softmax and its relatives take."""

from __future__ import annotations

import math
from typing import Any

from attncourse._checks.arrays import boolean, floating, one_device
from attncourse._checks.looking import looked_at
from attncourse._checks.shapes import axis as has_axis
from attncourse._checks.shapes import broadcasts


def softmax(kind: type, x: Any, axis: int, mask: Any = None) -> None:
    """Check scores, the axis that shares one unit of weight, and what may have any of it."""
    floating(kind, x=x)
    has_axis(x, axis)
    if mask is not None:
        boolean(kind, mask=mask)
        broadcasts("mask", mask, x.shape, "x")
        one_device(x=x, mask=mask)


def below_infinity(**maxima: Any) -> None:
    """Raise if a row's largest score is infinite: no weights follow from inf minus inf."""
    for name, maximum in maxima.items():
        if looked_at(maximum) and (found := int((maximum == math.inf).sum())):
            raise ValueError(
                f"{name}: expected scores below inf, got inf in {found} of "
                f"{math.prod(maximum.shape)} rows; look for it in the step before this one."
            )
