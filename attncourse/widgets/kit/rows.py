"""Rows of weights, and what a hand sets of them."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float


def pinned(
    own: Float[np.ndarray, " kv_len"], held: Mapping[int, float]
) -> Float[np.ndarray, " kv_len"]:
    """Return a row of weights with some of them set; the others share the rest in proportion.

    Where all are set, they are brought to 1. What is set outside the row is not used.

    Examples
    --------
    >>> pinned(np.array([0.5, 0.25, 0.25]), {0: 0.75})
    array([0.75 , 0.125, 0.125])
    """
    held = {j: weight for j, weight in held.items() if 0 <= j < len(own)}
    total = sum(held.values())
    free = np.array([j not in held for j in range(len(own))])
    if free.all() or not (free.any() or total):
        return own
    if not free.any():
        return np.array([held[j] / total for j in range(len(own))])
    rest = max(0.0, 1 - total) * own / own[free].sum()
    return np.array([held.get(j, rest[j]) for j in range(len(own))])


def in_255ths(weights: Float[np.ndarray, "*batch n"]) -> Float[np.ndarray, "*batch n"]:
    """Round rows that sum to one to whole 255ths that still do; none is off by a whole one."""
    exact = 255 * weights / weights.sum(axis=-1, keepdims=True)
    down = np.floor(exact)
    missing = np.rint(255 - down.sum(axis=-1, keepdims=True))
    # What was rounded down the furthest is rounded up.
    rank = np.argsort(np.argsort(down - exact, axis=-1, kind="stable"), axis=-1, kind="stable")
    return down + (rank < missing)
