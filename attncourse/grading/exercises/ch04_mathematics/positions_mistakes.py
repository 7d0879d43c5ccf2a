"""What goes wrong in ``rotary(x, positions, base)``, with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

Turn = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


def _turn(
    x: np.ndarray,
    positions: np.ndarray,
    base: float,
    *,
    exponents: Callable[[int], np.ndarray] = lambda half: np.arange(half) / half,
    way: int = 1,
    of: Callable[[np.ndarray], np.ndarray] = lambda p: p,
) -> np.ndarray:
    half = x.shape[-1] // 2
    angles = of(positions)[:, None] * way * float(base) ** -exponents(half)
    a, b = x[..., :half], x[..., half:]
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


def _angles(x: np.ndarray, positions: np.ndarray, base: float) -> tuple[np.ndarray, ...]:
    half = x.shape[-1] // 2
    angles = positions[:, None] * float(base) ** (-np.arange(half) / half)
    return x[..., :half], x[..., half:], np.cos(angles), np.sin(angles)


def _interleaved(x: np.ndarray, positions: np.ndarray, base: float) -> np.ndarray:
    halves = np.concatenate([x[..., ::2], x[..., 1::2]], axis=-1)
    out = _turn(halves, positions, base)
    half = x.shape[-1] // 2
    return np.stack([out[..., :half], out[..., half:]], axis=-1).reshape(x.shape)


def _woven(x: np.ndarray, positions: np.ndarray, base: float) -> np.ndarray:
    out, half = _turn(x, positions, base), x.shape[-1] // 2
    return np.stack([out[..., :half], out[..., half:]], axis=-1).reshape(x.shape)


def _both_plus(x: np.ndarray, positions: np.ndarray, base: float) -> np.ndarray:
    a, b, cos, sin = _angles(x, positions, base)
    return np.concatenate([a * cos + b * sin, a * sin + b * cos], axis=-1)


def _overwritten(x: np.ndarray, positions: np.ndarray, base: float) -> np.ndarray:
    a, b, cos, sin = _angles(x, positions, base)
    a = a * cos - b * sin
    return np.concatenate([a, a * sin + b * cos], axis=-1)


def _only_scaled(x: np.ndarray, positions: np.ndarray, base: float) -> np.ndarray:
    a, b, cos, sin = _angles(x, positions, base)
    return np.concatenate([a * cos, b * sin], axis=-1)


def _added(x: np.ndarray, positions: np.ndarray, base: float) -> np.ndarray:
    _, _, cos, sin = _angles(x, positions, base)
    return x + np.concatenate([sin, cos], axis=-1)


def _counted(positions: np.ndarray) -> np.ndarray:
    return np.arange(len(positions))


#: Name, message and numbers of each known mistake.
KNOWN: list[tuple[str, str, Turn]] = [
    (
        "handed back",
        "The vectors come back as they were: nothing turns. Lengths and the past would never tell; "
        "the places do.",
        lambda x, p, b: x.astype(np.float64),
    ),
    (
        "wrong way round",
        "You turn by minus the angle. Scores between your own queries and keys would not notice, "
        "loaded weights would: (a cos - b sin, a sin + b cos).",
        partial(_turn, way=-1),
    ),
    (
        "neighbours paired",
        "You pair neighbours, (0, 1), (2, 3), … That is rotary too, the paper's; asked for is the "
        "order of Llama: feature i pairs with feature i + d/2.",
        _interleaved,
    ),
    (
        "halves woven",
        "The right pairs turn, but the results are woven into each other. They go back where they "
        "came from: the first half, then the second.",
        _woven,
    ),
    (
        "frequencies one late",
        "The exponents begin at 2/d: all frequencies are off by one step. The first pair is the "
        "fastest, with the exponent 0 and the frequency 1.",
        partial(_turn, exponents=lambda half: np.arange(1, half + 1) / half),
    ),
    (
        "exponent halved",
        "The exponents are i/d. They are 2i/d, so that they run from 0 almost to 1.",
        partial(_turn, exponents=lambda half: np.arange(half) / (2 * half)),
    ),
    (
        "exponent doubled",
        "The exponents run to nearly 2. With i the number of the pair they are 2i/d, below 1.",
        partial(_turn, exponents=lambda half: 2 * np.arange(half) / half),
    ),
    (
        "last frequency 1/base",
        "The exponents run from 0 to 1 with both ends. They are 2i/d and stop one step before 1.",
        partial(_turn, exponents=lambda half: np.linspace(0, 1, half)),
    ),
    (
        "frequencies grow",
        "The frequencies grow with i: base to the power of +2i/d. The minus is missing, and the "
        "pairs should turn more slowly one after the other.",
        partial(_turn, exponents=lambda half: -np.arange(half) / half),
    ),
    (
        "one frequency",
        "All pairs turn alike. Pair i has the frequency base to the power of -2i/d.",
        partial(_turn, exponents=np.zeros),
    ),
    (
        "frequencies reversed",
        "The pairs' frequencies are in reverse order. The first pair is the fastest.",
        partial(_turn, exponents=lambda half: np.arange(half)[::-1] / half),
    ),
    (
        "base ignored",
        "You use the base 10,000 whatever was given. Models use others, 500,000 for instance.",
        lambda x, p, b: _turn(x, p, 1e4),
    ),
    (
        "positions ignored",
        "You count places 0, 1, 2, … and never read positions. With a cache the new token is not "
        "at place 0.",
        partial(_turn, of=_counted),
    ),
    (
        "positions from 1",
        "All places are one too high. Place 0 turns nothing.",
        partial(_turn, of=lambda p: p + 1),
    ),
    (
        "positions from the first",
        "You count from the first position that is given. Places are absolute; only scores see the "
        "difference.",
        partial(_turn, of=lambda p: p - p[0]),
    ),
    (
        "degrees",
        "The angles are taken as degrees. np.cos and np.sin want radians, and so does the formula.",
        partial(_turn, of=lambda p: p * np.pi / 180),
    ),
    (
        "full turns",
        "The angles are multiplied by 2π. A place is p · θ radians, not turns.",
        partial(_turn, of=lambda p: p * 2 * np.pi),
    ),
    (
        "both plus",
        "Both sines have a plus. Then it is no rotation: lengths change. One of them is negative, "
        "a cos - b sin.",
        _both_plus,
    ),
    (
        "first overwritten",
        "The new a is already in use when b is computed: a = …; b = … a …. Compute both from the "
        "old ones.",
        _overwritten,
    ),
    (
        "halves not mixed",
        "You multiply one half by cosines and the other by sines. A rotation mixes the two "
        "features of a pair: (a cos - b sin, a sin + b cos).",
        _only_scaled,
    ),
    (
        "added",
        "You add sines and cosines: that is the sinusoidal encoding. Rotary turns the vector "
        "instead.",
        _added,
    ),
]
