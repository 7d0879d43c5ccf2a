"""Known mistakes in ``attention_pooling(h, w_key, b, v, mask)``."""

from __future__ import annotations

from functools import partial

import numpy as np

from attncourse.grading.compare import Suspect


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
    blind = ~mask.any(axis=-1, keepdims=True)
    many = np.maximum(mask.sum(axis=-1), 1)[..., None]

    def pool(weights: np.ndarray, states: np.ndarray = h) -> np.ndarray:
        return (weights[..., None] * states).sum(axis=-2)

    def naive() -> np.ndarray:
        return np.where(mask, np.exp(scores), 0)

    def soft(scores: np.ndarray) -> np.ndarray:
        return pool(_soft(scores, mask))

    right = soft(scores)
    # Any number above all open scores does the same as this one.
    filled = _soft(np.where(mask, scores, -1e5), every)
    mean = h.mean(axis=-2)
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
            lambda: pool(naive() / naive().sum(axis=-1, keepdims=True)),
        ),
        Suspect(
            "overflow",
            "exp of a large score is infinite, and ∞/∞ is NaN. (The empty sentence is handled.) "
            "Take each sentence's largest score away before you call exp.",
            lambda: np.where(blind, 0, pool(naive() / naive().sum(axis=-1, keepdims=True))),
        ),
        Suspect(
            "overflow",
            "exp of a large score is infinite, and ∞/∞ is NaN. (The empty sentence is handled.) "
            "Take each sentence's largest score away before you call exp.",
            lambda: pool(naive() / _some(naive().sum(axis=-1, keepdims=True))),
        ),
        Suspect(
            "finite in place of -∞",
            "The padding's scores become a number that the words' can fall below; then words lose "
            "all weight. Nothing is below -∞: np.where with -np.inf.",
            lambda: pool(filled * mask),
        ),
        Suspect(
            "finite in place of -∞",
            "The padding's scores become a number that the words' can fall below; then padding "
            "takes all weight. Nothing is below -∞: np.where with -np.inf.",
            lambda: np.where(blind, 0, pool(filled)),
        ),
        Suspect(
            "finite in place of -∞",
            "The padding's scores become a number. The words' can fall below it, and a sentence "
            "without any word gets the mean of its padding. Use -∞, and write zeros for it.",
            lambda: pool(filled),
        ),
        Suspect(
            "no tanh",
            "tanh is missing: S = tanh(h U + b) · v. Without it one direction of the states "
            "decides alone, and b drops out of the softmax.",
            lambda: soft((h @ w_key + b) @ v),
        ),
        Suspect(
            "no b",
            "b changes nothing here: it is missing, or it stands outside the tanh, where it is the "
            "same for every word, and softmax forgets it. It belongs inside.",
            lambda: soft(np.tanh(h @ w_key) @ v),
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
            lambda: pool(naive()),
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
            "The scores are divided by √d_hidden. Additive scores are not scaled: tanh bounds "
            "them.",
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
    for penalty in (-1.0, -10.0, -100.0, -1e3, -1e5):
        message = (
            f"You lower the padding's scores by {-penalty:g} only. A large score survives that. "
            "Use -∞ (np.where with -np.inf)."
        )
        gives = partial(_lowered, scores, mask, penalty, h)
        found.append(Suspect("weak penalty", message, gives))
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


def _lowered(scores: np.ndarray, mask: np.ndarray, by: float, h: np.ndarray) -> np.ndarray:
    weights = _soft(np.where(mask, scores, scores + by), np.ones_like(mask))
    return np.where(mask.any(axis=-1, keepdims=True), (weights[..., None] * h).sum(axis=-2), 0)


def _some(total: np.ndarray) -> np.ndarray:
    return np.where(total == 0, 1, total)


def _zeroed(h: np.ndarray, w_key: np.ndarray, b: np.ndarray, v: np.ndarray) -> np.ndarray:
    scores = np.tanh(h @ w_key + b) @ v
    return (_soft(scores, np.ones(scores.shape, bool))[..., None] * h).sum(axis=-2)
