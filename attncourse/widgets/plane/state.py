"""The plane's arithmetic on the Python side, its start values, presets and limits."""

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from attncourse import reference as ref

#: What a plane can show. The front-end finds these in its state.
LIMITS: dict[str, Any] = {
    "temperature": (0.01, 100.0),
    "coordinate": 100.0,
    "score": 1e4,
    "scale": 100.0,
}
#: The most queries or keys that stay legible in a plane of phone size.
MOST = 8

#: Query 2 prefers key 1, so that the causal preset leaves it something to prefer.
QUERIES = [[1.4, -0.3], [-0.2, 1.6], [-1.5, -0.2], [1.0, 1.0]]
KEYS = [[-0.6, 1.3], [1.2, 0.7], [-1.3, -0.4], [0.5, -1.2]]
#: In convex position: each value is a corner that the output can be drawn to.
VALUES = [[-1.6, -0.9], [1.7, -1.1], [1.2, 1.3], [-1.1, 1.4]]


def scores_of(
    q: Float[np.ndarray, "q_len 2"],
    k: Float[np.ndarray, "kv_len 2"],
    scale: float | None,
    edits: Float[np.ndarray, "q_len kv_len"],
) -> Float[np.ndarray, "q_len kv_len"]:
    """Return the scaled scores, with each edited score (not NaN) in place of the computed one."""
    return np.where(np.isnan(edits), ref.scaled_dot_scores(q, k, scale=scale), edits)


def pinned_softmax(
    scores: Float[np.ndarray, "q_len kv_len"],
    *,
    mask: Bool[np.ndarray, "q_len kv_len"],
    pins: Float[np.ndarray, "q_len kv_len"],
    temperature: float = 1.0,
) -> Float[np.ndarray, "q_len kv_len"]:
    r"""Return softmax weights of which some are held at a given value.

    .. math:: w_{ij} = p_{ij} \text{ where pinned}, \qquad
              w_{ij} = \Bigl(1 - \sum_{l\ \text{pinned}} p_{il}\Bigr)\,
              \mathrm{softmax}_{l\ \text{free}}(s_{il} / T)_j \text{ elsewhere}

    The free weights keep their proportions: softmax over the free keys alone is the softmax of the
    whole row divided by what the free keys had of it.

    Parameters
    ----------
    scores
        Scaled scores, one row a query.
    mask
        True = may attend. A masked weight is 0, also where it is pinned.
    pins
        The pinned weights; NaN where a weight is free. A row sums to 1 at most.
    temperature
        Divides the scores before the softmax.

    Returns
    -------
    weights
        Rows sum to 1. Where no key is left free, the pins are divided by their sum. A row that is
        fully masked, or whose only pins are 0, is all zeros.

    """
    pinned = mask & ~np.isnan(pins)
    held = np.where(pinned, pins, 0.0)
    total = held.sum(axis=-1, keepdims=True)
    free = ref.softmax(scores, mask=mask & ~pinned, temperature=temperature)
    nobody_free = ~(mask & ~pinned).any(axis=-1, keepdims=True)
    stretched = np.divide(held, total, out=np.zeros_like(held), where=total > 0)
    return np.where(nobody_free, stretched, held + np.maximum(0.0, 1.0 - total) * free)


def presets(q_len: int, kv_len: int) -> dict[str, dict[str, Any]]:
    """Return what each preset changes of a widget's start state."""
    return {
        # Each query sees its own position and those before it.
        "causal": {"mask": ref.causal_mask(q_len, kv_len).tolist()},
        # A query at the origin matches every key alike.
        "uniform": {"q": [[0.0, 0.0] for _ in range(q_len)]},
        # As the temperature goes to zero, softmax becomes arg max.
        "one-hot": {"temperature": LIMITS["temperature"][0]},
        # Scores eight times too large, as those of 64 dimensions are where nobody divides by √64:
        # softmax is nearly one-hot, and small moves change nothing.
        "saturated": {"scale": round(8 / math.sqrt(2), 4)},
    }
