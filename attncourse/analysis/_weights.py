"""What every measure of attention weights asks of them."""

from __future__ import annotations

import numpy as np

from attncourse import _checks


def checked(weights: np.ndarray, pattern: str) -> np.ndarray:
    """Give the weights in at least float32, and raise unless they are weights of this shape."""
    _checks.floating(np.ndarray, weights=weights)
    _checks.shapes(weights=(weights, pattern))
    weights = weights.astype(np.promote_types(weights.dtype, np.float32))
    if weights.size and (weights.min() < 0 or weights.sum(-1).max() > 1.01):
        raise ValueError(
            "weights: expected rows that are not negative and sum to at most one, got entries down "
            f"to {weights.min():.3g} and rows up to {weights.sum(-1).max():.3g}; scores become "
            "weights through softmax."
        )
    return weights


def distance(q_len: int, kv_len: int) -> np.ndarray:
    """Say how far before each query each key stands; negative for the future."""
    return np.arange(q_len)[:, None] + kv_len - q_len - np.arange(kv_len)
