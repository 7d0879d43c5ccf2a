"""The course's exercises as tests need them: found by themselves, never listed."""

import functools
import json
import re
from pathlib import Path

import numpy as np

from attncourse.grading import exercises
from attncourse.grading.generate import split
from attncourse.grading.notebook import LocalCall
from attncourse.grading.run import run_question

ROOT = Path(__file__).parents[2]
NAMES = exercises.names()
#: Every question of the course, with its exercise.
QUESTIONS = [(name, q.name) for name in NAMES for q in exercises.load(name).questions]
#: The exercise on which commands are tried that concern no exercise in particular.
SAMPLE = "03-algorithm"


def exercise_path(name):
    return ROOT / "exercises" / f"{name}.ipynb"


def solution_path(name):
    return ROOT / "solutions" / f"{name}.ipynb"


def points(exercise, *questions):
    """Points of some questions, or of all."""
    chosen = exercises.load(exercise)
    return sum(q.points() for q in chosen.questions if not questions or q.name in questions)


@functools.cache
def _both(exercise, question):
    for cell in json.loads(solution_path(exercise).read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and re.search(rf"^def {question}\(", source, re.M):
            return split(source)
    raise LookupError(question)


def stub_of(exercise, question):
    """The code with which a learner begins."""
    return _both(exercise, question)[0]


def solution(exercise, question):
    """The solution's code, as a learner who has it right would have it."""
    return _both(exercise, question)[1]


@functools.cache
def preamble(exercise):
    """The code of the notebook's first cell, its imports."""
    cells = json.loads(solution_path(exercise).read_text())["cells"]
    return next("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def solved(exercise):
    """The namespace of a notebook in which every answer is right."""
    space = {}
    exec(preamble(exercise), space)
    for name, question in QUESTIONS:
        if name == exercise:
            exec(solution(exercise, question), space)
    return space


def judge(exercise, question, function, seed):
    """What the checks say of a function, in this process."""
    asked = exercises.load(exercise)[question]
    call = LocalCall(asked, solved(exercise) | {question: function}, lambda name: False)
    result = run_question(asked, call, exercise=exercise, seed=seed, hidden=True)
    assert not result.flags, "a check broke, whatever the answer was"
    return result


def neighbour(exercise, question):
    """A question that does not lean on this one, to see that an attack costs its own alone."""
    for other in exercises.load(exercise).questions:
        if other.name != question and question not in other.builds_on:
            return other.name
    return None


def float32(value):
    """The same value with no number of more than float32."""
    if isinstance(value, tuple):
        return tuple(map(float32, value))
    wide = isinstance(value, np.ndarray) and value.dtype == np.float64
    return value.astype(np.float32) if wide else value
