"""The rules of a class: deadlines, what lateness costs, which attempt counts.

They stand in a TOML file of the instructor's::

    attempt = "best"            # or "latest"

    [due]
    03-algorithm = 2026-11-28T23:59:00+01:00

    [late]
    percent_a_day = 10
    days = 3                    # later than this counts nothing
    grace_minutes = 15
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from attncourse.grading import exercises
from attncourse.grading.checks import plain_text

_DAY = 86_400


class BadPolicy(ValueError):
    """The file of rules cannot be used; the message says why."""


@dataclass(frozen=True)
class Policy:
    """What counts of what was handed in.

    Parameters
    ----------
    attempt
        Of several notebooks for one exercise: the ``"best"``, after lateness, or the ``"latest"``.
    due
        The deadline of each exercise; one that has none is never late.
    percent_a_day
        Of the points, for each day that has begun.
    days
        After so many days a submission counts nothing.
    grace_minutes
        Minutes after the deadline that cost nothing.
    """

    attempt: Literal["best", "latest"] = "best"
    due: Mapping[str, datetime] = field(default_factory=dict)
    percent_a_day: float = 0.0
    days: float = math.inf
    grace_minutes: float = 0.0

    def days_late(self, exercise: str, submitted: datetime) -> int:
        """Days late that have begun; 0 within the grace."""
        due = self.due.get(exercise)
        if due is None:
            return 0
        over = (submitted - due).total_seconds()
        return 0 if over <= 60 * self.grace_minutes else math.ceil(over / _DAY)

    def share(self, exercise: str, submitted: datetime) -> float:
        """The share of the points that counts, from 0 to 1."""
        late = self.days_late(exercise, submitted)
        if late > self.days:
            return 0.0
        return max(0.0, 1 - late * self.percent_a_day / 100)


def load(path: Path) -> Policy:
    """Read a file of rules.

    Raises
    ------
    BadPolicy
        It cannot be read, or says what no rule says.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadPolicy(f"{plain_text(path)}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPolicy(f"{plain_text(path)} is no TOML: {plain_text(error, 120)}.") from None
    try:
        return _policy(said)
    except BadPolicy as error:
        raise BadPolicy(f"{plain_text(path)}: {error}") from None


def _policy(said: dict[str, Any]) -> Policy:
    late = said.pop("late", {})
    due = said.pop("due", {})
    attempt = said.pop("attempt", "best")
    if attempt not in ("best", "latest"):
        raise BadPolicy(f'attempt is "best" or "latest", not {plain_text(attempt, 40)!r}.')
    if not isinstance(late, dict) or not isinstance(due, dict):
        raise BadPolicy("[due] and [late] are tables.")
    for exercise, when in due.items():
        if exercise not in exercises.names():
            known = ", ".join(exercises.names())
            raise BadPolicy(
                f"no exercise is called {plain_text(exercise, 40)!r}; there is {known}."
            )
        if not isinstance(when, datetime) or when.tzinfo is None:
            raise BadPolicy(
                f"the deadline of {exercise} needs a date, a time and a zone, as "
                "2026-11-28T23:59:00+01:00."
            )
    names = {"percent_a_day", "days", "grace_minutes"}
    if unknown := sorted((set(late) - names) | set(said)):
        raise BadPolicy(f"nothing is called {plain_text(unknown[0], 40)!r}.")
    for name, value in late.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or value < 0 or value != value:
            raise BadPolicy(f"{name} is a number, 0 or more.")
    return Policy(attempt, due, **late)
