"""The right answers, from the definitions: float64, one number at a time.

Loops on purpose. Nothing here shares a line with the course's implementation or with a fast way to
write the answer, so a mistake in one cannot hide a mistake in the other.
"""

from __future__ import annotations

import math

import numpy as np

from attncourse.grading.exercises.ch03_algorithm.oracles import (
    READY_ATTENTION,
    READY_SOFTMAX,
    masked_attention,
    scaled_scores,
    softmax,
)
from attncourse.grading.oracle import oracle

__all__ = ["READY_ATTENTION", "READY_SOFTMAX", "masked_attention", "scaled_scores", "softmax"]


@oracle
def weights(q: np.ndarray, k: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Masked attention weights; a row of zeros where a query may see no key."""
    scores = scaled_scores(q, k)
    return softmax(np.where(np.broadcast_to(mask, scores.shape), scores, -np.inf))


@oracle
def softmax_backward(grad: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The gradient at the scores, by the whole Jacobian of each row."""
    out = np.zeros(weights.shape)
    for place in np.ndindex(weights.shape[:-1]):
        row = [float(a) for a in weights[place]]
        told = [float(g) for g in grad[place]]
        for j in range(len(row)):
            slopes = (row[i] * ((i == j) - row[j]) for i in range(len(row)))
            out[(*place, j)] = math.fsum(g * s for g, s in zip(told, slopes, strict=True))
    return out


@oracle
def attention_backward(
    grad: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients at q, k and v, summed pair by pair."""
    A = weights(q, k, mask)
    *batch, q_len, kv_len = A.shape
    dq, dk, dv = np.zeros(q.shape), np.zeros(k.shape), np.zeros(v.shape)
    root = math.sqrt(q.shape[-1])
    for place in np.ndindex(*batch):
        for i in range(q_len):
            mine = grad[(*place, i)]
            slopes = np.array([float(np.dot(mine, v[(*place, j)])) for j in range(kv_len)])
            told = softmax_backward(slopes, A[(*place, i)])
            for j in range(kv_len):
                dv[(*place, j)] += A[(*place, i, j)] * mine
                dq[(*place, i)] += told[j] * k[(*place, j)] / root
                dk[(*place, j)] += told[j] * q[(*place, i)] / root
    return dq, dk, dv


@oracle
def multi_head_attention(
    x: np.ndarray,
    w_query: np.ndarray,
    w_key: np.ndarray,
    w_value: np.ndarray,
    w_out: np.ndarray,
    mask: np.ndarray,
    n_heads: int,
) -> np.ndarray:
    """The sum of what each head, with its own columns and its own rows of w_out, brings back."""
    d_k, d_v = w_query.shape[1] // n_heads, w_value.shape[1] // n_heads
    out = np.zeros((*x.shape[:-1], w_out.shape[1]))
    for head in range(n_heads):
        narrow, wide = slice(head * d_k, (head + 1) * d_k), slice(head * d_v, (head + 1) * d_v)
        q, k, v = x @ w_query[:, narrow], x @ w_key[:, narrow], x @ w_value[:, wide]
        out += masked_attention(q, k, v, mask) @ w_out[wide]
    return out


@oracle
def grouped_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Each head of queries by itself, with the keys and values of its group."""
    n_heads, n_kv_heads = q.shape[-3], k.shape[-3]
    mask = np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))
    heads = []
    for head in range(n_heads):
        group = head * n_kv_heads // n_heads
        parts = (q[..., head, :, :], k[..., group, :, :], v[..., group, :, :])
        heads.append(masked_attention(*parts, mask[..., head, :, :]))
    return np.stack(heads, axis=-3)


@oracle
def rotary(x: np.ndarray, positions: np.ndarray, base: float) -> np.ndarray:
    """Each pair of features (i, i + d/2), turned by its own angle."""
    half = x.shape[-1] // 2
    out = np.zeros(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        for i in range(half):
            angle = int(positions[place[-1]]) * math.pow(base, -2 * i / x.shape[-1])
            a, b = float(x[(*place, i)]), float(x[(*place, i + half)])
            out[(*place, i)] = a * math.cos(angle) - b * math.sin(angle)
            out[(*place, i + half)] = a * math.sin(angle) + b * math.cos(angle)
    return out


@oracle
def multiply_adds(q_len: int, kv_len: int, d_model: int, n_heads: int, n_kv_heads: int) -> int:
    """Every matrix product of the layer, head by head."""
    d_k, total = d_model // n_heads, 0

    def product(a: int, b: int, c: int) -> int:
        return a * b * c

    for _ in range(n_heads):
        total += product(q_len, d_model, d_k)  # its queries
        total += product(q_len, d_k, kv_len)  # its scores
        total += product(q_len, kv_len, d_k)  # its mean of values
    for _ in range(2 * n_kv_heads):
        total += product(q_len, d_model, d_k)  # keys, values: of new tokens only
    return total + product(q_len, d_model, d_model)


@oracle
def linear_attention_recurrent(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    key_value_sum: np.ndarray,
    key_sum: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each output from all pairs so far, no state on the way; then both sums at once."""
    *batch, seq, _ = q.shape
    out = np.zeros((*batch, seq, v.shape[-1]))
    memory, total = key_value_sum.astype(np.float64), key_sum.astype(np.float64)
    for place in np.ndindex(*batch):
        for t in range(seq):
            asked = q[(*place, t)].astype(np.float64)
            mixed = asked @ key_value_sum[place]
            given = float(asked @ key_sum[place])
            for s in range(t + 1):
                weight = math.fsum(asked * k[(*place, s)])
                mixed = mixed + weight * v[(*place, s)]
                given += weight
            out[(*place, t)] = mixed / given if given else 0.0
        for t in range(seq):
            memory[place] += np.outer(k[(*place, t)], v[(*place, t)])
            total[place] += k[(*place, t)]
    return out, memory, total


@oracle
def merge_attention(outputs: np.ndarray, log_sum_exps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each query by itself: its parts' outputs, weighed by e to the power of their log-sum-exp."""
    out = np.zeros(outputs.shape[1:])
    together = np.full(log_sum_exps.shape[1:], -np.inf)
    for place in np.ndindex(together.shape):
        sums = [float(s) for s in log_sum_exps[(slice(None), *place)]]
        top = max(sums)
        if top == -math.inf:
            continue
        powers = [math.exp(s - top) for s in sums]
        together[place] = top + math.log(math.fsum(powers))
        for part, power in enumerate(powers):
            out[place] += power / math.fsum(powers) * outputs[(part, *place)]
    return out, together
