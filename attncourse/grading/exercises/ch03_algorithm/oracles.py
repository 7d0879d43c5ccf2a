"""The right answers, from the definitions: float64, one number at a time.

Loops on purpose. Nothing here shares a line with the course's implementation or with a fast way to
write the answer, so a mistake in one cannot hide a mistake in the other.
"""

from __future__ import annotations

import math

import numpy as np

from attncourse.grading.oracle import oracle

#: Ready-made answers: a call of one of these builds nothing.
READY_SOFTMAX = (
    "scipy.special.softmax",
    "scipy.special.log_softmax",
    "scipy.special.logsumexp",
    "torch.softmax",
    "torch.log_softmax",
    "torch.special.softmax",
    "torch.nn.Softmax",
    "torch.nn.functional.softmax",
    "torch.nn.functional.log_softmax",
    "jax.nn.softmax",
    "tensorflow.nn.softmax",
    "keras.ops.softmax",
    "keras.activations.softmax",
    "sklearn.utils.extmath.softmax",
)
READY_ATTENTION = (
    "torch.nn.functional.scaled_dot_product_attention",
    "torch.nn.MultiheadAttention",
    "torch.nn.functional.multi_head_attention_forward",
    "jax.nn.dot_product_attention",
    "flax.linen.dot_product_attention",
    "flax.linen.MultiHeadDotProductAttention",
    "keras.layers.Attention",
    "keras.layers.AdditiveAttention",
    "keras.layers.MultiHeadAttention",
)


@oracle
def softmax(x: np.ndarray) -> np.ndarray:
    """Softmax over the last axis. A row of minus infinities has no weights: zeros."""
    out = np.zeros(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        row = [float(a) for a in x[place]]
        top = max(row)
        if top == -math.inf:
            continue
        powers = [math.exp(a - top) for a in row]
        total = math.fsum(powers)
        for j, power in enumerate(powers):
            out[(*place, j)] = power / total
    return out


@oracle
def dot_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """The dot product of every query with every key."""
    *batch, q_len, d_k = q.shape
    kv_len = k.shape[-2]
    out = np.zeros((*batch, q_len, kv_len))
    for place in np.ndindex(*batch):
        for i in range(q_len):
            for j in range(kv_len):
                out[(*place, i, j)] = math.fsum(
                    float(q[(*place, i, t)]) * float(k[(*place, j, t)]) for t in range(d_k)
                )
    return out


@oracle
def scaled_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Dot products, divided by the square root of the keys' width."""
    return dot_scores(q, k) / math.sqrt(q.shape[-1])


@oracle
def masked_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Each query's weighted mean of the values that it may see; zeros where it sees none."""
    scores = scaled_scores(q, k)
    mask = np.broadcast_to(mask, scores.shape)
    *batch, q_len, kv_len = scores.shape
    out = np.zeros((*batch, q_len, v.shape[-1]))
    for place in np.ndindex(*batch, q_len):
        seen = [j for j in range(kv_len) if mask[(*place, j)]]
        if not seen:
            continue
        weights = softmax(np.array([scores[(*place, j)] for j in seen]))
        for weight, j in zip(weights, seen, strict=True):
            out[place] += weight * v[(*place[:-1], j)].astype(np.float64)
    return out


@oracle
def additive_scores(
    q: np.ndarray, k: np.ndarray, w_query: np.ndarray, w_key: np.ndarray, v: np.ndarray
) -> np.ndarray:
    """Bahdanau's score of every query with every key: v · tanh(q W_q + k W_k)."""
    *batch, q_len, _ = q.shape
    kv_len, d_hidden = k.shape[-2], v.shape[0]
    out = np.zeros((*batch, q_len, kv_len))
    for place in np.ndindex(*batch):
        for i in range(q_len):
            for j in range(kv_len):
                terms = []
                for h in range(d_hidden):
                    a = math.fsum(q[(*place, i, t)] * w_query[t, h] for t in range(q.shape[-1]))
                    b = math.fsum(k[(*place, j, t)] * w_key[t, h] for t in range(k.shape[-1]))
                    terms.append(float(v[h]) * math.tanh(a + b))
                out[(*place, i, j)] = math.fsum(terms)
    return out
