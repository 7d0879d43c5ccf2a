"""The parts of the model computed fast, each with the mistakes that can be made in it.

Suspects are made of these. A change is a word, ``norm="layer"``; without one, the part is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from attncourse.grading.exercises.ch03_algorithm.oracles import softmax as oracle_softmax


def norm(x: np.ndarray, weight: np.ndarray, eps: float, norm: str = "") -> np.ndarray:
    """RMS norm, or what passes for it."""
    x, weight = x.astype(np.float64), weight.astype(np.float64)
    across: dict[str, Any] = {"axis": -1, "keepdims": True}
    square = (x * x).mean(**across)
    match norm:
        case "layer":
            x = x - x.mean(**across)
            return weight * x / np.sqrt((x * x).mean(**across) + eps)
        case "none":
            return x
        case "no eps":
            return weight * x / np.sqrt(square)
        case "eps outside":
            return weight * x / (np.sqrt(square) + eps)
        case "no weight":
            return x / np.sqrt(square + eps)
        case "plus one":
            return (1 + weight) * x / np.sqrt(square + eps)
    return weight * x / np.sqrt(square + eps)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function, without overflow."""
    return (1 + np.tanh(x / 2)) / 2


def gelu(x: np.ndarray) -> np.ndarray:
    """GELU by its tanh formula: the one that is written by hand."""
    return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2


def mlp(
    x: np.ndarray, w_gate: np.ndarray, w_in: np.ndarray, w_out: np.ndarray, mlp: str = ""
) -> np.ndarray:
    """SwiGLU, or another way to join the two hidden layers."""
    x, w_gate, w_in, w_out = (a.astype(np.float64) for a in (x, w_gate, w_in, w_out))
    gate, other = x @ w_gate, x @ w_in
    match mlp:
        case "exchanged":
            hidden = gate * other * sigmoid(other)
        case "sigmoid":
            hidden = sigmoid(gate) * other
        case "gelu":
            hidden = gelu(gate) * other
        case "relu":
            hidden = np.maximum(gate, 0) * other
        case "tanh":
            hidden = np.tanh(gate) * other
        case "none":
            hidden = gate * other
        case "both":
            hidden = gate * sigmoid(gate) * other * sigmoid(other)
        case "product":
            hidden = gate * other * sigmoid(gate * other)
        case "sum":
            hidden = gate * sigmoid(gate) + other
        case "no gate":
            hidden = other * sigmoid(other)
        case "gate only":
            hidden = gate * sigmoid(gate)
        case _:
            hidden = gate * sigmoid(gate) * other
    return hidden @ w_out


def turn(x: np.ndarray, positions: np.ndarray, base: float, turn: str = "") -> np.ndarray:
    """Rotary positions of halves, or a turn that goes wrong."""
    x = x.astype(np.float64)
    half = x.shape[-1] // 2
    step = np.arange(half)
    frequency = float(base) ** (-step / half)
    match turn:
        case "none":
            return x
        case "slow":
            frequency = float(base) ** (-step / (2 * half))
        case "base":
            frequency = 1e4 ** (-step / half)
        case "backwards":
            frequency = -frequency
        case "one frequency":
            frequency = np.ones(half)
        case "reversed":
            frequency = frequency[::-1]
        case "from 0":
            positions = np.arange(x.shape[-2])
        case "from 1":
            positions = positions + 1
    angles = positions[:, None].astype(np.float64) * frequency
    cos, sin = np.cos(angles), np.sin(angles)
    a, b = x[..., :half], x[..., half:]
    if turn in {"mixed", "no minus"}:
        both = np.repeat if turn == "mixed" else lambda t, _, axis: np.concatenate([t, t], axis)
        sign = -1 if turn == "mixed" else 1
        other = np.concatenate([sign * b, a], -1)
        return x * both(cos, 2, axis=-1) + other * both(sin, 2, axis=-1)
    if turn == "neighbours":
        a, b = x[..., ::2], x[..., 1::2]
        return np.stack([a * cos - b * sin, a * sin + b * cos], -1).reshape(x.shape)
    first = a * cos - b * sin
    second = first if turn == "overwritten" else a
    return np.concatenate([first, second * sin + b * cos], -1)


def _share(x: np.ndarray, group: int, share: str) -> np.ndarray:
    if share == "tiled":
        return np.concatenate([x] * group, axis=-3)
    if share == "first":
        return np.concatenate([x[..., :1, :, :]] * (group * x.shape[-3]), axis=-3)
    return np.repeat(x, group, axis=-3)


def _mask(q_len: int, kv_len: int, mask: str) -> np.ndarray:
    own, other = np.arange(q_len)[:, None], np.arange(kv_len)
    past = kv_len - q_len
    match mask:
        case "none":
            return np.ones((q_len, kv_len), bool)
        case "top left":
            return other <= own
        case "one ahead":
            return other <= own + past + 1
        case "strict":
            return other < own + past
        case "first new":
            return np.broadcast_to(other <= past, (q_len, kv_len))
        case "past only":
            return np.broadcast_to(other < max(past, 1), (q_len, kv_len))
    return other <= own + past


