"""Numbers that Python and a page draw alike: each from its own place, none from the one before.

So a row that is there keeps its numbers when another one joins it.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

_MIX, _ALL = 0x9E3779B1, 0xFFFFFFFF
QUERIES, KEYS, VALUES, KEEP, TARGET = range(1, 6)
NUMBERS = ("random", "ones", "large")


class Sizes(NamedTuple):
    """How many of everything."""

    q_len: int
    kv_len: int
    n_heads: int
    d_k: int
    d_v: int


class Rows(NamedTuple):
    """What goes into the layer: the projected rows, and which weights a dropout keeps."""

    q: Float[np.ndarray, "q_len n_heads*d_k"]
    k: Float[np.ndarray, "kv_len n_heads*d_k"]
    v: Float[np.ndarray, "kv_len n_heads*d_v"]
    keep: Bool[np.ndarray, "n_heads q_len kv_len"]
    target: Float[np.ndarray, " q_len"]


def whole(seed: int, *place: int) -> int:
    """Return 32 bits that belong to a place, by multiplying and folding."""
    x = seed
    for n in place:
        x = ((x ^ n) * _MIX) & _ALL
        x ^= x >> 15
    return x


def tenth(seed: int, *place: int) -> float:
    """Return a number from −2 to 2 with one decimal."""
    return ((whole(seed, *place) >> 7) % 41 - 20) / 10


def _rows(seed: int, which: int, length: int, n_heads: int, wide: int) -> np.ndarray:
    return np.array(
        [
            [tenth(seed, which, i, h, c) for h in range(n_heads) for c in range(wide)]
            for i in range(length)
        ]
    )


def draw(sizes: Sizes, numbers: str, seed: int) -> Rows:
    """Return the rows of a seed: random, all ones, or with queries a thousand times as large."""
    q_len, kv_len, n_heads, d_k, d_v = sizes
    q = _rows(seed, QUERIES, q_len, n_heads, d_k)
    k = _rows(seed, KEYS, kv_len, n_heads, d_k)
    v = _rows(seed, VALUES, kv_len, n_heads, d_v)
    if numbers == "ones":
        q, k, v = np.ones_like(q), np.ones_like(k), np.ones_like(v)
    elif numbers == "large":
        q = 1000 * q
    keep = [
        [[whole(seed, KEEP, h, i, j) >> 16 & 1 for j in range(kv_len)] for i in range(q_len)]
        for h in range(n_heads)
    ]
    target = [3 + tenth(seed, TARGET, i) for i in range(q_len)]
    return Rows(q, k, v, np.array(keep, dtype=bool), np.array(target))
