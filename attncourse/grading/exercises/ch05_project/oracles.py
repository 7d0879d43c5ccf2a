"""The right answers, from the definitions: float64, one position and one head at a time.

Loops on purpose, and complex numbers for the rotation: nothing here shares a line with the course's
implementation or with a fast way to write the answer.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence

import numpy as np

from attncourse.grading.exercises.ch03_algorithm.oracles import masked_attention
from attncourse.grading.oracle import oracle

Layer = Sequence[np.ndarray]


@oracle
def causal_mask(
    q_len: int, kv_len: int, window: int | None = None, real: np.ndarray | None = None
) -> np.ndarray:
    """Which key each query may see: its past and itself, no further back than the window, real."""
    rows = range(1) if real is None else range(len(real))
    out = np.zeros((len(rows), 1, q_len, kv_len), bool)
    for b in rows:
        for i in range(q_len):
            own = kv_len - q_len + i
            for j in range(kv_len):
                near = window is None or own - j < window
                is_real = True if real is None else bool(real[b, j])
                out[b, 0, i, j] = j <= own and near and is_real
    return out[0, 0] if real is None else out


@oracle
def rms_norm(x: np.ndarray, weight: np.ndarray, eps: float) -> np.ndarray:
    """Each vector divided by the root of its mean square (plus eps), times the weight."""
    out = np.zeros(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        row = [float(a) for a in x[place]]
        root = math.sqrt(math.fsum(a * a for a in row) / len(row) + eps)
        for i, a in enumerate(row):
            out[(*place, i)] = float(weight[i]) * a / root
    return out


def _silu(a: float) -> float:
    return a / (1 + math.exp(-a)) if a > -700 else 0.0


@oracle
def swiglu_mlp(
    x: np.ndarray, w_gate: np.ndarray, w_in: np.ndarray, w_out: np.ndarray
) -> np.ndarray:
    """SiLU of one product gates another, hidden unit by hidden unit; then back to d_model."""
    w_gate, w_in, w_out = (w.astype(np.float64) for w in (w_gate, w_in, w_out))
    out = np.zeros((*x.shape[:-1], w_out.shape[1]))
    for place in np.ndindex(x.shape[:-1]):
        row = x[place].astype(np.float64)
        for h in range(w_gate.shape[1]):
            gate = _silu(math.fsum(row * w_gate[:, h]))
            out[place] += gate * math.fsum(row * w_in[:, h]) * w_out[h]
    return out


@oracle
def rotary(x: np.ndarray, positions: np.ndarray, base: float) -> np.ndarray:
    """Feature i and feature i + d/2 as one complex number, turned by position times frequency."""
    half = x.shape[-1] // 2
    out = np.zeros(x.shape)
    for place in np.ndindex(x.shape[:-1]):
        for i in range(half):
            angle = int(positions[place[-1]]) * base ** (-i / half)
            pair = complex(x[(*place, i)], x[(*place, i + half)]) * cmath.exp(1j * angle)
            out[(*place, i)], out[(*place, i + half)] = pair.real, pair.imag
    return out


@oracle
def cached_attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, cache_k: np.ndarray, cache_v: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Attend to the past and to the new keys; heads of queries in groups share a head of keys."""
    keys, values = (
        np.concatenate([old.astype(np.float64), new.astype(np.float64)], axis=-2)
        for old, new in ((cache_k, k), (cache_v, v))
    )
    *batch, n_heads, q_len, _ = q.shape
    group = n_heads // k.shape[-3]
    mask = causal_mask(q_len, keys.shape[-2])
    out = np.zeros((*batch, n_heads, q_len, v.shape[-1]))
    for place in np.ndindex(*batch):
        for head in range(n_heads):
            own, shared = (*place, head), (*place, head // group)
            out[own] = masked_attention(q[own], keys[shared], values[shared], mask)
    return out, keys, values


def _heads(x: np.ndarray, w: np.ndarray, n_heads: int) -> np.ndarray:
    """Project (batch, seq, d_model), and cut the features into heads: (batch, heads, seq, dim)."""
    batch, seq, _ = x.shape
    width = w.shape[1] // n_heads
    out = np.zeros((batch, n_heads, seq, width))
    for head in range(n_heads):
        for b in range(batch):
            out[b, head] = x[b] @ w[:, head * width : (head + 1) * width]
    return out


@oracle
def block(
    x: np.ndarray,
    layer: Layer,
    cache_k: np.ndarray,
    cache_v: np.ndarray,
    n_heads: int,
    base: float,
    eps: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One block: attention with its norm before it, added; the MLP with its own, added."""
    layer = [w.astype(np.float64) for w in layer]
    attention_norm, w_q, w_k, w_v, w_o, mlp_norm, *mlp = layer
    past, seq = cache_k.shape[-2], x.shape[1]
    positions = np.array([past + i for i in range(seq)])
    normed = rms_norm(x, attention_norm, eps)
    q = rotary(_heads(normed, w_q, n_heads), positions, base)
    k = rotary(_heads(normed, w_k, cache_k.shape[1]), positions, base)
    v = _heads(normed, w_v, cache_v.shape[1])
    heads, keys, values = cached_attention(q, k, v, cache_k, cache_v)
    out = x.astype(np.float64)
    width = heads.shape[-1]
    for head in range(n_heads):
        for b in range(len(x)):
            out[b] += heads[b, head] @ w_o[head * width : (head + 1) * width]
    return out + swiglu_mlp(rms_norm(out, mlp_norm, eps), *mlp), keys, values


@oracle
def language_model(
    tokens: np.ndarray,
    embedding: np.ndarray,
    layers: Sequence[Layer],
    final_norm: np.ndarray,
    n_heads: int,
    n_kv_heads: int,
    base: float,
    eps: float,
) -> np.ndarray:
    """Look tokens up, send them through all layers, compare with the table of tokens again."""
    table = embedding.astype(np.float64)
    x = np.array([[table[int(t)] for t in row] for row in tokens])
    for layer in layers:
        old_k, old_v = [
            np.zeros((len(x), n_kv_heads, 0, w.shape[1] // n_kv_heads)) for w in layer[2:4]
        ]
        x = block(x, layer, old_k, old_v, n_heads, base, eps)[0]
    x = rms_norm(x, final_norm, eps)
    return np.array([[[float(vector @ word) for word in table] for vector in row] for row in x])


@oracle
def nucleus(logits: np.ndarray, top_p: float, temperature: float) -> np.ndarray:
    """Probabilities of the fewest likeliest tokens that together reach top_p, made to sum to 1."""
    out = np.zeros(logits.shape)
    for place in np.ndindex(logits.shape[:-1]):
        row = [float(a) / temperature for a in logits[place]]
        powers = [math.exp(a - max(row)) for a in row]
        total, reached = math.fsum(powers), 0.0
        kept = []
        for i in sorted(range(len(row)), key=lambda i: (-row[i], i)):
            if top_p < 1 and reached >= top_p:
                break
            kept.append(i)
            reached += powers[i] / total
        share = math.fsum(powers[i] for i in kept)
        for i in kept:
            out[(*place, i)] = powers[i] / share
    return out


@oracle
def cache_bytes(
    n_tokens: int,
    n_layers: int,
    n_full: int,
    window: int,
    n_kv_heads: int,
    d_k: int,
    bits: int,
) -> float:
    """Bytes of keys and values, layer by layer: some keep all positions, the others a window."""
    total = 0
    for layer in range(n_layers):
        kept = n_tokens if layer < n_full or n_tokens < window else window
        for _ in ("keys", "values"):
            total += kept * n_kv_heads * d_k * bits
    return total / 8
