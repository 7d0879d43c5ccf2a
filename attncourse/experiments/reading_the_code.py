"""From a listing that cannot write to a model that can: one repair a rung, over training time.

A small character model learns Shakespeare. Its rungs differ in what was repaired: what it is asked
for, whether positions meet, whether it knows places, and which of its layers hide the future. Each
is judged twice on plays that it has not read: with the whole text before it, as in training, and
with nothing but the text so far, as in writing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import attncourse.pytorch as att
from attncourse import data
from attncourse.experiments.core import Experiment, Trial
from attncourse.training import seed as set_seed
from attncourse.training import train

WINDOW = 48  # characters that a model reads at once
BEGINNING = "MACBETH\nSo"  # what a model goes on from
D_MODEL, N_HEADS, N_LAYERS = 48, 4, 3
N_JUDGED = 192  # windows of a text on which a model is judged
ASKED = range(3, WINDOW + 1, 3)  # lengths of the text so far, where writing is judged


@dataclass(frozen=True)
class Rung:
    """What is repaired: all faults of the listing that are left are the fields that are false."""

    shifted: bool = True  # the target is the next character, not the present one
    meets: bool = True  # heads and positions change places before the product
    places: bool = True  # a vector for each place is added
    hides: tuple[bool, ...] = (True,) * N_LAYERS  # which layers have a causal mask


OPEN = (False,) * N_LAYERS
RUNGS = {
    "as printed": Rung(shifted=False, meets=False, places=False, hides=OPEN),
    "shifted": Rung(meets=False, places=False, hides=OPEN),
    "transposed": Rung(places=False, hides=OPEN),
    "with places": Rung(hides=OPEN),
    "mask in the decoder": Rung(hides=(False, True, True)),
    "mask everywhere": Rung(),
    "mask, no places": Rung(places=False),
}


@dataclass(frozen=True)
class Text:
    """The plays as numbers, one for each character."""

    alphabet: str
    train: Tensor
    test: Tensor

    def encode(self, text: str) -> Tensor:
        """Give each character's number."""
        return torch.tensor([self.alphabet.index(character) for character in text])

    def decode(self, numbers: Tensor) -> str:
        """Give the characters again."""
        return "".join(self.alphabet[n] for n in numbers.tolist())


@cache
def text() -> Text:
    """Read the plays: 34 to learn from, and two that are held out, Macbeth and Twelfth Night."""
    read, held_out = ("\n".join(data.shakespeare(part).values()) for part in ("train", "test"))
    alphabet = "".join(sorted({*read, *held_out}))
    number = {ord(character): i for i, character in enumerate(alphabet)}

    def numbers(whole: str) -> Tensor:
        return torch.frombuffer(bytearray(whole.translate(number), "latin1"), dtype=torch.uint8)

    return Text(alphabet, numbers(read).long(), numbers(held_out).long())


class Attention(nn.Module):
    """The listing's attention once it runs, with or without the transpose and the mask."""

    def __init__(self, d_model: int, n_heads: int, meets: bool, hides: bool) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)
        self.value, self.out = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)
        self.n_heads, self.meets, self.hides = n_heads, meets, hides

    def forward(self, x: Tensor) -> Tensor:
        """Attend within a sequence, or within each position where positions do not meet."""
        given = [layer(x) for layer in (self.query, self.key, self.value)]
        heads = [y.unflatten(-1, (self.n_heads, -1)) for y in given]
        if self.meets:
            heads = [y.transpose(1, 2) for y in heads]
        mixed = F.scaled_dot_product_attention(*heads, is_causal=self.hides)
        if self.meets:
            mixed = mixed.transpose(1, 2)
        return self.out(mixed.flatten(-2))


