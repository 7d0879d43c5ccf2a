"""Checks of ``window_attention(q, k, v, window)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import FAR_BELOW, budget, compare
from attncourse.grading.exercises.ch08_frontier import oracles
from attncourse.grading.exercises.ch08_frontier.window_mistakes import suspects

QUESTION = Question(
    "window_attention",
    ("q", "k", "v", "window"),
    ready_made=oracles.READY,
    read="03-algorithm/masks",
)
AXES = ("query", "feature")


def _draw(
    rng: np.random.Generator, *batch: int, q_len: int, kv_len: int, spread: float = 1.3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        rng.normal(size=(*batch, q_len, 5)) * spread,
        rng.normal(size=(*batch, kv_len, 5)) * spread,
        rng.normal(size=(*batch, kv_len, 4)),
    )


def _hold(call: Call, q: np.ndarray, k: np.ndarray, v: np.ndarray, window: int) -> None:
    given = call("window_attention", q, k, v, window)
    compare(
        given,
        oracles.window_attention(q, k, v, window),
        suspects=suspects(q, k, v, window),
        axes=AXES,
        tolerance=budget(np.abs(q @ k.swapaxes(-1, -2)).max()),
    )


@QUESTION.check(points=1, hint="Equal scores give equal weights: 1/3 for each of three keys.")
def running_mean(call: Call, rng: np.random.Generator) -> None:
    """With equal scores and a window of 3, each output is the mean of the last three values."""
    q, k, v = _draw(rng, q_len=6, kv_len=6)
    _hold(call, 0 * q, k, v, 3)


@QUESTION.check(points=2, hint="Print your mask: in row i, which columns are open?")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition, for windows of 2 and 4 on 9 tokens."""
    for window in (2, 4):
        _hold(call, *_draw(rng, q_len=9, kv_len=9), window)


@QUESTION.check(points=2, hint="Query i stands at position kv_len - q_len + i.")
def after_a_cache(call: Call, rng: np.random.Generator) -> None:
    """Three new queries, eleven keys, most of them from a cache; then one query alone."""
    q, k, v = _draw(rng, q_len=3, kv_len=11)
    _hold(call, q, k, v, 4)
    _hold(call, q[-1:], k, v, 5)


@QUESTION.check(points=1, hint="A window of 1 holds the query's own key and no other.")
def smallest_and_largest(call: Call, rng: np.random.Generator) -> None:
    """A window of 1 gives each token its own value; one longer than the text closes nothing."""
    q, k, v = _draw(rng, q_len=6, kv_len=6)
    _hold(call, q, k, v, 1)
    _hold(call, q, k, v, 50)


@QUESTION.check(points=1, hint="scores[~mask] = … is harmless, q /= … is not: it writes into q.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, *_draw(rng, q_len=4, kv_len=7), 3)
    QUESTION.unchanged(call, "Right output")


@QUESTION.check(points=1, hidden=True, hint="Index from the end: k.swapaxes(-1, -2).")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along."""
    _hold(call, *_draw(rng, 2, 3, q_len=4, kv_len=7), 3)


@QUESTION.check(
    points=1, hidden=True, hint="Where no key is open there is nothing to average. Write zeros."
)
def before_the_first_key(call: Call, rng: np.random.Generator) -> None:
    """More queries than keys: the first ones stand before every key and get zeros."""
    _hold(call, *_draw(rng, q_len=8, kv_len=5), 3)


@QUESTION.check(points=1, hidden=True, hint="Take the row's largest score away before exp.")
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores of a thousand and more, or all far below zero: no NaN, and no closed key."""
    _hold(call, *_draw(rng, q_len=5, kv_len=8, spread=60), 3)
    q, k, v = _draw(rng, q_len=7, kv_len=6)
    q[:, 0] = np.sqrt(FAR_BELOW * np.sqrt(q.shape[-1]))
    k[:, 0] = np.where(np.arange(6) < 4, -1, 1) * q[0, 0]  # the first queries see no high score
    _hold(call, q, k, 3 * v, 3)
