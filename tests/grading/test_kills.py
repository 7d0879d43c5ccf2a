"""The counts of refused answers on the exercises' pages are those of today's checks."""

import json

import pytest

from attncourse.grading.generate import generate
from tests.grading import course, kills

COUNTED = json.loads(kills.PATH.read_text("utf8"))


@pytest.mark.parametrize(("exercise", "question"), course.QUESTIONS)
def test_counted_for_this_solution_and_these_answers(exercise, question):
    counted = COUNTED.get(exercise, {}).get(question)
    assert counted, f"{exercise} {question} was not counted: make kills"
    assert counted["code"] == kills.code_of(exercise, question), "the solution changed: make kills"
    n_written = len(kills.written(exercise, question))
    assert counted["by_hand"] == [n_written, n_written], "answers were added: make kills"
    refused, tried = counted["changes"]
    assert tried - refused == len(counted["survivors"])
    # Few changes of a right answer make no difference; more means that a check is missing.
    assert refused >= 0.8 * tried, counted["survivors"]


def test_nothing_is_counted_that_is_not_asked():
    asked = {(exercise, question) for exercise, question in course.QUESTIONS}
    assert {(e, q) for e, found in COUNTED.items() for q in found} == asked


@pytest.mark.parametrize("exercise", course.NAMES)
def test_the_page_says_so(exercise):
    text = generate(course.solution_path(exercise))
    for counted in COUNTED[exercise].values():
        (refused, tried), (found, changed) = counted["by_hand"], counted["changes"]
        assert f"refuse {refused} of {tried} wrong answers written by hand" in text
        assert f"{found} of {changed} made from the solution" in text


def test_a_change_that_no_check_sees_survives(monkeypatch):
    """The count itself: with checks that see nothing, nothing is refused."""
    exercise, question = course.QUESTIONS[0]
    real = kills.count(exercise, question)
    assert real["changes"][0] > 0
    monkeypatch.setattr(kills, "refused", lambda *given: False)
    blind = kills.count(exercise, question)
    assert (blind["by_hand"][0], blind["changes"][0]) == (0, 0)
    assert len(blind["survivors"]) == blind["changes"][1] == real["changes"][1]
