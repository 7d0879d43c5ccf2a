"""What each learner has: the attempt that counts, less what lateness costs, as a person changed it.

Nothing is graded here. From the same records, rules and changes come the same standings.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from attncourse.grading import exercises
from attncourse.grading.checks import plain_text
from attncourse.grading.classroom.policy import Policy

_COLUMNS = ("learner", "exercise", "question", "points", "reason")


class BadOverrides(ValueError):
    """The table of a person's changes cannot be used; the message says why."""


@dataclass(frozen=True)
class Override:
    """A person's word on a question's points, or, with no question, on those of an exercise."""

    learner: str
    exercise: str
    question: str
    points: float
    reason: str


@dataclass(frozen=True)
class Standing:
    """One learner's result in one exercise.

    Parameters
    ----------
    learner, number, exercise
        Whose, with the number that the course's website gave, and in what.
    file, submitted, days_late
        The attempt that counts.
    attempts
        How many there were.
    points
        What each question earned, by name, after a person's changes.
    of
        What each question is worth.
    share
        What lateness leaves, from 0 to 1.
    total
        What counts: the sum, less what lateness costs, unless a person set it.
    record
        All that the grader said, as it stands in the file of records.
    overrides
        The changes that were made.
    """

    learner: str
    number: str
    exercise: str
    file: str
    submitted: datetime
    days_late: int
    attempts: int
    points: Mapping[str, float]
    of: Mapping[str, int]
    share: float
    total: float
    record: Mapping[str, Any]
    overrides: tuple[Override, ...] = ()

    @property
    def most(self) -> int:
        """All points that could be had."""
        return sum(self.of.values())

    @property
    def flags(self) -> list[str]:
        """What a person should look at."""
        said = [
            f"{question['question']}: {flag}"
            for question in self.record["questions"]
            for flag in question.get("flags", ())
        ]
        return [self.record["failed"], *said] if self.record.get("failed") else said


def standings(
    records: Iterable[Mapping[str, Any]], policy: Policy, overrides: Sequence[Override] = ()
) -> list[Standing]:
    """Sum up a class.

    Parameters
    ----------
    records
        The lines of a ledger.
    policy
        Which attempt counts, and what lateness costs.
    overrides
        A person's changes.

    Returns
    -------
    list of Standing
        By exercise, then by learner. What could not be graded at all stands under no exercise.

    Raises
    ------
    BadOverrides
        A change is about a learner, an exercise or a question that is not there.
    """
    attempts: dict[tuple[str, str], list[Standing]] = {}
    for record in records:
        one = _standing(record, policy)
        attempts.setdefault((one.exercise, one.learner), []).append(one)
    counted = {key: _counts(found, policy) for key, found in attempts.items()}
    for override in overrides:
        key = override.exercise, override.learner
        if key not in counted:
            raise BadOverrides(
                f"the overrides change {override.exercise} of {plain_text(override.learner, 80)}, "
                "of whom there is no such submission."
            )
        counted[key] = _changed(counted[key], override)
    return [counted[key] for key in sorted(counted)]


def _standing(record: Mapping[str, Any], policy: Policy) -> Standing:
    said = record["record"]
    exercise, submitted = said["exercise"], datetime.fromisoformat(record["submitted"])
    share = policy.share(exercise, submitted)
    points = {q["question"]: float(q["earned"]) for q in said["questions"]}
    return Standing(
        record["learner"],
        record["number"],
        exercise,
        record["file"],
        submitted,
        policy.days_late(exercise, submitted),
        1,
        points,
        {q["question"]: q["points"] for q in said["questions"]},
        share,
        share * sum(points.values()),
        said,
    )


def _counts(found: list[Standing], policy: Policy) -> Standing:
    """The attempt that counts; of equal ones the later."""
    if policy.attempt == "best":
        chosen = max(found, key=lambda one: (one.total, one.submitted, one.file))
    else:
        chosen = max(found, key=lambda one: (one.submitted, one.file))
    return replace(chosen, attempts=len(found))


def _changed(one: Standing, override: Override) -> Standing:
    made = (*one.overrides, override)
    if not override.question:
        return replace(one, total=override.points, overrides=made)
    if override.question not in one.points:
        raise BadOverrides(
            f"the overrides change {plain_text(override.question, 80)} in {one.exercise}, which "
            f"has the questions {', '.join(one.points)}."
        )
    points = {**one.points, override.question: override.points}
    # A word on the whole stays, whatever is said of a part.
    whole = any(not earlier.question for earlier in one.overrides)
    total = one.total if whole else one.share * sum(points.values())
    return replace(one, points=points, total=total, overrides=made)


def read_overrides(path: Path) -> list[Override]:
    """Read a table of changes: ``learner,exercise,question,points,reason``.

    A line with no question sets what counts for the whole exercise. A change outlives every
    further grading.

    Raises
    ------
    BadOverrides
        A column is missing, an exercise unknown, or points are no number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadOverrides(
            f"{plain_text(path)} cannot be read ({plain_text(error, 80)})."
        ) from None
    return [_override(row, f"{plain_text(path)}, line {i}") for i, row in enumerate(rows, start=2)]


def _override(row: Mapping[str, str | None], where: str) -> Override:
    said = {name: (row.get(name) or "").strip() for name in _COLUMNS}
    if lacking := [name for name in ("learner", "exercise", "points") if not said[name]]:
        raise BadOverrides(f"{where}: {lacking[0]} is missing; a line is {','.join(_COLUMNS)}.")
    if said["exercise"] not in exercises.names():
        raise BadOverrides(f"{where}: no exercise is called {plain_text(said['exercise'], 40)!r}.")
    try:
        points = float(said["points"])
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        raise BadOverrides(f"{where}: {plain_text(said['points'], 40)!r} is no number of points.")
    return Override(said["learner"], said["exercise"], said["question"], points, said["reason"])
