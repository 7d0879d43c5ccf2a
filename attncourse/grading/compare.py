"""Hold an answer against the right one, and recognise the mistake behind the difference.

A :class:`Suspect` is a known mistake together with what it would give on the very same input. If
the learner's numbers are that mistake's numbers, the message names it. Suspects are computed by the
check, from the definition of the mistake; they know nothing of how a learner wrote it. Where no
suspect fits, the shape of the error itself is read: NaN, swapped axes, a constant factor or offset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from attncourse.grading.checks import Wrong, shape_text


@dataclass(frozen=True)
class Suspect:
    """A mistake that can be recognised by its numbers.

    Parameters
    ----------
    bug
        Its name in result records.
    message
        What to say to the learner. One or two sentences: what happened, what to do.
    gives
        The numbers it gives on the check's input, or a function that computes them.
    """

    bug: str
    message: str
    gives: np.ndarray | Callable[[], np.ndarray]


def compare(
    yours: np.ndarray,
    expected: np.ndarray,
    *,
    suspects: Iterable[Suspect] = (),
    axes: tuple[str, ...] = (),
    tolerance: float = 1e-5,
) -> None:
    """Pass if ``yours`` is ``expected``; otherwise say where, how far off, and most likely why.

    Parameters
    ----------
    yours, expected
        The learner's answer and the right one (float64).
    suspects
        Mistakes to recognise, the most telling first. Where several fit, all are kept: the run
        then prefers the one that explains the other failures too.
    axes
        Names of the last axes, for messages: ``("query", "key")``.
    tolerance
        Largest difference allowed, relative to the largest expected magnitude (at least 1). It
        leaves room for float32.

    Raises
    ------
    Wrong
        They differ.
    """
    given = yours.astype(np.float64)
    scale = _scale(expected)
    if given.shape == expected.shape and _close(given, expected, tolerance * scale):
        return
    facts = _largest(given, expected)
    found = []
    for suspect in suspects:
        numbers = _numbers(suspect)
        if numbers is None or numbers.shape != given.shape:
            continue
        # A mistake that makes no difference on this input explains nothing.
        if numbers.shape == expected.shape and _close(numbers, expected, tolerance * scale):
            continue
        if _close(given, numbers, 10 * tolerance * max(scale, _scale(numbers))):
            found.append((suspect.bug, suspect.message))
    if not found and given.shape != expected.shape:
        found.append(_read_shape(given, expected, axes))
    elif not found:
        found.append(_read_numbers(given, expected, axes, tolerance))
    bug, message = found[0]
    raise Wrong(message, bug=bug, candidates=tuple(found), **facts)


def _numbers(suspect: Suspect) -> np.ndarray | None:
    """What the mistake gives, or None where these shapes do not allow it."""
    try:
        with np.errstate(all="ignore"):
            return suspect.gives() if callable(suspect.gives) else suspect.gives
    except (ValueError, IndexError):
        return None


def _scale(expected: np.ndarray) -> float:
    finite = expected[np.isfinite(expected)]
    return max(1.0, float(np.abs(finite).max(initial=0.0)))


def _close(a: np.ndarray, b: np.ndarray, atol: float) -> bool:
    return bool(np.allclose(a, b, rtol=0, atol=atol, equal_nan=True))


def _largest(given: np.ndarray, expected: np.ndarray) -> dict:
    if given.shape != expected.shape or not expected.size:
        return {}
    with np.errstate(invalid="ignore"):
        gap = np.abs(given - expected)
    # Equal infinities differ by nothing; NaN is as far off as can be.
    gap = np.where((given == expected), 0.0, np.where(np.isnan(gap), np.inf, gap))
    where = tuple(int(i) for i in np.unravel_index(np.argmax(gap), gap.shape))
    return {
        "difference": float(gap[where]),
        "where": where,
        "yours": float(given[where]),
        "expected": float(expected[where]),
    }


def _read_shape(given: np.ndarray, expected: np.ndarray, axes: tuple[str, ...]) -> tuple[str, str]:
    got, want = shape_text(given.shape), shape_text(expected.shape)
    start = f"The result has shape {got}; expected {want}."
    if given.ndim == expected.ndim >= 2 and given.shape == expected.swapaxes(-1, -2).shape:
        rows, cols = axes[-2:] if len(axes) >= 2 else ("row", "column")
        return "transposed", (
            f"{start} The last two axes are swapped: one row for each {rows}, "
            f"one column for each {cols}."
        )
    if given.ndim > expected.ndim and sorted(n for n in given.shape if n != 1) == sorted(
        n for n in expected.shape if n != 1
    ):
        return "extra axis", f"{start} An axis of length 1 is left over."
    if given.ndim < expected.ndim:
        return "lost axis", f"{start} An axis was summed away or indexed out."
    return "shape", f"{start} Follow the shapes line by line, from the arguments to the result."


def _read_numbers(
    given: np.ndarray, expected: np.ndarray, axes: tuple[str, ...], tolerance: float
) -> tuple[str, str]:
    scale = _scale(expected)
    bad = ~np.isfinite(given) & np.isfinite(expected)
    if bad.any():
        kind = "NaN" if np.isnan(given[bad]).any() else "infinity"
        return kind.lower(), (
            f"{int(bad.sum())} of {given.size} numbers are {kind}. "
            "An overflow, a division 0/0 or a difference ∞ - ∞ is on the way."
        )
    finite = np.isfinite(given) & np.isfinite(expected)
    a, b = given[finite], expected[finite]
    if (
        given.ndim >= 2
        and given.shape[-1] == given.shape[-2]
        and _close(given.swapaxes(-1, -2), expected, 10 * tolerance * scale)
    ):
        return "transposed", "Right numbers, but rows and columns are swapped."
    if a.size > 2 and float(b @ b) > 0:
        factor = float(a @ b) / float(b @ b)
        if abs(factor) > 1e-3 and _close(a, factor * b, 10 * tolerance * scale * abs(factor)):
            return "factor", f"Every number is {factor:.4g} times the expected one."
        offset = float(np.mean(a - b))
        if _close(a, b + offset, 10 * tolerance * max(scale, abs(offset))):
            return "offset", f"Every number is off by the same amount, {offset:.4g}."
    return "values", _share(given, expected, axes, tolerance * scale)


def _share(given: np.ndarray, expected: np.ndarray, axes: tuple[str, ...], atol: float) -> str:
    wrong = ~np.isclose(given, expected, rtol=0, atol=atol)
    share = f"{int(wrong.sum())} of {wrong.size} numbers differ"
    if wrong.ndim and not wrong.all():
        for axis, name in zip(range(-len(axes), 0), axes, strict=True):
            others = tuple(i for i in range(wrong.ndim) if i != wrong.ndim + axis)
            hit = np.flatnonzero(wrong.any(axis=others))
            if len(hit) == 1 and wrong.shape[axis] > 1:
                return f"{share}, all of them at {name} {hit[0]}."
    return f"{share}."
