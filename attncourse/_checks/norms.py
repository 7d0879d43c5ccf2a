"""What the norms take, and their gradients."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import floating, one_device
from attncourse._checks.numbers import count, positive
from attncourse._checks.shapes import shapes


def norm(kind: type, x: Any, eps: float, **parameters: Any) -> None:
    """Check features, and one learned number for each of them where any are given."""
    floating(kind, x=x)
    width = shapes(x=(x, "*batch d_model"))["d_model"]
    count("d_model", width, minimum=1)
    for name, parameter in parameters.items():
        if parameter is not None:
            floating(kind, **{name: parameter})
            shapes(x=(x, "*batch d_model"), **{name: (parameter, "d_model")})
    one_device(x=x, **parameters)
    positive("eps", eps)
