"""What the tables of calls are made of.

All arrays are NumPy's; the parity test turns them into tensors. Every dimension has a size of its
own, so that a swapped pair cannot go unseen.
"""

from __future__ import annotations

import itertools

import numpy as np

BATCH, HEADS, KV_HEADS, Q_LEN, KV_LEN, D_K, D_V = 2, 6, 3, 5, 7, 4, 8
D_MODEL, D_CONTEXT, D_OUT, D_Q, D_HIDDEN = 12, 10, 11, 9, 13

rng = np.random.default_rng(20170612)


def normal(*shape: int) -> np.ndarray:
    """Draw from the one generator, which starts anew for each test."""
    return rng.normal(size=shape)


def call(*args, **kwargs) -> tuple[tuple, dict]:
    return args, kwargs


def qkv(n_heads: int = HEADS, n_kv_heads: int = KV_HEADS) -> tuple[np.ndarray, ...]:
    return (
        normal(BATCH, n_heads, Q_LEN, D_K),
        normal(BATCH, n_kv_heads, KV_LEN, D_K),
        normal(BATCH, n_kv_heads, KV_LEN, D_V),
    )


def some(*shape: int) -> np.ndarray:
    """A mask with a fully masked row, and with a row that sees everything."""
    mask = rng.random(shape) < 0.6
    mask.reshape(-1, shape[-1])[0] = False
    mask.reshape(-1, shape[-1])[-1] = True
    return mask


def all_options() -> list[dict]:
    """Every subset of the options of scaled_dot_product_attention."""
    options = {
        "mask": some(BATCH, 1, Q_LEN, KV_LEN),
        "bias": normal(HEADS, Q_LEN, KV_LEN),
        "causal": True,
        "window": 3,
        "scale": 0.3,
        "softcap": 1.5,
        "sinks": normal(HEADS),
    }
    return [
        {name: options[name] for name in chosen}
        for size in range(len(options) + 1)
        for chosen in itertools.combinations(options, size)
    ]


def projections(n_heads: int, n_kv_heads: int, d_in: int = D_MODEL) -> tuple[np.ndarray, ...]:
    return (
        normal(D_MODEL, n_heads * D_K) / D_MODEL**0.5,
        normal(d_in, n_kv_heads * D_K) / d_in**0.5,
        normal(d_in, n_kv_heads * D_V) / d_in**0.5,
        normal(n_heads * D_V, D_OUT),
    )
