"""Checks of ``rotary(x, positions, base)``, in which a mistake has to be found."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question, Wrong
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch05_project import oracles
from attncourse.grading.exercises.ch05_project.variants import turn

QUESTION = Question(
    "rotary",
    ("x", "positions", "base"),
    read="04-mathematics/positions",
)
AXES = ("position", "feature")


def suspects(x: np.ndarray, positions: np.ndarray, base: float) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    known = [
        (
            "mixed",
            "mixed pairs",
            "The table of angles belongs to one convention and the exchange of features to the "
            "other. "
            "Features i and i + d/2 are a pair and need the same angle: repeat the row of "
            "angles as a "
            "whole, not each angle.",
        ),
        (
            "neighbours",
            "neighbours",
            "This is a clean rotation, of neighbours: features 0 and 1, 2 and 3. These weights "
            "were "
            "trained with pairs of halves: i and i + d/2.",
        ),
        (
            "none",
            "not turned",
            "The result is x: nothing has turned.",
        ),
        (
            "backwards",
            "backwards",
            "Everything turns backwards: the minus stands at the wrong half. The first half "
            "becomes "
            "a cos - b sin, the second b cos + a sin.",
        ),
        (
            "no minus",
            "no minus",
            "A minus is missing: a cos + b sin beside b cos + a sin is no rotation, and lengths "
            "change. The first half is a cos - b sin.",
        ),
        (
            "overwritten",
            "overwritten",
            "The first half is overwritten before the second is made from it. Compute both from "
            "the "
            "old features.",
        ),
        (
            "slow",
            "exponent halved",
            "The frequencies fall half as fast as they should: base ** (-2i / d), with i from 0 to "
            "d/2 - 1. The 2 is missing.",
        ),
        (
            "one frequency",
            "one frequency",
            "All pairs turn equally fast. Pair i has the frequency base ** (-2i / d).",
        ),
        (
            "reversed",
            "frequencies reversed",
            "The frequencies are in the wrong order: pair 0 is the fastest, with frequency 1.",
        ),
        (
            "base",
            "base ignored",
            "The base is always 10,000. Use the one that is passed in: SmolLM2 has 100,000.",
        ),
        (
            "from 0",
            "positions ignored",
            "The positions that were passed in are ignored, and counted from 0 again. After a "
            "cache "
            "of 50 tokens the next one stands at 50.",
        ),
        (
            "from 1",
            "one further",
            "Each position is counted one too high. Scores between two rotated vectors hide "
            "that; the "
            "numbers do not.",
        ),
    ]
    found = [
        Suspect(bug, message, lambda kind=kind: turn(x, positions, base, kind))
        for kind, bug, message in known
    ]
    inverse = 1 / base
    found.append(
        Suspect(
            "base upside down",
            "The frequencies grow from pair to pair: a minus is missing in base ** (-2i / d).",
            lambda: turn(x, positions, inverse),
        )
    )
    return found


def _hold(call: Call, x: np.ndarray, positions: np.ndarray, base: float) -> np.ndarray:
    given = call("rotary", x, positions, base)
    compare(
        given,
        oracles.rotary(x, positions, base),
        suspects=suspects(x, positions, base),
        axes=AXES,
        tolerance=budget(float(positions.max())),
    )
    return given.astype(np.float64)


def _places(rng: np.random.Generator, n: int, most: int = 30) -> np.ndarray:
    return np.sort(rng.permutation(np.arange(1, most))[:n])


@QUESTION.check(points=2, hint="Take d = 4 and write down which features share which angle.")
def agrees_with_complex_numbers(call: Call, rng: np.random.Generator) -> None:
    """Features i and i + d/2 turn together, as one complex number, by position times frequency."""
    _hold(call, rng.normal(size=(5, 6)), _places(rng, 5), float(rng.uniform(20, 90)))


@QUESTION.check(points=2, hint="If a length changes, two features of a pair had different angles.")
def lengths_stay(call: Call, rng: np.random.Generator) -> None:
    """No vector becomes longer or shorter, and position 0 turns nothing."""
    x, positions = rng.normal(size=(3, 4, 8)), np.array([0, *_places(rng, 3)])
    given = call("rotary", x, positions, 50.0)
    if given.shape == x.shape and np.abs(given[:, 0] - x[:, 0]).max() < 1e-4:
        lengths = np.linalg.norm(given.astype(np.float64), axis=-1)
        # Named by its numbers below, where they fit a known mistake.
        if np.abs(lengths - np.linalg.norm(x, axis=-1)).max() < 1e-4:
            _hold(call, x, positions, 50.0)
            return
    compare(
        given,
        oracles.rotary(x, positions, 50.0),
        suspects=suspects(x, positions, 50.0),
        axes=AXES,
        tolerance=1e-4,
    )
    raise Wrong("A length has changed.", bug="length")


@QUESTION.check(points=2, hint="Are the angles made from positions, or from arange?")
def scores_see_the_distance_only(call: Call, rng: np.random.Generator) -> None:
    """Shift query and key together, and their dot product stays; shift one, and it moves."""
    q, k = rng.normal(size=(2, 1, 10))
    first, gap, shift = (int(n) for n in rng.integers(3, 20, size=3))
    scores = []
    for start in (first, first + shift):
        turned = _hold(call, q, np.array([start + gap]), 100.0)
        scores.append(float(turned[0] @ _hold(call, k, np.array([start]), 100.0)[0]))
    if abs(scores[0] - scores[1]) > 1e-3:
        raise Wrong("The score has changed with the place, at the same distance.", bug="place")


@QUESTION.check(points=1, hint="x[..., :half] is a view: writing into it writes into x.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The array that was passed in is the same afterwards."""
    _hold(call, rng.normal(size=(2, 3, 4)), _places(rng, 3), 40.0)
    QUESTION.unchanged(call, "A right turn")


@QUESTION.check(points=1, hidden=True, hint="Index from the end: positions belong to axis -2.")
def batch_and_heads(call: Call, rng: np.random.Generator) -> None:
    """(batch, heads, seq, d), all different, not contiguous, and another base."""
    x = rng.normal(size=(2, 5, 3, 8)).swapaxes(1, 2)
    _hold(call, x, _places(rng, 5), float(rng.uniform(1000, 9000)))


@QUESTION.check(points=1, hidden=True, hint="One pair: the frequency is 1, whatever the base.")
def one_pair_and_one_place(call: Call, rng: np.random.Generator) -> None:
    """A single pair, a single position in any order: what decoding asks for."""
    _hold(call, rng.normal(size=(2, 1, 2)), _places(rng, 1, 200), 7.0)
    _hold(call, rng.normal(size=(4, 6)), rng.permutation(np.arange(40))[:4], 1e5)


@QUESTION.check(
    points=1, hidden=True, hint="Angles need float32: float16 cannot tell 5001 from 5002."
)
def half_precision_far_out(call: Call, rng: np.random.Generator) -> None:
    """Features in float16 at position 5000 and beyond: the angles keep their precision."""
    x = rng.normal(size=(4, 6)).astype(np.float16)
    positions = 5000 + 2 * _places(rng, 4, 400) + 1
    coarse = Suspect(
        "angles in half precision",
        "The angles are computed in float16, which knows only every fourth number beyond 4096. "
        "Make "
        "them in float32 at least, whatever x has.",
        lambda: turn(x, positions.astype(np.float16).astype(np.float64), 1e4),
    )
    compare(
        call("rotary", x, positions, 1e4),
        oracles.rotary(x, positions, 1e4),
        suspects=[coarse, *suspects(x, positions, 1e4)],
        axes=AXES,
        tolerance=5e-3,
    )
