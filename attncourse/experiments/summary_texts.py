"""Docstrings as pairs of word lists: what is read, what should be said, and the known words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from attncourse import data
from attncourse.training import END, Vocabulary

N_READ, N_SAID = 60, 20  # words that are read of a docstring, and the most that are said
OFTEN = 30  # how often a word has to occur to be in the vocabulary
STOP, UNKNOWN = "|", "?"  # between the name and the text; a word that is not in the vocabulary


def words(text: str) -> list[str]:
    """Split into words and numbers, in small letters; names are taken apart.

    >>> words("Compute the ``readTopology`` of a graph_view.")
    ['compute', 'the', 'read', 'topology', 'of', 'a', 'graph', 'view']
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return re.findall(r"[a-z]+|[0-9]+", apart.lower())


@dataclass(frozen=True)
class Pair:
    """What is read and what should be said, in words."""

    doc: data.Docstring
    source: list[str]
    target: list[str]

    @staticmethod
    def of(doc: data.Docstring) -> Pair:
        """Cut a docstring into words."""
        source = [*words(doc.name), STOP, *words(doc.body)]
        return Pair(doc, source[:N_READ], words(doc.summary)[:N_SAID])


@dataclass(frozen=True)
class Texts:
    """What is learned from, what is held out, and the words that are known by number."""

    train: list[Pair]
    test: list[Pair]
    vocabulary: Vocabulary
    often: frozenset[str]

    def further(self, pair: Pair) -> list[str]:
        """Give the words of the source that are not in the vocabulary, each once."""
        return list(dict.fromkeys(word for word in pair.source if word not in self.often))

    def encode(self, pair: Pair) -> tuple[list[int], list[int]]:
        """Number both sides; an unknown word of the source has a number of its own in this pair.

        These numbers begin where the vocabulary ends, in the order of the words. A target's word
        that is neither in the vocabulary nor in the source is :data:`UNKNOWN`.
        """
        first = len(self.vocabulary)
        numbers = {word: first + i for i, word in enumerate(self.further(pair))}

        def number(word: str) -> int:
            in_vocabulary = word if word in self.often else UNKNOWN
            return numbers.get(word) or self.vocabulary.encode([in_vocabulary])[0]

        return [number(word) for word in pair.source], [number(word) for word in pair.target]

    def decode(self, pair: Pair, numbers: Sequence[int]) -> list[str]:
        """Give the words before the first END; what has a number in this pair only is copied."""
        said = [int(n) for n in numbers]
        said = said[: said.index(END)] if END in said else said
        further, first = self.further(pair), len(self.vocabulary)
        return [further[i - first] if i >= first else self.vocabulary.decode([i])[0] for i in said]


@cache
def texts() -> Texts:
    """Split by file: 90 % to learn from, 10 % held out (two parts, as nothing was tuned on one)."""
    parts = {
        part: [Pair.of(doc) for doc in data.docstrings(part)] for part in ("train", "valid", "test")
    }
    counted = Counter(word for pair in parts["train"] for word in [*pair.source, *pair.target])
    often = {word for word, n in counted.items() if n >= OFTEN} | {STOP}
    vocabulary = Vocabulary([*often, UNKNOWN])
    return Texts(parts["train"], parts["valid"] + parts["test"], vocabulary, frozenset(often))


def rare(pair: Pair) -> set[str]:
    """Give the words of the right summary that have no number but stand in what is read."""
    return {word for word in pair.target if word not in texts().often and word in pair.source}
