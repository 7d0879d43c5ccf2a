"""Deadlines, grace, lateness; and what is wrong with a file of rules, in a sentence."""

from datetime import datetime, timedelta

import pytest

from attncourse.grading.classroom.policy import BadPolicy, Policy, load
from tests.grading import course

EX = course.SAMPLE
DUE = datetime.fromisoformat("2026-11-28T23:59:00+01:00")
RULES = Policy("best", {EX: DUE}, percent_a_day=10, days=3, grace_minutes=15)


@pytest.mark.parametrize(
    ("after", "days", "share"),
    [
        (timedelta(days=-9), 0, 1.0),
        (timedelta(0), 0, 1.0),
        (timedelta(minutes=15), 0, 1.0),
        (timedelta(minutes=16), 1, 0.9),
        (timedelta(days=1), 1, 0.9),
        (timedelta(days=1, seconds=1), 2, 0.8),
        (timedelta(days=3), 3, 0.7),
        (timedelta(days=3, seconds=1), 4, 0.0),
    ],
)
def test_lateness(after, days, share):
    assert RULES.days_late(EX, DUE + after) == days
    assert RULES.share(EX, DUE + after) == pytest.approx(share)


def test_without_a_deadline_nothing_is_late_and_no_share_is_negative():
    assert RULES.days_late("another", DUE + timedelta(days=99)) == 0
    assert Policy(due={EX: DUE}, percent_a_day=60).share(EX, DUE + timedelta(days=2)) == 0


def test_a_time_in_another_zone_is_the_same_time():
    assert RULES.days_late(EX, datetime.fromisoformat("2026-11-28T23:30:00+00:00")) == 1


def test_a_file(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(
        f'attempt = "latest"\n[due]\n{EX} = 2026-11-28T23:59:00+01:00\n'
        "[late]\npercent_a_day = 10\ndays = 3\ngrace_minutes = 15\n"
    )
    rules = load(path)
    assert rules == Policy("latest", {EX: DUE}, 10, 3, 15)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("attempt = ", "is no TOML"),
        ('attempt = "first"', 'attempt is "best" or "latest"'),
        ("[due]\nnone = 2026-11-28T23:59:00Z", "no exercise is called 'none'"),
        (f"[due]\n{EX} = 2026-11-28T23:59:00", "needs a date, a time and a zone"),
        (f"[due]\n{EX} = 2026-11-28", "needs a date, a time and a zone"),
        ("[late]\npercent = 10", "nothing is called 'percent'"),
        ("late_days = 10", "nothing is called 'late_days'"),
        ("[late]\ndays = -1", "days is a number, 0 or more"),
        ("[late]\ndays = true", "days is a number, 0 or more"),
        ('[late]\ndays = "3"', "days is a number, 0 or more"),
        ("due = 3", "are tables"),
    ],
)
def test_a_bad_file(text, says, tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(BadPolicy, match=says):
        load(path)


def test_no_file(tmp_path):
    with pytest.raises(BadPolicy, match="No such file"):
        load(tmp_path / "policy.toml")
