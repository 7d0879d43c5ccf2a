"""Beyond the trained length: five position schemes on two tasks, over training time.

A small causal Transformer reads sequences of 32 random symbols and is tested on 128. In one task it
says what stood five places ago, in the other what followed the last time the present symbol stood
here. The models differ in nothing but their positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import attncourse.pytorch as att
from attncourse.experiments.core import Experiment, Trial
from attncourse.training import seed as set_seed
from attncourse.training import train

N_SYMBOLS = 16
TRAINED, TESTED = 32, 128  # lengths
AGO = 5
D_MODEL, N_HEADS, N_LAYERS = 64, 4, 2
BIN = 8  # positions that are tallied together
N_TESTS = 200  # sequences
NOTHING = -100  # no answer is asked for here
SCHEMES = ("none", "learned", "sinusoidal", "alibi", "rotary")


def places_ago(n: int, how_many: int) -> tuple[Tensor, Tensor]:
    """Draw symbols; asked for is what stood AGO places before each."""
    symbols = torch.randint(N_SYMBOLS, (how_many, n))
    wanted = torch.full_like(symbols, NOTHING)
    wanted[:, AGO:] = symbols[:, :-AGO]
    return symbols, wanted


def last_time(n: int, how_many: int) -> tuple[Tensor, Tensor]:
    """Draw symbols; asked for is what followed each the last time that it stood here."""
    symbols = torch.randint(N_SYMBOLS, (how_many, n))
    wanted = torch.full_like(symbols, NOTHING)
    seen = torch.full((how_many, N_SYMBOLS), NOTHING)
    rows = torch.arange(how_many)
    for t in range(n):
        wanted[:, t] = seen[rows, symbols[:, t]]
        if t:
            seen[rows, symbols[:, t - 1]] = symbols[:, t]
            again = symbols[:, t] == symbols[:, t - 1]  # it followed itself
            wanted[again, t] = symbols[again, t]
    return symbols, wanted


TASKS = {"places ago": places_ago, "last time": last_time}


class ManySequences:
    """Endless batches of one task, all of the trained length."""

    def __init__(self, task: str) -> None:
        self.draw = TASKS[task]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield self.draw(TRAINED, how_many=16)


def build(scheme: str, seed: int = 0) -> att.LanguageModel:
    """Make one of the models. The learned table has rows for the test's length, most untrained."""
    set_seed(seed)
    return att.LanguageModel(
        N_SYMBOLS,
        D_MODEL,
        N_HEADS,
        N_LAYERS,
        positions=None if scheme == "none" else scheme,
        n_positions=TESTED if scheme == "learned" else None,
        tied=False,
    )


def learn(
    model: att.LanguageModel, task: str, n_steps: int, seed: int = 0, label: str = "training"
) -> Any:
    """Train on sequences of the trained length."""

    def loss(symbols: Tensor, wanted: Tensor) -> Tensor:
        logits = model(symbols).flatten(0, 1)
        return F.cross_entropy(logits, wanted.flatten(), ignore_index=NOTHING)

    set_seed(seed)
    return train(model, loss, ManySequences(task), n_steps=n_steps, label=label)


def right_by_place(model: att.LanguageModel, task: str, **options: Any) -> list[float]:
    """Give the share of right answers, BIN positions together, in sequences of the test's length.

    The model is causal: what it says at place 40 is what it would say at the end of a sequence of
    40. So one long sequence tests all lengths.
    """
    set_seed(9)  # the same sequences for each model, and none from training's own
    symbols, wanted = TASKS[task](TESTED, N_TESTS)
    with torch.no_grad():
        right = model(symbols, **options).argmax(-1) == wanted
    asked = (wanted != NOTHING).unflatten(1, (-1, BIN)).sum((0, 2))
    return (right.unflatten(1, (-1, BIN)).sum((0, 2)) / asked).tolist()


def stretched(model: att.LanguageModel, task: str) -> dict[str, list[float]]:
    """Give the same of a rotary model whose frequencies are scaled by four, without training."""
    factor = TESTED / TRAINED
    plain = att.rotary_frequencies(D_MODEL // N_HEADS, dtype="float32")
    scaled = {
        "interpolated": att.interpolated_frequencies(plain, factor=factor),
        "ntk": att.ntk_frequencies(plain, factor=factor),
        "yarn": att.yarn_frequencies(plain, base=1e4, factor=factor, original_len=TRAINED),
    }
    shares = {}
    for name, frequencies in scaled.items():
        model.relative.frequencies = frequencies
        more = {"attention_factor": att.yarn_attention_factor(factor)} if name == "yarn" else {}
        shares[name] = right_by_place(model, task, **more)
    model.relative.frequencies = None
    return shares


def measure(trial: Trial) -> dict[str, Any]:
    """Train one model and look at how far it carries."""
    task, scheme = trial.condition.split(": ")
    model = build(scheme, trial.seed)
    history = learn(model, task, trial.n_steps, trial.seed, str(trial))
    measured = {
        "right": right_by_place(model, task),
        "in a window": right_by_place(model, task, window=TRAINED),
        **(stretched(model, task) if scheme == "rotary" else {}),
    }
    rounded = {name: [round(x, 4) for x in shares] for name, shares in measured.items()}
    return {"loss": round(sum(history.losses[-20:]) / 20, 4), **rounded}


EXPERIMENT = Experiment(
    __file__,
    budgets={
        **{f"places ago: {scheme}": (250, 500, 1500) for scheme in SCHEMES},
        **{f"last time: {scheme}": (500, 1500) for scheme in SCHEMES},
        "last time: rotary": (500, 1500, 3000),  # the one that had not learned it
    },
    seeds=(0, 1, 2),
    measure=measure,
)
