"""Checks of ``cache_bytes(n_tokens, n_layers, n_full, window, n_kv_heads, d_k, bits)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch05_project import oracles

QUESTION = Question(
    "cache_bytes",
    ("n_tokens", "n_layers", "n_full", "window", "n_kv_heads", "d_k", "bits"),
    returns="number",
    read="05-project/kv-cache",
)


def suspects(
    n_tokens: int, n_layers: int, n_full: int, window: int, n_kv_heads: int, d_k: int, bits: int
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    short = min(n_tokens, window)
    kept = n_full * n_tokens + (n_layers - n_full) * short
    right = 2 * kept * n_kv_heads * d_k * bits / 8

    def known(bug: str, message: str, number: float) -> Suspect:
        return Suspect(bug, message, np.array(float(number)))

    each = 2 * n_kv_heads * d_k * bits / 8
    return [
        known(
            "keys only",
            "This is half of it: values are stored as well as keys.",
            right / 2,
        ),
        known(
            "three of each",
            "This is half as much again: queries are not kept. Keys and values are.",
            right * 1.5,
        ),
        known(
            "larger of the two",
            "The layers with a window are counted with the larger of text and window. They keep "
            "the "
            "smaller.",
            each * (n_full * n_tokens + (n_layers - n_full) * max(n_tokens, window)),
        ),
        known(
            "rounded bytes",
            "4 bits were rounded down to 0 bytes. Multiply first, then divide by 8.",
            2 * kept * n_kv_heads * d_k * (bits // 8),
        ),
        known("bits", "These are bits. Eight of them are a byte.", right * 8),
        known(
            "bits as bytes",
            "You divide by bits where you should multiply: a number of 16 bits has 2 bytes.",
            2 * kept * n_kv_heads * d_k * 8 / bits,
        ),
        known(
            "always two bytes",
            "Each number is counted with 2 bytes, whatever bits says.",
            2 * kept * n_kv_heads * d_k * 2,
        ),
        known(
            "always four bytes",
            "Each number is counted with 4 bytes, whatever bits says.",
            2 * kept * n_kv_heads * d_k * 4,
        ),
        known(
            "window ignored",
            "Every layer is counted with all positions. Only n_full of them keep all; the others "
            "keep no more than the window.",
            each * n_layers * n_tokens,
        ),
        known(
            "window everywhere",
            "Every layer is counted with a window. n_full of them keep all positions.",
            each * n_layers * short,
        ),
        known(
            "layers exchanged",
            "The two kinds of layers are exchanged: n_full of them keep all positions.",
            each * (n_full * short + (n_layers - n_full) * n_tokens),
        ),
        known(
            "windows of nothing",
            "The layers with a window are counted with a full one, though the text is shorter: "
            "they keep the smaller of the two.",
            each * (n_full * n_tokens + (n_layers - n_full) * window),
        ),
        known(
            "full layers twice",
            "The full layers are counted among those with a window as well. There are n_layers in "
            "all.",
            each * (n_full * n_tokens + n_layers * short),
        ),
        known(
            "full layers only",
            "Only the full layers are counted. The others keep their window.",
            each * n_full * n_tokens,
        ),
        known(
            "windows only",
            "Only the layers with a window are counted. n_full more keep all positions.",
            each * (n_layers - n_full) * short,
        ),
        known("one layer", "One layer of each kind is counted.", each * (n_tokens + short)),
        known("no heads", "The number of heads of keys and values is missing.", right / n_kv_heads),
        known("no width", "The width of a key is missing.", right / d_k),
        known(
            "one token",
            "This is what one token costs in a model without windows. A text has n_tokens.",
            each * n_layers,
        ),
    ]


def _hold(call: Call, *sizes: int) -> None:
    right = np.array(float(oracles.cache_bytes(*sizes)))
    # Relative: a byte in a billion is no rounding of float32's.
    compare(call("cache_bytes", *sizes), right, suspects=suspects(*sizes), tolerance=1e-6)


def _draw(rng: np.random.Generator, *, bits: int = 16) -> list[int]:
    """A model's sizes, and a text longer than its window; no two numbers are alike."""
    n_layers = int(rng.integers(24, 80))
    window = int(rng.integers(500, 4000))
    return [
        window + int(rng.integers(1000, 90_000)),
        n_layers,
        int(rng.integers(3, n_layers // 3)),
        window,
        int(rng.integers(3, 12)),
        int(rng.integers(33, 140)),
        bits,
    ]


@QUESTION.check(points=2, hint="Per token and layer: n_kv_heads · d_k numbers, twice.")
def no_windows(call: Call, rng: np.random.Generator) -> None:
    """All layers keep all positions: n_full is n_layers."""
    sizes = _draw(rng)
    sizes[2] = sizes[1]
    _hold(call, *sizes)


@QUESTION.check(points=3, hint="Count the two kinds of layers apart, then add.")
def some_with_windows(call: Call, rng: np.random.Generator) -> None:
    """A text longer than the window: n_full layers keep it all, the others the window."""
    _hold(call, *_draw(rng))


@QUESTION.check(points=2, hint="How many positions can a window of 1,000 hold after 10 tokens?")
def a_short_text(call: Call, rng: np.random.Generator) -> None:
    """A text shorter than the window."""
    sizes = _draw(rng)
    sizes[0] = int(rng.integers(10, sizes[3] - 100))
    _hold(call, *sizes)


@QUESTION.check(points=2, hidden=True, hint="4 bits are half a byte: do not round on the way.")
def fewer_bits(call: Call, rng: np.random.Generator) -> None:
    """Numbers of 4, 8 and 32 bits."""
    for bits in (4, 8, 32):
        _hold(call, *_draw(rng, bits=bits))


@QUESTION.check(
    points=1, hidden=True, hint="n_full = 0 and window = n_tokens are no special cases."
)
def at_the_edges(call: Call, rng: np.random.Generator) -> None:
    """No full layer at all; a text as long as the window."""
    sizes = _draw(rng)
    sizes[2] = 0
    _hold(call, *sizes)
    sizes = _draw(rng)
    sizes[0] = sizes[3]
    _hold(call, *sizes)
