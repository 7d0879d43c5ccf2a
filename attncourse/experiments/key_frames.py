"""Does attention find the frame that matters? It is never told which one that is.

A clip's frames are read one by one; what they are made one vector by differs: weights of attention,
a mean, the largest of each feature, a recurrent layer (GRU). Either one frame has a digit and the
others torn ones, or every frame has a digit and a white flash says that the next one counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import attncourse.pytorch as att
from attncourse.experiments import moving_digits as made
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.video_models import PLAIN
from attncourse.training import AttentionPooling, count_parameters, match_size, train
from attncourse.training import seed as set_seed

D_MODEL, N_CLASSES = 48, 10
BATCH, RATE = 32, 2e-3


class Setting(NamedTuple):
    """What the trainings differ in."""

    pool: str = "attention"
    n_frames: int = 8
    flash: bool = False


POOLS = ("attention", "mean", "largest", "gru")
LENGTHS, SHOWN = (4, 8, 16), 16
SETTINGS = {f"{p}, {n} frames": Setting(p, n) for p in POOLS for n in LENGTHS}
SETTINGS |= {
    f"{p}, flash": Setting(p, flash=True)
    for p in ("attention", "mean", "gru", "time", "time, no order")
}


class FrameReader(nn.Module):
    """Reads frames one by one, and makes one vector of them.

    Parameters
    ----------
    pool
        ``attention``: the frames' vectors are averaged by weights that each frame's own vector
        decides. ``time``: the same, after the frames have attended to each other; ``time, no
        order`` without positions. ``mean``, ``largest`` and ``gru`` have no attention.
    n_frames
        How many there are.
    width
        Of the layer that reads a frame.
    """

    def __init__(self, pool: str, n_frames: int, width: int = 64) -> None:
        super().__init__()
        self.kind = pool
        filters = nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
        seen = 8 * (made.SMALL // 2) ** 2
        dense = nn.Linear(seen, width), nn.ReLU(), nn.Linear(width, D_MODEL)
        self.look = nn.Sequential(*filters, *dense)
        self.encoder: Any = None
        self.moments: Any = 0.0
        if pool.startswith("time"):
            self.encoder = att.Encoder(D_MODEL, 4, 2, d_hidden=2 * D_MODEL, **PLAIN)
            if pool == "time":
                self.moments = nn.Parameter(0.5 * torch.randn(n_frames, D_MODEL))
        weighs = pool.startswith(("time", "attention"))
        self.pool = AttentionPooling(D_MODEL, 32) if weighs else None
        self.gru = nn.GRU(D_MODEL, D_MODEL, batch_first=True) if pool == "gru" else None
        self.out = nn.Linear(D_MODEL, N_CLASSES)

    def weigh(self, clips: Tensor) -> tuple[Tensor, Tensor | None]:
        """Give the logits, and the weight of each frame where there are weights."""
        x = self.look(clips.flatten(0, 1)[:, None]).unflatten(0, clips.shape[:2])
        if self.encoder is not None:
            x = self.encoder(x + self.moments)
        if self.pool is not None:
            there = torch.ones(x.shape[:2], dtype=torch.bool)
            vector, weights = self.pool(x, there)
            return self.out(vector), weights
        if self.gru is not None:
            return self.out(self.gru(x)[0][:, -1]), None
        return self.out(x.mean(1) if self.kind == "mean" else x.amax(1)), None

    def forward(self, clips: Tensor) -> Tensor:
        """Give one score for each digit."""
        return self.weigh(clips)[0]


def build(condition: str, seed: int = 0) -> FrameReader:
    """Make one of the networks; none is smaller than that whose frames attend to each other."""
    setting = SETTINGS[condition]
    make = partial(FrameReader, setting.pool, setting.n_frames)
    width = match_size(make, count_parameters(FrameReader("time", setting.n_frames)))
    set_seed(seed)
    return make(width)


def clips_of(
    setting: Setting, images: Tensor, labels: Tensor, draw: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Give clips, the digit that is asked for, and the frame that has it."""
    make = made.after_the_flash if setting.flash else made.one_digit
    return make(images, labels, setting.n_frames, draw)


