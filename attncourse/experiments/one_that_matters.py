"""Look up one of sixteen: reads that mix and reads that choose, over training time.

The input is sixteen letters, each with a digit, and one letter that is asked for; the output is its
digit. The networks are equal, and but for two they begin equal. They differ in how the scores
become a read, and in what the scores are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

import attncourse.pytorch as att
from attncourse.experiments.core import Experiment, Trial
from attncourse.training import seed as set_seed
from attncourse.training import train

N_LETTERS, N_DIGITS = 26, 10
N_PLACES = 16  # how many letters stand in an input
WIDTH = 32
N_TESTS = 2000
#: Reads that mix; the others choose one place.
SOFT = {
    "soft": att.softmax,
    "soft, even start": att.softmax,
    "sparsemax": att.sparsemax,
    "sparsemax, even start": att.sparsemax,
}


def lists(how_many: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Draw letters that all differ, a digit for each, the place that is asked for, the answer."""
    letters = torch.rand(how_many, N_LETTERS).argsort(dim=1)[:, :N_PLACES]
    digits = torch.randint(N_DIGITS, (how_many, N_PLACES))
    place = torch.randint(N_PLACES, (how_many, 1))
    return letters, digits, place, digits.gather(1, place)[:, 0]


class ManyLists:
    """Endless batches."""

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        while True:
            yield lists(how_many=64)


class LookUp(nn.Module):
    """One read: a query for the letter asked, a key for each letter, a value for each digit."""

    def __init__(self, condition: str) -> None:
        super().__init__()
        self.condition = condition
        self.query, self.key = nn.Embedding(N_LETTERS, WIDTH), nn.Embedding(N_LETTERS, WIDTH)
        self.value, self.answer = nn.Embedding(N_DIGITS, WIDTH), nn.Linear(WIDTH, N_DIGITS)
        if "even start" in condition:  # small scores: every place has some weight
            with torch.no_grad():
                self.query.weight.mul_(0.1)
                self.key.weight.mul_(0.1)

    def scores(self, letters: Tensor, place: Tensor) -> Tensor:
        """Score each place: (batch, N_PLACES)."""
        q, k = self.query(letters.gather(1, place)), self.key(letters)
        return att.scaled_dot_scores(q, k)[:, 0]

    def logits(self, weights: Tensor, digits: Tensor) -> Tensor:
        """Read with these weights, and score each digit as the answer: (batch, N_DIGITS)."""
        return self.answer((weights[:, None] @ self.value(digits))[:, 0])

    def log_prob(self, weights: Tensor, digits: Tensor, wanted: Tensor) -> Tensor:
        """Say how likely the wanted digit is after a read with these weights: (batch, 1)."""
        return self.logits(weights, digits).log_softmax(-1).gather(1, wanted[:, None])

    def loss(self, letters: Tensor, digits: Tensor, place: Tensor, wanted: Tensor) -> Tensor:
        """What is made small; for a choice, the loss that it has on average."""
        scores = self.scores(letters, place)
        if self.condition in SOFT:
            return -self.log_prob(SOFT[self.condition](scores), digits, wanted).mean()
        if self.condition == "arg max":
            return -self.log_prob(att.hardmax(scores), digits, wanted).mean()
        if self.condition == "all choices":
            of_digit = self.answer(self.value.weight).log_softmax(-1)  # read alone, each digit
            log_prob = of_digit[digits, wanted[:, None]]
            return -(att.softmax(scores) * log_prob).sum(-1).mean()
        noise = att.gumbel_noise(torch.rand_like(scores))
        if self.condition == "straight-through":
            return -self.log_prob(att.straight_through_gumbel(scores, noise), digits, wanted).mean()
        choice = att.gumbel_hardmax(scores, noise)
        reward = self.log_prob(choice, digits, wanted)
        others = None
        if self.condition == "REINFORCE, baseline":
            kept = reward.detach()
            others = (kept.sum() - kept) / (len(kept) - 1)  # what the other draws were worth
        told = att.reinforce_loss(scores, choice, reward.detach(), baseline=others)
        return (told - reward).mean()

    def weights(self, letters: Tensor, place: Tensor) -> Tensor:
        """What it reads with when it is used: no noise, the best place where it chooses."""
        return SOFT.get(self.condition, att.hardmax)(self.scores(letters, place))


def build(condition: str, seed: int = 0) -> LookUp:
    """Make one of the networks; of one seed, all begin equal, but for the even starts."""
    set_seed(seed)
    return LookUp(condition)


def learn(model: LookUp, n_steps: int, seed: int = 0, label: str = "training") -> Any:
    """Train it on lists without end."""
    set_seed(seed)
    return train(model, model.loss, ManyLists(), n_steps=n_steps, learning_rate=1e-2, label=label)


def look(model: LookUp) -> dict[str, float]:
    """Tell how it does on new lists.

    The share of right answers; the same where the best place alone is read; the weight of the place
    asked for; how many places have a weight.
    """
    set_seed(2)  # the same lists for each model, and none from training's own sequence
    letters, digits, place, wanted = lists(N_TESTS)
    with torch.no_grad():
        weights = model.weights(letters, place)
        forced = att.hardmax(weights)
        found = {
            "right": model.logits(weights, digits).argmax(-1) == wanted,
            "right alone": model.logits(forced, digits).argmax(-1) == wanted,
            "weight": weights.gather(1, place),
            "places": (weights > 0).sum(-1),
        }
    return {name: round(x.float().mean().item(), 4) for name, x in found.items()}


def measure(trial: Trial) -> dict[str, float]:
    """Train one network and look at its answers."""
    model = build(trial.condition, trial.seed)
    learn(model, trial.n_steps, trial.seed, str(trial))
    return look(model)


STEPS = (100, 300, 1000, 3000)
LONGER = (*STEPS, 10000)  # for those that may not be done
EXPERIMENT = Experiment(
    __file__,
    budgets={
        "soft": STEPS,
        "soft, even start": STEPS,
        "sparsemax": LONGER,
        "sparsemax, even start": STEPS,
        "all choices": STEPS,
        "REINFORCE": LONGER,
        "REINFORCE, baseline": STEPS,
        "straight-through": STEPS,
        "arg max": LONGER,
    },
    seeds=(0, 1, 2),
    measure=measure,
)