def attend(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    cache_k: np.ndarray,
    cache_v: np.ndarray,
    *,
    mask: str = "",
    share: str = "",
    scale: float | None = None,
    cache: str = "",
    softmax: str = "",
    closed: float = -np.inf,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Attention with a cache, or with a mistake in mask, groups, scale or the joining."""
    q, k, v, cache_k, cache_v = (a.astype(np.float64) for a in (q, k, v, cache_k, cache_v))
    pairs = ((cache_k, k), (cache_v, v))
    match cache:
        case "ignored":
            keys, values = k, v
        case "in front":
            keys, values = (np.concatenate([new, old], -2) for old, new in pairs)
        case "values forgotten":
            keys = np.concatenate([cache_k, k], -2)
            values = np.concatenate([cache_v, np.zeros_like(v)], -2)
        case "new forgotten":
            keys, values = cache_k, cache_v
        case _:
            keys, values = (np.concatenate([old, new], -2) for old, new in pairs)
    group = q.shape[-3] // k.shape[-3]
    shared = _share(keys, group, share)
    scores = q @ shared.swapaxes(-1, -2) / (np.sqrt(q.shape[-1]) if scale is None else scale)
    scores = np.where(seen := _mask(q.shape[-2], keys.shape[-2], mask), scores, closed)
    if softmax == "unstable":
        weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    elif softmax == "queries":
        weights = oracle_softmax(scores.swapaxes(-1, -2)).swapaxes(-1, -2)
    else:
        weights = oracle_softmax(scores) * (seen if softmax == "zeroed" else 1)
    return weights @ _share(values, group, share), keys, values


def split(x: np.ndarray, n_heads: int, way: str = "") -> np.ndarray:
    """(batch, seq, features) to (batch, heads, seq, dim), or what a lazy reshape makes of it."""
    batch, seq, _ = x.shape
    if way == "reshaped":
        return x.reshape(batch, n_heads, seq, -1)
    if way == "interleaved":
        return x.reshape(batch, seq, -1, n_heads).transpose(0, 3, 1, 2)
    return x.reshape(batch, seq, n_heads, -1).transpose(0, 2, 1, 3)


def block(
    x: np.ndarray,
    layer: Sequence[np.ndarray],
    cache_k: np.ndarray,
    cache_v: np.ndarray,
    n_heads: int,
    base: float,
    eps: float,
    *,
    heads: str = "",
    merge: str = "",
    order: str = "",
    positions: str = "",
    values: str = "",
    **changes: Any,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One block, with a change in its parts or in how they are joined."""
    part = {name: changes.pop(name) for name in ("norm", "mlp", "turn") if name in changes}

    def normed(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return norm(x, weight, eps, part.get("norm", ""))

    x = x.astype(np.float64)
    layer = [w.astype(np.float64) for w in layer]
    attention_norm, w_q, w_k, w_v, w_o, mlp_norm, w_gate, w_in, w_out = layer
    if order == "one norm":
        mlp_norm = attention_norm
    if order == "norms exchanged":
        attention_norm, mlp_norm = mlp_norm, attention_norm
    n_kv_heads, past, seq = cache_k.shape[1], cache_k.shape[2], x.shape[1]
    start = {"from 0": 0, "from 1": past + 1, "last": past + seq - 1}.get(positions, past)
    places = start + np.arange(seq)
    inner = x if order in {"norm behind", "no first norm"} else normed(x, attention_norm)
    before = inner
    q, k, v = (
        split(inner @ w, n, heads)
        for w, n in ((w_q, n_heads), (w_k, n_kv_heads), (w_v, n_kv_heads))
    )
    kind = part.get("turn", "")
    q = q if positions == "keys only" else turn(q, places, base, kind)
    k = k if positions == "queries only" else turn(k, places, base, kind)
    v = turn(v, places, base) if values == "turned" else v
    out, keys, kept = attend(q, k, v, cache_k, cache_v, **changes)
    out = out if merge == "reshaped" else out.transpose(0, 2, 1, 3)
    added = out.reshape(*x.shape[:2], -1) @ w_o
    match order:
        case "parallel":
            return x + added + mlp(normed(x, mlp_norm), w_gate, w_in, w_out), keys, kept
        case "norm behind":
            x = normed(x + added, attention_norm)
            return normed(x + mlp(x, w_gate, w_in, w_out), mlp_norm), keys, kept
        case "first not added":
            x = added
        case "normed added":
            x = inner + added
        case _:
            x = x + added
    inner = x if order == "no second norm" else normed(x, mlp_norm)
    inner = before if order == "stale" else inner
    wide = mlp(inner, w_gate, w_in, w_out, part.get("mlp", ""))
    base_line = {"second not added": 0, "normed added": inner}.get(order, x)
    return base_line + wide, keys, kept