class Layer(nn.Module):
    """What the listing names and does not have: attention, then a hidden layer, both added."""

    def __init__(self, d_model: int, n_heads: int, meets: bool, hides: bool) -> None:
        super().__init__()
        self.attention = Attention(d_model, n_heads, meets, hides)
        self.mlp = nn.Sequential(
            nn.Linear(d_model, 2 * d_model), nn.GELU(), nn.Linear(2 * d_model, d_model)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        x = x + self.attention(self.norms[0](x))
        return x + self.mlp(self.norms[1](x))


class Writer(nn.Module):
    """A table of characters, layers, and scores for a character at each position."""

    def __init__(self, n_tokens: int, rung: Rung) -> None:
        super().__init__()
        self.rung, self.embedding = rung, nn.Embedding(n_tokens, D_MODEL)
        nn.init.normal_(self.embedding.weight, std=0.3)  # else places are drowned at first
        self.layers = nn.ModuleList(
            Layer(D_MODEL, N_HEADS, rung.meets, hides) for hides in rung.hides
        )
        self.norm, self.final = nn.LayerNorm(D_MODEL), nn.Linear(D_MODEL, n_tokens)

    def forward(self, tokens: Tensor) -> Tensor:
        """Score every character of the alphabet, at each position."""
        x = self.embedding(tokens)
        if self.rung.places:
            places = torch.arange(tokens.shape[-1])
            x = x + att.sinusoidal_positions(places, D_MODEL, dtype="float32")
        for layer in self.layers:
            x = layer(x)
        return self.final(self.norm(x))

    def asked(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Give what is read, and what is wanted at each place: the next or the present one."""
        read, following = tokens[:, :-1], tokens[:, 1:]
        return read, following if self.rung.shifted else read

    def losses(self, tokens: Tensor) -> Tensor:
        """Give the loss at each place of each text, when the whole text is read at once."""
        read, wanted = self.asked(tokens)
        return F.cross_entropy(self(read).mT, wanted, reduction="none")

    def loss(self, tokens: Tensor) -> Tensor:
        """Give the mean."""
        return self.losses(tokens).mean()


class Windows:
    """Endless batches of stretches of the plays, from anywhere."""

    def __iter__(self) -> Iterator[Tensor]:
        steps = torch.arange(WINDOW + 1)
        while True:
            first = torch.randint(len(text().train) - WINDOW, (16, 1))
            yield text().train[first + steps]


def build(condition: str, seed: int = 0) -> Writer:
    """Make the model of a rung; those of one seed begin with the same numbers."""
    set_seed(seed)
    return Writer(len(text().alphabet), RUNGS[condition])


def learn(model: Writer, n_steps: int, seed: int = 0, label: str = "training") -> Any:
    """Train; each model of one seed reads the same windows in the same order."""
    set_seed(seed)
    return train(model, model.loss, Windows(), n_steps=n_steps, label=label)


def spaced(numbers: Tensor) -> Tensor:
    """Windows of a text, evenly spaced, each with the character after it."""
    first = torch.linspace(0, len(numbers) - WINDOW - 1, N_JUDGED).long()
    return numbers[first[:, None] + torch.arange(WINDOW + 1)]


@torch.no_grad()
def in_training(model: Writer, tokens: Tensor) -> Tensor:
    """Give the loss of each place, asked as in training: the whole window is there."""
    return model.losses(tokens).mean(0)


@torch.no_grad()
def in_writing(model: Writer, tokens: Tensor) -> Tensor:
    """Give the loss of the next character, asked as in writing: only the text so far is there."""
    said = [model(tokens[:, :n])[:, -1] for n in ASKED]
    return torch.stack([F.cross_entropy(s, tokens[:, n]) for s, n in zip(said, ASKED, strict=True)])


@torch.no_grad()
def write(model: Writer, beginning: str, n_new: int, n_texts: int = 1, seed: int = 0) -> list[str]:
    """Draw one character after another, each from what the model says of the last window."""
    source = torch.Generator().manual_seed(seed)
    tokens = text().encode(beginning).repeat(n_texts, 1)
    for _ in range(n_new):
        chances = model(tokens[:, -WINDOW:])[:, -1].softmax(-1)
        tokens = torch.cat([tokens, chances.multinomial(1, generator=source)], dim=1)
    return [text().decode(row) for row in tokens]


def words(written: str) -> list[str]:
    """Split into words; the first and the last may be cut, so they are left out."""
    return re.findall(r"[a-z']+", written.lower())[1:-1]


@cache
def known_words() -> frozenset[str]:
    """Give every word of the plays that were read."""
    return frozenset(words(text().decode(text().train)))


def real(texts: list[str]) -> float:
    """Give the share of words of four letters or more that stand in the plays that were read.

    A name stands before each text, so the line after it is where counting begins.
    """
    bare = [written.partition("\n")[2] for written in texts]
    longer = [word for written in bare for word in words(written) if len(word) >= 4]
    return sum(word in known_words() for word in longer) / max(1, len(longer))


def measure(trial: Trial) -> dict[str, Any]:
    """Train one rung, judge it in training and in writing, and let it write."""
    model = build(trial.condition, trial.seed)
    learn(model, trial.n_steps, trial.seed, str(trial))
    texts = write(model, BEGINNING, 120, n_texts=16, seed=trial.seed)
    unread = spaced(text().test)
    return {
        "read": round(in_training(model, spaced(text().train)).mean().item(), 4),
        "by place": [round(x, 3) for x in in_training(model, unread).tolist()],
        "in writing": [round(x, 3) for x in in_writing(model, unread).tolist()],
        "words": round(real(texts), 4),
        "sample": texts[0],
    }


EXPERIMENT = Experiment(
    __file__,
    budgets={
        "as printed": (50, 200),
        **dict.fromkeys(list(RUNGS)[1:], (50, 200, 600)),
        "mask everywhere": (50, 200, 600, 1600),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
