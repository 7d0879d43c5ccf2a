"""A model that writes like Shakespeare, character by character: its loss over training time.

The plays are those of :mod:`attncourse.experiments.reading_the_code`; the model is larger, reads
further back, and is judged on plays that it has not read. The longest of its trainings is the one
that a page and a widget carry (``make trained ONLY=writing``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import attncourse.pytorch as att
from attncourse import data
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.reading_the_code import real, text
from attncourse.training import History, train
from attncourse.training import seed as set_seed

WINDOW = 128  # characters that the model reads at once
BATCH = 32
D_MODEL, N_HEADS, N_LAYERS = 128, 4, 4
RATE = 2e-3
N_JUDGED = 200  # windows of a text on which a model is judged
EVERY = 100  # steps from one look at unread plays to the next
BEGINNING = "MACBETH\nSo"  # what a model goes on from


class Windows:
    """Endless batches of stretches of the plays, from anywhere."""

    def __iter__(self) -> Iterator[Tensor]:
        steps = torch.arange(WINDOW + 1)
        while True:
            first = torch.randint(len(text().train) - WINDOW, (BATCH, 1))
            yield text().train[first + steps]


@cache
def unread(part: data.Part) -> Tensor:
    """Give windows of plays that no model has read, evenly spaced, each with the next character.

    ``"valid"`` is looked at while a model learns, ``"test"`` once it has learnt.
    """
    numbers = text().encode("\n".join(data.shakespeare(part).values()))
    first = torch.linspace(0, len(numbers) - WINDOW - 1, N_JUDGED).long()
    return numbers[first[:, None] + torch.arange(WINDOW + 1)]


def build(seed: int = 0) -> att.LanguageModel:
    """Make the model, untrained."""
    set_seed(seed)
    return att.LanguageModel(
        len(text().alphabet), D_MODEL, N_HEADS, N_LAYERS, attend=att.fused_attention
    )


def loss(model: att.LanguageModel, tokens: Tensor) -> Tensor:
    """Average -log p of each next character, in nats."""
    return F.cross_entropy(model(tokens[:, :-1]).mT, tokens[:, 1:])


@torch.no_grad()
def judge(model: att.LanguageModel, tokens: Tensor) -> float:
    """Give the loss on windows, a few at a time."""
    parts = tokens.split(50)
    return sum(loss(model, part).item() * len(part) for part in parts) / len(tokens)


def learn(
    model: att.LanguageModel,
    n_steps: int,
    seed: int = 0,
    label: str = "training",
    every: int = EVERY,
) -> History:
    """Train in place; each model of one seed reads the same windows in the same order."""
    set_seed(seed)
    return train(
        model,
        lambda tokens: loss(model, tokens),
        Windows(),
        n_steps=n_steps,
        learning_rate=RATE,
        validate=lambda: judge(model, unread("valid")),
        every=every,
        label=label,
    )


@torch.no_grad()
def write(
    model: att.LanguageModel,
    beginning: str,
    n_new: int,
    n_texts: int = 1,
    seed: int = 0,
    choose: Callable[[Tensor, Tensor], Tensor] = att.sample_token,
) -> list[str]:
    """Go on from a beginning, character by character; ``choose`` takes logits and noise.

    The model remembers all that it wrote, so a text may grow longer than the windows it learnt.
    """
    noise = torch.rand(n_new, n_texts, generator=torch.Generator().manual_seed(seed))
    tokens = text().encode(beginning).repeat(n_texts, 1)
    written, _ = att.generate(model.step, tokens, n_new, choose=choose, noise=noise)
    return [text().decode(row) for row in written]


def measure(trial: Trial) -> dict[str, Any]:
    """Train one model; keep its curve, its loss on plays for the test, and what it writes."""
    model = build(trial.seed)
    history = learn(model, trial.n_steps, trial.seed, str(trial))
    texts = write(model, BEGINNING, 120, n_texts=16, seed=trial.seed)
    return {
        "valid": [[step, round(score, 4)] for step, score in history.validations],
        "test": round(judge(model, unread("test")), 4),
        "words": round(real(texts), 4),
        "sample": texts[0],
    }


EXPERIMENT = Experiment(
    __file__,
    budgets={"attention": (1000,)},
    seeds=(0, 1, 2),
    measure=measure,
)
