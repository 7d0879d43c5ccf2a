"""The right answers for FlashAttention: one query at a time, or a stretch of whole rows.

Small cases go by loops over queries in float64, long ones by stretches of whole rows in float32.
Neither cuts the keys.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from attncourse.grading.oracle import oracle

Arrays = tuple[np.ndarray, ...]
#: Numbers in a stretch of rows.
_STRETCH = 1 << 20


def attend_one(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float]:
    """What one query gets from the keys that it sees, and the log of its sum of exponentials."""
    if not len(keys):
        return np.zeros(values.shape[-1]), -math.inf
    scores = keys.astype(np.float64) @ query.astype(np.float64) / math.sqrt(len(query))
    top = float(scores.max())
    powers = np.exp(scores - top)
    total = math.fsum(powers)
    return powers @ values.astype(np.float64) / total, top + math.log(total)


def _seen(i: int, q_len: int, kv_len: int, causal: bool) -> int:
    """How many keys query i sees: the last query sees all of them."""
    return max(0, kv_len - q_len + i + 1) if causal else kv_len


@oracle
def flash_forward(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Attention, and each query's log-sum-exp of scaled scores."""
    *batch, q_len, _ = q.shape
    out = np.zeros((*batch, q_len, v.shape[-1]))
    lse = np.zeros((*batch, q_len))
    for place in np.ndindex(*batch):
        keys, values = k[place].astype(np.float64), v[place].astype(np.float64)
        for i in range(q_len):
            n = _seen(i, q_len, k.shape[-2], causal)
            at = (*place, i)
            out[at], lse[at] = attend_one(q[at], keys[:n], values[:n])
    return out, lse


@oracle
def flash_backward(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, d_out: np.ndarray, causal: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients at q, k and v, one query after the other, by the chain rule."""
    q, k, v, d_out = (x.astype(np.float64) for x in (q, k, v, d_out))
    *batch, q_len, d_k = q.shape
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for place in np.ndindex(*batch):
        for i in range(q_len):
            at, seen = (*place, i), (*place, slice(_seen(i, q_len, k.shape[-2], causal)))
            if not len(k[seen]):
                continue
            scores = k[seen] @ q[at] / math.sqrt(d_k)
            powers = np.exp(scores - scores.max())
            weights = powers / powers.sum()
            d_weights = v[seen] @ d_out[at]
            d_scores = weights * (d_weights - weights @ d_weights)
            dq[at] = d_scores @ k[seen] / math.sqrt(d_k)
            dk[seen] += np.outer(d_scores, q[at]) / math.sqrt(d_k)
            dv[seen] += np.outer(weights, d_out[at])
    return dq, dk, dv


@oracle
def long_forward(q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool) -> Arrays:
    """As :func:`flash_forward`, without batch axes, by stretches of whole rows."""
    out, lse = np.zeros((len(q), v.shape[-1]), np.float32), np.zeros(len(q), np.float32)
    for rows, scores in _stretches(q, k, causal):
        top = scores.max(axis=-1)
        powers = np.exp(scores - top[:, None])
        out[rows] = powers @ v / powers.sum(axis=-1, keepdims=True)
        lse[rows] = top + np.log(powers.sum(axis=-1))
    return out, lse


@oracle
def long_backward(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, d_out: np.ndarray, causal: bool
) -> Arrays:
    """As :func:`flash_backward`, without batch axes, by stretches of whole rows."""
    dq, dk, dv = (np.zeros(x.shape, np.float32) for x in (q, k, v))
    for rows, scores in _stretches(q, k, causal):
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        d_weights = d_out[rows] @ v.T
        mean = (weights * d_weights).sum(axis=-1, keepdims=True)
        d_scores = weights * (d_weights - mean) / math.sqrt(q.shape[-1])
        dq[rows] = d_scores @ k
        dk += d_scores.T @ q[rows]
        dv += weights.T @ d_out[rows]
    return dq, dk, dv


def _stretches(q: np.ndarray, k: np.ndarray, causal: bool) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows of the square, as many as fit at a time: their place and their scores."""
    height = max(1, _STRETCH // len(k))
    for start in range(0, len(q), height):
        rows = slice(start, start + height)
        scores = q[rows] @ k.T / math.sqrt(q.shape[-1])
        if causal:
            for i, row in enumerate(scores):
                row[_seen(start + i, len(q), len(k), causal) :] = -math.inf
        yield rows, scores
