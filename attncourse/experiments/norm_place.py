"""Norm before or behind a sublayer, in shallow and in deep stacks: the loss over training time.

And whether what comes out depends on what went in: how alike the positions' vectors become.

Small language models read Shakespeare letter by letter. They differ in where the norm stands, in
depth, in how fast the learning rate grows, and in how large the sublayers are at the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import attncourse.pytorch as att
from attncourse import data
from attncourse.experiments.core import Experiment, Trial
from attncourse.training import seed as set_seed

D_MODEL, N_HEADS = 32, 4
SEQ, BATCH = 32, 16
RATE, WARM_UP = 1e-3, 150  # Adam's step size, and the steps over which it grows, if it does
EVERY = 20  # steps that one number of the curve averages


class Setting(NamedTuple):
    """What the models differ in."""

    residual: Any
    n_layers: int
    warm_up: bool = False
    small: bool = False  # the sublayers begin smaller by the root of their number


SETTINGS = {
    "pre, 6 layers": Setting(att.pre_norm, 6),
    "post, 6 layers": Setting(att.post_norm, 6),
    "pre, 12 layers": Setting(att.pre_norm, 12),
    "post, 12 layers": Setting(att.post_norm, 12),
    "post, 12 layers, warm-up": Setting(att.post_norm, 12, warm_up=True),
    "post, 12 layers, small start": Setting(att.post_norm, 12, small=True),
}


@cache
def letters() -> tuple[list[str], Tensor]:
    """Give the characters that occur, and the plays as numbers of them."""
    text = "\n".join(data.shakespeare("train").values())
    known = sorted(set(text))
    number = {character: i for i, character in enumerate(known)}
    return known, torch.tensor([number[character] for character in text])


def passages() -> Iterator[Tensor]:
    """Draw batches without end; in these trainings hardly a letter is drawn twice."""
    text = letters()[1]
    while True:
        starts = torch.randint(len(text) - SEQ, (BATCH,))
        yield text[starts[:, None] + torch.arange(SEQ + 1)]


def build(condition: str, seed: int = 0) -> att.LanguageModel:
    """Make one of the models; every weight begins with a deviation of 1 / sqrt(d_in)."""
    set_seed(seed)
    setting = SETTINGS[condition]
    model = att.LanguageModel(
        len(letters()[0]),
        D_MODEL,
        N_HEADS,
        setting.n_layers,
        residual=setting.residual,
        attend=att.fused_attention,
    )
    if not setting.small:  # the library's stacks begin with sublayers divided by this root
        with torch.no_grad():
            for block in model.decoder.blocks:
                for out in (block.attention.out, block.mlp.out):
                    out.weight *= (2 * setting.n_layers) ** 0.5
    return model


def loss(model: nn.Module, text: Tensor) -> Tensor:
    """Average -log p of each next letter."""
    return F.cross_entropy(model(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten())


@cache
def watched() -> Tensor:
    """Give a few passages that every model is looked at with."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return next(passages())[:, :-1]


@torch.no_grad()
def likeness(model: att.LanguageModel) -> float:
    """Give the mean cosine of the last vectors of two positions of one passage."""
    tokens = watched()
    given = model.relative.options(tokens.device, {})
    last = model.decoder(model.embedding.tokens[tokens], **given)
    return cosine(last).item()


def cosine(x: Tensor) -> Tensor:
    """Average the cosine over all pairs of two different positions."""
    unit = F.normalize(x, dim=-1)
    n = x.shape[-2]
    return (((unit @ unit.mT).sum((-2, -1)) - n) / (n * n - n)).mean()


def learn(
    model: att.LanguageModel, condition: str, n_steps: int, seed: int = 0
) -> dict[str, list[float]]:
    """Train it; give the mean loss of every few steps, and the likeness before and after them.

    Each step is on text that it has not read.
    """
    set_seed(1000 + seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    losses: list[float] = []
    alike = [likeness(model)]
    for step, text in zip(range(n_steps), passages(), strict=False):
        if SETTINGS[condition].warm_up:
            optimiser.param_groups[0]["lr"] = RATE * min(1, (step + 1) / WARM_UP)
        value = loss(model, text)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        losses.append(value.item())
        if (step + 1) % EVERY == 0 or step + 1 == n_steps:
            alike.append(likeness(model))
    parts = [losses[i : i + EVERY] for i in range(0, n_steps, EVERY)]
    return {
        "loss": [round(sum(part) / len(part), 4) for part in parts],
        "alike": [round(found, 5) for found in alike],
    }


def measure(trial: Trial) -> dict[str, list[float]]:
    """Train one model, and keep its curves."""
    model = build(trial.condition, trial.seed)
    return learn(model, trial.condition, trial.n_steps, trial.seed)


EXPERIMENT = Experiment(
    __file__,
    budgets={
        "pre, 6 layers": (300,),
        "post, 6 layers": (300,),
        "pre, 12 layers": (300,),
        "post, 12 layers": (1000,),
        "post, 12 layers, warm-up": (1000,),
        "post, 12 layers, small start": (300,),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
