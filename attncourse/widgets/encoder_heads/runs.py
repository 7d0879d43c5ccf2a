"""Runs of an encoder as a page keeps them, in 255ths, and what is read out of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from attncourse import analysis
from attncourse.widgets.kit.rows import in_255ths

STORED = Path(__file__).parent / "runs.json"
#: The largest runs that stay legible and small.
MOST = {"layers": 12, "heads": 16, "words": 40, "sentences": 12}
#: What a byte of 255 stands for: an angle of 180 degrees, or a share of 1.
LARGEST = {"weights": 1.0, "moved": 1.0, "word_turns": 180.0, "masked": 180.0}
#: By what heads can be ordered: where they stand, or by a number of each.
ORDERS = ("place", "entropy", "distance", "first", "last", "before", "after", "same", "turns",
          "moved")  # fmt: skip

#: A byte as text: a letter up to 79, else one of the last eleven and another. Compressed, it takes
#: an eighth less than base64, whose letters stand across the bytes. None has a meaning in JSON.
LETTERS = "".join(chr(c) for c in range(33, 127) if chr(c) not in '"\\<')
_BYTES = [LETTERS[b] if b < 80 else LETTERS[b // 16 + 75] + LETTERS[b % 16] for b in range(256)]


@cache
def stored() -> dict[str, Any]:
    """Give the stored runs, without their provenance."""
    return json.loads(STORED.read_text("utf8"))["runs"]


def clean(name: str, value: Any) -> dict[str, Any]:
    """Return runs as they are kept: those of :func:`attncourse.models.head_runs`, or kept ones."""
    if isinstance(value, dict) and value.get("kept"):
        return value
    want = "what attncourse.models.head_runs(model, tokenizer, sentences) gives"
    try:
        sentences = list(value["sentences"])
        similarity, moved = (np.asarray(value[part], float) for part in ("similarity", "moved"))
        n_layers, n_heads = np.shape(sentences[0]["weights"])[:2]
    except (TypeError, KeyError, IndexError, ValueError) as error:
        raise ValueError(f"{name}: expected {want}, got {type(value).__name__}") from error
    _fits(name, "n_layers", n_layers, MOST["layers"])
    _fits(name, "n_heads", n_heads, MOST["heads"])
    _fits(name, "number of sentences", len(sentences), MOST["sentences"])
    total = n_layers * n_heads
    if similarity.shape != (1 + total, len(sentences), len(sentences)):
        raise ValueError(
            f"{name}: expected similarity of shape (1 + n_layers · n_heads, sentences, sentences) "
            f"= {(1 + total, *2 * [len(sentences)])}, got {similarity.shape}"
        )
    pairs = np.triu_indices(len(sentences), 1)
    return {
        "kept": True,
        "stored": False,
        "n_layers": int(n_layers),
        "n_heads": int(n_heads),
        "sentences": [_sentence(name, one, n_layers, n_heads) for one in sentences],
        "similarity": [np.round(each[pairs], 3).tolist() for each in similarity],
        "moved": _packed(name, "moved", moved, (total, total)),
    }


def _fits(name: str, what: str, count: int, most: int, least: int = 1) -> None:
    if not least <= count <= most:
        raise ValueError(f"{name}: expected a {what} from {least} to {most}, got {count}")


def _sentence(name: str, one: Any, n_layers: int, n_heads: int) -> dict[str, Any]:
    """Return one sentence's runs as they are kept."""
    words, total = [str(word) for word in one["words"]], n_layers * n_heads
    n = len(words)
    _fits(name, "number of words, with the two at the ends,", n, MOST["words"], least=3)
    kept: dict[str, Any] = {"text": str(one["text"]), "words": words}
    for part, shape in _shapes(n_layers, n_heads, n).items():
        kept[part] = _packed(name, part, np.asarray(one[part], dtype=float), shape)
    turns = np.asarray(one["turns"], dtype=float)
    if turns.shape != (total,) or not ((turns >= 0) & (turns <= 180)).all():
        raise ValueError(f"{name}: expected {total} turns from 0 to 180, got {turns}")
    return {**kept, "turns": np.round(turns, 2).tolist()}


