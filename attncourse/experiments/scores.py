"""Find each word's partner: five scores on one alignment task, over training time.

Eight keys are points in the plane, drawn at random. Eight queries are the same points in another
language and another order: each is turned by a third of a circle. Nothing is trained but the
score. What a score sees may get a constant 1 appended, or, in a second task that asks by place,
the key's place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

import attncourse.pytorch as att
from attncourse.experiments.core import Experiment, Trial
from attncourse.training import seed as set_seed
from attncourse.training import train

N_KEYS = 8
TURN = 2 * math.pi / 3
N_TESTS = 1000  # sets of eight, half of them the mirror images of the other half


def turned(x: Tensor, angle: float = TURN) -> Tensor:
    """Turn vectors of the plane about the origin."""
    c, s = math.cos(angle), math.sin(angle)
    return x @ torch.tensor([[c, s], [-s, c]])


def places() -> Tensor:
    """Give each place a vector: eight points on a circle."""
    angle = torch.arange(N_KEYS) * (2 * math.pi / N_KEYS)
    return torch.stack([angle.cos(), angle.sin()], dim=-1)


def by_content(keys: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Ask for each key by its turned copy, in a random order; say which key is meant."""
    order = torch.rand(keys.shape[:-1]).argsort(dim=-1)
    queries = turned(keys.gather(1, order[..., None].expand_as(keys)))
    return queries, keys, order


