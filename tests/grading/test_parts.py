"""An exercise that lacks a required part is refused, and nobody had to register it."""

import copy
import types
from dataclasses import replace

import pytest

from attncourse.grading import exercises
from tests.grading import course, mutants
from tests.grading.parts import book, missing, strays

TOC = book()[0]


@pytest.mark.parametrize("name", course.NAMES)
def test_nothing_is_missing(name):
    assert missing(exercises.load(name), mutants.load(name), *book()) == []


def test_every_exercise_has_its_notebook_and_its_wrong_answers():
    exercise, answers = strays()
    assert not exercise, (
        f"{', '.join(sorted(exercise))}: a notebook in solutions/ goes with a package in "
        "attncourse/grading/exercises/"
    )
    assert not answers, (
        f"{', '.join(sorted(answers))}: a package in attncourse/grading/exercises/ goes with a file "
        "of that name in tests/grading/mutants/"
    )


def spoiled(name, **parts):
    """What is missing of a real exercise when one of its parts is taken away."""
    exercise = copy.deepcopy(exercises.load(name))
    real = mutants.load(name)
    answers = types.SimpleNamespace(
        WRONG={q: dict(table) for q, table in real.WRONG.items()},
        RIGHT={q: list(found) for q, found in real.RIGHT.items()},
    )
    toc, pages = book()
    question = exercise.questions[0]
    match parts:
        case {"wrong": count}:
            answers.WRONG[question.name] = dict(list(answers.WRONG[question.name].items())[:count])
        case {"same": True}:
            one = next(iter(answers.WRONG[question.name].values()))
            answers.WRONG[question.name] = dict.fromkeys(range(9), one)
        case {"right": found}:
            answers.RIGHT[question.name] = found
        case {"only": hidden}:
            question.checks = [c for c in question.checks if c.hidden == hidden]
        case {"check": changes}:
            question.checks[0] = replace(question.checks[0], **changes)
        case {"stranger": name_}:
            answers.WRONG[name_] = {}
        case {"read": page}:
            question.read = page
        case {"toc": text}:
            toc = text
        case {"pages": found}:
            pages = found
    return missing(exercise, answers, toc, pages)


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"wrong": 5}, "5 wrong answers of 6"),
        ({"same": True}, "wrong answers of 6"),
        ({"right": []}, "a right answer written another way"),
        ({"only": True}, "a visible check"),
        ({"only": False}, "a hidden check"),
        ({"check": {"hint": " "}}, "has no hint"),
        ({"check": {"points": 0}}, "is worth nothing"),
        ({"check": {"run": lambda call, rng: None}}, "says nothing"),
        ({"stranger": "sofmax"}, "answers to no question: sofmax"),
        ({"read": ""}, "a page of the book to read"),
        ({"read": "03-algorithm/none"}, "a page of the book to read"),
        ({"toc": TOC.replace("exercises/", "nowhere/")}, "its line in _toc.yml"),
        ({"pages": ["no link here"]}, "a link from a page of the book"),
    ],
)
def test_each_missing_part_is_named(parts, says):
    """On whole exercises: what one lacks that is being written, the test above says alone."""
    whole = [name for name in course.NAMES if not spoiled(name)]
    assert course.SAMPLE in whole
    for name in whole:
        (said,) = spoiled(name, **parts)
        assert says in said
