"""Attention against a GRU, a gated linear recurrence and a counter: loss over steps and over time.

Three networks of equal size read the plays of :mod:`attncourse.experiments.reading_the_code`. Each
is asked on unread plays how far back it looks, whether it repeats a name that it has just read for
the first time, and what noise costs it. The counter (:mod:`attncourse.experiments.ngrams`) is asked
the same and has nothing to train.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import attncourse.pytorch as att
from attncourse import data
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.ngrams import NGrams
from attncourse.experiments.reading_the_code import text
from attncourse.experiments.recurrent_writers import LinearWriter, Recurrent
from attncourse.training import History, count_parameters, match_size, train
from attncourse.training import seed as set_seed

WINDOW, BATCH = 64, 8
D_MODEL, N_HEADS, N_LAYERS = 64, 4, 2
STRIDE = 16  # characters that are judged after contexts of different length
#: Speakers of the two unread plays whose names stand in none of the others.
NAMES = ("MALCOLM", "LENNOX", "BANQUO", "FLEANCE", "MACDUFF", "DONALBAIN", "CAITHNESS", "SEYTON")
NAMES += ("SIWARD", "OLIVIA", "MALVOLIO", "FABIAN")
DISTANCES = (8, 16, 32, 44)  # characters from a name to the same again
KNOWN = 2  # letters of the second name that are given; the others are judged
SHARES = (0.05, 0.1, 0.2)  # of characters that are replaced
BURST = 8  # characters that are replaced in a row
OUTLIER = "&"  # 61 times in four million characters
NOISE = 0.1  # where a network is trained with noise
RATE = 0.01  # the better of 0.003 and 0.01 after 150 steps, on plays for trying out, for each kind
PLACE = 24  # where a burst begins, and where an outlier stands


class Case(NamedTuple):
    """What is read at each place, and what is wanted there."""

    read: Tensor
    wanted: Tensor


def build(condition: str, seed: int = 0) -> nn.Module:
    """Make one of the networks; the two without attention are not the smaller ones."""
    kind, n = condition.partition(",")[0], len(text().alphabet)
    set_seed(seed)
    attention = att.LanguageModel(n, D_MODEL, N_HEADS, N_LAYERS, attend=att.fused_attention)
    if kind == "attention":
        return attention
    set_seed(seed)
    if kind == "gated linear":  # a gate a head makes it larger by half a per cent
        return LinearWriter(n, D_MODEL, N_HEADS, N_LAYERS)
    size, d_embed = count_parameters(attention), D_MODEL // 2
    return Recurrent(n, d_embed, match_size(lambda d: Recurrent(n, d_embed, d), size, 512))


def spoilt(tokens: Tensor, share: float) -> Tensor:
    """Replace a share of characters by others, drawn as often as they occur in the plays."""
    drawn = text().train[torch.randint(len(text().train), tokens.shape)]
    return torch.where(torch.rand(tokens.shape) < share, drawn, tokens)


class Windows:
    """Endless batches of stretches of the plays, from anywhere, what is read perhaps with noise."""

    def __init__(self, noise: float) -> None:
        self.noise = noise

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            first = torch.randint(len(text().train) - WINDOW, (BATCH, 1))
            tokens = text().train[first + torch.arange(WINDOW + 1)]
            read = spoilt(tokens[:, :-1], self.noise) if self.noise else tokens[:, :-1]
            yield read, tokens[:, 1:]


@torch.no_grad()
def judge(writer: nn.Module | NGrams, case: Case) -> Tensor:
    """Give -log p of what is wanted, at each place of each row."""
    if isinstance(writer, NGrams):
        return writer.losses(*case)
    parts = zip(case.read.split(100), case.wanted.split(100), strict=True)
    return torch.cat([F.cross_entropy(writer(r).mT, w, reduction="none") for r, w in parts])


def learn(
    model: nn.Module, condition: str, n_steps: int, seed: int = 0, label: str = "training"
) -> History:
    """Train in place; those of one seed read the same windows, where no noise is drawn."""
    set_seed(seed)
    return train(
        model,
        lambda read, wanted: F.cross_entropy(model(read).mT, wanted),
        Windows(NOISE if condition.endswith("noise") else 0.0),
        n_steps=n_steps,
        learning_rate=RATE,
        validate=lambda: judge(model, windows("valid", 60)).mean().item(),
        every=max(1, n_steps // 5),
        label=label,
    )


@cache
def unread(part: data.Part) -> Tensor:
    """Give the plays of a part as numbers."""
    return text().encode("\n".join(data.shakespeare(part).values()))


@cache
def windows(part: data.Part, n: int) -> Case:
    """Windows of unread plays, evenly spaced."""
    first = torch.linspace(0, len(unread(part)) - WINDOW - 1, n).long()
    rows = unread(part)[first[:, None] + torch.arange(WINDOW + 1)]
    return Case(rows[:, :-1], rows[:, 1:])


@cache
def reaching(back: int, n: int = 300) -> Case:
    """Windows that reach so much further back than the characters that are judged, the last few."""
    ahead = torch.linspace(WINDOW, len(unread("test")) - WINDOW, n).long()
    rows = unread("test")[ahead[:, None] + torch.arange(-back, STRIDE + 1)]
    return Case(rows[:, :-1], rows[:, 1:])


def by_context(writer: nn.Module | NGrams) -> list[float]:
    """Give the loss of the same characters after 1 to 16, 17 to 32, … 49 to 64 characters."""
    backs = range(0, WINDOW, STRIDE)
    return [judge(writer, reaching(back))[:, -STRIDE:].mean().item() for back in backs]


@cache
def speeches() -> list[str]:
    """Give the longer speeches of the unread plays that have none of the names, nor a speaker."""
    whole = "\n".join(data.shakespeare("test").values()).split("\n\n")
    said = [speech.partition("\n")[2] for speech in whole if len(speech) > 2 * max(DISTANCES)]
    return [speech for speech in said if not any(name.title() in speech for name in NAMES)]


@cache
def names_again(distance: int, other: bool, n: int = 8) -> tuple[Case, Tensor]:
    """Make texts with a name, the end of a speech, and the name again; or another name first.

    Returns
    -------
    case, letters
        The texts, filled up at their ends; and which places are letters of the second name, without
        those that are given.
    """
    texts, places = [], []
    for i, name in enumerate(NAMES):
        before = NAMES[(i + 5) % len(NAMES)] if other else name
        for speech in speeches()[i :: len(speeches()) // n][:n]:
            head = f"{before}\n{speech[3 - distance :]}\n\n"
            texts.append(text().encode(head + name))
            places.append(range(len(head) + KNOWN - 1, len(head + name) - 1))
    rows = nn.utils.rnn.pad_sequence(texts, batch_first=True)
    letters = torch.zeros(rows[:, 1:].shape, dtype=torch.bool)
    for row, judged in zip(letters, places, strict=True):
        row[judged.start : judged.stop] = True
    return Case(rows[:, :-1], rows[:, 1:]), letters


def name_costs(writer: nn.Module | NGrams) -> dict[str, list[float]]:
    """Give the loss a letter of a name that was read before, and of one that was not."""
    asked = {
        name: [names_again(distance, other) for distance in DISTANCES]
        for name, other in (("same", False), ("other", True))
    }
    return {
        name: [judge(writer, case)[letters].mean().item() for case, letters in cases]
        for name, cases in asked.items()
    }


@cache
def damaged(kind: str, n: int = 150) -> tuple[Case, Case]:
    """Give clean windows, and the same with a burst of noise or an outlier at one place."""
    clean, changed = windows("test", n), windows("test", n).read.clone()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        stretch = slice(PLACE, PLACE + (BURST if kind == "burst" else 1))
        odd = text().encode(OUTLIER)
        changed[:, stretch] = spoilt(changed[:, stretch], 1.0) if kind == "burst" else odd
    return clean, Case(changed, clean.wanted)


def damage(writer: nn.Module | NGrams, kind: str) -> list[float]:
    """Give what it costs at the characters that follow, one after the other."""
    clean, changed = (judge(writer, case).mean(0) for case in damaged(kind))
    last = PLACE + (BURST if kind == "burst" else 1) - 1
    return (changed - clean)[last : last + 24].tolist()


@cache
def noisy(share: float, n: int = 150) -> Case:
    """Give windows with a share of what is read replaced; what is wanted stays as it is."""
    clean = windows("test", n)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Case(spoilt(clean.read, share), clean.wanted)


def asked(writer: nn.Module | NGrams) -> dict[str, Any]:
    """Ask a writer everything that is compared, on unread plays."""
    found = {
        "test": [judge(writer, windows("test", 300)).mean().item()],
        "by context": by_context(writer),
        "noise": [judge(writer, noisy(share)).mean().item() for share in (0.0, *SHARES)],
        **{kind: damage(writer, kind) for kind in ("burst", "outlier")},
        **name_costs(writer),
    }
    return {name: [round(value, 4) for value in values] for name, values in found.items()}


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network, and ask it."""
    model = build(trial.condition, trial.seed)
    history = learn(model, trial.condition, trial.n_steps, trial.seed, str(trial))
    return {
        "seconds": round(history.cpu_seconds, 2),
        "parameters": count_parameters(model),
        "valid": [[step, round(score, 4)] for step, score in history.validations],
        **asked(model),
    }


EXPERIMENT = Experiment(
    __file__,
    budgets={
        **dict.fromkeys(("attention", "GRU", "gated linear"), (100, 400)),
        **dict.fromkeys(("attention, noise", "GRU, noise"), (400,)),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