def _shapes(n_layers: int, n_heads: int, n: int) -> dict[str, tuple[int, ...]]:
    """The arrays that are kept of a sentence."""
    return {
        "weights": (n_layers, n_heads, n, n),
        "word_turns": (n_layers * n_heads, n),
        "masked": (n, n),
    }


def _packed(name: str, part: str, given: np.ndarray, shape: tuple[int, ...]) -> str:
    """Return an array in 255ths of its largest, as text."""
    top = LARGEST[part]
    if given.shape != shape:
        raise ValueError(f"{name}: expected {part} of shape {shape}, got {given.shape}")
    if not ((given >= 0) & (given <= top + 1e-4)).all():
        raise ValueError(f"{name}: expected {part} from 0 to {top:g}, got others")
    if part == "weights" and np.abs(given.sum(axis=-1) - 1).max() > 1e-3:
        raise ValueError(f"{name}: expected rows of weights that sum to 1, got others")
    parts = in_255ths(given) if part == "weights" else np.rint(255 * given / top)
    return "".join(_BYTES[int(part)] for part in parts.ravel())


def _unpacked(part: str, text: str, shape: tuple[int, ...]) -> np.ndarray:
    each, found = iter(text), []
    for letter in each:
        at = LETTERS.index(letter)
        found.append(at if at < 80 else 16 * (at - 75) + LETTERS.index(next(each)))
    return np.array(found).reshape(shape) * (LARGEST[part] / 255)


def arrays(runs: dict[str, Any], sentence: int) -> dict[str, np.ndarray]:
    """Return the numbers that are kept of a sentence, as arrays."""
    one = runs["sentences"][sentence]
    n_layers, n_heads, total = runs["n_layers"], runs["n_heads"], runs["n_layers"] * runs["n_heads"]
    shapes = _shapes(n_layers, n_heads, len(one["words"]))
    return {
        **{part: _unpacked(part, one[part], shape) for part, shape in shapes.items()},
        "turns": np.array(one["turns"]),
        "moved": _unpacked("moved", runs["moved"], (total, total)),
    }


def similarities(runs: dict[str, Any], which: int) -> Float[np.ndarray, "sentences sentences"]:
    """Return the cosines of the sentences' vectors: 0 is the whole model, 1 + h without head h."""
    n = len(runs["sentences"])
    found = np.eye(n)
    rows, columns = np.triu_indices(n, 1)
    found[rows, columns] = found[columns, rows] = runs["similarity"][which]
    return found


def measures(
    weights: Float[np.ndarray, "n_layers n_heads n n"], words: list[str]
) -> dict[str, Float[np.ndarray, " heads"]]:
    """Return a number for each head: means over the queries that are words, not the two ends.

    How spread (bits) and how far its weights reach (positions), and its weight on the first
    position, on the last, on the word before, on the one after, and on the same word elsewhere.
    """
    maps = weights.reshape(-1, *weights.shape[-2:])
    n = maps.shape[-1]
    inner = maps[:, 1:-1]
    text = np.array(words)
    same = (text[:, None] == text) & ~np.eye(n, dtype=bool)
    same[[0, -1]] = same[:, [0, -1]] = False
    asking = np.flatnonzero(same.any(axis=1))
    second = np.arange(2, n - 1)

    def mean(per_query: np.ndarray) -> np.ndarray:
        return per_query.mean(axis=1) if per_query.shape[1] else np.zeros(len(maps))

    return {
        "entropy": mean(analysis.attention_entropy(maps)[:, 1:-1]),
        "distance": mean(analysis.attention_distance(maps)[:, 1:-1]),
        "first": mean(inner[:, :, 0]),
        "last": mean(inner[:, :, -1]),
        "before": mean(maps[:, second, second - 1]),
        "after": mean(maps[:, second - 1, second]),
        "same": mean((maps * same).sum(axis=-1)[:, asking]),
    }
