"""Examples as a page keeps them: weights in 255ths, sound in bytes; and numbers of them.

An example is made of a dict::

    {"title": str, "names": (str, str), "source": [str, …], "target": [str, …],
     "weights": (target, source)}

``names`` says what both sides are. Sound has no ``source``, and these instead: ``wave`` and its
``rate``, and ``frame``, the seconds of a column of the weights. Both kinds may have a ``note``, on
where it is from, and ``gold``: for each target the sources that it should look at, or none.
"""

from __future__ import annotations

import base64
import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from attncourse import analysis
from attncourse.widgets.kit.rows import in_255ths

STORED = Path(__file__).parent / "runs.json"
#: What stays legible on a phone: words, frames and what is heard in them, and examples.
MOST = {"words": 18, "frames": 64, "heard": 12, "examples": 16}
#: Samples of a second, and how many there can be: 60 kilobytes as text.
RATE, MOST_SAMPLES = 8000, 45_000
#: The stretch of a row is the shortest that holds four fifths of it, in 255ths.
STRETCH = 204
_KEYS = {"title", "names", "source", "target", "weights", "wave", "rate", "frame", "note", "gold"}
_SHAPE = "at least title, names, target, weights, and source or wave, rate and frame"


@cache
def stored() -> dict[str, Any]:
    """Give the stored examples, without their provenance."""
    each = json.loads(STORED.read_text("utf8"))["examples"]
    return {"kept": True, "stored": True, "each": each}


def clean(name: str, value: Any) -> dict[str, Any]:
    """Return examples as they are kept: made of dicts, or kept ones, or some of both."""
    if isinstance(value, dict) and value.get("kept"):
        return value
    want = f"{name}: expected 1 to {MOST['examples']} examples, each a dict"
    if isinstance(value, str | dict) or not hasattr(value, "__iter__"):
        raise ValueError(f"{want}, got {type(value).__name__}")
    given = list(value)
    if not 1 <= len(given) <= MOST["examples"]:
        raise ValueError(f"{want}, got {len(given)}")
    return {"kept": True, "stored": False, "each": [_example(name, one) for one in given]}


def _example(name: str, one: Any) -> dict[str, Any]:
    """Return one example as it is kept."""
    if isinstance(one, dict) and one.get("kept"):
        return one
    if not isinstance(one, dict) or not {"title", "names", "target", "weights"} <= set(one):
        got = sorted(one) if isinstance(one, dict) else type(one).__name__
        raise ValueError(f"{name}: expected a dict with {_SHAPE}, got {got}")
    if unknown := set(one) - _KEYS:
        raise ValueError(f"{name}: expected no other keys than {sorted(_KEYS)}, got {unknown}")
    name = f"{name}: {one['title']!r}"
    if ("source" in one) == ("wave" in one):
        raise ValueError(f"{name}: expected words (source) or sound (wave), got both or neither")
    heard = "wave" in one
    target = _units(name, "target", one["target"], MOST["heard" if heard else "words"])
    weights = _weights(name, one["weights"], len(target))
    n = weights.shape[1]
    kept = {
        "kept": True,
        "title": str(one["title"]),
        "note": str(one.get("note", "")),
        "names": _units(name, "names", one["names"], 2, least=2),
        "source": [] if heard else _units(name, "source", one["source"], MOST["words"]),
        "target": target,
        "n": n,
        "weights": packed(in_255ths(weights)),
        "gold": _gold(name, one.get("gold"), len(target), n),
        "frame": 0.0,
        "sound": "",
    }
    if not heard:
        if n != len(kept["source"]):
            raise ValueError(f"{name}: expected a column for each of {len(kept['source'])} source "
                             f"words, got weights of shape {weights.shape}")  # fmt: skip
        return kept
    if n > MOST["frames"]:
        raise ValueError(f"{name}: expected at most {MOST['frames']} frames, got {n}")
    frame = float(one.get("frame", 0))
    if not 0 < frame < 10:
        raise ValueError(f"{name}: expected frame, the seconds of a column, got {frame}")
    sound = packed(as_bytes(at_rate(one["wave"], one.get("rate", 0), name)))
    return {**kept, "frame": frame, "sound": sound}


def _units(name: str, part: str, units: Any, most: int, least: int = 1) -> list[str]:
    if isinstance(units, str) or not least <= len(units) <= most:
        raise ValueError(f"{name}: expected {part} of {least} to {most} words, got {units!r}")
    return [str(unit) for unit in units]


