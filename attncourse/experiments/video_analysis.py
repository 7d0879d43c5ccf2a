"""Which way does a digit move? Told by attention in space and time, or without attention.

No single frame shows it, and all frames without their order show half of it: every clip is judged
together with the same clip played backwards, so a network that cannot see time gets at most one of
the two right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.moving_digits import OPPOSITE, both_ways, digits, steady
from attncourse.experiments.video_models import build
from attncourse.training import train

BATCH, RATE = 32, 2e-3


def held_out() -> tuple[Tensor, Tensor]:
    """Give one clip of every held-out digit, and the same clips backwards."""
    clips, labels = steady(digits("test")[0], torch.Generator().manual_seed(0))
    return both_ways(clips, labels, OPPOSITE)


def batches(seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """Give batches without end: the digits to learn from, each time moved anew."""
    images = digits("train")[0]
    draw = torch.Generator().manual_seed(seed)
    while True:
        chosen = torch.randint(len(images), (BATCH,), generator=draw)
        yield steady(images[chosen], draw)


def learn(model: nn.Module, n_steps: int, seed: int = 0, label: str = "") -> Any:
    """Train; networks of one seed see the same clips."""

    def loss(clips: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(model(clips), labels)

    return train(model, loss, batches(seed), n_steps=n_steps, learning_rate=RATE, label=label)


@torch.no_grad()
def answers(model: nn.Module, clips: Tensor) -> Tensor:
    """Give the class that a network thinks most likely, many clips at a time."""
    return torch.cat([model(some).argmax(-1) for some in clips.split(250)])


def accuracy(model: nn.Module, clips: Tensor, labels: Tensor) -> float:
    """Give the share of clips that get their label."""
    return (answers(model, clips) == labels).float().mean().item()


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network and judge it on held-out digits."""
    model = build(trial.condition, 4, trial.seed)
    learn(model, trial.n_steps, trial.seed, str(trial))
    return {"accuracy": round(accuracy(model, *held_out()), 4)}


FIRST, SHORT, LONG = 100, 300, 600
EXPERIMENT = Experiment(
    __file__,
    budgets={
        **dict.fromkeys(("divided", "factorised", "cnn3d", "gru", "mean"), (FIRST, SHORT)),
        "joint": (FIRST, SHORT, LONG),
        **dict.fromkeys(("frames", "timeless"), (SHORT,)),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
