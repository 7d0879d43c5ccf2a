"""What choosing instead of mixing takes: noise, choices, rewards."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import floating, one_device
from attncourse._checks.looking import looked_at
from attncourse._checks.shapes import broadcasts
from attncourse._checks.softmax import softmax


def uniform(kind: type, **arrays: Any) -> None:
    """Raise unless each array holds numbers from zero to one."""
    floating(kind, **arrays)
    for name, array in arrays.items():
        if looked_at(array) and (found := int(((array < 0) | (array > 1)).sum())):
            raise ValueError(
                f"{name}: expected numbers from 0 to 1, got {found} others; draw them uniformly."
            )


def noisy(kind: type, x: Any, noise: Any, axis: int, mask: Any = None) -> None:
    """Check scores and the noise that is added to them."""
    softmax(kind, x, axis, mask)
    floating(kind, noise=noise)
    if tuple(noise.shape) != tuple(x.shape):
        raise ValueError(
            f"noise: expected the shape of the scores, {tuple(x.shape)}, got {tuple(noise.shape)}."
        )
    one_device(x=x, noise=noise)


def chosen(kind: type, x: Any, choice: Any, axis: int, mask: Any = None, **worth: Any) -> None:
    """Check scores, what was chosen by them, and what the choice was worth."""
    softmax(kind, x, axis, mask)
    floating(kind, choice=choice)
    if tuple(choice.shape) != tuple(x.shape):
        raise ValueError(
            f"choice: expected the shape of the scores, {tuple(x.shape)}, "
            f"got {tuple(choice.shape)}."
        )
    if looked_at(choice):
        one_hot = ((choice == 0) | (choice == 1)).all() and (choice.sum(axis) <= 1).all()
        if not bool(one_hot):
            raise ValueError(
                f"choice: expected a single one along axis {axis}, and zeros, got other rows; "
                "weights are not a choice."
            )
    rows = list(x.shape)
    rows[axis] = 1
    for name, array in worth.items():
        if array is not None:
            floating(kind, **{name: array})
            broadcasts(name, array, tuple(rows), "one number for each choice")
    one_device(x=x, choice=choice, **worth)
