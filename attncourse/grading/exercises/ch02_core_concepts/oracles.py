"""The right answers, from the definitions: float64, one number at a time.

Loops on purpose. Nothing here shares a line with the course's implementation or with a fast way to
write the answer, so a mistake in one cannot hide a mistake in the other.
"""

from __future__ import annotations

import math

import numpy as np

from attncourse.grading.exercises.ch01_background.oracles import shares
from attncourse.grading.exercises.ch03_algorithm.oracles import masked_attention
from attncourse.grading.oracle import oracle


@oracle
def soft_lookup(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float
) -> np.ndarray:
    """The mean of the values, weighted by dot products over the temperature."""
    *batch, n, width = keys.shape
    out = np.zeros((*batch, values.shape[-1]))
    for place in np.ndindex(*batch):
        scores = [
            math.fsum(float(query[(*place, t)]) * float(keys[(*place, j, t)]) for t in range(width))
            for j in range(n)
        ]
        top = max(scores)
        if temperature == 0:
            best = [score == top for score in scores]
            weights = [b / sum(best) for b in best]
        else:
            weights = shares([(score - top) / temperature for score in scores])
        for t in range(values.shape[-1]):
            out[(*place, t)] = math.fsum(
                weights[j] * float(values[(*place, j, t)]) for j in range(n)
            )
    return out


@oracle
def projected(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Each vector of a sequence times a matrix."""
    out = np.zeros((*x.shape[:-1], w.shape[1]))
    for place in np.ndindex(*out.shape):
        out[place] = math.fsum(
            float(x[(*place[:-1], t)]) * float(w[t, place[-1]]) for t in range(len(w))
        )
    return out


@oracle
def attention_layer(
    x: np.ndarray,
    w_query: np.ndarray,
    w_key: np.ndarray,
    w_value: np.ndarray,
    context: np.ndarray | None = None,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Attention with projections: of a sequence to itself, or to another."""
    read = x if context is None else context
    seen = np.ones((x.shape[-2], read.shape[-2]), bool) if mask is None else mask
    return masked_attention(
        projected(x, w_query), projected(read, w_key), projected(read, w_value), seen
    )


@oracle
def contributions(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Each key's share in the lengths that arrive."""
    *batch, q_len, kv_len = weights.shape
    out = np.zeros(weights.shape)
    for place in np.ndindex(*batch):
        lengths = [
            math.sqrt(math.fsum(float(a) ** 2 for a in values[(*place, j)])) for j in range(kv_len)
        ]
        for i in range(q_len):
            arrives = [float(weights[(*place, i, j)]) * lengths[j] for j in range(kv_len)]
            total = math.fsum(arrives)
            for j in range(kv_len):
                out[(*place, i, j)] = arrives[j] / total if total else 0.0
    return out


@oracle
def longest_context(query_norm: float, key_norm: float, d_k: int, weight: float) -> float:
    """The number of keys at which the largest weight of all has fallen to ``weight``: a search."""
    high = query_norm * key_norm / math.sqrt(d_k)  # the one key, right along the query
    low = -high  # all others, right against it

    def largest(n: float) -> float:
        return 1 / (1 + (n - 1) * math.exp(low - high))

    few, many = 1.0, 2.0
    while largest(many) > weight:
        many *= 2
    for _ in range(200):
        middle = (few + many) / 2
        few, many = (middle, many) if largest(middle) > weight else (few, middle)
    return few
