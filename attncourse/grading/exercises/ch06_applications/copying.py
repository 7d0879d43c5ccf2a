"""Checks of ``copy_distribution(p_known, gate, weights, source, n_words)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch06_applications import oracles

QUESTION = Question(
    "copy_distribution",
    ("p_known", "gate", "weights", "source", "n_words"),
    read="06-applications/text-summarisation",
)
AXES = ("step", "word")


def suspects(
    p_known: np.ndarray, gate: np.ndarray, weights: np.ndarray, source: np.ndarray, n_words: int
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    n_known, kv_len = p_known.shape[-1], weights.shape[-1]
    g = gate[..., None].astype(np.float64)
    known = np.zeros((*gate.shape, n_words))
    known[..., :n_known] = p_known
    stands = source[..., None] == np.arange(n_words)  # (…, kv_len, n_words)
    copied = (weights[..., None] * stands).sum(axis=-2)
    times = stands.sum(axis=-2)

    def dealt(onto: np.ndarray, what: np.ndarray, *, add: bool) -> np.ndarray:
        """Word after word, the later over the earlier."""
        out = onto.copy()
        for place in np.ndindex(*gate.shape):
            for j in range(kv_len):
                word = (*place, source[(*place, j)])
                out[word] = what[(*place, j)] + (onto[word] if add else 0)
        return out

    right = g * known + (1 - g) * copied
    lost = np.where(np.arange(n_words) < n_known, right, 0)
    over = np.where(np.arange(n_words) < n_known, 0, right).sum(axis=-1)
    most = (weights[..., None] * stands).max(axis=-2)
    share = copied / np.maximum(times, 1)
    first, last = lost.copy(), lost.copy()
    first[..., 0] += over
    last[..., n_known - 1] += over

    def by_place() -> np.ndarray:
        out = g * known
        out[..., :kv_len] += (1 - g) * weights
        return out

    return [
        Suspect(
            "a word twice counts once",
            "A word that stands twice in the source gets the weight of one place only. p[source] "
            "+= … writes each place once, the last one wins; its places have to be added up "
            "(np.add.at, or a sum over a comparison).",
            lambda: dealt(g * known, (1 - g) * weights, add=True),
        ),
        Suspect(
            "known words overwritten",
            "p[source] = … overwrites what the known words gave: a word that is known and copied "
            "has both ways. Add to it.",
            lambda: dealt(g * known, (1 - g) * weights, add=False),
        ),
        Suspect(
            "overwritten, each place added",
            "A word that was read has lost what the known words gave it. It has both ways: add.",
            np.where(times > 0, (1 - g) * copied, g * known),
        ),
        Suspect(
            "largest of its places",
            "A word that stands twice gets the largest of its weights. It gets their sum.",
            g * known + (1 - g) * most,
        ),
        Suspect(
            "mean of its places",
            "A word that stands twice gets the mean of its weights. It gets their sum.",
            g * known + (1 - g) * share,
        ),
        Suspect(
            "gate turned round",
            "The gate is turned round: g is the share of the known words, 1 - g that of copying.",
            (1 - g) * known + g * copied,
        ),
        Suspect(
            "no gate",
            "The two are added without a gate, so that all words together have 2. Weigh them by g "
            "and 1 - g.",
            known + copied,
        ),
        Suspect(
            "gate on one side",
            "The gate weighs the known words only. Copying has the rest: 1 - g.",
            g * known + copied,
        ),
        Suspect(
            "gate on one side",
            "The gate weighs the copied words only. The known ones have their share, too: g.",
            known + (1 - g) * copied,
        ),
        Suspect(
            "one gate for both",
            "Both ways are weighed by g. Copying has the rest: 1 - g.",
            g * (known + copied),
        ),
        Suspect(
            "half and half",
            "You mix half and half and leave the gate out. It says how much of each.",
            (known + copied) / 2,
        ),
        Suspect(
            "unknown words lost",
            "A word that is not among the known ones gets nothing. Copying such words is what this "
            "is for: the result has n_words entries.",
            lost,
        ),
        Suspect(
            "unknown words lost",
            "The result has an entry for each known word only. Copied words have numbers up to "
            "n_words.",
            lost[..., :n_known],
        ),
        Suspect(
            "unknown words in one",
            "All unknown words are put on one known word. Each has a number of its own, from "
            "n_known up.",
            first,
        ),
        Suspect(
            "unknown words in one",
            "All unknown words are put on the last known one. Each has a number of its own, from "
            "n_known up.",
            last,
        ),
        Suspect(
            "unknown words only",
            "Only unknown words are copied. A known one that stands in the source is copied, too: "
            "it has both ways.",
            g * known + (1 - g) * np.where(np.arange(n_words) < n_known, 0, copied),
        ),
        Suspect(
            "places for words",
            "The weight of place j is put on word j. Place j holds the word source[j].",
            by_place,
        ),
        Suspect(
            "known only",
            "Nothing is copied: this is g times the known words, and the rest is missing.",
            g * known,
        ),
        Suspect(
            "copied only",
            "The known words are missing: this is the copied part alone.",
            (1 - g) * copied,
        ),
        Suspect(
            "every mention counts alike",
            "Each place of the source counts alike, and the weights are not used.",
            g * known + (1 - g) * times / kv_len,
        ),
    ]


def _shares(rng: np.random.Generator, *shape: int) -> np.ndarray:
    powers = np.exp(rng.normal(size=shape))
    return powers / powers.sum(axis=-1, keepdims=True)


def _draw(
    rng: np.random.Generator,
    *batch: int,
    n_known: int = 5,
    kv_len: int = 8,
    n_words: int = 9,
) -> tuple:
    source = rng.integers(n_words, size=(*batch, kv_len))
    # One word twice, and its places are not neighbours; one that is known, one that is not.
    source[..., 0] = source[..., -1] = rng.integers(n_known)
    source[..., 1] = source[..., -2] = n_words - 2
    gate = rng.uniform(0.2, 0.45, size=batch)
    return (
        _shares(rng, *batch, n_known),
        np.array(gate),
        _shares(rng, *batch, kv_len),
        source,
        n_words,
    )


def _hold(call: Call, inputs: tuple) -> None:
    given = call("copy_distribution", *inputs)
    right = oracles.copy_distribution(*inputs)
    compare(given, right, suspects=suspects(*inputs), axes=AXES[-right.ndim :])


@QUESTION.check(points=2, hint="Each word: g times its known share, and 1 - g times its weight.")
def each_word_once(call: Call, rng: np.random.Generator) -> None:
    """One step, and a source in which no word stands twice."""
    p_known, gate, weights, _, n_words = _draw(rng, kv_len=6)
    source = rng.permutation(n_words)[:6]
    # A known word and an unknown one are among them.
    source[:2] = n_words - 1, 0
    source[2:] = rng.permutation(np.arange(1, n_words - 1))[:4]
    _hold(call, (p_known, gate, weights, source, n_words))


@QUESTION.check(points=2, hint="All places of a word, added up. Try p[[1, 1]] += 1 on zeros.")
def a_word_twice(call: Call, rng: np.random.Generator) -> None:
    """A word that stands twice in the source gets both weights."""
    _hold(call, _draw(rng))
    _hold(call, _draw(rng, n_known=7, kv_len=12, n_words=10))


@QUESTION.check(points=2, hint="gate[..., None] gives the gate an axis for the words.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """A batch of steps, each with a gate and a source of its own."""
    _hold(call, _draw(rng, 3))
    _hold(call, _draw(rng, 2, 4, kv_len=6))


@QUESTION.check(points=1, hint="A gate of 1 copies nothing, a gate of 0 copies everything.")
def gate_open_and_closed(call: Call, rng: np.random.Generator) -> None:
    """Gates of 0 and of 1: all copied, and all said."""
    p_known, _, weights, source, n_words = _draw(rng, 3)
    _hold(call, (p_known, np.array([0.0, 1.0, 0.5 * rng.random()]), weights, source, n_words))


@QUESTION.check(points=1, hint="p = p_known.copy() before you add to it.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, _draw(rng, 2))
    QUESTION.unchanged(call, "Right probabilities")
    _hold(call, _draw(rng, 2, n_known=9))  # no word is unknown
    QUESTION.unchanged(call, "Right probabilities")


@QUESTION.check(points=1, hidden=True, hint="Then the whole weight is that word's.")
def one_word_all_along(call: Call, rng: np.random.Generator) -> None:
    """A source that is one word over and over: known, and unknown."""
    p_known, gate, weights, source, n_words = _draw(rng, 2, kv_len=7)
    source[0], source[1] = 1, n_words - 1
    _hold(call, (p_known, gate, weights, source, n_words))


@QUESTION.check(points=1, hidden=True, hint="Words that were not read keep a place, with 0.")
def words_that_nobody_read(call: Call, rng: np.random.Generator) -> None:
    """Many more words than the source has: those unknown and not read have 0."""
    inputs = _draw(rng, 2, n_known=4, kv_len=5, n_words=8)
    _hold(call, (*inputs[:-1], 20))
    _hold(call, _draw(rng, 2, n_known=3, kv_len=3, n_words=6))
