"""Strings of an interface and their translations, as words: split, numbered, put together again.

Components that are held out are held out whole; some strings of the learned components are held out
as well, to see how much their neighbours give away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch

from attncourse import data
from attncourse.training import Vocabulary

#: Longest English string, in words; and how many words a translation may get.
LONGEST, MAX_LEN = 24, 40
#: What stands for a word that occurs less than three times in what is learned from.
UNKNOWN, RARE = "<unk>", 3
HAN = "\u4e00-\u9fff"
#: A placeholder, a Chinese character, a word, a digit, or one sign.
WORD = re.compile(rf"\{{\w+\}}|[{HAN}]|[^\W\d_{HAN}]+(?:['’][^\W\d_{HAN}]+)?|\d|[^\w\s]|_")

Pair = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Strings:
    """A language's strings, split, as words in small letters; and the words that are numbered.

    ``new`` are the strings of components that no model has read, ``siblings`` those held out of
    the components that are learned from.
    """

    train: list[Pair]
    valid: list[Pair]
    new: list[Pair]
    siblings: list[Pair]
    english: Vocabulary
    foreign: Vocabulary
    counts: Counter[str]  # of the words of the translations that are learned from


def words_of(text: str) -> tuple[str, ...]:
    """Take a string apart, in small letters."""
    return tuple(WORD.findall(text.lower()))


def text_of(words: Sequence[str]) -> str:
    """Put words together again, with the spaces where Spanish and Chinese have them."""
    text = re.sub(rf"(?<=[{HAN}，。：；！？]) (?=[{HAN}，。：；！？])", "", " ".join(words))
    text = re.sub(r"(?<=[(\[¿¡/_-]) | (?=[)\]/_,.:;!?%-])", "", text)
    return re.sub(r"(?<=\d) (?=\d)", "", text)


@cache
def strings(language: data.Language) -> Strings:
    """Split the strings; number the words that are not rare."""

    def short(part: data.Part) -> list[Pair]:
        taken = data.interface_strings(language, part)
        pairs = [(words_of(string.english), words_of(string.translation)) for string in taken]
        return [(a, b) for a, b in pairs if 0 < len(a) <= LONGEST and 0 < len(b) < MAX_LEN]

    known = short("train")
    read = {a for a, _ in known}
    valid, new = ([pair for pair in short(p) if pair[0] not in read] for p in ("valid", "test"))
    learned = [pair for pair in known if data.part_of(" ".join(pair[0])) != "test"]
    siblings = [pair for pair in known if data.part_of(" ".join(pair[0])) == "test"]
    counts = [Counter(word for pair in learned for word in pair[side]) for side in (0, 1)]
    english, foreign = (
        Vocabulary([UNKNOWN, *(word for word in c if c[word] >= RARE)]) for c in counts
    )
    return Strings(learned, valid, new, siblings, english, foreign, counts[1])


def encode(words: Sequence[str], numbered: Vocabulary) -> list[int]:
    """Number words; a rare one becomes unknown."""
    return numbered.encode([word if word in numbered else UNKNOWN for word in words])


def nearest(language: data.Language, sources: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Give the translation of the learned string that shares most words: a translator's memory."""
    learned = strings(language).train
    number = {word: i for i, word in enumerate(sorted({w for a, _ in learned for w in a}))}

    def bags(texts: Sequence[tuple[str, ...]]) -> torch.Tensor:
        table = torch.zeros(len(texts), len(number))
        for row, words in enumerate(texts):
            table[row, [number[word] for word in words if word in number]] = 1
        return table

    theirs = bags([a for a, _ in learned])
    sizes = torch.tensor([len(set(a)) for a, _ in learned])
    best = []
    for start in range(0, len(sources), 200):
        some = sources[start : start + 200]
        size = torch.tensor([len(set(words)) for words in some])
        shared = 2 * (bags(some) @ theirs.T) / (size[:, None] + sizes)  # Dice's coefficient
        best += [learned[i][1] for i in shared.argmax(1).tolist()]
    return best
