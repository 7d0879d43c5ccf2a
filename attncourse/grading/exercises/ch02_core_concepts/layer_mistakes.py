"""Known mistakes of ``attention_layer``, with what they make of given inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.compare import Suspect
from attncourse.grading.exercises.ch01_background.whole import weights as softmax

_UNSTABLE = (
    "Overflow: exp of a large score is infinite, and ∞/∞ is NaN. Take each row's largest "
    "score away before exp."
)


def suspects(
    x: np.ndarray,
    w_query: np.ndarray,
    w_key: np.ndarray,
    w_value: np.ndarray,
    context: np.ndarray | None = None,
    mask: np.ndarray | None = None,
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    read = x if context is None else context
    q, k, v = x @ w_query, read @ w_key, read @ w_value
    dots = q @ k.swapaxes(-1, -2)
    d_k = q.shape[-1]
    scores = dots / np.sqrt(d_k)
    seen = np.broadcast_to(True if mask is None else mask, scores.shape)
    blind = ~seen.any(axis=-1, keepdims=True)

    def attend(scores: np.ndarray, v: np.ndarray = v, seen: np.ndarray = seen) -> np.ndarray:
        if scores.shape[-1] != v.shape[-2]:
            raise ValueError("another number of keys")
        empty = ~seen.any(axis=-1, keepdims=True)
        weights = softmax(np.where(seen, scores, np.where(empty, 0, -np.inf)))
        return np.where(empty, 0, weights) @ v

    def late(scores: np.ndarray, v: np.ndarray = v) -> Callable[[], np.ndarray]:
        return lambda: attend(scores, v)

    def from_(ask: np.ndarray, answer: np.ndarray, told: np.ndarray) -> np.ndarray:
        """Queries, keys and values from these three."""
        q, k = ask @ w_query, answer @ w_key
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(d_k)
        return attend(scores, told @ w_value, np.broadcast_to(seen, scores.shape))

    def upside_down() -> np.ndarray:
        if mask is None:
            return attend(scores)
        empty = seen.all(axis=-1, keepdims=True)
        return np.where(empty, 0, np.nan_to_num(attend(scores, seen=~seen)))

    def unstable(nothing: float) -> np.ndarray:
        """Without the maximum; ``nothing`` is what a row gets whose powers are all 0."""
        powers = np.where(seen, np.exp(scores), 0)
        total = powers.sum(axis=-1, keepdims=True)
        return np.where(blind, 0, np.where(total == 0, nothing, powers / total @ v))

    found = [
        Suspect(
            "mask ignored",
            "The result is the one without a mask. Close the scores where the mask is False before "
            "softmax.",
            lambda: softmax(scores) @ v,
        ),
        Suspect(
            "mask inverted",
            "Your mask is inverted. True means: may attend.",
            upside_down,
        ),
        Suspect(
            "masked after softmax",
            "You set weights to zero after softmax, so the rest no longer sums to 1. Close the "
            "scores before it.",
            lambda: np.where(seen, softmax(scores), 0) @ v,
        ),
        Suspect(
            "scores times mask",
            "You multiply the scores by the mask. A score of 0 still has a weight: exp(0) is 1. "
            "Closed scores should be -∞.",
            lambda: softmax(scores * seen) @ v,
        ),
        Suspect(
            "NaN on an empty row",
            "A query that may see no key gets NaN: every score in its row is -∞. Its output "
            "should be zeros. Find such rows with mask.any(axis=-1).",
            lambda: np.where(blind, np.nan, attend(scores)),
        ),
        Suspect(
            "empty row averaged",
            "A query that may see no key gets the plain mean of all values: equal scores make "
            "equal weights, however negative they are. Its output should be zeros.",
            lambda: np.where(blind, v.mean(axis=-2, keepdims=True), attend(scores)),
        ),
        Suspect("not scaled", "The scores are not divided by √d_k.", late(dots)),
        Suspect(
            "divided by d_k",
            "The scores are divided by d_k. It should be its root.",
            late(dots / d_k),
        ),
        Suspect(
            "scaled by √d_model",
            "The scores are divided by √d_model, the width of x. What grows is the dot product of "
            "query and key: divide by the root of their width.",
            late(dots / np.sqrt(x.shape[-1])),
        ),
        Suspect(
            "scaled by √d_v",
            "The scores are divided by √d_v, the width of a value. What grows is the dot product "
            "of query and key: divide by the root of their width.",
            late(dots / np.sqrt(v.shape[-1])),
        ),
        Suspect(
            "wrong axis",
            "The weights sum to 1 over the queries. Each query shares its weight among the keys: "
            "axis=-1.",
            lambda: np.nan_to_num(softmax(np.where(seen, scores, -np.inf), axis=-2)) @ v,
        ),
        Suspect(
            "values not projected",
            "You mix the vectors that are read as they are. The sum runs over the values: read @ "
            "w_value.",
            late(scores, read),
        ),
        Suspect(
            "keys read",
            "You mix the keys. Keys say how much is read; what is read are the values.",
            late(scores, k),
        ),
        Suspect(
            "values from x",
            "Keys come from the context, as they should, but values come from x. Both come from "
            "the context.",
            lambda: from_(x, read, x),
        ),
        Suspect(
            "context ignored",
            "You read x itself: the context is not used. With one, keys and values come from it.",
            lambda: from_(x, x, x),
        ),
        Suspect(
            "context asks",
            "The context asks, and x is read: you have one row for each place of the context. "
            "Queries come from x.",
            lambda: from_(read, x, x),
        ),
        Suspect(
            "context reads itself",
            "All three come from the context, the queries too. Queries come from x.",
            lambda: from_(read, read, read),
        ),
        Suspect("unstable", _UNSTABLE, lambda: unstable(np.nan)),
        Suspect("unstable", _UNSTABLE, lambda: unstable(0)),
        Suspect(
            "not normalised",
            "The weights of a row do not sum to 1: these are sums of exp(score) times value.",
            lambda: np.where(seen, np.exp(scores), 0) @ v,
        ),
        Suspect(
            "always causal",
            "Your queries see the past alone, mask or no mask. Close only what the mask closes.",
            lambda: attend(scores, seen=seen & np.tri(*scores.shape[-2:], dtype=bool)),
        ),
    ]
    for penalty in (1, 10, 100, 1000, 10_000):
        found.append(
            Suspect(
                "weak penalty",
                f"You lower closed scores by {penalty} only. A "
                "large score survives it and leaks through the mask. Use -∞ (np.where with "
                "-np.inf).",
                lambda penalty=penalty: softmax(np.where(seen, scores, scores - penalty)) @ v,
            )
        )
    found += [
        Suspect(
            "finite in place of -∞",
            "Closed scores become a number that open ones can fall below. Nothing is below -∞: "
            "np.where with -np.inf.",
            lambda filled=filled: np.where(
                blind, 0, softmax(np.where(seen, scores, -float(filled))) @ v
            ),
        )
        for filled in (1, 10, 100, 1000, 10_000)
    ]
    found += _too_high(np.where(seen, scores, -1e5), seen, v)
    if scores.shape[-1] == scores.shape[-2]:
        found += [
            Suspect(
                "roles swapped",
                "Queries and keys have changed places: each row of your scores belongs to a key. "
                "A row belongs to a query: q times the transpose of k.",
                late(scores.swapaxes(-1, -2)),
            ),
            Suspect(
                "mask transposed",
                "The mask is used transposed: rows are queries, columns are keys.",
                lambda: attend(scores, seen=seen.swapaxes(-1, -2)),
            ),
        ]
    if w_query.shape == w_key.shape:
        found.append(
            Suspect(
                "matrices swapped",
                "w_query and w_key are swapped: what asks goes through w_query. With equal widths "
                "no shape complains.",
                lambda: attend((x @ w_key) @ (read @ w_query).swapaxes(-1, -2) / np.sqrt(d_k)),
            )
        )
    return found


def _too_high(filled: np.ndarray, seen: np.ndarray, v: np.ndarray) -> list[Suspect]:
    """What a number in place of -∞ gives; any other above all open scores does the same."""
    blind = ~seen.any(axis=-1, keepdims=True)
    table = (
        (
            "Closed scores become a number that open ones can fall below; then these lose all "
            "weight. Nothing is below -∞: np.where with -np.inf.",
            lambda: np.where(seen, softmax(filled), 0) @ v,
        ),
        (
            "Closed scores become a number that open ones can fall below; then closed keys take "
            "all weight. Nothing is below -∞: np.where with -np.inf.",
            lambda: np.where(blind, 0, softmax(filled)) @ v,
        ),
        (
            "Closed scores become a number. Open ones can fall below it, and a row of nothing else "
            "gets the mean of all values. Use -∞, and write zeros where mask.any(axis=-1) is "
            "False.",
            lambda: softmax(filled) @ v,
        ),
    )
    return [Suspect("finite in place of -∞", message, gives) for message, gives in table]
