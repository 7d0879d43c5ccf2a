"""The checks of every exercise, one package an exercise, one file a question.

``exercises/03-algorithm.ipynb`` has its checks in the package ``ch03_algorithm``, whose
``QUESTIONS`` are its questions in order. Packages are found by their names; nothing lists them. A
question's name belongs to its exercise: another may have one of the same name.
"""

from __future__ import annotations

import functools
import re
from importlib import import_module
from pkgutil import iter_modules

from attncourse.grading.checks import Exercise

_PACKAGE = re.compile(r"ch(\d\d)_(\w+)")


def package(name: str) -> str:
    """The package that holds the checks of an exercise, by the exercise's name."""
    return f"{__name__}.ch{name.replace('-', '_')}"


def names() -> list[str]:
    """Names of all exercises, which are those of their notebooks, in the course's order."""
    found = (_PACKAGE.fullmatch(module.name) for module in iter_modules(__path__))
    return sorted(f"{m[1]}-{m[2].replace('_', '-')}" for m in found if m)


@functools.cache
def load(name: str) -> Exercise:
    """Return an exercise by name.

    Raises
    ------
    KeyError
        There is none of that name; the message lists those there are.
    """
    if name not in names():
        raise KeyError(f"no exercise is called {name!r}; there is {', '.join(names())}")
    return Exercise(name, list(import_module(package(name)).QUESTIONS))


def with_question(question: str) -> Exercise:
    """Return the one exercise that has a question of this name.

    Raises
    ------
    KeyError
        None has it, or several have; the message lists the questions, or the exercises.
    """
    all_of_them = [load(name) for name in names()]
    found = [e for e in all_of_them if any(q.name == question for q in e.questions)]
    if len(found) == 1:
        return found[0]
    if found:
        where = " and ".join(exercise.name for exercise in found)
        raise KeyError(
            f"{question!r} is a question of {where}; say which: "
            f'check("{question}", exercise="{found[0].name}")'
        )
    known = dict.fromkeys(q.name for exercise in all_of_them for q in exercise.questions)
    raise KeyError(f"no question is called {question!r}; there is {', '.join(known)}")
