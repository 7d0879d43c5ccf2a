"""Checks of ``softmax(x)``."""

from __future__ import annotations

from functools import partial

import numpy as np

from attncourse.grading.checks import Call, Question, Wrong
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch03_algorithm import oracles

QUESTION = Question(
    "softmax",
    ("x",),
    ready_made=oracles.READY_SOFTMAX,
    read="03-algorithm/five-steps",
)


_UNSTABLE = (
    "Overflow: exp of a large number is infinite, and of a very negative one is 0, so the "
    "division gives NaN. Take each row's largest entry away before you call exp."
)


def _over(x: np.ndarray, axis: int | tuple[int, ...] | None, top: int | None = None) -> np.ndarray:
    """Softmax over ``axis``, after taking away the largest entry along ``top`` (None: of all)."""
    powers = np.exp(x - x.max(axis=top, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def suspects(x: np.ndarray) -> list[Suspect]:
    """Known mistakes, with what they make of ``x``."""
    x = x.astype(np.float64)
    found = [
        Suspect("unstable", _UNSTABLE, lambda: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)),
        Suspect(
            "one maximum for all rows",
            "You take away one maximum of the whole array. A row far below it becomes all zeros, "
            "and 0/0 is NaN. Each row needs its own maximum: max(axis=-1, keepdims=True).",
            lambda: _over(x, -1),
        ),
        Suspect(
            "mean instead of maximum",
            "You take away the row's mean, not its maximum. The largest entry can still overflow. "
            "After the maximum is gone, no exponent is above zero.",
            lambda: _softmax_after(x, x.mean(axis=-1, keepdims=True)),
        ),
        Suspect(
            "minimum instead of maximum",
            "You take away the row's smallest entry, not its largest. That makes every exponent "
            "positive, and the largest can overflow. Take the maximum away.",
            lambda: _softmax_after(x, x.min(axis=-1, keepdims=True)),
        ),
        Suspect(
            "not normalised",
            "These are the powers, not yet shares: the rows do not sum to 1. Divide each row by "
            "its sum.",
            lambda: np.exp(x),
        ),
        Suspect(
            "not normalised",
            "These are the powers, not yet shares: the rows do not sum to 1. Divide each row by "
            "its sum.",
            lambda: np.exp(x - x.max(axis=-1, keepdims=True)),
        ),
        Suspect(
            "logarithm",
            "This is the logarithm of softmax. One exp is missing at the end.",
            lambda: np.log(oracles.softmax(x)),
        ),
        Suspect(
            "sign",
            "The smallest score gets the largest weight. There is a minus too many before exp.",
            lambda: oracles.softmax(-x),
        ),
        Suspect(
            "no exp",
            "You divide the scores themselves by their sum. Shares need positive numbers: take exp "
            "first.",
            lambda: x / x.sum(axis=-1, keepdims=True),
        ),
        Suspect(
            "shifted scores, no exp",
            "After taking the maximum away you divide the shifted scores by their sum. exp is "
            "missing in between.",
            lambda: _shares(x - x.max(axis=-1, keepdims=True)),
        ),
        Suspect(
            "sigmoid",
            "This is a sigmoid of each number by itself. In softmax the entries of a row share one "
            "unit of weight, so each depends on all.",
            lambda: 1 / (1 + np.exp(-x)),
        ),
        Suspect(
            "base 2",
            "The base of the powers is 2 here. Softmax uses e: np.exp.",
            lambda: oracles.softmax(x * np.log(2)),
        ),
        Suspect(
            "divided by the largest",
            "You divide by the row's largest power, so the top is 1. Divide by the row's sum.",
            lambda: _shares(x, np.max),
        ),
        Suspect(
            "divided by the length",
            "You divide by the number of entries. Divide by the sum of the row's powers.",
            lambda: np.exp(x) / x.shape[-1],
        ),
    ]
    for axis in range(x.ndim - 1):
        found.insert(
            2,
            Suspect(
                "wrong axis",
                f"Your weights sum to 1 over axis {axis}, not over the last one. The entries of a "
                "row compete with each other: use axis=-1 for the maximum and for the sum.",
                partial(_over, x, axis, axis),
            ),
        )
        found.append(
            Suspect(
                "unstable over the wrong axis",
                f"Two things: the sum runs over axis {axis} and not over the last one; and exp of "
                "a large number is infinite, so take the largest entry away before you call it.",
                partial(_naive, x, axis),
            )
        )
    if x.ndim > 1:
        found.insert(
            2,
            Suspect(
                "whole array",
                "All numbers of the array together sum to 1. Each row should sum to 1 by itself: "
                "sum over axis=-1, with keepdims=True.",
                lambda: _over(x, None),
            ),
        )
    return found


def _naive(x: np.ndarray, axis: int) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def _softmax_after(x: np.ndarray, shift: np.ndarray) -> np.ndarray:
    powers = np.exp(x - shift)
    return powers / powers.sum(axis=-1, keepdims=True)


def _shares(x: np.ndarray, by=np.sum) -> np.ndarray:
    powers = np.exp(x) if by is not np.sum else x
    return powers / by(powers, axis=-1, keepdims=True)


def _hold(call: Call, x: np.ndarray, tolerance: float = 1e-5) -> None:
    compare(
        call("softmax", x),
        oracles.softmax(x),
        suspects=suspects(x),
        axes=("entry",),
        tolerance=tolerance,
    )


@QUESTION.check(points=1, hint="exp(ln 3) is 3. So the two powers are in the ratio 1 to 3.")
def two_numbers_by_hand(call: Call, rng: np.random.Generator) -> None:
    """A row (a, a + ln 3) gives (1/4, 3/4), whatever a is."""
    a = rng.normal()
    x = np.array([a, a + np.log(3)])
    compare(call("softmax", x), np.array([0.25, 0.75]), suspects=suspects(x), axes=("entry",))


@QUESTION.check(points=1, hint="Print y.sum(axis=-1): every entry should be 1.")
def rows_sum_to_one(call: Call, rng: np.random.Generator) -> None:
    """Every row sums to 1, and no weight is negative."""
    x = rng.normal(size=(3, 5)) * 2
    y = call("softmax", x)
    compare(y, oracles.softmax(x), suspects=suspects(x), axes=("entry",))
    if y.min() < 0:
        raise Wrong("A weight is negative. Powers of e never are.", bug="negative weight")


@QUESTION.check(points=2, hint="Try one row by hand first, then a matrix, then more axes.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition, entry by entry, on an array of shape (3, 4, 5)."""
    _hold(call, rng.normal(size=(3, 4, 5)) * 2)


@QUESTION.check(
    points=2,
    hint="softmax(x) and softmax(x - c) are equal for every c. Choose c so that exp cannot "
    "overflow.",
)
def large_numbers(call: Call, rng: np.random.Generator) -> None:
    """Rows near +1000 and near -1000, or with one entry far off, give finite weights."""
    x = rng.normal(size=(6, 6)) * 3
    x[0] += 1000
    x[1] -= 1000
    x[4] += 3000
    # One far below and one far above: where the mean is safe to take away, and where it is not.
    # Two places, so that no one place of a row is safe to take away.
    place = int(rng.integers(6))
    x[2, place] = -2000
    x[3, place] = x[5, place - 1] = 2000
    _hold(call, x, budget(3000))


@QUESTION.check(points=1, hint="x -= m writes into the caller's array. x - m makes a new one.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The array that was passed in is the same afterwards."""
    x = rng.normal(size=(4, 3))
    _hold(call, x)
    QUESTION.unchanged(call, "Right weights")


@QUESTION.check(points=1, hidden=True, hint="exp(-∞) is 0. The row's maximum must be finite.")
def minus_infinity_gets_nothing(call: Call, rng: np.random.Generator) -> None:
    """A score of minus infinity gets a weight of exactly zero."""
    x = rng.normal(size=(4, 5))
    x[np.arange(4), rng.integers(5, size=4)] = -np.inf
    _hold(call, x)


@QUESTION.check(points=1, hidden=True, hint="Count axes from the end: -1 is always the last.")
def any_number_of_axes(call: Call, rng: np.random.Generator) -> None:
    """One axis or four: the last one is the row."""
    _hold(call, rng.normal(size=7))
    _hold(call, rng.normal(size=(2, 3, 4, 5)))


@QUESTION.check(
    points=1, hidden=True, hint="x.astype(np.float32) first, where x has less precision than that."
)
def half_precision(call: Call, rng: np.random.Generator) -> None:
    """A long row in float16 keeps its weights."""
    x = (rng.normal() + rng.normal(size=(2, 100_000)) / 20).astype(np.float16)
    n = x.shape[-1]
    overflow = Suspect(
        "half precision overflow",
        "In float16 the sum of a long row overflows: nothing above 65504 fits, so every weight "
        "becomes 0. Compute in float32 at least.",
        np.zeros(x.shape),
    )
    # Weights near 1/n are among the smallest numbers of float16; n times as much can be compared.
    others = [Suspect(s.bug, s.message, partial(_enlarged, s, n)) for s in suspects(x)]
    compare(
        call("softmax", x).astype(np.float64) * n,
        oracles.softmax(x) * n,
        tolerance=0.02,
        axes=("entry",),
        suspects=[overflow, *others],
    )


def _enlarged(suspect: Suspect, n: int) -> np.ndarray:
    gives = suspect.gives
    return (gives() if callable(gives) else gives) * n
