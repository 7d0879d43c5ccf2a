"""Checks of ``attention_pooling(h, w_key, b, v, mask)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_ATTENTION, READY_SOFTMAX
from attncourse.grading.exercises.ch06_applications import oracles

QUESTION = Question(
    "attention_pooling",
    ("h", "w_key", "b", "v", "mask"),
    ready_made=READY_ATTENTION + READY_SOFTMAX,
)
AXES = ("sentence", "feature")


def _soft(scores: np.ndarray, mask: np.ndarray, axis: int = -1) -> np.ndarray:
    """Softmax of the open scores; zeros where none is open."""
    open_ = np.where(mask, scores, -np.inf)
    top = open_.max(axis=axis, keepdims=True)
    powers = np.exp(open_ - np.where(np.isinf(top), 0, top))
    total = powers.sum(axis=axis, keepdims=True)
    return powers / np.where(total == 0, 1, total)


def suspects(
    h: np.ndarray, w_key: np.ndarray, b: np.ndarray, v: np.ndarray, mask: np.ndarray
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    h = h.astype(np.float64)
    bent = np.tanh(h @ w_key + b)
    scores = bent @ v
    every = np.ones_like(mask)
    blind = ~mask.any(axis=-1)[..., None]
    many = np.maximum(mask.sum(axis=-1), 1)[..., None]

    def pool(weights: np.ndarray, states: np.ndarray = h) -> np.ndarray:
        return (weights[..., None] * states).sum(axis=-2)

    def soft(scores: np.ndarray) -> np.ndarray:
        return pool(_soft(scores, mask))

    right = soft(scores)
    mean = h.mean(axis=-2)
    naive = np.where(mask, np.exp(scores), 0)
    found = [
        Suspect(
            "mask ignored",
            "The padding has its say: the mask is not used. Close the scores where it is False "
            "before softmax.",
            lambda: pool(_soft(scores, every)),
        ),
        Suspect(
            "mask inverted",
            "The mask is inverted: you read the padding and leave the words out. True means: a "
            "word.",
            lambda: pool(_soft(scores, ~mask)),
        ),
        Suspect(
            "masked after softmax",
            "The padding's weights are set to zero after softmax, so the others no longer sum to "
            "1. Set its scores to -∞ before.",
            lambda: pool(_soft(scores, every) * mask),
        ),
        Suspect(
            "scores times mask",
            "You multiply the scores by the mask. A score of 0 still has a weight, since exp(0) is "
            "1: use -∞.",
            lambda: pool(_soft(scores * mask, every)),
        ),
        Suspect(
            "states masked",
            "The padding's states are zeroed before they are scored; their scores are not. They "
            "still take a share of the weight: close the scores.",
            lambda: _zeroed(h * mask[..., None], w_key, b, v),
        ),
        Suspect(
            "NaN for an empty sentence",
            "A sentence without any word gives NaN: all its scores are -∞, and their softmax is "
            "0/0. Its vector should be zeros.",
            np.where(blind, np.nan, right),
        ),
        Suspect(
            "an empty sentence averaged",
            "A sentence without any word gets the mean of its padding. That happens when all its "
            "scores are the same large negative number. Its vector should be zeros.",
            np.where(blind, mean, right),
        ),
        Suspect(
            "an empty sentence unmasked",
            "A sentence without any word is read as if its padding were words. Its vector should "
            "be zeros.",
            lambda: np.where(blind, pool(_soft(scores, every)), right),
        ),
        Suspect(
            "overflow",
            "exp of a large score is infinite, and ∞/∞ is NaN. Take each sentence's largest score "
            "away before you call exp.",
            lambda: pool(naive / naive.sum(axis=-1, keepdims=True)),
        ),
        Suspect(
            "overflow",
            "exp of a large score is infinite, and ∞/∞ is NaN. (The empty sentence is handled.) "
            "Take each sentence's largest score away before you call exp.",
            lambda: np.where(blind, 0, pool(naive / naive.sum(axis=-1, keepdims=True))),
        ),
        Suspect(
            "no tanh",
            "tanh is missing: S = tanh(h U + b) · v. Without it one direction of the states decides "
            "alone, and b drops out of the softmax.",
            lambda: soft((h @ w_key + b) @ v),
        ),
        Suspect(
            "no b",
            "b is missing inside the tanh. It stands where the query was: what is looked for.",
            lambda: soft(np.tanh(h @ w_key) @ v),
        ),
        Suspect(
            "b outside",
            "b is added after the tanh. There it is the same for every word, and softmax forgets "
            "it.",
            lambda: soft((np.tanh(h @ w_key) + b) @ v),
        ),
        Suspect(
            "no v",
            "v is missing: you add the hidden units up. Weigh each by its entry of v.",
            lambda: soft(bent.sum(axis=-1)),
        ),
        Suspect(
            "tanh outside",
            "tanh stands outside, around the score. It bends the hidden units: tanh(…) @ v.",
            lambda: soft(np.tanh((h @ w_key + b) @ v)),
        ),
        Suspect(
            "hidden units pooled",
            "You pool the hidden units tanh(…). They only make the weights; what is averaged are "
            "the states h.",
            lambda: pool(_soft(scores, mask), bent),
        ),
        Suspect(
            "plain mean",
            "This is the plain mean of the words: every one has the same weight.",
            lambda: pool(mask / many),
        ),
        Suspect(
            "divided once more",
            "You average the weighted states: they are divided by their number once more. The "
            "weights sum to 1 already, so add up.",
            right / h.shape[-2],
        ),
        Suspect(
            "divided once more",
            "The weighted sum is divided by the number of words once more. The weights sum to 1 "
            "already.",
            right / many,
        ),
        Suspect(
            "not normalised",
            "The weights do not sum to 1: these are sums of exp(score) times state.",
            lambda: pool(naive),
        ),
        Suspect(
            "sigmoid",
            "Each word has a weight of its own, by a sigmoid. In softmax the words share one unit.",
            lambda: pool(np.where(mask, 1 / (1 + np.exp(-scores)), 0)),
        ),
        Suspect(
            "scores for weights",
            "The scores themselves are the weights: softmax is missing.",
            lambda: pool(np.where(mask, scores, 0)),
        ),
        Suspect(
            "scaled",
            "The scores are divided by √d_hidden. Additive scores are not scaled: tanh bounds them.",
            lambda: soft(scores / np.sqrt(len(v))),
        ),
        Suspect(
            "the best word only",
            "You take the state of the best word. Attention pooling mixes: a weighted mean.",
            lambda: pool(_soft(scores * 1e9, mask)),
        ),
        Suspect(
            "weights returned",
            "You return the weights. Sum up the states by them: one vector for each sentence.",
            _soft(scores, mask),
        ),
        Suspect(
            "not summed",
            "You return the states, each by its weight. Sum them over the words: axis=-2.",
            _soft(scores, mask)[..., None] * h,
        ),
    ]
    if h.ndim > 2:
        message = (
            "Softmax runs over the sentences of the batch. The words of one sentence share its "
            "weight: axis=-1."
        )
        gives = lambda: pool(_soft(scores, mask, axis=0))  # noqa: E731
        found.append(Suspect("softmax over the batch", message, gives))
    if w_key.shape[0] == w_key.shape[1]:
        message = (
            "w_key is used transposed. A row vector goes in from the left: h @ w_key. With a "
            "square matrix no shape complains."
        )
        gives = lambda: soft(np.tanh(h @ w_key.T + b) @ v)  # noqa: E731
        found.append(Suspect("matrix transposed", message, gives))
        message = "b and v have changed places. With equal sizes no shape complains."
        gives = lambda: soft(np.tanh(h @ w_key + v) @ b)  # noqa: E731
        found.append(Suspect("b and v swapped", message, gives))
    return found


def _zeroed(h: np.ndarray, w_key: np.ndarray, b: np.ndarray, v: np.ndarray) -> np.ndarray:
    scores = np.tanh(h @ w_key + b) @ v
    return (_soft(scores, np.ones(scores.shape, bool))[..., None] * h).sum(axis=-2)


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
    compare(given, right, suspects=suspects(*inputs), axes=AXES, tolerance=tolerance)


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
    mask[0] = False
    call("attention_pooling", *inputs, mask)
    QUESTION.unchanged(call, "Right vectors for the others")


@QUESTION.check(points=1, hidden=True, hint="Take each sentence's largest open score away first.")
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """A v so large that scores pass 1000, and an empty sentence among the others."""
    h, w_key, b, v, mask = _draw(rng, 4)
    mask[1] = False
    _hold(call, (h, w_key, b, v * 1000, mask))


@QUESTION.check(
    points=1, hidden=True, hint="With equal sizes no shape complains. Read the formula."
)
def equal_sizes(call: Call, rng: np.random.Generator) -> None:
    """As many words as features as hidden units."""
    _hold(call, _draw(rng, 5, seq=5, d_model=5, d_hidden=5))
    _hold(call, _draw(rng, 2, seq=4, d_model=4, d_hidden=4))
