"""Which attempt counts, what lateness leaves, and that a person has the last word."""

from datetime import datetime

import pytest

from attncourse.grading.classroom.policy import Policy
from attncourse.grading.classroom.standing import (
    BadOverrides,
    Override,
    read_overrides,
    standings,
)
from tests.grading import course
from tests.grading.classroom.conftest import line

EX = course.SAMPLE
FIRST, SECOND = [name for exercise, name in course.QUESTIONS if exercise == EX][:2]
ALL = course.points(EX)
DUE = {EX: datetime.fromisoformat("2026-11-20T23:59:00+00:00")}
RULES = Policy(due=DUE, percent_a_day=25)


def test_best_after_lateness_or_latest():
    found = [
        line("ada", {FIRST: 1}, file="ada/1.ipynb"),
        line(
            "ada", file="ada/2.ipynb", submitted="2026-11-22T12:00:00+00:00"
        ),  # right, 2 days late
        line("ada", {FIRST: 0}, file="ada/3.ipynb", submitted="2026-11-22T13:00:00+00:00"),
    ]
    few = ALL - course.points(EX, FIRST) + 1
    (best,) = standings(found, RULES)
    assert (best.file, best.total, best.attempts, best.days_late) == ("ada/1.ipynb", few, 3, 0)
    (latest,) = standings(found, Policy("latest", DUE, 25))
    assert (latest.file, latest.days_late, latest.share) == ("ada/3.ipynb", 2, 0.5)
    assert latest.total == 0.5 * (few - 1)
    (free,) = standings(found, Policy())
    assert (free.file, free.total) == ("ada/2.ipynb", ALL)


def test_the_order_of_the_records_does_not_matter():
    found = [line(name, {FIRST: i}) for i, name in enumerate(("bob", "ada", "eve"))]
    assert standings(found, RULES) == standings(found[::-1], RULES)
    assert [one.learner for one in standings(found, RULES)] == ["ada", "bob", "eve"]


def test_what_could_not_be_graded_stays_in_the_table():
    (one,) = standings([line("ada", failed="It is no notebook.")], RULES)
    assert (one.exercise, one.total, one.most, one.flags) == ("", 0, 0, ["It is no notebook."])


def test_a_person_has_the_last_word():
    late = line("ada", {FIRST: 0, SECOND: 0}, submitted="2026-11-21T12:00:00+00:00")
    part = Override("ada", EX, FIRST, 3, "seen")
    whole = Override("ada", EX, "", 7.5, "ill")
    rest = ALL - course.points(EX, FIRST, SECOND)
    (one,) = standings([late], RULES, [part])
    assert (one.points[FIRST], one.total) == (3, 0.75 * (rest + 3))
    for changes in ([whole, part], [part, whole]):
        (one,) = standings([late], RULES, changes)
        assert (one.points[FIRST], one.total) == (3, 7.5)
        assert one.overrides == tuple(changes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Override("eve", EX, FIRST, 3, ""), "of whom there is no such submission"),
        (Override("ada", EX, "sofmax", 3, ""), "which has the questions"),
    ],
)
def test_a_change_to_nothing_is_refused(change, says):
    with pytest.raises(BadOverrides, match=says):
        standings([line("ada")], RULES, [change])


def test_a_table_of_changes(tmp_path):
    path = tmp_path / "overrides.csv"
    assert read_overrides(path) == []
    path.write_text(
        f"learner,exercise,question,points,reason\nada,{EX},{FIRST},3,seen\nbob,{EX},,7.5,\n",
        encoding="utf-8-sig",
    )
    assert read_overrides(path) == [
        Override("ada", EX, FIRST, 3, "seen"),
        Override("bob", EX, "", 7.5, ""),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("who,points\nada,3\n", "line 2: learner is missing"),
        (f"learner,exercise,points\nada,{EX},many\n", "'many' is no number of points"),
        (f"learner,exercise,points\nada,{EX},nan\n", "'nan' is no number of points"),
        ("learner,exercise,points\nada,none,3\n", "no exercise is called 'none'"),
    ],
)
def test_a_bad_table_of_changes(text, says, tmp_path):
    path = tmp_path / "overrides.csv"
    path.write_text(text)
    with pytest.raises(BadOverrides, match=says):
        read_overrides(path)
