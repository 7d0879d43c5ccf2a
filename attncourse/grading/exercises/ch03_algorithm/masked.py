"""Checks of ``masked_attention(q, k, v, mask)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import FAR_BELOW, all_of, budget, compare
from attncourse.grading.exercises.ch03_algorithm import oracles
from attncourse.grading.exercises.ch03_algorithm.masked_mistakes import suspects

QUESTION = Question(
    "masked_attention",
    ("q", "k", "v", "mask"),
    ready_made=oracles.READY_ATTENTION + oracles.READY_SOFTMAX,
    builds_on=("softmax", "scaled_scores"),
    read="03-algorithm/masks",
)
AXES = ("query", "feature")


def _draw(
    rng: np.random.Generator, *batch: int, q_len: int = 3, kv_len: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        rng.normal(size=(*batch, q_len, 7)) * 1.5,
        rng.normal(size=(*batch, kv_len, 7)) * 1.5,
        rng.normal(size=(*batch, kv_len, 6)),
    )


def _some(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """A random mask in which every query sees some keys and not others."""
    # Rank random numbers: rank 0 is open, the last is closed, chance decides between them.
    rank = rng.random(shape).argsort(axis=-1).argsort(axis=-1)
    return (rank == 0) | ((rank < shape[-1] - 1) & (rng.random(shape) < 0.5))


def _hold(call: Call, q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> None:
    given = call("masked_attention", q, k, v, mask)
    right = oracles.masked_attention(q, k, v, mask)
    scores = np.abs(q @ k.swapaxes(-1, -2))[
        np.broadcast_to(mask, right.shape[:-1] + k.shape[-2:-1])
    ]
    tolerance = budget(scores.max(initial=0.0))
    compare(given, right, suspects=suspects(q, k, v, mask), axes=AXES, tolerance=tolerance)


@QUESTION.check(points=2, hint="Scores, softmax, weighted mean of v: three lines, no mask yet.")
def everything_open(call: Call, rng: np.random.Generator) -> None:
    """With a mask of True only, this is plain scaled dot-product attention."""
    q, k, v = _draw(rng)
    _hold(call, q, k, v, np.ones((3, 5), bool))


@QUESTION.check(
    points=2, hint="Closed scores become -∞ before softmax: np.where(mask, s, -np.inf)."
)
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition, under a random mask in which no query is blind."""
    q, k, v = _draw(rng, 2)
    _hold(call, q, k, v, _some(rng, 2, 3, 5))


@QUESTION.check(
    points=2, hint="Give a closed key an enormous score and look whether the output moves."
)
def closed_keys_have_no_say(call: Call, rng: np.random.Generator) -> None:
    """Whatever stands in a closed key and its value, the output does not move."""
    q, k, v = _draw(rng)
    mask = np.ones((3, 5), bool)
    column = int(rng.integers(5))
    mask[:, column] = False
    _hold(call, q, k, v, mask)
    k, v = k.copy(), v.copy()
    # Every query scores this key far above all others.
    k[column] = q.mean(axis=0) * 1e5
    v[column] = 1e3
    _hold(call, q, k, v, mask)


@QUESTION.check(
    points=2, hint="Where mask.any(axis=-1) is False there is nothing to average. Write zeros."
)
def blind_queries_get_zeros(call: Call, rng: np.random.Generator) -> None:
    """A query that may see no key gets zeros, and the others do not suffer."""
    q, k, v = _draw(rng)
    mask = _some(rng, 3, 5)
    mask[int(rng.integers(3))] = False
    _hold(call, q, k, v, mask)


@QUESTION.check(points=1, hint="scores[~mask] = … writes. np.where makes a new array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    q, k, v = _draw(rng)
    mask = _some(rng, 3, 5)
    _hold(call, q, k, v, mask)
    QUESTION.unchanged(call, "Right output")
    # Whatever the answer to a blind query is, it must not be written into these. The mask is one of
    # its own: suspects look at the first one later.
    call("masked_attention", q, k, v, mask & (np.arange(3) != 1)[:, None])
    QUESTION.unchanged(call, "Right output for the others")


@QUESTION.check(points=1, hidden=True, hint="Rows are queries: query i sees keys 0 to i.")
def causal_square(call: Call, rng: np.random.Generator) -> None:
    """As many queries as keys, each seeing itself and the past."""
    q, k, v = _draw(rng, 2, q_len=4, kv_len=4)
    _hold(call, q, k, v, np.tri(4, dtype=bool))


@QUESTION.check(points=1, hidden=True, hint="np.where broadcasts. A fixed reshape does not.")
def masks_broadcast(call: Call, rng: np.random.Generator) -> None:
    """One mask for a whole batch of heads; one padding row for all queries."""
    q, k, v = _draw(rng, 2, 3)
    _hold(call, q, k, v, _some(rng, 3, 5))
    padding = np.arange(5) < np.array([5, 2])[:, None]
    _hold(call, q, k, v, padding[:, None, None, :])


@QUESTION.check(points=1, hidden=True, hint="Does your softmax take each row's maximum away?")
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores of a thousand and more, blind queries among them; then all scores far below zero."""
    q, k, v = _draw(rng)
    mask = _some(rng, 3, 5)
    mask[1] = False
    # One coordinate takes all scores down alike; the others keep what lies between them.
    low_q, low_k = q.copy(), k.copy()
    low_q[:, 0] = np.sqrt(FAR_BELOW * np.sqrt(q.shape[-1]))
    low_k[:, 0] = -low_q[0, 0]
    all_of(
        lambda: _hold(call, q * 20, k * 20, v, mask),
        lambda: _hold(call, low_q, low_k, 3 * v, mask),
    )
