"""What a check is. Written once, run in the notebook, on the command line and in class.

A check is a plain function ``check(call, rng)``. It draws its input from ``rng``, gets the
learner's answer with ``call("name", *values)``, works out the right one by itself, and hands both
to :func:`attncourse.grading.compare.compare`, which raises :class:`Wrong` where they differ.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from unicodedata import combining

import numpy as np

from attncourse.grading.wire import Tensor


class Call(Protocol):
    """How a check reaches the learner's function, wherever that runs.

    Arguments and answers are None, numbers, arrays, tensors
    (:class:`attncourse.grading.wire.Tensor`), and tuples of these. What comes back is of the kind
    that the question's ``returns`` says.
    """

    #: The arguments that the last call changed in place: places counted from 0, and keywords.
    changed: tuple[int | str, ...]
    #: Bytes that the last call held at its most, beyond what the process held before. None where
    #: that cannot be measured. A lower bound: memory that was freed and not given back is reused.
    peak: int | None

    def __call__(self, name: str, *values: Any, **options: Any) -> Any:
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
    reading
        What the numbers show by themselves: a name and a message.
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
        reading: tuple[str | None, str] | None = None,
    ):
        super().__init__(message)
        self.message, self.bug = message, bug
        self.difference, self.where, self.yours, self.expected = difference, where, yours, expected
        self.candidates, self.reading = candidates, reading or (bug, message)


class Unanswered(Exception):
    """The call gave nothing to judge.

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


#: The kinds of values that a function can give back, and their names in messages.
KINDS = {
    "array": "a NumPy array of numbers",
    "number": "a number",
    "tensor": "a torch tensor",
    "none": "None",
}
#: A kind, or a tuple of kinds.
Returns = str | tuple["Returns", ...]


def accept(value: Any, returns: Returns) -> Any:
    """A value that crossed the pipe as the kind that was asked for.

    Raises
    ------
    TypeError
        It is of another kind; the message says of which.
    """
    if isinstance(returns, tuple):
        if isinstance(value, tuple) and len(value) == len(returns):
            return tuple(accept(v, r) for v, r in zip(value, returns, strict=True))
    elif returns == "array" and isinstance(value, (bool, int, float, np.ndarray)):
        return np.asarray(value)
    elif returns == "number" and isinstance(value, (int, float)):
        return value
    elif returns == "number" and isinstance(value, np.ndarray) and value.ndim == 0:
        return value.item()
    elif (returns == "none" and value is None) or (
        returns == "tensor" and isinstance(value, Tensor)
    ):
        return value
    raise TypeError(_kind_of(value))


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "None"
        case tuple():
            return f"a tuple of {len(value)}"
        case np.ndarray():
            return f"an array of shape {shape_text(value.shape)}"
        case Tensor():
            return "a torch tensor"
    return f"a plain {type(value).__name__}"


def kind_text(returns: Returns) -> str:
    """What a function should give back, in words."""
    if isinstance(returns, tuple):
        return f"a tuple of {len(returns)} ({', '.join(kind_text(r) for r in returns)})"
    return KINDS[returns]


@dataclass
class Question:
    """One function that the learner writes.

    Parameters
    ----------
    name
        The function's name in the notebook.
    arguments
        Its arguments' names, for messages.
    returns
        What the function gives back: ``"array"``, ``"number"``, ``"tensor"``, ``"none"``, or a
        tuple of these for a function that returns a tuple.
    ready_made
        Dotted names that would answer the question without building it.
    builds_on
        Questions whose functions this one is likely to call.
    read
        Page of the book that teaches what is asked: ``"03-algorithm/masks"``.
    """

    name: str
    arguments: tuple[str, ...]
    returns: Returns = "array"
    ready_made: tuple[str, ...] = ()
    builds_on: tuple[str, ...] = ()
    read: str = ""
    checks: list[Check] = field(default_factory=list)

    def check(self, *, points: int, hint: str, hidden: bool = False) -> Callable:
        """Register the decorated function as a check of this question."""

        def register(run: Callable[[Call, np.random.Generator], None]) -> Callable:
            self.checks.append(Check(run.__name__, run, points, hidden, hint))
            return run

        return register

    def unchanged(self, call: Call, praise: str) -> None:
        """Raise :class:`Wrong` if the last call wrote into one of its arguments.

        Parameters
        ----------
        call
            What made the last call.
        praise
            What was right all the same: ``"Right scores"``.
        """
        if call.changed:
            key = call.changed[0]
            name = key if isinstance(key, str) else self.arguments[key]
            raise Wrong(
                f"{praise}, but {name} itself has changed: your function writes into the array "
                "that it was given. The caller still needs it.",
                bug="in place",
            )

    def frugal(self, call: Call, most: int, praise: str) -> None:
        """Raise :class:`Wrong` if the last call held more than ``most`` bytes at a time.

        Parameters
        ----------
        call
            What made the last call.
        most
            Bytes.
        praise
            What was right all the same: ``"Right output"``.
        """
        if call.peak is not None and call.peak > most:
            raise Wrong(
                f"{praise}, but it took {call.peak / 2**20:.0f} MiB at a time, and "
                f"{most / 2**20:.0f} are enough. Is there an array with a number for each pair of "
                "query and key?",
                bug="memory",
            )

    def points(self, *, hidden: bool | None = None) -> int:
        """Points of all checks, or of the hidden or the visible ones."""
        return sum(c.points for c in self.checks if hidden is None or c.hidden == hidden)


@dataclass
class Exercise:
    """The questions of one notebook, in order."""

    name: str
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
    """Text from the learner's side, made safe to print.

    One line, of bounded length. What is not printable becomes a question mark: control characters,
    the escapes that move a cursor, the marks that turn the direction of writing round, halves of
    surrogate pairs. Marks that pile up on one letter are dropped.
    """
    flat = " ".join(str(text)[: 4 * limit].split())
    kept = "".join(c if c.isprintable() else "?" for c in flat)
    piled = (i for i in range(2, len(kept)) if all(map(combining, kept[i - 2 : i + 1])))
    drop = set(piled)
    kept = "".join(c for i, c in enumerate(kept) if i not in drop)
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"
