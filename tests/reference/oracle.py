"""Attention a second time, independently: one number at a time, with nothing but ``math``."""

from __future__ import annotations

import math

import numpy as np


def visible(i: int, j: int, q_len: int, kv_len: int, causal: bool, window: int | None) -> bool:
    """Say whether query i may see key j, in the words of the convention."""
    behind = (i + kv_len - q_len) - j  # the last query stands at the last key
    if causal and behind < 0:
        return False
    # A window of W: itself and the W-1 positions before it.
    return window is None or behind in range(window)


def attend(
    q,
    k,
    v,
    *,
    mask=None,
    bias=None,
    causal=False,
    window=None,
    scale=None,
    softcap=None,
    sinks=None,
) -> tuple[np.ndarray, np.ndarray]:
    """Attend over (batch, heads, seq, dim) arrays; give the output and the weights."""
    n_batch, n_heads, q_len, d_k = q.shape
    n_kv_heads, kv_len, d_v = v.shape[1:]
    shape = (n_batch, n_heads, q_len, kv_len)
    mask = np.broadcast_to(True if mask is None else mask, shape)
    bias = np.broadcast_to(0.0 if bias is None else bias, shape)
    output, weights = np.zeros((*shape[:3], d_v)), np.zeros(shape)
    for b, h, i in np.ndindex(*shape[:3]):
        g = h * n_kv_heads // n_heads
        terms = [0.0] * kv_len
        for j in range(kv_len):
            score = sum(q[b, h, i, c] * k[b, g, j, c] for c in range(d_k))
            score *= 1 / math.sqrt(d_k) if scale is None else scale
            if softcap is not None:
                score = softcap * math.tanh(score / softcap)
            score += bias[b, h, i, j]
            if mask[b, h, i, j] and visible(i, j, q_len, kv_len, causal, window):
                terms[j] = math.exp(score)
        total = sum(terms) + (0.0 if sinks is None else math.exp(sinks[h]))
        for j in range(kv_len):
            weights[b, h, i, j] = terms[j] / total if total else 0.0
        for c in range(d_v):
            output[b, h, i, c] = sum(weights[b, h, i, j] * v[b, g, j, c] for j in range(kv_len))
    return output, weights
