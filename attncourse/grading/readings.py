"""What the numbers of a wrong answer show by themselves: NaN, swapped axes, a constant factor.

These are measurements, and say what is off, not why. Only where the numbers leave no doubt does a
reading count as a named mistake.
"""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import shape_text

#: Readings of an answer that is the same everywhere. Where they explain more failures than a named
#: mistake does, they are the better explanation.
BLANKET = frozenset({"zeros", "all nan", "constant"})


def size(expected: np.ndarray) -> float:
    """The largest finite magnitude, and at least 1."""
    finite = expected[np.isfinite(expected)]
    return max(1.0, float(np.abs(finite).max(initial=0.0)))


def loose(atol: float, expected: np.ndarray) -> float:
    """Ten times the tolerance, for numbers that were computed in another order.

    Where so much room is left for rounding that all numbers would be alike, less.
    """
    return max(atol, min(10 * atol, size(expected) / 20))


def close(a: np.ndarray, b: np.ndarray, atol: float) -> bool:
    """Whether no number differs by more than ``atol``; NaN equals NaN."""
    return bool(np.allclose(a, b, rtol=0, atol=atol, equal_nan=True))


def largest(given: np.ndarray, expected: np.ndarray) -> dict:
    """The largest difference, its place, and both numbers there."""
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


def read_shape(given: np.ndarray, expected: np.ndarray, axes: tuple[str, ...]) -> tuple[str, str]:
    """What a wrong shape shows: a name for it, and a sentence."""
    got, want = shape_text(given.shape), shape_text(expected.shape)
    start = f"The result has shape {got}; expected {want}."
    rows, cols = axes[-2:] if len(axes) >= 2 else ("row", "column")
    order = f"one row for each {rows}, one column for each {cols}"
    if given.ndim == expected.ndim >= 2 and given.shape == expected.swapaxes(-1, -2).shape:
        if close(given.swapaxes(-1, -2), expected, 1e-4 * size(expected)):
            return (
                "transposed",
                f"{start} Right numbers, but the last two axes are swapped: {order}.",
            )
        return "shape", f"{start} It should have {order}."
    if [n for n in given.shape if n != 1] == [n for n in expected.shape if n != 1]:
        more = "too many" if given.ndim > expected.ndim else "missing"
        return "shape", f"{start} An axis of length 1 is {more}."
    if given.ndim < expected.ndim:
        few = expected.ndim - given.ndim
        return "shape", f"{start} {few} {'axis is' if few == 1 else 'axes are'} missing."
    return "shape", f"{start} Follow the shapes line by line, from the arguments to the result."


def read_numbers(
    given: np.ndarray, expected: np.ndarray, axes: tuple[str, ...], atol: float
) -> tuple[str, str]:
    """What wrong numbers show: a name for it, and a sentence."""
    if np.isnan(given).all():
        return "all nan", "Every number is NaN: a 0/0, an ∞ - ∞ or an ∞/∞ is on the way."
    if not given.any():
        return "zeros", "Every number is 0."
    first = given.flat[0]
    if given.size > 2 and (given == first).all() and not close(expected, expected.flat[0], atol):
        return "constant", f"Every number is {first:.4g}."
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
        and close(given.swapaxes(-1, -2), expected, loose(atol, expected))
    ):
        return "transposed", "Right numbers, but rows and columns are swapped."
    if a.size > 2 and float(b @ b) > 0:
        factor = float(a @ b) / float(b @ b)
        # A factor that is printed as 1 explains nothing, nor does one of next to nothing.
        if (
            1e-3 < abs(factor) < 1e3
            and abs(factor - 1) > 1e-3
            and close(a, factor * b, loose(atol, expected) * abs(factor))
        ):
            return "factor", f"Every number is {factor:.4g} times the expected one."
        offset = float(np.mean(a - b))
        if close(a, b + offset, loose(atol, expected) * max(1.0, abs(offset) / size(expected))):
            return "offset", f"Every number is off by the same amount, {offset:.4g}."
    return "values", _share(given, expected, axes, atol)


def _whole_factor(given: float, expected: float) -> str:
    """A sentence on a number that is a small whole multiple of the right one, or a part of it."""
    if not (np.isfinite(given) and np.isfinite(expected) and given * expected > 0):
        return ""
    ratio = given / expected
    for factor, says in (
        (ratio, "It is {} times the expected one."),
        (1 / ratio, "It is the expected one divided by {}."),
    ):
        if 2 <= round(factor) <= 64 and abs(factor / round(factor) - 1) < 1e-9:
            return " " + says.format(round(factor))
    return ""


def _share(given: np.ndarray, expected: np.ndarray, axes: tuple[str, ...], atol: float) -> str:
    wrong = ~np.isclose(given, expected, rtol=0, atol=atol)
    if not wrong.ndim:
        return "The number differs." + _whole_factor(float(given), float(expected))
    share = f"{int(wrong.sum())} of {wrong.size} numbers differ"
    axes = axes[-wrong.ndim :]  # an answer may have fewer axes than a question has names
    if not wrong.all():
        for axis, name in zip(range(-len(axes), 0), axes, strict=True):
            others = tuple(i for i in range(wrong.ndim) if i != wrong.ndim + axis)
            hit = np.flatnonzero(wrong.any(axis=others))
            if len(hit) == 1 and wrong.shape[axis] > 1:
                return f"{share}, all of them at {name} {hit[0]}."
    return f"{share}."
