"""Does attention write slowly for want of nearness? The same network, told that near is near.

The networks of :mod:`attncourse.experiments.four_writers` with one thing changed: ALiBi in place of
rotary positions, so that far characters weigh less from the first step on. It has no parameters.
"""

from __future__ import annotations

from typing import Any

import attncourse.pytorch as att
from attncourse.experiments import four_writers as four
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.reading_the_code import text
from attncourse.training import History
from attncourse.training import seed as set_seed


def build(seed: int = 0) -> att.LanguageModel:
    """Make the network; every parameter begins as that with rotary positions."""
    set_seed(seed)
    sizes = (len(text().alphabet), four.D_MODEL, four.N_HEADS, four.N_LAYERS)
    return att.LanguageModel(*sizes, positions="alibi", attend=att.fused_attention)


def learn(
    model: att.LanguageModel, n_steps: int, seed: int = 0, label: str = "attention, ALiBi"
) -> History:
    """Train in place, on what the others of this seed read."""
    return four.learn(model, "attention, ALiBi", n_steps, seed, label)


def measure(trial: Trial) -> dict[str, Any]:
    """Train it as the others are trained, and ask it the same."""
    model = build(trial.seed)
    history = learn(model, trial.n_steps, trial.seed, str(trial))
    return {"seconds": round(history.cpu_seconds, 2), **four.asked(model)}


EXPERIMENT = Experiment(
    __file__,
    budgets={"attention, ALiBi": (400,)},
    seeds=(0, 1, 2),
    measure=measure,
)
