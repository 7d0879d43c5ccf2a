"""The right answers, from the definitions: float64, one query or one token at a time.

Loops on purpose. Nothing here is tiled or shares a line with a fast way to write the answer, so a
mistake in one cannot hide a mistake in the other.
"""

from __future__ import annotations

import math

import numpy as np

from attncourse.grading.exercises.ch03_algorithm.oracles import READY_ATTENTION, READY_SOFTMAX
from attncourse.grading.exercises.ch08_frontier.flash_oracles import attend_one
from attncourse.grading.oracle import oracle

#: Ready-made answers: a call of one of these builds nothing.
READY = (
    *READY_ATTENTION,
    *READY_SOFTMAX,
    "torch.nn.attention.flex_attention.flex_attention",
    "torch.nn.attention.flex_attention",
    "torch.ops",
    "torch.autograd.grad",
    "torch.autograd.backward",
    "torch.autograd.functional.vjp",
    "torch.func.vjp",
    "torch.func.grad",
)


@oracle
def window_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, window: int) -> np.ndarray:
    """Causal attention in which each query sees the last ``window`` keys, itself among them."""
    *batch, q_len, _ = q.shape
    kv_len = k.shape[-2]
    out = np.zeros((*batch, q_len, v.shape[-1]))
    for place in np.ndindex(*batch):
        for i in range(q_len):
            here = kv_len - q_len + i
            seen = [j for j in range(kv_len) if here - window < j <= here]
            out[(*place, i)], _ = attend_one(q[(*place, i)], k[place][seen], v[place][seen])
    return out


@oracle
def select_blocks(scores: np.ndarray, block_len: int, n_selected: int) -> np.ndarray:
    """The query's own block, and of the blocks before it those of the highest scores."""
    out = np.zeros(scores.shape)
    for place in np.ndindex(*scores.shape[:-1]):
        own = place[-1] // block_len
        before = sorted(range(own), key=lambda b, at=place: -float(scores[(*at, b)]))
        for block in [own, *before[: n_selected - 1]]:
            out[(*place, block)] = 1
    return out


@oracle
def gated_delta_rule(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    beta: np.ndarray,
    decay: np.ndarray,
    state: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Fade the memory, correct what it says to the key, ask it with the query; token by token."""
    *batch, seq, d_k = k.shape
    d_v = v.shape[-1]
    out, last = np.zeros((*batch, seq, d_v)), state.astype(np.float64)
    for place in np.ndindex(*batch):
        memory = last[place]
        for t in range(seq):
            at = (*place, t)
            for column in range(d_v):
                faded = [float(decay[at]) * float(memory[row, column]) for row in range(d_k)]
                said = math.fsum(float(k[at][row]) * faded[row] for row in range(d_k))
                write = float(beta[at]) * (float(v[at][column]) - said)
                for row in range(d_k):
                    memory[row, column] = faded[row] + float(k[at][row]) * write
                out[(*at, column)] = math.fsum(
                    float(q[at][row]) * float(memory[row, column]) for row in range(d_k)
                )
    return out, last


@oracle
def traffic_ratio(q_len: int, kv_len: int, d: int, fast: int) -> float:
    """Numbers moved by plain attention over numbers moved by tiles, counted one by one."""
    plain = 0
    for read, written in (
        (q_len * d + kv_len * d, q_len * kv_len),  # scores
        (q_len * kv_len, q_len * kv_len),  # softmax
        (q_len * kv_len + kv_len * d, q_len * d),  # output
    ):
        plain += read + written
    tiled, block_len = 0, fast // (4 * d)
    for top in range(0, q_len, block_len):
        rows = min(block_len, q_len - top)
        tiled += rows * d  # the queries
        for left in range(0, kv_len, block_len):
            tiled += 2 * d * min(block_len, kv_len - left)  # keys and values
        tiled += rows * d + rows  # output and log-sum-exp
    return plain / tiled


@oracle
def online_attention(scores: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Softmax of each row of scores, and the values weighed by it."""
    *batch, q_len, _ = scores.shape
    out = np.zeros((*batch, q_len, v.shape[-1]))
    for place in np.ndindex(*batch, q_len):
        row = scores[place].astype(np.float64)
        powers = np.exp(row - row.max())
        out[place] = powers @ v[place[:-1]].astype(np.float64) / math.fsum(powers)
    return out
