"""Forwards or backwards? Asked of digits whose law of motion is known, and of three films.

A film's frames are made small, and clips are cut out of them: a square, somewhere, eight frames,
every second one. The first part of each shot is learned from, the rest is held out. The other
question is whether two frames of a clip were exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attncourse import data
from attncourse.experiments import moving_digits as made
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.video_analysis import accuracy
from attncourse.experiments.video_models import build, fit

BATCH, RATE = 32, 2e-3
HEIGHT, EVERY = 48, 2  # pixels of a film's height; of its frames every second one
SPAN = EVERY * (made.N_FRAMES - 1) + 1  # frames of the film that a clip reaches over
SHARE = 0.6  # of each shot, from its start, to learn from
FILMS: tuple[data.Clip, ...] = ("bigbuckbunny", "bikes", "carphone_pristine")
#: Where the second film is cut: its neighbouring frames differ there more than elsewhere.
CUTS = (30, 76, 137, 187, 242)


class Setting(NamedTuple):
    """What the trainings differ in."""

    what: str  # "films", "slowing" or "steady"
    question: str  # "backwards" or "out_of_order"
    kind: str  # of the network


SETTINGS = {
    f"{what}, {question}, {kind}": Setting(what, question, kind)
    for what, question in (
        ("films", "backwards"),
        ("films", "out_of_order"),
        ("slowing", "backwards"),
        ("steady", "backwards"),
    )
    for kind in ("divided", "cnn3d")
    if (what, kind) != ("steady", "divided")
}


def small(name: data.Clip) -> Tensor:
    """Give a film's frames at a height of 48 pixels, from 0 to 1."""
    frames = torch.from_numpy(data.video_clips(name))
    width = round(frames.shape[-1] * HEIGHT / frames.shape[-2])
    parts = [
        F.interpolate(some[:, None].float() / 255, size=(HEIGHT, width), mode="area")[:, 0]
        for some in frames.split(32)
    ]
    return torch.cat(parts)


@cache
def shots(part: data.Part) -> tuple[Tensor, ...]:
    """Give the first 60 % of each shot to learn from, or the rest, where a clip fits in."""
    found = []
    for name in FILMS:
        film = small(name)
        for shot in torch.tensor_split(film, CUTS) if name == "bikes" else (film,):
            border = int(SHARE * len(shot))
            found.append(shot[:border] if part == "train" else shot[border:])
    return tuple(shot for shot in found if len(shot) >= SPAN)


def cut_out(films: tuple[Tensor, ...], n: int, draw: torch.Generator) -> Tensor:
    """Cut clips out of films, mirrored or not, each with mean 0 and deviation 1.

    Every start of a clip is as likely as every other, whichever shot it is in. Mirrored, since a
    network might else learn to which side things move in these few films.
    """

    def number(below: int) -> int:
        return int(torch.randint(below, (1,), generator=draw))

    starts = torch.tensor([len(film) - SPAN + 1.0 for film in films])
    found = []
    for which in torch.multinomial(starts, n, replacement=True, generator=draw).tolist():
        film = films[which]
        when = number(len(film) - SPAN + 1)
        down, right = (number(size - made.SIDE + 1) for size in film.shape[1:])
        clip = film[when : when + SPAN : EVERY, down : down + made.SIDE, right : right + made.SIDE]
        found.append(clip.flip(-1) if number(2) else clip)
    clips = torch.stack(found)
    mean, deviation = (f(clips, dim=(1, 2, 3), keepdim=True) for f in (torch.mean, torch.std))
    return (clips - mean) / (deviation + 0.05)


def forward(what: str, part: data.Part, n: int, draw: torch.Generator) -> Tensor:
    """Give clips as they were made or filmed."""
    if what == "films":
        return cut_out(shots(part), n, draw)
    images = made.digits(part)[0]
    images = images[torch.randint(len(images), (n,), generator=draw)]
    moves = {"steady": made.steady, "slowing": made.slowing}[what]
    return moves(images, draw)[0]


QUESTIONS: dict[str, Callable[[Tensor, Tensor, torch.Generator], Tensor]] = {
    "backwards": made.backwards,
    "out_of_order": made.out_of_order,
}


def held_out(condition: str, part: data.Part, n: int = 500) -> tuple[Tensor, Tensor]:
    """Give clips twice, once with each answer: 1 is yes. To say always the same gets half."""
    setting, draw = SETTINGS[condition], torch.Generator().manual_seed(99)
    clips = forward(setting.what, part, n, draw).repeat(2, 1, 1, 1)
    labels = torch.arange(2).repeat_interleave(n)
    return QUESTIONS[setting.question](clips, labels, draw), labels


def batches(condition: str, seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """Give batches without end, each clip cut out anew."""
    setting, draw = SETTINGS[condition], torch.Generator().manual_seed(seed)
    while True:
        clips = forward(setting.what, "train", BATCH, draw)
        labels = torch.randint(2, (BATCH,), generator=draw)
        yield QUESTIONS[setting.question](clips, labels, draw), labels


def learn(model: nn.Module, condition: str, n_steps: int, seed: int = 0, label: str = "") -> Any:
    """Train; networks of one seed see the same clips."""
    return fit(model, batches(condition, seed), n_steps, RATE, label or condition)


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network; judge it on what it has learned from and on what was held out."""
    model = build(SETTINGS[trial.condition].kind, 2, trial.seed)
    learn(model, trial.condition, trial.n_steps, trial.seed, str(trial))
    parts: tuple[data.Part, ...] = ("train", "test")
    learned, later = (accuracy(model, *held_out(trial.condition, part)) for part in parts)
    return {"accuracy": round(later, 4), "learned": round(learned, 4)}


N_STEPS, N_STEPS_DIGITS = 300, 200
EXPERIMENT = Experiment(
    __file__,
    budgets={
        name: (N_STEPS if setting.what == "films" else N_STEPS_DIGITS,)
        for name, setting in SETTINGS.items()
        if name != "films, out_of_order, divided"
    },
    seeds=(0, 1, 2),
    measure=measure,
)
