"""Rules of masks on the Python side, and what a painted mask does against its rule."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from attncourse import reference as ref

Positions = Int[np.ndarray, "..."]
Rule = Callable[[Positions, Positions, int], Bool[np.ndarray, "..."]]

#: Rules whose size is a number of keys: what they say of the positions of query and key.
SIZED: dict[str, Rule] = {
    "window": lambda p, j, size: (j <= p) & (j > p - size),
    "prefix": lambda p, j, size: (j <= p) | (j < size),
    "documents": lambda p, j, size: (j <= p) & ((j < size) == (p < size)),
    "padding right": lambda p, j, size: j < size,
}
RULES = ("no mask", "causal", "causal top-left", *SIZED, "padding left")
#: The rules for which some keys are a query's future.
ORDERED = ("causal", "causal top-left", "window", "prefix", "documents")

LIMITS: dict[str, Any] = {
    "rules": RULES,
    "against": ("nothing", "rule"),
    "score": 100.0,
    "strength": (0.0, 4.0),
}
#: The most queries and keys that fit a phone.
MOST = (8, 8)

#: Small vectors whose scores leave no query indifferent. Two more keys than queries: a past.
QUERIES = np.array([[1.2, 0.4], [-0.6, 1.4], [0.9, -1.1], [1.5, 0.8]])
KEYS = np.array([[0.9, -0.3], [-0.7, 1.0], [1.1, 0.8], [0.2, -1.2], [-0.4, 0.5], [1.3, 0.2]])


def scores() -> Float[np.ndarray, "q_len kv_len"]:
    """Return the scores of the painter that is given none, to two decimals."""
    return ref.scaled_dot_scores(QUERIES, KEYS).round(2)


def lay_out(
    rule: str, size: int, q_len: int, kv_len: int, step: int = 0
) -> Bool[np.ndarray, "q_len kv_len"]:
    """Return the mask of a rule; ``step`` makes it one too far or one too short.

    A causal rule is off by its diagonal, any other by its size.
    """
    past = kv_len - q_len
    if rule in SIZED:
        return ref.create_mask(lambda p, j: SIZED[rule](p, j, size + step), q_len, kv_len)
    return ref.create_mask(
        {
            "no mask": lambda p, j: j >= 0,
            "causal": lambda p, j: j <= p + step,
            "causal top-left": lambda p, j: j <= p - past + step,
            "padding left": lambda p, j: j >= kv_len - size - step,
        }[rule],
        q_len,
        kv_len,
    )


def findings(mask: Bool[np.ndarray, "q_len kv_len"], rule: str, size: int) -> dict[str, Any]:
    """Return how a painted mask differs from the rule that it is meant as.

    ``empty`` and ``blind`` have an entry for each query: it sees nothing; it is not allowed to see
    its own position, though the rule allows it. ``future``, ``outside`` and ``lost`` have one for
    each cell: seen against the rule and behind the query; seen against it elsewhere; hidden against
    it. ``inverted``, ``misaligned`` and ``shifted`` say that the whole mask is the opposite of the
    rule, the other causal mask, or the rule off by one.
    """
    q_len, kv_len = mask.shape
    right = lay_out(rule, size, q_len, kv_len)
    own = np.arange(q_len)[:, None] + (0 if rule == "causal top-left" else kv_len - q_len)
    keys = np.arange(kv_len)[None, :]
    ordered = rule in ORDERED
    future = mask & ~right & ordered & (keys > own)
    lost = right & ~mask
    wrong = not np.array_equal(mask, right)

    def is_laid_out(other: str, step: int = 0) -> bool:
        return wrong and np.array_equal(mask, lay_out(other, size, q_len, kv_len, step))

    others = {"causal": "causal top-left", "causal top-left": "causal"}
    return {
        "right": right,
        "seen": mask.sum(axis=1),
        "empty": ~mask.any(axis=1),
        "blind": (lost & ordered & (keys == own)).any(axis=1),
        "future": future,
        "outside": mask & ~right & ~future,
        "lost": lost,
        "inverted": np.array_equal(mask, ~right),
        "misaligned": rule in others and is_laid_out(others[rule]),
        "shifted": next((step for step in (1, -1) if is_laid_out(rule, step)), 0),
    }
