"""Checks of ``rotary(x, positions, base)``."""

from __future__ import annotations

from functools import partial

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch04_mathematics import oracles
from attncourse.grading.exercises.ch04_mathematics.common import turned
from attncourse.grading.exercises.ch04_mathematics.positions_mistakes import KNOWN, Turn

QUESTION = Question(
    "rotary",
    ("x", "positions", "base"),
    read="04-mathematics/positions",
)
AXES = ("position", "feature")


def suspects(x: np.ndarray, positions: np.ndarray, base: float) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    wide = x.astype(np.float64)
    return [Suspect(bug, says, partial(f, wide, positions, base)) for bug, says, f in KNOWN]


def _places(rng: np.random.Generator, seq: int, most: int = 60) -> np.ndarray:
    """Distinct places, not 0, in no order."""
    return rng.choice(np.arange(1, most), size=seq, replace=False)


def _hold(call: Call, x: np.ndarray, positions: np.ndarray, base: float) -> None:
    compare(
        call("rotary", x, positions, base),
        oracles.rotary(x, positions, base),
        suspects=suspects(x, positions, base),
        axes=AXES,
        tolerance=budget(np.abs(positions).max()),
    )


@QUESTION.check(points=1, hint="d = 2: one pair, frequency 1. (1, 0) goes to (cos p, sin p).")
def one_pair_by_hand(call: Call, rng: np.random.Generator) -> None:
    """The vector (r, 0) at place p becomes (r cos p, r sin p)."""
    r, p = rng.uniform(1, 2), int(rng.integers(1, 50))
    x, positions, base = np.array([[r, 0.0]]), np.array([p]), float(rng.uniform(50, 100))
    right = np.array([[r * np.cos(p), r * np.sin(p)]])
    found = suspects(x, positions, base)
    tolerance = budget(p)
    compare(
        call("rotary", x, positions, base), right, suspects=found, axes=AXES, tolerance=tolerance
    )


@QUESTION.check(points=2, hint="Feature i with feature i + d/2; frequency base ** (-2 i / d).")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """Five places of width 8, one pair at a time, base 10,000."""
    _hold(call, rng.normal(size=(5, 8)), _places(rng, 5), 1e4)


@QUESTION.check(points=2, hint="positions[:, None] * frequencies: one row of angles a place.")
def given_places(call: Call, rng: np.random.Generator) -> None:
    """Places with gaps and out of order, as a cache or a packed batch has them; another base."""
    _hold(call, rng.normal(size=(4, 6)), _places(rng, 4, 300), float(rng.uniform(100, 900)))


@QUESTION.check(points=2, hint="Print scores for places p and p + 5. Where do they differ?")
def only_differences_count(call: Call, rng: np.random.Generator) -> None:
    """Scores of turned queries with turned keys stay, however far all places are shifted."""
    q, k = rng.normal(size=(3, 8)), rng.normal(size=(4, 8))
    at_q, at_k, base = _places(rng, 3), _places(rng, 4), float(rng.uniform(50, 200))
    right = oracles.rotary(q, at_q, base) @ turned(oracles.rotary(k, at_k, base))
    for shift in (0, int(rng.integers(100, 200))):
        given = [call("rotary", x, p + shift, base) for x, p in ((q, at_q), (k, at_k))]

        def scores(turn: Turn, shift: int = shift) -> np.ndarray:
            return turn(q, at_q + shift, base) @ turned(turn(k, at_k + shift, base))

        found = [Suspect(bug, says, partial(scores, f)) for bug, says, f in KNOWN]
        fits = [g.shape == x.shape for g, x in zip(given, (q, k), strict=True)]
        yours = given[0] @ turned(given[1]) if all(fits) else np.full(right.shape, np.nan)
        compare(yours, right, suspects=found, axes=("query", "key"), tolerance=budget(250))


@QUESTION.check(points=1, hint="x[..., :half] counts from the end; positions belong to axis -2.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front all stand at the same places."""
    _hold(call, rng.normal(size=(2, 3, 4, 10)), _places(rng, 4), float(rng.uniform(500, 2000)))


@QUESTION.check(points=1, hint="x[..., :half] = … writes into the caller's array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, rng.normal(size=(5, 4)), _places(rng, 5), 1e4)
    QUESTION.unchanged(call, "Right vectors")


@QUESTION.check(points=1, hidden=True, hint="A rotation by -p takes the one by p back.")
def there_and_back(call: Call, rng: np.random.Generator) -> None:
    """At the negative places every vector turns back."""
    x, positions, base = rng.normal(size=(4, 8)), _places(rng, 4), float(rng.uniform(50, 200))
    there = oracles.rotary(x, positions, base)
    compare(
        call("rotary", there, -positions, base),
        x,
        suspects=suspects(there, -positions, base),
        axes=AXES,
        tolerance=budget(60),
    )


@QUESTION.check(points=1, hidden=True, hint="As many places as features: angles are (seq, d/2).")
def all_sizes_equal(call: Call, rng: np.random.Generator) -> None:
    """As many sequences, places and pairs: what a wrong axis would not notice."""
    _hold(call, rng.normal(size=(4, 4, 8)), _places(rng, 4), 1e4)
