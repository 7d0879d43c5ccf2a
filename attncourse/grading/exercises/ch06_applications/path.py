"""Checks of ``forward_path(gain)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question, Wrong
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch06_applications import oracles

QUESTION = Question(
    "forward_path",
    ("gain",),
    ready_made=oracles.READY_PATH,
    read="06-applications/speech-recognition",
)
AXES = ("frame",)


def _best(
    gain: np.ndarray,
    *,
    start: bool = True,
    end: bool = True,
    skip: bool = False,
    back: bool = False,
) -> np.ndarray:
    """The best path under other rules: free ends, tokens skipped, steps back."""
    n_tokens, n_frames = gain.shape
    total = np.full((n_frames, n_tokens), -np.inf)
    total[0, : 1 if start else n_tokens] = gain[: 1 if start else n_tokens, 0]
    came = np.zeros((n_frames, n_tokens), int)
    for t in range(1, n_frames):
        for i in range(n_tokens):
            low = 0 if skip or back else max(0, i - 1)
            choices = range(low, n_tokens if back else i + 1)
            came[t, i] = max(choices, key=lambda j, t=t: total[t - 1, j])
            total[t, i] = gain[i, t] + total[t - 1, came[t, i]]
    path = [n_tokens - 1 if end else int(total[-1].argmax())]
    for t in range(n_frames - 1, 0, -1):
        path.append(int(came[t, path[-1]]))
    return np.array(path[::-1], float)


def _greedy(gain: np.ndarray, *, forced: bool) -> np.ndarray:
    """From frame to frame, the better of staying and going on."""
    n_tokens, n_frames = gain.shape
    path = [0]
    for t in range(1, n_frames):
        i = path[-1]
        must = forced and n_tokens - 1 - i >= n_frames - t
        path.append(i + (i + 1 < n_tokens and (must or bool(gain[i + 1, t] > gain[i, t]))))
    return np.array(path, float)


def suspects(gain: np.ndarray) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    n_tokens, n_frames = gain.shape
    right = oracles.forward_path(gain)
    looks = gain.argmax(axis=0).astype(float)
    starts = np.searchsorted(right, np.arange(n_tokens)).astype(float)
    evenly = np.arange(n_frames) * n_tokens // n_frames
    return [
        Suspect(
            "each frame by itself",
            "Each frame takes its best token, whatever came before: the path jumps back and forth. "
            "It may only stay or go on by one.",
            looks,
        ),
        Suspect(
            "best look, never back",
            "You take the best token of each frame and forbid going back afterwards. One high "
            "number early carries the path away for good: compare whole paths by their sums.",
            np.maximum.accumulate(looks),
        ),
        Suspect(
            "greedy",
            "You decide from frame to frame. What looks better now may cost more later: keep the "
            "best sum for every token, and decide at the end, going back.",
            _greedy(gain, forced=False),
        ),
        Suspect(
            "greedy",
            "You decide from frame to frame, and hurry at the end. What looks better now may cost "
            "more later: keep the best sum for every token.",
            _greedy(gain, forced=True),
        ),
        Suspect(
            "free start",
            "The path may begin at any token here. The first frame belongs to token 0: the other "
            "sums begin at -∞.",
            _best(gain, start=False),
        ),
        Suspect(
            "free end",
            "The path ends at the best token. The last frame belongs to the last token.",
            _best(gain, end=False),
        ),
        Suspect(
            "both ends free",
            "The path may begin and end at any token here. It begins at the first and ends at the "
            "last.",
            _best(gain, start=False, end=False),
        ),
        Suspect(
            "tokens skipped",
            "The path skips tokens. Each has at least one frame: stay, or go on by one.",
            _best(gain, skip=True),
        ),
        Suspect(
            "steps back",
            "The path may go back here. From one frame to the next it stays or goes on by one.",
            _best(gain, back=True),
        ),
        Suspect(
            "least gain",
            "This is the path of least gain. Gains are good: take the larger of the two sums.",
            lambda: oracles.forward_path(-gain),
        ),
        Suspect(
            "ruler",
            "The frames are divided evenly among the tokens, whatever the gains say.",
            evenly.astype(float),
        ),
        Suspect(
            "runs backwards",
            "The path runs backwards in time. You follow it from its end: turn it round before you "
            "return it.",
            right[::-1],
        ),
        Suspect(
            "counted from 1",
            "The tokens are counted from 1. The first is token 0.",
            right + 1,
        ),
        Suspect(
            "starts",
            "You return the frame at which each token begins. The token of each frame is asked "
            "for.",
            starts,
        ),
        Suspect(
            "lengths",
            "You return how many frames each token has. The token of each frame is asked for.",
            np.bincount(right.astype(int), minlength=n_tokens).astype(float),
        ),
        Suspect(
            "steps instead of tokens",
            "You return where the path goes on, 0 or 1. The token of each frame is asked for: "
            "their sum up to there.",
            np.diff(right, prepend=0),
        ),
        Suspect(
            "a mask",
            "You return a map with ones on the path. The token of each frame is asked for.",
            (np.arange(n_tokens)[:, None] == right).astype(float),
        ),
        Suspect(
            "weakest link",
            "You keep the smallest gain on the way, not the sum. A path is as good as all its "
            "frames together.",
            lambda: _bottleneck(gain),
        ),
        Suspect(
            "one frame late",
            "Every step is one frame late: the step into a frame is decided by the sums before it.",
            np.concatenate([right[:1], right[:-1]]),
        ),
        Suspect(
            "one frame early",
            "Every step is one frame early: going back, read the step before you leave its frame.",
            np.concatenate([right[1:], right[-1:]]),
        ),
    ]


def _bottleneck(gain: np.ndarray) -> np.ndarray:
    def least(path: np.ndarray) -> float:
        return float(gain[path, np.arange(gain.shape[1])].min())

    return max(oracles.every_path(*gain.shape), key=least).astype(float)


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
    """Logarithms of weights, all of them below zero; and gains in the thousands."""
    for size in (1.0, 50.0):
        gain = -np.exp(rng.normal(size=(4, 9)) + np.log(size)) - 3 * size
        _hold(call, gain)
