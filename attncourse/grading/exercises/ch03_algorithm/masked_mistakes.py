"""Known mistakes in ``masked_attention(q, k, v, mask)``, for what its checks say."""

from __future__ import annotations

import numpy as np

from attncourse.grading.compare import Suspect

_FINITE = "finite in place of -∞"


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

    # Any number above all open scores does the same as this one.
    filled = _softmax(np.where(mask, scores, -1e5))

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
            _FINITE,
            "Closed scores become a number that open ones can fall below; then these lose all "
            "weight. Nothing is below -∞: np.where with -np.inf.",
            lambda: np.where(mask, filled, 0) @ v,
        ),
        Suspect(
            _FINITE,
            "Closed scores become a number that open ones can fall below; then closed keys take "
            "all weight. Nothing is below -∞: np.where with -np.inf.",
            lambda: np.where(closed, 0, filled) @ v,
        ),
        Suspect(
            _FINITE,
            "Closed scores become a number. Open ones can fall below it, and a row of nothing else "
            "gets the mean of all values. Use -∞, and write zeros where mask.any(axis=-1) is "
            "False.",
            lambda: filled @ v,
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
