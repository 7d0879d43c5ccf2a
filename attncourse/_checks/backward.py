"""What the backward passes take beside the arrays of the forward pass."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import floating, one_device


def gradient(kind: type, grad: Any, *, like: tuple[int, ...], of: str, **given: Any) -> None:
    """Raise unless ``grad`` has the shape of what the forward pass gives, on the same device."""
    floating(kind, grad=grad)
    one_device(grad=grad, **given)
    if tuple(grad.shape) != tuple(like):
        raise ValueError(
            f"grad: expected the shape of {of}, {tuple(like)}, got {tuple(grad.shape)}."
        )
