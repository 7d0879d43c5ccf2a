"""The right answers, from the definitions: float64, one number at a time.

Loops on purpose. Nothing here shares a line with the course's implementation or with a fast way to
write the answer, so a mistake in one cannot hide a mistake in the other.
"""

from __future__ import annotations

import math

import numpy as np

from attncourse.grading.oracle import oracle


@oracle
def shares(scores: list[float]) -> list[float]:
    """Softmax of a few numbers; nothing for nobody."""
    if not scores:
        return []
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = math.fsum(powers)
    return [power / total for power in powers]


@oracle
def kernel_regression(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, bandwidth: float
) -> np.ndarray:
    """The estimate of Nadaraya and Watson with a bell curve, query by query."""
    *batch, q_len, width = queries.shape
    kv_len, d_v = values.shape[-2:]
    out = np.zeros((*batch, q_len, d_v))
    for place in np.ndindex(*batch):
        for i in range(q_len):
            scores = []
            for j in range(kv_len):
                gaps = [
                    float(queries[(*place, i, t)]) - float(keys[(*place, j, t)])
                    for t in range(width)
                ]
                scores.append(-math.fsum(g * g for g in gaps) / (2 * bandwidth * bandwidth))
            weights = shares(scores)
            for t in range(d_v):
                out[(*place, i, t)] = math.fsum(
                    weights[j] * float(values[(*place, j, t)]) for j in range(kv_len)
                )
    return out


@oracle
def last_states(
    x: np.ndarray, lengths: np.ndarray, w_x: np.ndarray, w_h: np.ndarray, b: np.ndarray
) -> np.ndarray:
    """The state of a simple recurrent network after each sequence's own last step."""
    d_hidden = len(b)
    out = np.zeros((*lengths.shape, d_hidden))
    for place in np.ndindex(*lengths.shape):
        state = [0.0] * d_hidden
        for step in range(int(lengths[place])):
            word = [float(number) for number in x[(*place, step)]]
            state = [
                math.tanh(
                    math.fsum(
                        [
                            *(word[s] * float(w_x[s, t]) for s in range(len(word))),
                            *(state[s] * float(w_h[s, t]) for s in range(d_hidden)),
                            float(b[t]),
                        ]
                    )
                )
                for t in range(d_hidden)
            ]
        out[place] = state
    return out


@oracle
def bahdanau_context(
    state: np.ndarray,
    memory: np.ndarray,
    mask: np.ndarray,
    w_query: np.ndarray,
    w_key: np.ndarray,
    v: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """One look of a decoder: what it gets, and with which weights."""
    *batch, src_len, width = memory.shape
    context, weights = np.zeros((*batch, width)), np.zeros((*batch, src_len))
    for place in np.ndindex(*batch):
        seen = [j for j in range(src_len) if mask[(*place, j)]]
        scores = []
        for j in seen:
            terms = []
            for h in range(len(v)):
                asks = math.fsum(
                    float(state[(*place, t)]) * float(w_query[t, h]) for t in range(len(w_query))
                )
                told = math.fsum(
                    float(memory[(*place, j, t)]) * float(w_key[t, h]) for t in range(width)
                )
                terms.append(float(v[h]) * math.tanh(asks + told))
            scores.append(math.fsum(terms))
        for weight, j in zip(shares(scores), seen, strict=True):
            weights[(*place, j)] = weight
            context[place] += weight * memory[(*place, j)].astype(np.float64)
    return context, weights


@oracle
def masked_mean(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mean of the vectors that are open; zeros where none is."""
    *batch, seq, width = x.shape
    out = np.zeros((*batch, width))
    for place in np.ndindex(*batch):
        seen = [j for j in range(seq) if mask[(*place, j)]]
        for t in range(width):
            if seen:
                out[(*place, t)] = math.fsum(float(x[(*place, j, t)]) for j in seen) / len(seen)
    return out
