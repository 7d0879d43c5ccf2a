"""A class on disk, and records as the grader writes them."""

import shutil

import pytest

from attncourse.grading import exercises
from attncourse.grading.records import Record
from attncourse.grading.run import same_for_all
from tests.grading import course

RIGHT = course.SAMPLE


@pytest.fixture
def solved_file(notebook):
    """``solved_file(**answers)`` is the path of a notebook with these answers, else right ones."""
    return notebook


@pytest.fixture
def submissions(tmp_path):
    """``submissions(ada=path, ...)`` lays a class out, a folder a learner."""

    def lay(**learners):
        folder = tmp_path / "submissions"
        for learner, path in learners.items():
            (folder / learner).mkdir(parents=True)
            shutil.copy(path, folder / learner / f"{course.SAMPLE}.ipynb")
        return folder

    return lay


def record(earned=None, *, exercise=course.SAMPLE, notes=(), failed=""):
    """A record in which each question has all its points, or those given by name."""
    if failed:
        return Record("", 0, "command", (), (failed,), failed=failed).as_json()
    questions = []
    for question in exercises.load(exercise).questions:
        result = same_for_all(question, "wrong", f"{question.name} is off", hidden=True).__dict__
        points = (earned or {}).get(question.name, question.points())
        questions.append(result | {"earned": points, "status": "wrong"})
    made = Record(exercise, 0, "command", (), notes).as_json()
    return made | {"questions": [q | {"checks": []} for q in questions]}


def line(learner, earned=None, *, file=None, submitted="2026-11-20T12:00:00+00:00", **options):
    """A line of a ledger."""
    return {
        "file": file or f"{learner}/{course.SAMPLE}.ipynb",
        "learner": learner,
        "number": "",
        "submitted": submitted,
        "hash": "0",
        "round": 1,
        "record": record(earned, **options),
    }
