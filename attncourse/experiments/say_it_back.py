"""Repeat a number: one vector against attention, over training time.

The input is a number of random digits, the output the same digits and an end. Two recurrent
networks of equal size differ in what the decoder may read: the encoder's last states, or all of
them. A third has a fixed vector twice as wide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from attncourse.experiments.core import Experiment, Trial
from attncourse.training import (
    END,
    AdditiveAttention,
    FixedVector,
    Seq2Seq,
    Vocabulary,
    count_parameters,
    match_size,
    train,
)
from attncourse.training import seed as set_seed

DIGITS = Vocabulary("0123456789")
LONGEST = 12  # in training
LENGTHS = range(1, 21)  # in tests
N_TESTS = 300  # numbers of each length


def numbers(n_digits: int, how_many: int) -> tuple[Tensor, Tensor]:
    """Draw random numbers, and what should be said: the same digits, then END."""
    source = torch.randint(END + 1, len(DIGITS), (how_many, n_digits))
    return source, torch.cat([source, torch.full((how_many, 1), END)], dim=1)


def repeated(n_digits: int) -> tuple[Tensor, Tensor]:
    """Give all ten numbers that have only one digit."""
    source = torch.arange(END + 1, len(DIGITS))[:, None].expand(-1, n_digits)
    return source, torch.cat([source, torch.full((len(source), 1), END)], dim=1)


class ManyNumbers:
    """Endless batches, each of one length from 1 to LONGEST."""

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield numbers(int(torch.randint(1, LONGEST + 1, ())), how_many=64)


def build(condition: str, seed: int = 0) -> Seq2Seq:
    """Make one of the networks; the one without attention is never the smaller one."""

    def made(memory: Any, d_encoder: int, d_decoder: int) -> Seq2Seq:
        set_seed(seed)
        sizes = {"d_embed": 16, "d_encoder": d_encoder, "d_decoder": d_decoder}
        return Seq2Seq(len(DIGITS), len(DIGITS), memory, **sizes)

    if condition == "attention":
        return made(AdditiveAttention, 32, 64)
    if condition == "wider vector":
        return made(FixedVector, 64, 128)
    size = count_parameters(made(AdditiveAttention, 32, 64))
    return made(FixedVector, 32, match_size(lambda width: made(FixedVector, 32, width), size))


def learn(model: Seq2Seq, n_steps: int, seed: int = 0, label: str = "training") -> Any:
    """Train on numbers of 1 to LONGEST digits."""
    set_seed(seed)
    return train(model, model.loss, ManyNumbers(), n_steps=n_steps, learning_rate=5e-3, label=label)


def say(model: Seq2Seq, source: Tensor, max_len: int) -> Tensor:
    """What the model says, padded to ``max_len``."""
    said, _ = model.generate(source, max_len=max_len)
    return torch.nn.functional.pad(said, (0, max_len - said.shape[1]))


def right_by_length(model: Seq2Seq) -> list[float]:
    """Share of numbers repeated without any error, and ended at the right place, by length."""
    set_seed(2)  # the same numbers for each model, and none from training's own sequence
    shares = []
    for n in LENGTHS:
        source, target = numbers(n, N_TESTS)
        right = (say(model, source, target.shape[1]) == target).all(dim=1)
        shares.append(right.float().mean().item())
    return shares


def kinds_of_errors(model: Seq2Seq, n_digits: int = LONGEST) -> dict[str, int]:
    """Sort the answers to the ten numbers of one digit: right, too long, too short, other."""
    source, _ = repeated(n_digits)
    count = {"right": 0, "too many": 0, "too few": 0, "another digit": 0}
    for row, digit in zip(say(model, source, 2 * n_digits).tolist(), source[:, 0], strict=True):
        spoken = row[: row.index(END)] if END in row else row
        if any(symbol != digit for symbol in spoken):
            count["another digit"] += 1
        else:
            more = len(spoken) - n_digits
            count["right" if more == 0 else "too many" if more > 0 else "too few"] += 1
    return count


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network and look at what it repeats."""
    model = build(trial.condition, trial.seed)
    learn(model, trial.n_steps, trial.seed, str(trial))
    lengths = {str(n): kinds_of_errors(model, n) for n in (8, 10, LONGEST)}
    return {"right": [round(x, 4) for x in right_by_length(model)], "one digit": lengths}


EXPERIMENT = Experiment(
    __file__,
    budgets={
        "attention": (500, 1500, 6000),
        "one vector": (500, 1500, 3000, 6000, 15000),
        "wider vector": (1500, 6000),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
