"""What every sequence task needs: symbols as numbers, batches of like lengths, an error rate."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch
from jaxtyping import Int
from torch import Tensor

#: The numbers that are no symbols: padding, the start of an output, its end.
PAD, START, END = 0, 1, 2

Symbol = TypeVar("Symbol")


class Vocabulary:
    """Symbols and their numbers; the first three numbers are PAD, START and END.

    Parameters
    ----------
    symbols
        What is to be numbered: letters, phonemes, words. In any order, with repetitions.

    Examples
    --------
    >>> letters = Vocabulary("banana")
    >>> letters.encode("ban")
    [4, 3, 5]
    >>> letters.decode([4, 3, 5, END, 3])
    ['b', 'a', 'n']
    >>> "c" in letters
    False
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = sorted(set(symbols))
        self._number = {symbol: i for i, symbol in enumerate(self.symbols, END + 1)}

    def __len__(self) -> int:
        return END + 1 + len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        """Whether a symbol has a number."""
        return symbol in self._number

    def encode(self, sequence: Sequence[str]) -> list[int]:
        """Give each symbol's number; a ``ValueError`` names a symbol that has none."""
        try:
            return [self._number[symbol] for symbol in sequence]
        except KeyError as error:
            raise ValueError(
                f"{error.args[0]!r} in {sequence!r} is not in the vocabulary, which has: "
                + " ".join(self.symbols)
            ) from None

    def decode(self, numbers: Sequence[int]) -> list[str]:
        """Give the symbols before the first END."""
        numbers = [int(n) for n in numbers]
        if END in numbers:
            numbers = numbers[: numbers.index(END)]
        return [self.symbols[n - END - 1] if n > END else "?" for n in numbers]


def pad(rows: Sequence[Sequence[int]]) -> Int[Tensor, "batch seq"]:
    """Stack rows of different lengths, filled up with PAD at their ends."""
    if not rows:
        raise ValueError("rows: expected at least one, got none")
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows])


class BucketedBatches:
    """Batches of pairs in random order, each of sequences about equally long.

    Sequences of like length waste little on padding. Each pass over the data is shuffled anew:
    cut into stretches of 50 batches, which are sorted by length, divided and shuffled again.

    Parameters
    ----------
    pairs
        Numbers of a source and of its target, without END, which is put after each target.
    batch_size
        How many pairs a batch has; the last of a stretch may have fewer.
    seed
        Of the shuffling.
    """

    def __init__(
        self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], batch_size: int, seed: int = 0
    ) -> None:
        self.pairs, self.batch_size = list(pairs), batch_size
        self._random = random.Random(seed)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        pairs = self.pairs.copy()
        self._random.shuffle(pairs)
        stretch = 50 * self.batch_size
        for first in range(0, len(pairs), stretch):
            near = sorted(pairs[first : first + stretch], key=lambda p: (len(p[0]), len(p[1])))
            batches = [near[i : i + self.batch_size] for i in range(0, len(near), self.batch_size)]
            self._random.shuffle(batches)
            for batch in batches:
                yield pad([source for source, _ in batch]), pad([[*t, END] for _, t in batch])


def edit_distance(a: Sequence[Symbol], b: Sequence[Symbol]) -> int:
    """Count the fewest insertions, deletions and substitutions that turn ``a`` into ``b``.

    Cost: len(a) · len(b).

    Source: Wagner and Fischer (1974), The String-to-String Correction Problem.

    Examples
    --------
    >>> edit_distance("kitten", "sitting")
    3
    """
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def closest(
    predicted: Sequence[Symbol], references: Sequence[Sequence[Symbol]]
) -> tuple[int, Sequence[Symbol]]:
    """Give the errors against the reference that fits best, by errors per symbol, and it.

    A word with two right pronunciations is right if it is pronounced in either way.
    """
    if not references or not all(references):
        raise ValueError(f"references: expected one or more, none of them empty, got {references}")
    counted = [(edit_distance(predicted, reference), reference) for reference in references]
    return min(counted, key=lambda pair: pair[0] / len(pair[1]))
