"""What the questions of this exercise share: several results held at once, and random masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from attncourse.grading.checks import Wrong
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.readings import close, size


@dataclass(frozen=True)
class Mistake:
    """A known mistake, with all the results that it gives.

    Parameters
    ----------
    bug, message
        As of :class:`attncourse.grading.compare.Suspect`.
    gives
        All results at once, in the order of the function's.
    """

    bug: str
    message: str
    gives: Callable[[], tuple[np.ndarray, ...]]


def hold(
    given: Sequence[Any],
    right: Sequence[np.ndarray],
    *,
    what: Sequence[str],
    mistakes: Sequence[Mistake] = (),
    axes: Sequence[tuple[str, ...]],
    tolerance: float = 1e-5,
) -> None:
    """Compare every result, and raise for the first that differs.

    A mistake has to explain all results together: where one of them speaks against it, it explains
    none.
    """
    failures = []
    computed = [
        (m.bug, m.message, cache(partial(_together, m, given, right, tolerance))) for m in mistakes
    ]
    for i, expected in enumerate(right):
        suspects = [
            Suspect(bug, message, partial(_part, all_, i)) for bug, message, all_ in computed
        ]
        try:
            compare(
                given[i],
                expected,
                suspects=suspects,
                axes=axes[i],
                tolerance=tolerance,
                what=what[i],
            )
        except Wrong as wrong:
            failures.append(wrong)
    if failures:
        raise failures[0]


def _part(gives: Callable[[], Sequence[np.ndarray]], i: int) -> np.ndarray:
    return gives()[i]


def _together(
    mistake: Mistake, given: Sequence[Any], right: Sequence[np.ndarray], tolerance: float
) -> Sequence[np.ndarray]:
    """What a mistake gives; where it does not explain everything, nothing that could fit."""
    made = mistake.gives()
    fits = [
        _like(
            yours,
            numbers,
            tolerance * size(expected) * max(10.0, 10 * size(numbers) / size(expected)),
        )
        for yours, numbers, expected in zip(given, made, right, strict=True)
    ]
    if all(fits):
        return made
    shows = [not _like(n, e, tolerance * size(e)) for n, e in zip(made, right, strict=True)]
    return [np.empty((0,) * 9) if s else e for s, e in zip(shows, right, strict=True)]


def _like(a: Any, b: np.ndarray, atol: float) -> bool:
    return np.shape(a) == np.shape(b) and close(np.asarray(a, np.float64), b, atol)


def some(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """A random mask in which every query sees some keys and not others."""
    mask = rng.random(shape) < 0.5
    order = rng.permuted(np.broadcast_to(np.arange(shape[-1]), shape), axis=-1)
    np.put_along_axis(mask, order[..., :1], True, axis=-1)
    np.put_along_axis(mask, order[..., 1:2], False, axis=-1)
    return mask


def shares(scores: np.ndarray, mask: np.ndarray | bool = True, axis: int = -1) -> np.ndarray:
    """Softmax over what is open, in one go; zeros where nothing is."""
    closed = np.where(mask, scores, -np.inf)
    top = closed.max(axis=axis, keepdims=True)
    powers = np.exp(closed - np.where(np.isfinite(top), top, 0))
    total = powers.sum(axis=axis, keepdims=True)
    return powers / np.where(total == 0, 1, total)


def turned(x: np.ndarray) -> np.ndarray:
    """The last two axes in the other order."""
    return x.swapaxes(-1, -2)
