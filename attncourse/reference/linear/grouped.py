"""Heads side by side, and the sum of the weights as one more value.

The sum of a query's weights is what it gets from values that are all one. So a column of ones is
put beside the values, and the state's key sum is the last column of one memory.
"""

from __future__ import annotations

import numpy as np


def grouped(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, scale: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give scaled queries, keys and values one more axis: the query heads that share a key head."""
    dtype = np.promote_types(q.dtype, np.float32)
    n_shared = q.shape[-3] // k.shape[-3] if q.ndim > 2 else 1
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    q = q.astype(dtype).reshape(*k.shape[:-2], n_shared, *q.shape[-2:]) * scale
    return q, k.astype(dtype)[..., None, :, :], v.astype(dtype)[..., None, :, :]


def grouped_gates(k: np.ndarray, log_decay: np.ndarray | None, dtype: np.dtype) -> np.ndarray:
    """Give the gates' logarithms the same axes; zeros if nothing fades."""
    if log_decay is None:
        return np.zeros((k.shape[-2], 1), dtype)
    log_decay = np.atleast_1d(log_decay).astype(dtype)
    return np.broadcast_to(log_decay, (*k.shape[:-1], log_decay.shape[-1]))[..., None, :, :]


def _masked(k: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Make keys zero where the mask says so: nothing is written there."""
    if mask is None:
        return k
    allowed = np.broadcast_to(mask, (*k.shape[:-3], 1, k.shape[-2]))[..., None]
    return np.where(allowed, k, 0)


def _with_one(v: np.ndarray) -> np.ndarray:
    """Put a one beside each value."""
    return np.concatenate([v, np.ones_like(v[..., :1])], axis=-1)


def _mixed(output: np.ndarray, q: np.ndarray, normalize: bool) -> np.ndarray:
    """Lay the heads side by side again, and divide by what the ones have become if asked for."""
    output = output.reshape(*q.shape[:-1], output.shape[-1])
    output, total = output[..., :-1], output[..., -1:]
    if normalize:
        nothing = total == 0
        output = np.where(nothing, 0, output / np.where(nothing, 1, total))
    return output.astype(q.dtype)
