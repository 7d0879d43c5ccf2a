"""One training run: what it has come to, how it is judged, and how it is written down."""

from __future__ import annotations

import copy
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from attncourse.training import checkpoint
from attncourse.training.checkpoint import Supply

PROGRESS = ("step", "best", "since_best", "best_weights", "stopped")
PARTS = (
    *("settings", "model", "optimiser", "schedule"),
    *("history", "supply", "random", "progress"),
)


@dataclass
class History:
    """What a training run leaves behind besides the trained model.

    Parameters
    ----------
    losses
        The loss at each step.
    validations
        Pairs (steps done, what ``validate`` gave).
    cpu_seconds
        The processor's time, all threads together; it does not grow when others use the machine.
    """

    losses: list[float] = field(default_factory=list)
    validations: list[tuple[int, float]] = field(default_factory=list)
    cpu_seconds: float = 0.0


@dataclass
class Run:
    """What changes while a model is trained.

    Parameters
    ----------
    model, optimiser, schedule, supply
        What is trained, by what, how fast, and on what.
    history
        What will be left behind.
    step
        How many steps are done.
    best, since_best, best_weights
        The best validation, how many have come since, and the weights it was of, where an early
        stop may go back to them.
    stopped
        Whether the run has stopped early.
    """

    model: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    supply: Supply
    history: History = field(default_factory=History)
    step: int = 0
    best: float = math.inf
    since_best: int = 0
    best_weights: dict[str, Any] | None = None
    stopped: bool = False

    def judge(self, score: float, patience: int | None) -> None:
        """Take in a validation: a new best, or one more without."""
        self.history.validations.append((self.step, score))
        if score < self.best:
            self.best, self.since_best = score, 0
            if patience is not None:
                self.best_weights = copy.deepcopy(self.model.state_dict())
        else:
            self.since_best += 1
            self.stopped = patience is not None and self.since_best >= patience

    def save(self, path: str | Path, settings: dict[str, Any]) -> None:
        """Write everything that the next step depends on."""
        state = {
            "settings": settings,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "history": asdict(self.history),
            "supply": self.supply.place(),
            "random": checkpoint.random_states(),
            "progress": {name: getattr(self, name) for name in PROGRESS},
        }
        checkpoint.save_checkpoint(path, state)

    def load(self, path: str | Path, settings: dict[str, Any]) -> None:
        """Go on from what was written; check all of it before anything is changed."""
        state = checkpoint.load_checkpoint(path, PARTS)
        checkpoint.same(path, "the setting", state["settings"], settings)
        now = checkpoint.shapes(self.model.state_dict())
        checkpoint.same(path, "the model's", checkpoint.shapes(state["model"]), now)
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.history = History(**state["history"])
        self.supply.go_to(state["supply"])
        checkpoint.set_random_states(state["random"])
        for name in PROGRESS:
            setattr(self, name, state["progress"][name])
