"""What both halves of FlashAttention are tried on, and which pairs may meet."""

from __future__ import annotations

import numpy as np

from attncourse.grading.wire import Tensor

Inputs = tuple[np.ndarray, np.ndarray, np.ndarray]
#: A square of float32 for every pair at these lengths is 36 MiB.
SQUARE, LONG, SHORT = 3072, 98_304, 96
#: Bytes that suffice at any of these lengths, with room for other ways to write it.
ENOUGH = 12 << 20


def draw(
    rng: np.random.Generator,
    *batch: int,
    q_len: int,
    kv_len: int,
    d_k: int = 5,
    d_v: int = 3,
    spread: float = 1.2,
) -> Inputs:
    """Queries, keys and values in float32."""
    q = rng.normal(size=(*batch, q_len, d_k)) * spread
    k = rng.normal(size=(*batch, kv_len, d_k)) * spread
    v = rng.normal(size=(*batch, kv_len, d_v))
    return q.astype(np.float32), k.astype(np.float32), v.astype(np.float32)


def tensors(*arrays: np.ndarray) -> tuple[Tensor, ...]:
    """The arrays as torch tensors of float32."""
    return tuple(Tensor(x.astype(np.float32), "float32") for x in arrays)


def open_pairs(q_len: int, kv_len: int, causal: bool, shift: int | None = None) -> np.ndarray:
    """Row i sees the columns up to i + shift; by default the last row sees the last column."""
    shift = kv_len - q_len if shift is None else shift
    last = np.arange(q_len)[:, None] + shift
    return (np.arange(kv_len) <= last) | (not causal)


def scaled(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Scaled scores in float64."""
    return q.astype(np.float64) @ k.astype(np.float64).swapaxes(-1, -2) / np.sqrt(q.shape[-1])


def largest(q: np.ndarray, k: np.ndarray) -> float:
    """The largest dot product of a query and a key."""
    return float(np.abs(q.astype(np.float64) @ k.astype(np.float64).swapaxes(-1, -2)).max())
