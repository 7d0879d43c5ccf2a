"""What each scheme gives a key at a distance, and which part of it training has met."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from attncourse import reference as ref

#: How many places there are: four times the length that the page of positions trains on.
LENGTH = 128
#: The most pairs of features, heads and rows that stay legible.
MOST_PAIRS = 16
MOST_HEADS = 8

METHODS = ("learned", "sinusoidal", "shaw", "t5", "alibi", "rotary")
#: Those that give a place a vector; the others say something of a distance.
ABSOLUTE = ("learned", "sinusoidal")
SCALINGS = ("none", "interpolation", "ntk", "yarn")
LIMITS: dict[str, Any] = {
    "length": LENGTH,
    "methods": METHODS,
    "scalings": SCALINGS,
    "between": ("nothing", "matrix"),
    "trained": (2, LENGTH),
    "d_k": (4, 8, 16, 32),
    "base": (2.0, 1e6),
    "ago": (0, 32),
    "strength": (0.0, 4.0),
    "n_heads": (1, MOST_HEADS),
    "n_buckets": (8, 16, 32),
    "max_distance": (17, LENGTH),
    "furthest": (1, 32),
}


@cache
def _numbers(seed: int, count: int) -> tuple[float, ...]:
    """Numbers of mean 0 and variance 1 in place of learned ones: the front-end draws the same."""
    drawn = []
    for _ in range(count):
        # A linear congruential generator, in whole numbers that both languages have exactly.
        seed = (1664525 * seed + 1013904223) % 2**32
        drawn.append(math.sqrt(3) * (2 * seed / 2**32 - 1))
    return tuple(drawn)


def _drawn(seed: int, *shape: int) -> Float[np.ndarray, "..."]:
    return np.array(_numbers(seed, math.prod(shape))).reshape(shape)


def in_use(now: Any) -> Float[np.ndarray, " n_pairs"]:
    """One for each pair of features, zero where the reader has switched it off."""
    return np.array([float(pair not in now.silent) for pair in range(now.d_k // 2)])


def frequencies(now: Any) -> Float[np.ndarray, " n_pairs"]:
    """The angle of each pair for one step; slowed down, to reach the whole length, if asked for."""
    plain = ref.rotary_frequencies(now.d_k, base=now.base)
    if now.method == "sinusoidal" or now.scaling == "none":
        return plain
    factor = LENGTH / now.trained
    if now.scaling == "interpolation":
        return ref.interpolated_frequencies(plain, factor=factor)
    if now.scaling == "ntk":
        return ref.ntk_frequencies(plain, factor=factor)
    return ref.yarn_frequencies(plain, base=now.base, factor=factor, original_len=now.trained)


def _learned(now: Any) -> Float[np.ndarray, "places places"]:
    rows = ref.learned_positions(_drawn(1, now.trained, now.d_k), np.arange(now.trained))
    scores = np.full((LENGTH, LENGTH), np.nan)
    scores[: now.trained, : now.trained] = ref.scaled_dot_scores(rows, rows)
    return now.strength * scores


def _sinusoidal(now: Any) -> Float[np.ndarray, "places places"]:
    places, used = np.arange(LENGTH), np.repeat(in_use(now), 2)

    def clock(at: np.ndarray) -> np.ndarray:
        return used * ref.sinusoidal_positions(at, now.d_k, base=now.base)

    if now.between == "matrix":
        queries = clock(places) @ _drawn(2, now.d_k, now.d_k) / math.sqrt(now.d_k)
    else:
        queries = clock(places - now.ago)
    return now.strength * ref.scaled_dot_scores(queries, clock(places))


def _rotary(now: Any) -> Float[np.ndarray, "places places"]:
    # Before they are turned, query and key differ by the angle of `ago` steps as they were trained.
    phases = now.ago * ref.rotary_frequencies(now.d_k, base=now.base)
    length = math.sqrt(2) * in_use(now)
    query = np.stack([np.cos(phases), -np.sin(phases)], axis=-1) * length[:, None]
    key = np.stack([length, 0 * length], axis=-1)
    factor = ref.yarn_attention_factor(LENGTH / now.trained) if now.scaling == "yarn" else 1.0
    queries, keys = (
        ref.rotary(
            np.tile(content.reshape(-1), (LENGTH, 1)),
            np.arange(LENGTH),
            frequencies(now),
            interleaved=True,
            attention_factor=factor,
        )
        for content in (query, key)
    )
    return now.strength * ref.scaled_dot_scores(queries, keys)


def _shaw(now: Any) -> Float[np.ndarray, "places places"]:
    table = _drawn(3, 2 * now.furthest + 1, now.d_k)
    return now.strength * ref.shaw_bias(np.ones((LENGTH, now.d_k)), table, LENGTH)


def _t5(now: Any) -> Float[np.ndarray, "places places"]:
    table = now.strength * _drawn(4, now.n_buckets, 1)
    return ref.t5_bias(LENGTH, LENGTH, table, bidirectional=False, max_distance=now.max_distance)[0]


def _alibi(now: Any) -> Float[np.ndarray, "places places"]:
    return ref.alibi_bias(LENGTH, LENGTH, ref.alibi_slopes(now.n_heads))[now.head_shown - 1]


SCORES: dict[str, Callable[[Any], Float[np.ndarray, "places places"]]] = {
    "learned": _learned,
    "sinusoidal": _sinusoidal,
    "shaw": _shaw,
    "t5": _t5,
    "alibi": _alibi,
    "rotary": _rotary,
}


def new_angles(now: Any) -> Bool[np.ndarray, " n_pairs"]:
    """Whether a hand stands where it never stood in training.

    A pair that turns by θ a step passes the angles below L θ in L places. A rotary score sees the
    difference of two hands; who reads a clock sees the hand of each place.
    """
    plain = ref.rotary_frequencies(now.d_k, base=now.base)
    seen = now.trained * plain
    turned = np.array([now.distance] if now.method == "rotary" else [now.query, now.key])
    angles = (turned[:, None] * frequencies(now)) % (2 * math.pi)
    return ((angles >= seen) & (seen < 2 * math.pi)).any(axis=0)


def cells(now: Any) -> np.ndarray:
    """The first distance of each entry of the table that distances share, T5's or Shaw's."""
    if now.method == "shaw":
        return np.arange(now.furthest + 1)
    buckets = ref.t5_buckets(
        1, LENGTH + 1, bidirectional=False, n_buckets=now.n_buckets, max_distance=now.max_distance
    )[0, ::-1]
    return np.searchsorted(buckets, np.arange(now.n_buckets))
