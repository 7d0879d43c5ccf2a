"""Say a word from its spelling: one vector against attention, over training time.

Two recurrent networks of equal size read the letters of an English word and say its phonemes. They
differ in what the decoder may read, as in ``say_it_back``. The words are the CMU dictionary's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from attncourse import data
from attncourse.experiments.core import Experiment, Trial
from attncourse.training import (
    AdditiveAttention,
    BucketedBatches,
    FixedVector,
    Seq2Seq,
    Vocabulary,
    closest,
    count_parameters,
    match_size,
    pad,
    train,
)
from attncourse.training import seed as set_seed

#: Words whose maps the page shows: they, and what contains them, are not trained on.
SHOWN = ("phoneme", "knight", "though", "attention")
LETTERS = Vocabulary("abcdefghijklmnopqrstuvwxyz")

Sounds = tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """The dictionary, split: what is learned from, and what is held out."""

    train: dict[str, Sounds]
    test: dict[str, list[Sounds]]
    phonemes: Vocabulary


def spelt_in_letters(pairs: Iterable[tuple[str, Sounds]]) -> list[tuple[str, Sounds]]:
    """Leave out what has dots, digits or apostrophes, such as "a.m." and "o'clock"."""
    return [(word, sounds) for word, sounds in pairs if word.isascii() and word.isalpha()]


@cache
def words() -> Words:
    """Split the dictionary by a hash of the spelling; the first pronunciation is learned."""
    learned: dict[str, Sounds] = {}
    held_out: dict[str, list[Sounds]] = defaultdict(list)
    for word, sounds in spelt_in_letters(data.cmudict(stress=False)):
        if data.part_of(word) == "train" and not any(shown in word for shown in SHOWN):
            learned.setdefault(word, sounds)
        elif data.part_of(word) == "test":
            held_out[word].append(sounds)
    return Words(learned, dict(held_out), Vocabulary([s for x in learned.values() for s in x]))


def build(condition: str, seed: int = 0) -> Seq2Seq:
    """Make one of the networks; the one without attention is never the smaller one."""

    def made(memory: Any, d_decoder: int) -> Seq2Seq:
        set_seed(seed)
        sizes = {"d_embed": 48, "d_encoder": 96, "d_decoder": d_decoder}
        return Seq2Seq(len(LETTERS), len(words().phonemes), memory, **sizes)

    if condition == "attention":
        return made(AdditiveAttention, 128)
    size = count_parameters(made(AdditiveAttention, 128))
    return made(FixedVector, match_size(lambda width: made(FixedVector, width), size))


def learn(model: Seq2Seq, n_steps: int, seed: int = 0, label: str = "training") -> Any:
    """Train; each model of one seed sees the same words in the same order."""
    pairs = [(LETTERS.encode(w), words().phonemes.encode(s)) for w, s in words().train.items()]
    batches = BucketedBatches(pairs, batch_size=128, seed=seed)
    return train(model, model.loss, batches, n_steps=n_steps, label=label)


def pronounce(
    model: Seq2Seq, asked: Iterable[str], max_len: int = 30
) -> tuple[dict[str, Sounds], dict[str, np.ndarray]]:
    """Each word's phonemes, and the weights of each phoneme (and of the end) on its letters."""
    said, maps = {}, {}
    ordered = sorted(asked, key=len)  # like lengths together: less padding
    for first in range(0, len(ordered), 256):
        batch = ordered[first : first + 256]
        letters = pad([LETTERS.encode(word) for word in batch])
        numbers, weights = model.generate(letters, max_len)
        for row, word in enumerate(batch):
            said[word] = tuple(words().phonemes.decode(numbers[row]))  # pyrefly: ignore
            if weights is not None:
                maps[word] = weights[row, : len(said[word]) + 1, : len(word)].numpy()
    return said, maps


def tally(said: dict[str, Sounds]) -> dict[str, tuple[int, int]]:
    """Errors and phonemes of each held-out word, against the pronunciation it fits best."""
    counted = {word: closest(said[word], best) for word, best in words().test.items()}
    return {word: (errors, len(best)) for word, (errors, best) in counted.items()}


def rate(counted: dict[str, tuple[int, int]], among: Iterable[str] | None = None) -> float:
    """Errors per phoneme, over some words or all."""
    chosen = [counted[word] for word in (counted if among is None else among)]
    return sum(errors for errors, _ in chosen) / sum(n for _, n in chosen)


def kendall(weights: np.ndarray) -> float:
    """Order of the expected positions: 1 forward, 0 at random, -1 backward."""
    position = weights @ np.arange(weights.shape[1])
    direction = np.sign(position[None, :] - position[:, None])
    return float(direction[np.triu_indices(len(position), k=1)].mean())


ENDINGS = ("s", "es", "ed", "d", "er", "ing", "ly", "y", "ness", "less", "able", "ment", "ful")
BEGINNINGS = ("un", "re", "dis", "in", "im", "non", "pre", "over", "out", "mis", "mc", "de")


@cache
def without_relatives() -> dict[str, frozenset[str]]:
    """Held-out words that have no relative among those learned from: three lists, each stricter.

    The first knows endings only; the second beginnings too, and words put together from a learned
    one of at least four letters and a rest; the third also leaves out homophones.
    """
    known, heard = set(words().train), set(words().train.values())

    def ends(word: str) -> bool:
        return any(word + e in known for e in ENDINGS) or any(
            word.endswith(e) and (word[: -len(e)] in known or word[: -len(e)] + "e" in known)
            for e in ENDINGS
        )

    def begins(word: str) -> bool:
        return any(b + word in known for b in BEGINNINGS) or any(
            word.startswith(b) and word[len(b) :] in known for b in BEGINNINGS
        )

    def put_together(word: str) -> bool:
        return any(part in known for n in range(4, len(word)) for part in (word[:n], word[-n:]))

    first = {word for word in words().test if not ends(word)}
    second = {word for word in first if not begins(word) and not put_together(word)}
    third = {word for word in second if not heard & set(words().test[word])}
    return {
        "no ending": frozenset(first),
        "nor beginning or part": frozenset(second),
        "nor homophone": frozenset(third),
    }


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network and let it say the held-out words."""
    model = build(trial.condition, trial.seed)
    learn(model, trial.n_steps, trial.seed, str(trial))
    said, maps = pronounce(model, words().test)
    counted = tally(said)
    by_length: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for word, (errors, phonemes) in counted.items():
        for i, number in enumerate((1, errors, phonemes)):
            by_length[len(word)][i] += number
    taus = [kendall(maps[word][: len(said[word])]) for word in maps if len(said[word]) > 1]
    return {
        "errors": rate(counted),
        "words right": sum(errors == 0 for errors, _ in counted.values()) / len(counted),
        "by length": {str(n): by_length[n] for n in sorted(by_length)},
        "new words": {name: rate(counted, among) for name, among in without_relatives().items()},
        "monotonicity": float(np.mean(taus)) if taus else None,
    }


EXPERIMENT = Experiment(
    __file__,
    budgets={"attention": (400, 600, 1200, 6000), "one vector": (400, 600, 1200, 6000)},
    seeds=(0, 1, 2),
    measure=measure,
)
