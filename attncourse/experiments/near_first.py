"""Why does attention write slowly? Three networks, each with one thing changed.

Beside those of :mod:`attncourse.experiments.four_writers`, trained and asked in the same way:

- ALiBi in place of rotary positions, so that far characters weigh less from the first step on;
- ALiBi beside rotary positions: nearness is added, nothing is taken away;
- a GRU in the Transformer's blocks, where attention stood, with equal parameters.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

import attncourse.pytorch as att
from attncourse.experiments import four_writers as four
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.reading_the_code import text
from attncourse.experiments.recurrent_writers import GRUWriter
from attncourse.training import History, count_parameters, match_size
from attncourse.training import seed as set_seed

NETWORKS = ("attention, ALiBi", "attention, rotary and ALiBi", "GRU in the blocks")


def look_near(q: Tensor, k: Tensor, v: Tensor, **options: Any) -> Tensor:
    """Attend with ALiBi's slopes added to the scores, whatever positions there are."""
    slopes = att.alibi_slopes(four.N_HEADS, dtype="float32")
    return att.fused_attention(
        q, k, v, bias=att.alibi_bias(q.shape[-2], k.shape[-2], slopes), **options
    )


def build(condition: str, seed: int = 0) -> nn.Module:
    """Make the network; those with attention begin with the parameters of the rotary one."""
    n = len(text().alphabet)
    sizes = (n, four.D_MODEL, four.N_HEADS, four.N_LAYERS)
    if condition == "GRU in the blocks":
        size = count_parameters(four.build("attention"))
        d_state = match_size(lambda d: GRUWriter(n, four.D_MODEL, d, four.N_LAYERS), size, 128)
        set_seed(seed)
        return GRUWriter(n, four.D_MODEL, d_state, four.N_LAYERS)
    set_seed(seed)
    if condition == "attention, ALiBi":
        return att.LanguageModel(*sizes, positions="alibi", attend=att.fused_attention)
    return att.LanguageModel(*sizes, attend=look_near)


def learn(
    model: nn.Module, condition: str, n_steps: int, seed: int = 0, label: str = "training"
) -> History:
    """Train in place, on what the others of this seed read."""
    return four.learn(model, condition, n_steps, seed, label)


def measure(trial: Trial) -> dict[str, Any]:
    """Train it as the others are trained, and ask it the same."""
    model = build(trial.condition, trial.seed)
    history = learn(model, trial.condition, trial.n_steps, trial.seed, str(trial))
    return {
        "seconds": round(history.cpu_seconds, 2),
        "parameters": count_parameters(model),
        **four.asked(model),
    }


EXPERIMENT = Experiment(
    __file__,
    budgets=dict.fromkeys(NETWORKS, (100, 400)),
    seeds=(0, 1, 2),
    measure=measure,
)