@cache
def held_out(condition: str) -> tuple[Tensor, Tensor, Tensor]:
    """Give one clip for every held-out digit; the same for all networks."""
    return clips_of(SETTINGS[condition], *made.digits("test"), torch.Generator().manual_seed(0))


def batches(condition: str, seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """Give batches without end: digits to learn from, each time among others."""
    images, labels = made.digits("train")
    draw = torch.Generator().manual_seed(seed)
    while True:
        chosen = torch.randint(len(labels), (BATCH,), generator=draw)
        yield clips_of(SETTINGS[condition], images[chosen], labels[chosen], draw)[:2]


def learn(model: nn.Module, condition: str, n_steps: int, seed: int = 0, label: str = "") -> Any:
    """Train; networks of one seed see the same clips. Where the key is, is not in the loss."""

    def loss(clips: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(model(clips), labels)

    supply = batches(condition, seed)
    return train(model, loss, supply, n_steps=n_steps, learning_rate=RATE, label=label or condition)


@torch.no_grad()
def look(model: FrameReader, clips: Tensor) -> tuple[Tensor, Tensor | None]:
    """Give the probability of each digit, and the frames' weights where there are any."""
    parts = [model.weigh(some) for some in clips.split(250)]
    logits, weights = zip(*parts, strict=True)
    return torch.cat(logits).softmax(-1), None if weights[0] is None else torch.cat(weights)


def hide(condition: str, clips: Tensor, which: Tensor) -> Tensor:
    """Put into one frame of each clip what the clip is full of: a torn digit, or another digit."""
    draw = torch.Generator().manual_seed(1)
    images = made.digits("valid")[0]
    other = images[torch.randint(len(images), (len(clips),), generator=draw)]
    hidden = clips.clone()
    hidden[torch.arange(len(clips)), which] = (
        other if SETTINGS[condition].flash else made.torn(other, draw)
    )
    return hidden


def accuracy(model: FrameReader, clips: Tensor, labels: Tensor) -> float:
    """Give the share of clips whose digit is told."""
    return round((look(model, clips)[0].argmax(-1) == labels).float().mean().item(), 4)


def finds(model: FrameReader, condition: str) -> float:
    """Give the share of held-out clips in which no frame has more weight than the key frame."""
    clips, _, key = held_out(condition)
    weights = look(model, clips)[1]
    assert weights is not None
    return round((weights.argmax(-1) == key).float().mean().item(), 4)


def hidden(model: FrameReader, condition: str) -> dict[str, float]:
    """Give the accuracy when one frame is hidden in each clip.

    The key frame, or one drawn at random; where there are weights, that with the most, or with
    the second most.
    """
    clips, labels, key = held_out(condition)
    weights = look(model, clips)[1]
    shape = (len(clips),)
    drawn = torch.randint(clips.shape[1], shape, generator=torch.Generator().manual_seed(2))
    to_hide = {"key": key, "random": drawn}
    if weights is not None:
        first, second = weights.topk(2)[1].T
        to_hide |= {"first": first, "second": second}
    return {n: accuracy(model, hide(condition, clips, w), labels) for n, w in to_hide.items()}


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network and judge it; where there are weights, see where they are, before too."""
    setting = SETTINGS[trial.condition]
    model = build(trial.condition, trial.seed)
    found: dict[str, Any] = {}
    if model.pool is not None:
        found["untrained"] = finds(model, trial.condition)
    learn(model, trial.condition, trial.n_steps, trial.seed, str(trial))
    found["accuracy"] = accuracy(model, *held_out(trial.condition)[:2])
    if model.pool is not None:
        found["found"] = finds(model, trial.condition)
    if setting.flash or setting.n_frames == SHOWN:
        found["hidden"] = hidden(model, trial.condition)
    return found


N_STEPS, N_STEPS_FLASH = 400, 1500
EXPERIMENT = Experiment(
    __file__,
    budgets={
        name: (N_STEPS_FLASH if setting.flash else N_STEPS,) for name, setting in SETTINGS.items()
    },
    seeds=(0, 1, 2),
    measure=measure,
)
