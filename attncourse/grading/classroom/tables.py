"""Standings as tables for other programs: CSV, Canvas, Moodle, Gradescope."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attncourse.grading.checks import plain_text
from attncourse.grading.classroom.standing import Standing
from attncourse.grading.records import rounded as number

#: A spreadsheet takes what begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


class BadRoster(ValueError):
    """The list of learners cannot be used; the message says why."""


def safe(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula, and no terminal for a command."""
    if not isinstance(value, str):
        return value
    # Before cleaning: a tab at the front is white space to clean, and a formula to a spreadsheet.
    guarded = value.startswith(_FORMULA)
    text = plain_text(value, 1000)
    return f"'{text}" if guarded or text.startswith(_FORMULA) else text


def write(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Write a table whole, or leave the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([safe(cell) for cell in row] for row in rows)
    part.replace(path)


def scores(found: Sequence[Standing]) -> list[list[Any]]:
    """One line a learner and exercise, one column a question."""
    questions = list(dict.fromkeys(f"{one.exercise}/{q}" for one in found for q in one.points))
    head = ["learner", "exercise", "file", "submitted", "attempts", "days_late", *questions]
    rows: list[list[Any]] = [[*head, "sum", "share", "total", "points", "changed", "look_at"]]
    for one in found:
        earned = {f"{one.exercise}/{q}": number(points) for q, points in one.points.items()}
        rows.append(
            [
                one.learner,
                one.exercise,
                one.file,
                one.submitted.isoformat(),
                one.attempts,
                one.days_late,
                *(earned.get(question, "") for question in questions),
                number(sum(one.points.values())),
                number(one.share),
                number(one.total),
                one.most,
                "; ".join(f"{o.question or 'total'}: {o.reason}" for o in one.overrides),
                "; ".join(one.flags),
            ]
        )
    return rows


def read_roster(path: Path) -> list[dict[str, str]]:
    """Read a list of learners: a gradebook that Canvas or Moodle gave out, or one of your own.

    Raises
    ------
    BadRoster
        It is no table with a head.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [dict(row) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadRoster(f"{plain_text(path)} cannot be read ({plain_text(error, 80)}).") from None
    kept = [
        {str(key).strip(): str(value or "").strip() for key, value in row.items()}
        for row in rows
        if any(row.values())
    ]
    # Canvas puts the points that can be had below the head, as if they were a learner.
    kept = [
        row for row in kept if row.get("Student", "") not in ("Points Possible", "Student, Test")
    ]
    if not kept:
        raise BadRoster(f"{plain_text(path)} lists nobody.")
    return kept


def _key(text: str) -> str:
    """A name as Canvas writes it into file names: its letters and digits alone."""
    return re.sub(r"[\W_]", "", text.lower())


def match(learners: Mapping[str, str], roster: Sequence[Mapping[str, str]]) -> dict[str, Mapping]:
    """The line of the list that is each learner's.

    A learner is found by the number that the website gave, else by any of the line's cells; a name
    may be turned round, as in *Lovelace, Ada*.

    Raises
    ------
    BadRoster
        A learner stands on no line, or on several.
    """
    found: dict[str, Mapping] = {}
    by_cell: dict[str, list[int]] = {}
    for i, row in enumerate(roster):
        cells = {_key(cell) for cell in row.values()}
        cells |= {_key("".join(reversed(c.split(",")))) for c in row.values() if c.count(",") == 1}
        if row.get("First name") and row.get("Last name"):
            cells.add(_key(row["First name"] + row["Last name"]))
        for cell in cells - {""}:
            by_cell.setdefault(cell, []).append(i)
    for learner, given in learners.items():
        lines = (by_cell.get(_key(given)) if given else None) or by_cell.get(_key(learner)) or []
        if len(lines) != 1:
            where = "no line" if not lines else f"{len(lines)} lines"
            raise BadRoster(
                f"{plain_text(learner, 80)} stands on {where} of the list of learners. Add a "
                "column that holds the names of the submissions, for instance one called learner."
            )
        found[learner] = roster[lines[0]]
    return found


def canvas(found: Sequence[Standing], rows: Mapping[str, Mapping[str, str]]) -> list[list[Any]]:
    """A gradebook as Canvas imports it: its own columns of names, one more for each exercise."""
    most = {one.exercise: one.most for one in found if one.exercise}
    table: list[list[Any]] = [[*_CANVAS, *most], ["Points Possible", *[""] * 4, *most.values()]]
    for learner, mine in _by_learner(found).items():
        row, given = rows.get(learner, {}), next(iter(mine.values())).number
        # A list that is not Canvas's has no such columns, and a line without a name says nothing.
        who = {"Student": learner, "ID": given} if not row.get("Student") else row
        totals = (number(mine[name].total) if name in mine else "" for name in most)
        table.append([*(who.get(column, "") for column in _CANVAS), *totals])
    return table


def moodle(found: Sequence[Standing], rows: Mapping[str, Mapping[str, str]]) -> list[list[Any]]:
    """Grades as Moodle imports them: whom it knows by number or address, a column an exercise."""
    names = list(dict.fromkeys(one.exercise for one in found if one.exercise))
    columns = ("Identifier", "Full name", "Email address", "ID number")
    table: list[list[Any]] = [[*columns, *names]]
    for learner, mine in _by_learner(found).items():
        number_ = next(iter(mine.values())).number
        row = rows.get(learner, {})
        # The numbers in Canvas's file names are Canvas's, and would be another's in Moodle.
        participant = f"Participant {number_}" if number_ and "SIS Login ID" not in row else ""
        own = {"Identifier": participant, "Full name": learner}
        who = own | {key: value for key, value in row.items() if value}
        totals = (number(mine[name].total) if name in mine else "" for name in names)
        table.append([*(who.get(column, "") for column in columns), *totals])
    return table


def gradescope(one: Standing) -> str:
    """One learner's result in the form that Gradescope reads from an autograder."""
    tests = [
        {
            "name": question["question"],
            "score": one.points[question["question"]],
            "max_score": question["points"],
            "output": plain_text(question["message"], 1000),
            "visibility": "visible",
        }
        for question in one.record["questions"]
    ]
    notes = [*one.record["notes"]]
    if one.days_late:
        days = "a day" if one.days_late == 1 else f"{one.days_late} days"
        notes.append(f"{days} late: {one.share:.0%} of the points count.")
    said = {"score": number(one.total), "output": " ".join(filter(None, notes)), "tests": tests}
    return json.dumps(said, indent=1) + "\n"


def _by_learner(found: Iterable[Standing]) -> dict[str, dict[str, Standing]]:
    table: dict[str, dict[str, Standing]] = {}
    for one in found:
        if one.exercise:
            table.setdefault(one.learner, {})[one.exercise] = one
    return dict(sorted(table.items()))
