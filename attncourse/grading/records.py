"""The result of a run: one definition for the notebook, the command line and class grading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from attncourse.grading.readings import BLANKET

#: ``over``: a hang or a crash ended the question.
Status = Literal["passed", "wrong", "error", "not started", "undefined", "ready-made", "over"]
Where = Literal["notebook", "command"]

#: Findings that say what is off and not why; the check's hint then helps most.
UNCLEAR = BLANKET | {"values", "nan", "infinity", "factor", "offset", "shape", "exception"}


class BadRecord(ValueError):
    """A text is no record; the message says where."""


@dataclass(frozen=True)
class CheckResult:
    """What one check found."""

    name: str
    says: str
    points: int
    earned: int
    hidden: bool
    status: Status
    message: str = ""
    hint: str = ""
    bug: str | None = None
    difference: float | None = None
    where: tuple[int, ...] | None = None
    yours: float | None = None
    expected: float | None = None

    @property
    def recognised(self) -> bool:
        """Whether the message names the mistake, and does not only say what is off."""
        return self.bug is not None and self.bug not in UNCLEAR

    @property
    def largest(self) -> str:
        """The largest difference and its place, or nothing."""
        if self.difference is None or self.where is None:
            return ""
        place = f" at [{', '.join(map(str, self.where))}]" if self.where else ""
        return number(self.difference) + place

    @property
    def facts(self) -> str:
        """The largest difference in a sentence, or nothing."""
        if not self.largest:
            return ""
        yours, expected = number(self.yours), number(self.expected)
        return f"Largest difference {self.largest}: yours {yours}, expected {expected}."


@dataclass(frozen=True)
class QuestionResult:
    """What the checks of one question found.

    ``flags`` are sentences for a person: what looks odd, and costs no points by itself.
    """

    question: str
    points: int
    earned: int
    status: Status
    message: str
    checks: tuple[CheckResult, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """One run over some questions of one exercise.

    ``failed`` says, in a sentence, why the notebook could not be graded at all.
    """

    exercise: str
    seed: int
    where: Where
    questions: tuple[QuestionResult, ...]
    notes: tuple[str, ...] = ()
    when: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    failed: str = ""

    @property
    def points(self) -> int:
        """Points that could be had."""
        return sum(q.points for q in self.questions)

    @property
    def earned(self) -> int:
        """Points that were had."""
        return sum(q.earned for q in self.questions)

    @property
    def started(self) -> bool:
        """Whether any question was begun."""
        return any(q.status != "not started" for q in self.questions)

    @property
    def flags(self) -> tuple[str, ...]:
        """What a person should look at, in all questions."""
        return tuple(flag for q in self.questions for flag in q.flags)

    def as_json(self) -> dict[str, Any]:
        """The record as JSON values; infinities and NaN become text."""
        return _finite(asdict(self) | {"points": self.points, "earned": self.earned})

    @classmethod
    def from_json(cls, data: Any) -> Record:
        """The record that :meth:`as_json` was called on.

        Raises
        ------
        BadRecord
            The data is not as :meth:`as_json` would have given it.
        """
        return _read(cls, data)


def summary(question: str, checks: Sequence[CheckResult]) -> QuestionResult:
    """Sum up a question: its first failure speaks for it."""
    points, earned = sum(c.points for c in checks), sum(c.earned for c in checks)
    failed = [c for c in checks if c.status != "passed"]
    # A mistake that was recognised says more than an error or a measurement; and of those, the one
    # that explains most failures.
    count = Counter(c.bug for c in failed)
    first = max(failed, key=lambda c: (c.recognised, count[c.bug]), default=None)
    if first is None:
        return QuestionResult(question, points, earned, "passed", "", tuple(checks))
    fatal = next((c for c in failed if c.status not in {"wrong"}), first)
    speaker = fatal if fatal.status in {"not started", "undefined", "over"} else first
    return QuestionResult(question, points, earned, speaker.status, speaker.message, tuple(checks))


def rounded(value: float) -> int | float:
    """Points as a table shows them: whole where they are, else two digits."""
    short = round(value, 2)
    return int(short) if short == int(short) else short


def number(value: float | None) -> str:
    """A number, short: four significant digits."""
    if value is None:
        return "?"
    text = f"{value:.4g}"
    return {"nan": "NaN", "inf": "∞", "-inf": "-∞"}.get(text, text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return str(value)
    return value


def _read(kind: type, data: Any) -> Any:
    """An object of one of these classes, from its fields; others are left alone."""
    if not isinstance(data, dict):
        raise BadRecord(f"{kind.__name__} is no object")
    found = {}
    for part in fields(kind):
        if part.name in data:
            try:
                found[part.name] = _READERS[str(part.type)](data[part.name])
            except (TypeError, ValueError) as error:
                raise BadRecord(f"{kind.__name__}.{part.name}: {error}") from None
    try:
        return kind(**found)
    except TypeError as error:
        raise BadRecord(str(error)) from None


def _of(*kinds: type) -> Callable[[Any], Any]:
    def take(value: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError(f"a {type(value).__name__}")
        return value

    return take


def _each(take: Callable[[Any], Any]) -> Callable[[Any], tuple]:
    return lambda value: tuple(map(take, _of(list, tuple)(value)))


def _one_of(words: Any) -> Callable[[Any], Any]:
    def take(value: Any) -> Any:
        if value not in get_args(words):
            raise ValueError("no such word")
        return value

    return take


def _maybe(take: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else take(value)


def _float(value: Any) -> float:
    return float(value) if value in ("nan", "inf", "-inf") else float(_of(int, float)(value))


#: How a field is read, by its type as it is written above.
_READERS: dict[str, Callable[[Any], Any]] = {
    "str": _of(str),
    "int": _of(int),
    "bool": _of(bool),
    "Status": _one_of(Status),
    "Where": _one_of(Where),
    "str | None": _maybe(_of(str)),
    "float | None": _maybe(_float),
    "tuple[int, ...] | None": _maybe(_each(_of(int))),
    "tuple[str, ...]": _each(_of(str)),
    "tuple[CheckResult, ...]": _each(lambda data: _read(CheckResult, data)),
    "tuple[QuestionResult, ...]": _each(lambda data: _read(QuestionResult, data)),
}