def _weights(name: str, given: Any, rows: int) -> Float[np.ndarray, "target source"]:
    weights = np.asarray(given, float)
    if weights.ndim != 2 or len(weights) != rows or not weights.shape[1]:
        raise ValueError(
            f"{name}: expected weights of shape (target, source) = ({rows}, n), got {weights.shape}"
        )
    if not (weights >= 0).all() or np.abs(weights.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(f"{name}: expected rows of weights that sum to 1, got others")
    return weights


def _gold(name: str, gold: Any, rows: int, n: int) -> list[list[int]]:
    if gold is None:
        return []
    kept = [[int(j) for j in row] for row in gold]
    if len(kept) != rows or any(not 0 <= j < n for row in kept for j in row):
        raise ValueError(f"{name}: expected gold as {rows} lists of sources below {n}, got {gold}")
    return kept if any(kept) else []


def at_rate(wave: Any, rate: float, name: str = "wave") -> Float[np.ndarray, " samples"]:
    """Return sound at 8,000 samples a second; the loudest becomes nine tenths of what there is."""
    given = np.asarray(wave, float)
    if given.ndim != 1 or not np.isfinite(given).all() or not np.abs(given).any():
        raise ValueError(f"{name}: expected wave as samples in a row, some not 0, got others")
    if not rate >= RATE:
        raise ValueError(f"{name}: expected a rate of {RATE} samples a second or more, got {rate}")
    n = round(len(given) * RATE / rate)
    if not 1 <= n <= MOST_SAMPLES:
        raise ValueError(f"{name}: expected at most {MOST_SAMPLES / RATE:.1f} seconds of sound, "
                         f"got {len(given) / rate:.1f}")  # fmt: skip
    low = np.fft.irfft(np.fft.rfft(given)[: n // 2 + 1], n)
    return 0.9 * low / np.abs(low).max()


def as_bytes(wave: Float[np.ndarray, " samples"]) -> UInt8[np.ndarray, " samples"]:
    """Return samples from -1 to 1 in bytes, finer where they are small: a telephone's law."""
    bent = np.sign(wave) * np.log1p(255 * np.abs(wave)) / np.log(256)
    return np.rint(127.5 * (bent + 1)).astype(np.uint8)


def as_wave(sound: UInt8[np.ndarray, " samples"]) -> Float[np.ndarray, " samples"]:
    """Return the samples again."""
    bent = sound / 127.5 - 1
    return np.sign(bent) * (256 ** np.abs(bent) - 1) / 255


def packed(numbers: np.ndarray) -> str:
    """Return whole numbers from 0 to 255 as text."""
    return base64.b64encode(numbers.astype(np.uint8).tobytes()).decode()


def unpacked(text: str) -> UInt8[np.ndarray, " n"]:
    """Return the numbers again."""
    return np.frombuffer(base64.b64decode(text), np.uint8)


def whole_weights(one: dict[str, Any]) -> Int[np.ndarray, "target source"]:
    """Return the weights of an example in 255ths."""
    return unpacked(one["weights"]).reshape(len(one["target"]), one["n"]).astype(int)


def stretches(whole: Int[np.ndarray, "target source"]) -> Int[np.ndarray, "target 2"]:
    """Return the first and the last source of the shortest stretch that holds 4/5 of each row.

    Of several as short, it is the first.
    """
    sums = np.pad(whole.cumsum(axis=1), ((0, 0), (1, 0)))
    n = whole.shape[1]
    spans = [(i, i + width) for width in range(n) for i in range(n - width)]
    return np.array(
        [next((i, j) for i, j in spans if row[j + 1] - row[i] >= STRETCH) for row in sums]
    )


@cache
def loudness(sound: str, frame: float, n: int) -> tuple[float, ...]:
    """Return the root mean square of the sound in each frame; 0 behind its end."""
    wave = as_wave(unpacked(sound))
    edges = [int(j * frame * RATE + 0.5) for j in range(n + 1)]
    return tuple(
        float(np.sqrt((wave[a:b] ** 2).mean())) if a < len(wave) else 0.0
        for a, b in pairwise(edges)
    )


def measures(one: dict[str, Any]) -> dict[str, Any]:
    """Return the weights of an example, and numbers of each row and column.

    ``entropy`` in bits; ``middle``, the mean place, in words from 1 or in seconds; ``stretch``;
    ``heaviest``; ``on_gold``, the weight on what gold names; ``looked``, the sum of each column.
    """
    whole = whole_weights(one)
    weights, n = whole / 255, one["n"]
    places = (np.arange(n) + 0.5) * one["frame"] if one["frame"] else np.arange(n) + 1
    gold = one["gold"] or [[]] * len(whole)
    return {
        "weights": weights,
        "entropy": analysis.attention_entropy(weights),
        "middle": weights @ places,
        "stretch": stretches(whole),
        "heaviest": whole.argmax(axis=1),
        "on_gold": np.array([row[at].sum() for row, at in zip(weights, gold, strict=True)]),
        "looked": weights.sum(axis=0),
        "loud": np.array(loudness(one["sound"], one["frame"], n) if one["frame"] else []),
    }
