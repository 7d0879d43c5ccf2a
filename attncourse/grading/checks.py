"""What a check is. Written once, run in the notebook, on the command line and in class.

A check is a plain function ``check(call, rng)``. It draws its input from ``rng``, gets the
learner's answer with ``call("name", *arrays)``, works out the right one by itself, and hands both
to :func:`attncourse.grading.compare.compare`, which raises :class:`Wrong` where they differ.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np


class Call(Protocol):
    """How a check reaches the learner's function, wherever that runs."""

    #: The arguments (counted from 0) that the last call changed in place.
    changed: tuple[int, ...]

    def __call__(self, name: str, *arrays: np.ndarray) -> np.ndarray:
        """Call the learner's function and return its answer, or raise :class:`Unanswered`."""
        ...


class Wrong(Exception):
    """The answer is not right.

    Parameters
    ----------
    message
        What a teacher would say on seeing it.
    bug
        The name of the mistake, where it was recognised.
    difference, where, yours, expected
        The largest difference, its index, and both values there.
    candidates
        All mistakes, with their messages, that would give these very numbers.
    """

    def __init__(
        self,
        message: str,
        *,
        bug: str | None = None,
        difference: float | None = None,
        where: tuple[int, ...] | None = None,
        yours: float | None = None,
        expected: float | None = None,
        candidates: tuple[tuple[str, str], ...] = (),
    ):
        super().__init__(message)
        self.message, self.bug = message, bug
        self.difference, self.where, self.yours, self.expected = difference, where, yours, expected
        self.candidates = candidates or (((bug, message),) if bug else ())


class Unanswered(Exception):
    """The call gave no array to judge.

    ``reason`` is one of ``not started``, ``undefined``, ``error``, ``deadline``, ``died``,
    ``refused``. After a deadline or a death the question is over; the next gets a fresh process.
    """

    def __init__(self, reason: str, message: str, *, bug: str | None = None):
        super().__init__(message)
        self.reason, self.message, self.bug = reason, message, bug

    @property
    def final(self) -> bool:
        """Whether the remaining checks of the question cannot run."""
        return self.reason in {"not started", "undefined", "deadline", "died"}


@dataclass(frozen=True)
class Check:
    """A registered check: the function, and what it is worth."""

    name: str
    run: Callable[[Call, np.random.Generator], None]
    points: int
    hidden: bool
    hint: str

    @property
    def says(self) -> str:
        """The property that the check holds the answer to: its docstring."""
        return (self.run.__doc__ or self.name.replace("_", " ")).strip().rstrip(".")


@dataclass
class Question:
    """One function that the learner writes.

    Parameters
    ----------
    name
        The function's name in the notebook.
    arguments
        Its arguments' names, for messages.
    ready_made
        Dotted names that would answer the question without building it.
    builds_on
        Questions whose functions this one is likely to call.
    """

    name: str
    arguments: tuple[str, ...]
    ready_made: tuple[str, ...] = ()
    builds_on: tuple[str, ...] = ()
    checks: list[Check] = field(default_factory=list)

    def check(self, *, points: int, hint: str, hidden: bool = False) -> Callable:
        """Register the decorated function as a check of this question."""

        def register(run: Callable[[Call, np.random.Generator], None]) -> Callable:
            self.checks.append(Check(run.__name__, run, points, hidden, hint))
            return run

        return register

    def points(self, *, hidden: bool | None = None) -> int:
        """Points of all checks, or of the hidden or the visible ones."""
        return sum(c.points for c in self.checks if hidden is None or c.hidden == hidden)


@dataclass
class Exercise:
    """The questions of one notebook, in order."""

    name: str
    title: str
    questions: list[Question]

    def __getitem__(self, name: str) -> Question:
        for question in self.questions:
            if question.name == name:
                return question
        known = ", ".join(q.name for q in self.questions)
        raise KeyError(f"exercise {self.name} has no question {name!r}; it has {known}")

    def points(self) -> int:
        """Points of all questions."""
        return sum(q.points() for q in self.questions)


def generator(seed: int, *path: str) -> np.random.Generator:
    """The random source of one check: it depends on the run's seed and on the check's name only.

    Adding, leaving out or reordering checks therefore changes no other check's input.
    """
    return np.random.default_rng([seed, zlib.crc32("/".join(path).encode())])


def shape_text(shape: Sequence[int]) -> str:
    """A shape as readers write it: ``(2, 3)``."""
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def plain_text(text: Any, limit: int = 300) -> str:
    """Text from the learner's side, made safe to print: no control characters, bounded."""
    flat = " ".join(str(text).split())
    kept = "".join(c if c.isprintable() else "?" for c in flat)
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"