def by_place(keys: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Ask for the first key, the second and so on, whatever stands there."""
    wanted = torch.arange(N_KEYS).expand(len(keys), N_KEYS)
    return places().expand(len(keys), -1, -1), keys, wanted


class Multiplicative(nn.Module):
    """The bilinear score: one matrix between query and key."""

    def __init__(self, d_q: int, d_k: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(d_q, d_k) / d_q**0.5)

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        """Score each pair."""
        return att.general_scores(q, k, self.w)


class Scaled(nn.Module):
    """The score of a Transformer: both sides projected, then the scaled dot product."""

    def __init__(self, d_q: int, d_k: int, d_head: int = 16) -> None:
        super().__init__()
        self.w_q = nn.Parameter(torch.randn(d_q, d_head) / d_q**0.5)
        self.w_k = nn.Parameter(torch.randn(d_k, d_head) / d_k**0.5)

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        """Score each pair."""
        return att.scaled_dot_scores(q @ self.w_q, k @ self.w_k)


class Cosine(Scaled):
    """The same projections, then the cosine, times a factor that is learned."""

    def __init__(self, d_q: int, d_k: int) -> None:
        super().__init__(d_q, d_k)
        self.log_scale = nn.Parameter(torch.zeros(()))

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        """Score each pair."""
        return self.log_scale.exp() * att.cosine_scores(q @ self.w_q, k @ self.w_k)


class Additive(nn.Module):
    """The additive score, with 64 hidden units."""

    def __init__(self, d_q: int, d_k: int, d_hidden: int = 64) -> None:
        super().__init__()
        self.w_query = nn.Parameter(torch.randn(d_q, d_hidden))
        self.w_key = nn.Parameter(torch.randn(d_k, d_hidden))
        self.v = nn.Parameter(torch.randn(d_hidden) / d_hidden**0.5)

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        """Score each pair."""
        return att.additive_scores(q, k, self.w_query, self.w_key, self.v)


class Location(nn.Module):
    """The location-based score: one column for each place."""

    def __init__(self, d_q: int, d_k: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(d_q, N_KEYS) / d_q**0.5)

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        """Score each place."""
        return att.location_scores(q, self.w)


class Layer(nn.Module):
    """A hidden layer for each side, and behind it the scaled dot product."""

    def __init__(self, d_q: int, d_k: int, d_hidden: int = 64, d_head: int = 16) -> None:
        super().__init__()

        def side(width: int) -> nn.Module:
            return nn.Sequential(nn.Linear(width, d_hidden), nn.Tanh(), nn.Linear(d_hidden, d_head))

        self.of_query, self.of_key = side(d_q), side(d_k)

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        """Score each pair."""
        return att.scaled_dot_scores(self.of_query(q), self.of_key(k))


SCORES = {
    "multiplicative": Multiplicative,
    "scaled": Scaled,
    "cosine": Cosine,
    "additive": Additive,
    "location": Location,
    "layer": Layer,
}


class Aligner(nn.Module):
    """A score, and what it is shown: the vectors, perhaps a 1 behind each, perhaps the places."""

    def __init__(self, score: str, *, task: Any, one: bool, placed: bool) -> None:
        super().__init__()
        self.task, self.one, self.placed = task, one, placed
        self.score = SCORES[score](2 + one, 2 + one + 2 * placed)

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        """Score each pair."""
        if self.placed:
            k = torch.cat([k, places().expand(len(k), -1, -1)], dim=-1)
        if self.one:
            q, k = (torch.cat([x, torch.ones_like(x[..., :1])], dim=-1) for x in (q, k))
        return self.score(q, k)

    def loss(self, q: Tensor, k: Tensor, wanted: Tensor) -> Tensor:
        """Minus the logarithm of the weight on the key that is meant."""
        return nn.functional.cross_entropy(self(q, k).flatten(0, 1), wanted.flatten())


def build(condition: str, seed: int = 0) -> Aligner:
    """Make one of the scores: its name, and behind commas what else holds, as in EXPERIMENT."""
    name, *more = condition.split(", ")
    set_seed(seed)
    return Aligner(
        name,
        task=by_place if "by place" in more else by_content,
        one="with a 1" in more,
        placed="keys with place" in more,
    )


class Sets:
    """Endless batches of one task: 32 sets of eight keys."""

    def __init__(self, task: Any) -> None:
        self.task = task

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        while True:
            yield self.task(torch.randn(32, N_KEYS, 2))


def learn(model: Aligner, n_steps: int, seed: int = 0, label: str = "training") -> Any:
    """Train on fresh sets."""
    set_seed(seed)
    batches = Sets(model.task)
    return train(model, model.loss, batches, n_steps=n_steps, learning_rate=0.03, label=label)


def tests() -> Tensor:
    """Give the keys of the test sets, the same for all; the second half mirrors the first."""
    set_seed(2)
    keys = torch.randn(N_TESTS // 2, N_KEYS, 2)
    return torch.cat([keys, -keys])


@torch.no_grad()
def found(model: Aligner) -> tuple[Tensor, float]:
    """For each key of the test sets, whether its query weighs it most; and the mean loss."""
    q, k, wanted = model.task(tests())
    scores = model(q, k)
    right = (scores.argmax(dim=-1) == wanted).float()
    loss = nn.functional.cross_entropy(scores.flatten(0, 1), wanted.flatten()).item()
    return right.gather(1, wanted.argsort(dim=-1)).bool(), loss


def corners(keys: Tensor) -> Tensor:
    """Say which points of each set are corners of its hull: from there, all lie in a half-plane."""
    away = keys[:, None, :, :] - keys[:, :, None, :]  # from the first to the second
    others = ~torch.eye(keys.shape[1], dtype=torch.bool)
    angle = torch.atan2(away[..., 1], away[..., 0])[:, others].unflatten(1, (keys.shape[1], -1))
    angle = angle.sort(dim=-1).values
    gaps = torch.cat([angle[..., 1:], angle[..., :1] + 2 * math.pi], dim=-1) - angle
    return gaps.max(dim=-1).values > math.pi


def measure(trial: Trial) -> dict[str, Any]:
    """Train one score and count what it finds, among the corners and inside."""
    model = build(trial.condition, trial.seed)
    learn(model, trial.n_steps, trial.seed, str(trial))
    right, loss = found(model)
    corner = corners(tests())
    return {
        "right": round(right.float().mean().item(), 4),
        "corners": round(right[corner].float().mean().item(), 4),
        "inside": round(right[~corner].float().mean().item(), 4),
        "loss": round(loss, 4),
    }


STEPS = (30, 100, 300, 1000, 3000)
LONGER = (*STEPS, 10000)  # for those that have not learned it by then
EXPERIMENT = Experiment(
    __file__,
    budgets={
        **dict.fromkeys(("cosine", "layer"), STEPS),
        **dict.fromkeys(("multiplicative", "scaled", "additive", "location"), LONGER),
        **dict.fromkeys(("cosine, with a 1", "additive, with a 1"), STEPS),
        **dict.fromkeys(("multiplicative, with a 1", "location, with a 1"), LONGER),
        **{f"{name}, by place": (300, 3000) for name in SCORES},
        "additive, by place, with a 1": (300, 3000),
        "multiplicative, by place, keys with place": (300, 3000),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
