"""Known mistakes of ``forward_path``, with what they make of given gains."""

from __future__ import annotations

from functools import partial

import numpy as np

from attncourse.grading.compare import Suspect
from attncourse.grading.exercises.ch06_applications import oracles

_FINITE = (
    "What no path reaches has a number for a sum, and sums of real paths can fall below it. "
    "Nothing is below -∞: np.full with -np.inf."
)


def _best(
    gain: np.ndarray,
    *,
    start: bool = True,
    end: bool = True,
    skip: bool = False,
    back: bool = False,
    none: float = -np.inf,
    enter: float = -np.inf,
) -> np.ndarray:
    """The best path under other rules: free ends, tokens skipped, steps back, another -∞."""
    n_tokens, n_frames = gain.shape
    total = np.full((n_frames, n_tokens), none)
    total[0, : 1 if start else n_tokens] = gain[: 1 if start else n_tokens, 0]
    came = np.zeros((n_frames, n_tokens), int)
    for t in range(1, n_frames):
        for i in range(n_tokens):
            low = 0 if skip or back else max(0, i - 1)
            choices = range(low, n_tokens if back else i + 1)
            came[t, i] = max(choices, key=lambda j, t=t: total[t - 1, j])
            before = total[t - 1, came[t, i]]
            total[t, i] = gain[i, t] + (before if i else max(before, enter))
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
        *(
            Suspect("finite in place of -∞", _FINITE, partial(_best, gain, none=none, enter=enter))
            # Any number above the sums does the same as this one.
            for none, enter in ((-1e5, -np.inf), (-np.inf, -1e5), (-1e5, -1e5))
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
