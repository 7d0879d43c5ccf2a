"""Tables of counts that write, and measures of what was written: beside the models of ``writing``.

Nothing is trained here. A table of counts (an n-gram model) is the baseline without attention; the
measures ask of a text whether its words exist, whether it repeats itself, and how much of it was
copied; names of speakers ask whether a model uses what stands far back.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

import attncourse.pytorch as att
from attncourse.experiments.reading_the_code import text
from attncourse.experiments.writing import WINDOW

ORDER = 8  # characters of the longest stretch that a table counts: what is read, and the next one
DISCOUNT = 0.9  # taken from every count, and given to the shorter context
MEMORY, MEMORY_ORDER = 0.3, 5  # the share that counts of the text so far have, and their stretches
GIVEN, ADDED = 64, 192  # characters of a beginning, and of what is written behind it

Numbers = NDArray[np.int64]


class Counts(NamedTuple):
    """How often each stretch of one length stands in a text, in the order of their numbers."""

    stretches: Numbers
    counts: Numbers
    contexts: Numbers  # the stretches without their last character
    totals: Numbers  # the sum of the counts behind each context
    kinds: Numbers  # how many different characters stand behind it


def numbered(tokens: Numbers, n: int, n_tokens: int) -> Numbers:
    """Give each stretch of n tokens one number, along the last axis."""
    n_stretches = tokens.shape[-1] - n + 1
    number = np.zeros((*tokens.shape[:-1], n_stretches), dtype=np.int64)
    for i in range(n):
        number = number * n_tokens + tokens[..., i : i + n_stretches]
    return number


def looked_up(keys: Numbers, values: Numbers, wanted: Numbers) -> Numbers:
    """Give the value of each key, zero where there is none."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)


