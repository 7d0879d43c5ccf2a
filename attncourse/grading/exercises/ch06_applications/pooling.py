"""Checks of ``attention_pooling(h, w_key, b, v, mask)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import FAR_BELOW, all_of, budget, compare
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_ATTENTION, READY_SOFTMAX
from attncourse.grading.exercises.ch06_applications import oracles
from attncourse.grading.exercises.ch06_applications.pooling_mistakes import suspects

QUESTION = Question(
    "attention_pooling",
    ("h", "w_key", "b", "v", "mask"),
    ready_made=READY_ATTENTION + READY_SOFTMAX,
    read="06-applications/text-classification",
)
AXES = ("sentence", "feature")


def _draw(
    rng: np.random.Generator, *batch: int, seq: int = 6, d_model: int = 5, d_hidden: int = 4
) -> tuple[np.ndarray, ...]:
    lengths = rng.integers(2, seq, size=batch)  # at least one place is padding
    return (
        rng.normal(size=(*batch, seq, d_model)) * 1.3,
        rng.normal(size=(d_model, d_hidden)),
        rng.normal(size=d_hidden),
        rng.normal(size=d_hidden) * 1.5,
        np.arange(seq) < lengths[..., None],
    )


def _hold(call: Call, inputs: tuple[np.ndarray, ...]) -> None:
    given = call("attention_pooling", *inputs)
    right = oracles.attention_pooling(*inputs)
    tolerance = budget(np.abs(inputs[3]).sum())
    compare(given, right, suspects=suspects(*inputs), axes=AXES[-right.ndim :], tolerance=tolerance)


@QUESTION.check(points=2, hint="Scores (…, seq), their softmax, the sum of weight times state.")
def words_only(call: Call, rng: np.random.Generator) -> None:
    """One sentence without padding: the weighted mean of its states."""
    *inputs, mask = _draw(rng)
    _hold(call, (*inputs, np.ones_like(mask)))


@QUESTION.check(points=2, hint="np.where(mask, scores, -np.inf), between scores and softmax.")
def padding_has_no_say(call: Call, rng: np.random.Generator) -> None:
    """Whatever stands in the padding, the vector does not move."""
    h, w_key, b, v, mask = _draw(rng, 3)
    _hold(call, (h, w_key, b, v, mask))
    _hold(call, (np.where(mask[..., None], h, 50 * rng.random()), w_key, b, v, mask))


@QUESTION.check(points=1, hint="weights[..., None] * h, summed over axis -2.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Documents of sentences of words: (2, 3, 7, …) gives (2, 3, …)."""
    _hold(call, _draw(rng, 2, 3, seq=7))


@QUESTION.check(points=2, hint="mask.any(axis=-1) is False for it. Zeros, and no NaN.")
def an_empty_sentence(call: Call, rng: np.random.Generator) -> None:
    """A sentence that is padding only gets zeros, and its neighbours do not suffer."""
    *inputs, mask = _draw(rng, 4)
    mask[int(rng.integers(4))] = False
    _hold(call, (*inputs, mask))


@QUESTION.check(points=1, hint="scores[~mask] = … is fine; h[~mask] = 0 writes into the caller's.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    *inputs, mask = _draw(rng, 3)
    _hold(call, (*inputs, mask))
    QUESTION.unchanged(call, "Right vectors")
    # A mask of its own: suspects look at the first one later.
    call("attention_pooling", *inputs, mask & (np.arange(3) > 0)[:, None])
    QUESTION.unchanged(call, "Right vectors for the others")


@QUESTION.check(points=1, hidden=True, hint="Take each sentence's largest open score away first.")
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores that pass 1000, or all lie far below zero; an empty sentence among the others."""
    # One hidden unit is at its limits. It takes the words' scores down alike, and the padding's up.
    low = _draw(rng, 4)
    low[-1][int(rng.integers(4))] = False
    low[0][..., 0] = np.where(low[-1], 1, -1) * (1 + np.abs(low[0][..., 0]))
    low[1][:, 0], low[2][0], low[3][0] = 40 * np.eye(5)[0], 0, -FAR_BELOW
    h, w_key, b, v, mask = _draw(rng, 4)
    mask[1] = False
    scores = (np.tanh(h @ w_key + b) @ v)[mask]
    top = scores[np.abs(scores).argmax()]
    high = (h, w_key, b, v * 1500 / top, mask)  # the largest is 1500, whatever its sign was
    all_of(lambda: _hold(call, high), lambda: _hold(call, low))


@QUESTION.check(
    points=1, hidden=True, hint="With equal sizes no shape complains. Read the formula."
)
def equal_sizes(call: Call, rng: np.random.Generator) -> None:
    """As many words as features as hidden units."""
    _hold(call, _draw(rng, 5, seq=5, d_model=5, d_hidden=5))
    _hold(call, _draw(rng, 2, seq=4, d_model=4, d_hidden=4))
