"""Known mistakes of ``bahdanau_context``, with what they make of given inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.exercises.ch01_background.whole import weights

Both = tuple[np.ndarray, np.ndarray]

UNSTABLE = (
    "Overflow: exp of a large score is infinite, and ∞/∞ is NaN. Take each row's largest "
    "score away before exp."
)


def _mix(shares: np.ndarray, memory: np.ndarray) -> np.ndarray:
    return (shares[..., None] * memory).sum(axis=-2)


def mistakes(
    state: np.ndarray,
    memory: np.ndarray,
    mask: np.ndarray,
    w_query: np.ndarray,
    w_key: np.ndarray,
    v: np.ndarray,
) -> list[tuple[str, str, Callable[[], Both]]]:
    """A name, a message, and what the mistake gives for both results."""
    asks, told = (state @ w_query)[..., None, :], memory @ w_key
    scores = np.tanh(asks + told) @ v
    nobody = ~mask.any(axis=-1, keepdims=True)

    def closed(scores: np.ndarray, mask: np.ndarray = mask) -> np.ndarray:
        blind = ~mask.any(axis=-1, keepdims=True)
        return np.where(blind, 0, weights(np.where(mask, scores, np.where(blind, 0, -np.inf))))

    right = closed(scores)
    # Any number above all open scores does the same as this one.
    filled = weights(np.where(mask, scores, -1e5))

    def use(shares: Callable[[], np.ndarray]) -> Callable[[], Both]:
        return lambda: (_mix(w := shares(), memory), w)

    found = [
        (
            "mask ignored",
            "The weights are those without a mask: the padding is read too. Close its scores with "
            "-∞ before softmax.",
            use(lambda: weights(scores)),
        ),
        (
            "mask inverted",
            "Your mask is inverted. True means: may attend.",
            use(lambda: closed(scores, ~mask)),
        ),
        (
            "masked after softmax",
            "You set weights to zero after softmax, so the rest no longer sums to 1. Close the "
            "scores before it.",
            use(lambda: np.where(mask, weights(scores), 0)),
        ),
        (
            "scores times mask",
            "You multiply the scores by the mask. A score of 0 still has a weight: exp(0) is 1. "
            "Closed scores should be -∞.",
            use(lambda: weights(np.where(mask, scores, 0))),
        ),
        (
            "NaN without a source",
            "A decoder with nothing to read gets NaN: every score in its row is -∞. Its weights "
            "and its context should be zeros.",
            use(lambda: np.where(nobody, np.nan, right)),
        ),
        (
            "padding averaged",
            "A decoder with nothing to read gets the mean of the padding: equal scores make equal "
            "weights, however negative they are. Its weights and its context should be zeros.",
            use(lambda: np.where(nobody, 1 / mask.shape[-1], right)),
        ),
        (
            "unstable",
            UNSTABLE,
            use(lambda: np.where(nobody, 0, _shares(np.where(mask, np.exp(scores), 0)))),
        ),
        (
            "unstable",
            UNSTABLE,
            use(lambda: np.where(nobody, 0, _shares(np.exp(scores) * mask))),
        ),
        (
            "finite in place of -∞",
            "Closed scores become a number that open ones can fall below; then these lose all "
            "weight. Nothing is below -∞: np.where with -np.inf.",
            use(lambda: np.where(mask, filled, 0)),
        ),
        (
            "finite in place of -∞",
            "Closed scores become a number that open ones can fall below; then padding takes all "
            "weight. Nothing is below -∞: np.where with -np.inf.",
            use(lambda: np.where(nobody, 0, filled)),
        ),
        (
            "finite in place of -∞",
            "Closed scores become a number. Open ones can fall below it, and a decoder with "
            "nothing to read gets the mean of the padding. Use -∞, and zeros for such a decoder.",
            use(lambda: filled),
        ),
        (
            "no tanh",
            "tanh is missing. Without it the state adds the same number to every score, softmax "
            "does not notice, and the decoder cannot ask for anything.",
            use(lambda: closed((asks + told) @ v)),
        ),
        (
            "no v",
            "v is missing: you add the hidden units up. Weigh each by its entry of v.",
            use(lambda: closed(np.tanh(asks + told).sum(axis=-1))),
        ),
        (
            "dot product",
            "You score by a dot product of the two projections. This decoder adds them, bends the "
            "sum with tanh and weighs it with v.",
            use(lambda: closed((asks * told).sum(axis=-1))),
        ),
        (
            "state ignored",
            "The weights do not depend on the decoder's state. Its projection is missing from the "
            "sum, or tanh bends it apart from the memory's; then softmax does not notice it. Add "
            "first, then bend.",
            use(lambda: closed(np.tanh(told) @ v)),
        ),
        (
            "tanh too late",
            "tanh stands outside: tanh(v · h). It belongs inside, on the hidden units: v · "
            "tanh(h).",
            use(lambda: closed(np.tanh((asks + told) @ v))),
        ),
        (
            "sigmoid",
            "You bend with a sigmoid. This decoder uses tanh, which is centred on 0.",
            use(lambda: closed(1 / (1 + np.exp(-asks - told)) @ v)),
        ),
        (
            "relu",
            "You bend with max(0, ·). This decoder uses tanh: it is bounded on both sides.",
            use(lambda: closed(np.maximum(asks + told, 0) @ v)),
        ),
        (
            "scaled",
            "The scores are divided by √d_hidden. Only dot products need that: tanh bounds these.",
            use(lambda: closed(scores / np.sqrt(len(v)))),
        ),
        (
            "scores in place of weights",
            "The second result holds the scores. Softmax is missing: weights sum to 1.",
            use(lambda: np.where(mask, scores, 0)),
        ),
        (
            "not normalised",
            "The weights do not sum to 1: these are the powers. Divide them by their sum.",
            use(lambda: np.where(mask, np.exp(scores), 0)),
        ),
        (
            "winner takes all",
            "All weight lies on the largest score. Softmax gives every open place a share.",
            use(lambda: np.eye(mask.shape[-1])[np.where(mask, scores, -np.inf).argmax(axis=-1)]),
        ),
        (
            "wrong axis",
            "The weights sum to 1 over the batch. Each decoder shares its weight among its own "
            "source: axis=-1.",
            use(lambda: np.nan_to_num(weights(np.where(mask, scores, -np.inf), axis=0))),
        ),
        (
            "plain mean",
            "Right weights, but the context is the plain mean of the open places: the weights are "
            "not used.",
            lambda: (
                _mix(np.where(mask, 1 / np.maximum(mask.sum(-1, keepdims=True), 1), 0), memory),
                right,
            ),
        ),
        (
            "sum of all",
            "Right weights, but the context is the sum of all encoder states: the weights are not "
            "used.",
            lambda: (memory.sum(axis=-2), right),
        ),
        (
            "context averaged",
            "Right weights, but the context is divided by the number of places. The weights sum "
            "to 1 already: add the weighted states up, and leave it at that.",
            lambda: (_mix(right, memory) / mask.shape[-1], right),
        ),
        (
            "projections mixed",
            "Right weights, but the context mixes memory @ w_key. It mixes the encoder's states "
            "as they are: here values are not projected.",
            lambda: (_mix(right, told), right),
        ),
        (
            "results swapped",
            "The two results stand in the wrong order: first the context, then the weights.",
            lambda: (right, _mix(right, memory)),
        ),
    ]
    for penalty in (1, 10, 100, 1000, 100_000):
        found.append(
            (
                "weak penalty",
                f"You lower closed scores by {penalty} only. A large score survives that, and a "
                "row without any open place has nothing else. Use -∞: np.where with -np.inf.",
                use(lambda penalty=penalty: weights(np.where(mask, scores, scores - penalty))),
            )
        )
    if w_query.shape == w_key.shape:
        found.append(
            (
                "matrices swapped",
                "w_query and w_key are swapped: the state goes through w_query. With equal widths "
                "no shape complains.",
                use(lambda: closed(np.tanh((state @ w_key)[..., None, :] + memory @ w_query) @ v)),
            )
        )
    return found


def _shares(powers: np.ndarray) -> np.ndarray:
    return powers / powers.sum(axis=-1, keepdims=True)