def counts(stretches: Numbers, how_often: Numbers, n_tokens: int) -> Counts:
    """Sum up what stands behind each context."""
    contexts, first = np.unique(stretches // n_tokens, return_index=True)
    kinds = np.diff(np.append(first, len(stretches)))
    return Counts(stretches, how_often, contexts, np.add.reduceat(how_often, first), kinds)


class Tables:
    """How often each character follows the few before it: interpolated Kneser-Ney.

    Parameters
    ----------
    tokens
        The text to count.
    n_tokens
        How many different ones there may be.
    order
        The longest stretch that is counted, at most 9 of 76 characters: a number has 63 bits.
    discount
        Taken from every count.
    """

    def __init__(
        self, tokens: Numbers, n_tokens: int, order: int = ORDER, discount: float = DISCOUNT
    ) -> None:
        self.n_tokens, self.order, self.discount = n_tokens, order, discount
        self.whole: list[Counts] = []  # of a length: how often a stretch occurs
        self.varied: list[Counts] = []  # behind how many different characters it does
        for n in range(1, order + 1):
            found = np.unique(numbered(tokens, n, n_tokens), return_counts=True)
            self.whole.append(counts(*found, n_tokens))
            if n > 1:  # each stretch once: leave out its first character, and count what is left
                ends = np.unique(found[0] % n_tokens ** (n - 1), return_counts=True)
                self.varied.append(counts(*ends, n_tokens))

    def chances(self, before: Numbers, following: Numbers, order: int | None = None) -> NDArray:
        """Give the probability of each following character (n, m), told those before (n, k).

        The longest context is asked first and keeps what it is sure of; the rest is left to the
        next shorter one, and at last to all characters alike.
        """
        top = min(order or self.order, before.shape[-1] + 1)
        p = np.full(following.shape, 1 / self.n_tokens)
        for n in range(1, top + 1):
            table = self.whole[n - 1] if n == top else self.varied[n - 1]
            last = before[:, before.shape[-1] - n + 1 :]  # none at all where n is 1
            context = numbered(last, n - 1, self.n_tokens)
            often = looked_up(table.stretches, table.counts, context * self.n_tokens + following)
            total = looked_up(table.contexts, table.totals, context)
            kinds = looked_up(table.contexts, table.kinds, context)
            kept = np.maximum(often - self.discount, 0) + self.discount * kinds * p
            p = np.where(total > 0, kept / np.maximum(total, 1), p)
        return p

    def losses(self, tokens: Numbers, order: int | None = None) -> NDArray:
        """Give -log p of each character but the first, told those before it in its row."""
        top = order or self.order
        found = [
            self.chances(tokens[:, max(0, t - top + 1) : t], tokens[:, t : t + 1], order)
            for t in range(1, tokens.shape[1])
        ]
        return -np.log(np.concatenate(found, axis=1))

    def step(self, tokens: Tensor, state: None = None) -> tuple[Tensor, None]:
        """Score the next character, as ``att.generate`` asks; there is nothing to keep."""
        before = tokens[:, -self.order :].numpy()
        following = np.arange(self.n_tokens)[None].repeat(len(before), axis=0)
        return torch.tensor(np.log(self.chances(before, following)), dtype=torch.float32), None


@cache
def tables(n_read: int | None = None) -> Tables:
    """Count the plays that are read, or as many of their characters."""
    return Tables(text().train.numpy()[:n_read], len(text().alphabet))


@torch.no_grad()
def losses(model: att.LanguageModel, tokens: Tensor, **options: int) -> Tensor:
    """Give -log p of each token but the first, a few texts at a time."""
    parts = tokens.split(50)
    said = [
        F.cross_entropy(model(p[:, :-1], **options).mT, p[:, 1:], reduction="none") for p in parts
    ]
    return torch.cat(said)


def stretches(n_texts: int, n_long: int) -> Tensor:
    """Cut evenly spaced stretches out of the two plays for the test."""
    first = torch.linspace(0, len(text().test) - n_long, n_texts).long()
    return text().test[first[:, None] + torch.arange(n_long)]


def with_context(model: att.LanguageModel, texts: Tensor, n_told: int) -> NDArray:
    """Give -log p of the last character of each text, when only so many before it are told."""
    return losses(model, texts[:, -n_told - 1 :])[:, -1].numpy()


def different(written: str, n: int = 3) -> float:
    """Give the share of different ones among all stretches of n words of a text."""
    words = written.split()
    found = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    return len(set(found)) / max(1, len(found))


class Copies:
    """Finds the longest stretch of a text that stands in another one, character for character.

    Parameters
    ----------
    read
        The text that may have been copied from.
    n_tokens
        How many different characters there may be.
    shortest
        A shorter stretch is not looked for: its number must fit 63 bits.
    """

    def __init__(self, read: Numbers, n_tokens: int, shortest: int = 8) -> None:
        self.read, self.n_tokens, self.shortest = read, n_tokens, shortest
        found = numbered(read, shortest, n_tokens)
        self.places = np.argsort(found, kind="stable")
        self.known = found[self.places]

    def longest(self, written: Numbers) -> Numbers:
        """Give the stretch, the first of several that are as long; empty below the shortest."""
        best = written[:0]
        if len(written) < self.shortest:
            return best
        wanted = numbered(written, self.shortest, self.n_tokens)
        ranges = [np.searchsorted(self.known, wanted, side) for side in ("left", "right")]
        for first, (left, right) in enumerate(zip(*ranges, strict=True)):
            places, length = self.places[left:right], self.shortest
            while len(places):
                best = max(best, written[first : first + length], key=len)
                if first + length == len(written):
                    break
                places = places[places + length < len(self.read)]
                places = places[self.read[places + length] == written[first + length]]
                length += 1
        return best


@cache
def copies() -> Copies:
    """Look into the plays that are read."""
    return Copies(text().train.numpy(), len(text().alphabet))


class Name(NamedTuple):
    """The name of a speaker above a speech, with the text before it."""

    window: Tensor  # WINDOW + 1 characters, the last of which ends the name's line
    length: int  # characters of the name, with the end of its line
    back: int | None  # how many characters before, the last time it stood there as a speaker's


@cache
def names() -> tuple[Name, ...]:
    """Find the speakers of the plays for the test, and whether the text so far names them."""
    whole = text().decode(text().test)
    found, at = [], 0
    while (at := whole.find("\n\n", at)) >= 0:
        first, end = at + 2, whole.find("\n", at + 2)
        at += 1
        if end < 0 or end < WINDOW or end == first:
            continue
        line, start = whole[first - 1 : end + 1], end - WINDOW
        earlier = whole.rfind("\n" + line, start, first)
        back = None if earlier < 0 else first - (earlier + 2)
        found.append(Name(text().test[start : end + 1], end + 1 - first, back))
    return tuple(found)


def watched(n_new: int) -> tuple[list[Name], list[Name]]:
    """Give the names that the text so far holds, and so many of those that it does not hold."""
    again = [name for name in names() if name.back is not None]
    new = [name for name in names() if name.back is None]
    return again, new[:: max(1, len(new) // n_new)][:n_new]


def of_names(
    model: att.LanguageModel | Tables, among: Sequence[Name], n_told: int = WINDOW
) -> NDArray:
    """Give -log p of each name, told so many characters before it (at most what is there)."""
    found = np.zeros(len(among))
    for length in {name.length for name in among}:
        places = [i for i, name in enumerate(among) if name.length == length]
        windows = torch.stack([among[i].window for i in places])[:, -n_told - length :]
        rows = (
            model.losses(windows.numpy()) if isinstance(model, Tables) else losses(model, windows)
        )
        found[places] = np.asarray(rows)[:, -length:].sum(axis=1)
    return found


def with_memory(whole: Tables, among: Sequence[Name]) -> NDArray:
    """Give -log p of each name by counts that also count the text so far: memory, not attention.

    A table of the text before each character has a share of the say, the one of all plays the rest.
    """
    found = np.zeros(len(among))
    for i, name in enumerate(among):
        row = name.window.numpy()
        for t in range(len(row) - name.length, len(row)):
            so_far = Tables(row[:t], whole.n_tokens, MEMORY_ORDER)
            asked = row[None, :t], row[None, t : t + 1]
            say = (1 - MEMORY) * whole.chances(*asked) + MEMORY * so_far.chances(*asked)
            found[i] -= np.log(say.item())
    return found


@torch.no_grad()
def maps(model: att.LanguageModel, tokens: Tensor) -> Tensor:
    """Give the weights of all heads: (texts, layers, heads, asking, asked)."""
    _, weights = model(tokens, return_weights=True, attend=att.scaled_dot_product_attention)
    return torch.stack([layer.self_attention for layer in weights], dim=1)


def distances(weights: Tensor, n_back: int) -> NDArray:
    """Give each head's mean weight on the character that asks, the one before it, and so on.

    (distances, layers, heads); asked where all of these are there.
    """
    asking = torch.arange(n_back, weights.shape[-1])
    found = [weights[..., asking, asking - d].mean((0, -1)) for d in range(n_back)]
    return torch.stack(found).numpy()


class HeadsOff:
    """Switches heads off for the time of a block: what they bring back is not added.

    Parameters
    ----------
    model
        Its weights are restored at the end.
    heads
        Pairs of a layer and a head, counted from zero.
    """

    def __init__(self, model: att.LanguageModel, heads: Sequence[tuple[int, int]]) -> None:
        self.model, self.heads = model, heads

    def __enter__(self) -> None:
        self.kept = []
        for layer, head in self.heads:
            out = self.model.decoder.blocks[layer].attention.out.weight
            width = out.shape[1] // self.model.decoder.blocks[layer].attention.n_heads
            self.kept.append((out, out.detach().clone()))
            with torch.no_grad():
                out[:, head * width : (head + 1) * width] = 0

    def __exit__(self, *error: object) -> None:
        with torch.no_grad():
            for out, before in reversed(self.kept):
                out.copy_(before)
