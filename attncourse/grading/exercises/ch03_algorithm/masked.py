"""Checks of ``masked_attention(q, k, v, mask)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch03_algorithm import oracles

QUESTION = Question(
    "masked_attention",
    ("q", "k", "v", "mask"),
    ready_made=oracles.READY_ATTENTION + oracles.READY_SOFTMAX,
    builds_on=("softmax", "scaled_scores"),
    read="03-algorithm/masks",
)
AXES = ("query", "feature")


def _softmax(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    # As a learner would write it: a row of minus infinities becomes NaN.
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def suspects(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    q, k, v = (a.astype(np.float64) for a in (q, k, v))
    dots = q @ k.swapaxes(-1, -2)
    d_k, d_v = q.shape[-1], v.shape[-1]
    scores = dots / np.sqrt(d_k)
    mask = np.broadcast_to(mask, scores.shape)
    closed = ~mask.any(axis=-1, keepdims=True)

    def attend(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
        weights = _softmax(np.where(mask, scores, -np.inf))
        return np.where(mask.any(axis=-1, keepdims=True), weights, 0) @ v

    def constant(penalty: float) -> np.ndarray:
        return _softmax(np.where(mask, scores, scores + penalty)) @ v

    found = [
        Suspect(
            "NaN on an empty row",
            "A query that may see no key gets NaN: every score in its row is -∞, and the softmax "
            "of that is 0/0. Its output should be zeros. Find such rows with mask.any(axis=-1).",
            lambda: np.where(closed, np.nan, attend(scores, mask)),
        ),
        Suspect(
            "empty row averaged",
            "A query that may see no key gets the plain mean of all values. That happens when its "
            "scores are all the same large negative number. Its output should be zeros.",
            lambda: np.where(closed, v.mean(axis=-2, keepdims=True), attend(scores, mask)),
        ),
        Suspect(
            "empty row unmasked",
            "A query that may see no key attends as if there were no mask. The penalty shifts its "
            "whole row alike, and softmax does not notice. Its output should be zeros.",
            lambda: np.where(closed, _softmax(scores) @ v, attend(scores, mask)),
        ),
        Suspect(
            "mask inverted",
            "Your mask is inverted. True means: may attend. The scores where the mask is False are "
            "the ones to close.",
            lambda: attend(scores, ~mask),
        ),
        Suspect(
            "mask inverted, NaN",
            "Your mask is inverted, and rows that are then empty give NaN. True means: may attend.",
            lambda: _softmax(np.where(mask, -np.inf, scores)) @ v,
        ),
        Suspect(
            "mask inverted, averaged",
            "Your mask is inverted, and rows that are then empty give the mean of all values. True "
            "means: may attend.",
            lambda: _softmax(np.where(mask, -1e30, scores)) @ v,
        ),
        Suspect(
            "mask ignored",
            "The result is the one without a mask. Close the scores where the mask is False before "
            "softmax.",
            lambda: _softmax(scores) @ v,
        ),
        Suspect(
            "masked after softmax",
            "You set weights to zero after softmax, so the rows no longer sum to 1. Set the scores "
            "to -∞ before softmax, and the others share the whole weight.",
            lambda: np.where(mask, _softmax(scores), 0) @ v,
        ),
        Suspect(
            "scores times mask",
            "You multiply the scores by the mask. A score of 0 still has a weight: exp(0) is 1. "
            "Closed scores should be -∞.",
            lambda: _softmax(np.where(mask, scores, 0)) @ v,
        ),
        Suspect(
            "values masked",
            "The closed keys still take their share of the weight, and only their values are "
            "zeroed. Close them before softmax.",
            lambda: _softmax(np.where(mask, scores, 0)) * mask @ v,
        ),
        Suspect(
            "wrong axis",
            "Softmax runs over the queries here. Each query shares its weight among the keys: "
            "axis=-1.",
            lambda: _wrong_axis(scores, mask) @ v,
        ),
        Suspect(
            "not scaled",
            "The mask is right; the scores are not divided by √d_k.",
            lambda: attend(dots, mask),
        ),
        Suspect(
            "scaled by d_v",
            "The scores are divided by √d_v, the width of a value. What grows is the dot product "
            "of query and key: divide by √d_k.",
            lambda: attend(dots / np.sqrt(d_v), mask),
        ),
        Suspect(
            "divided by d_k",
            "The mask is right; the scores are divided by d_k where it should be √d_k.",
            lambda: attend(dots / d_k, mask),
        ),
        Suspect(
            "not normalised",
            "The weights of a row do not sum to 1: these are sums of exp(score) times value.",
            lambda: np.where(mask, np.exp(scores), 0) @ v,
        ),
    ]
    for penalty in (-1.0, -10.0, -100.0, -1e3, -1e4):
        found.append(
            Suspect(
                "weak penalty",
                f"You lower closed scores by {-penalty:g} only. A large score survives that and "
                "leaks through the mask. Use -∞ (np.where with -np.inf).",
                lambda penalty=penalty: constant(penalty),
            )
        )
    if scores.shape[-1] == scores.shape[-2]:
        found.append(
            Suspect(
                "mask transposed",
                "The mask is used transposed: rows are queries, columns are keys. You let each "
                "query see what should see it.",
                lambda: attend(scores, mask.swapaxes(-1, -2)),
            )
        )
    return found


def _wrong_axis(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    weights = _softmax(np.where(mask, scores, -np.inf), axis=-2)
    return np.nan_to_num(weights)


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
    mask[1] = False  # whatever the answer to a blind query is, it must not be written into these
    call("masked_attention", q, k, v, mask)
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
    """Scores of a thousand and more, blind queries among them: no NaN."""
    q, k, v = _draw(rng)
    mask = _some(rng, 3, 5)
    mask[1] = False
    _hold(call, q * 20, k * 20, v, mask)
