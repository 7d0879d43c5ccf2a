"""Checks of ``forward_path(gain)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question, Wrong
from attncourse.grading.compare import FAR_BELOW, compare
from attncourse.grading.exercises.ch06_applications import oracles
from attncourse.grading.exercises.ch06_applications.path_mistakes import suspects

QUESTION = Question(
    "forward_path",
    ("gain",),
    ready_made=oracles.READY_PATH,
    read="06-applications/speech-recognition",
)
AXES = ("frame",)


def _hold(call: Call, gain: np.ndarray) -> np.ndarray:
    given = call("forward_path", gain)
    compare(given, oracles.forward_path(gain), suspects=suspects(gain), axes=AXES)
    return given


def _along(rng: np.random.Generator, starts: list[int], n_frames: int, high: float) -> np.ndarray:
    """Gains that are high along a path, with noise everywhere."""
    path = np.searchsorted(starts, np.arange(n_frames), side="right") - 1
    return rng.normal(size=(len(starts), n_frames)) + high * (
        path == np.arange(len(starts))[:, None]
    )


def _starts(rng: np.random.Generator, n_tokens: int, n_frames: int) -> list[int]:
    return [0, *sorted(rng.choice(np.arange(1, n_frames), n_tokens - 1, replace=False).tolist())]


@QUESTION.check(points=1, hint="Read it off the map: which token is high in which frame?")
def a_clear_staircase(call: Call, rng: np.random.Generator) -> None:
    """Gains that are high along one path, and low elsewhere."""
    _hold(call, _along(rng, _starts(rng, 4, 9), 9, 20.0))
    _hold(call, _along(rng, _starts(rng, 3, 8), 8, 20.0))


@QUESTION.check(
    points=3,
    hint="best[i, t]: the most gain of a path that is at token i in frame t. Then go back.",
)
def the_best_of_all_paths(call: Call, rng: np.random.Generator) -> None:
    """Random gains: no other path has more."""
    for n_tokens, n_frames in ((3, 7), (4, 10), (5, 9)):
        _hold(call, rng.normal(size=(n_tokens, n_frames)))


@QUESTION.check(points=2, hint="The first frame has token 0 and the last the last one, always.")
def both_ends_are_fixed(call: Call, rng: np.random.Generator) -> None:
    """Even where the gains speak against it, the path begins at the first and ends at the last."""
    for _ in range(2):
        gain = rng.normal(size=(4, 10))
        gain[2, :3] += 6
        gain[1, -3:] += 6
        _hold(call, gain)


@QUESTION.check(points=1, hint="Use whole sums: what is lost now may be won back later.")
def a_tempting_step(call: Call, rng: np.random.Generator) -> None:
    """A step that pays at once, and costs more later, is not taken."""
    for at in rng.choice(np.arange(2, 5), 2, replace=False):
        gain = _along(rng, [0, 6, 8], 10, 4.0)
        gain[1, at] = gain[0, at] + 3
        gain[2, at + 1] = gain[0, at + 1] + 3
        _hold(call, gain)


@QUESTION.check(points=1, hint="gain[:, t] += … adds up in the caller's array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The array that was passed in is the same afterwards."""
    _hold(call, rng.normal(size=(3, 8)))
    QUESTION.unchanged(call, "The right path")


@QUESTION.check(points=1, hidden=True, hint="One frame for each token leaves no choice.")
def no_choice(call: Call, rng: np.random.Generator) -> None:
    """As many frames as tokens; and one token alone."""
    n = int(rng.integers(4, 8))
    given = _hold(call, rng.normal(size=(n, n)))
    if given.dtype.kind not in "iu":
        raise Wrong("The right path, but not in whole numbers: they are places.", bug="no integers")
    _hold(call, rng.normal(size=(n, n + 1)))
    _hold(call, rng.normal(size=(1, n)))


@QUESTION.check(points=1, hidden=True, hint="Unreached tokens begin at -∞, not at 0.")
def gains_below_zero(call: Call, rng: np.random.Generator) -> None:
    """Logarithms of weights, all of them below zero; and gains in the thousands, or far below."""
    for size in (1.0, 50.0):
        gain = -np.exp(rng.normal(size=(4, 9)) + np.log(size)) - 3 * size
        _hold(call, gain)
    # The second token is entered early: one who may wait before the first for nothing waits longer.
    _hold(call, 100 * _along(rng, _starts(rng, 4, 7), 9, 12.0) - 2 * FAR_BELOW)
