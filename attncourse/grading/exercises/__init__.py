"""The checks of every exercise, one package an exercise, one file a question.

``exercises/03-algorithm.ipynb`` has its checks in the package ``ch03_algorithm``, whose
``QUESTIONS`` are its questions in order. Packages are found by their names; nothing lists them. A
question's name belongs to its exercise: another may have one of the same name.
"""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from attncourse.grading.checks import Exercise, plain_text


class BadOverlay(ValueError):
    """A file of an instructor's own checks cannot be used; the message says why."""


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
    exercise = _plain(name)
    if _overlay:
        _lay_over(exercise, Path(_overlay, f"{name}.py"))
    return exercise


#: Folder of an instructor's own checks, in a process that grades a class.
_overlay = ""


def lay_over(folder: str) -> None:
    """Add an instructor's own checks to the exercises, for the rest of this process."""
    global _overlay
    _overlay = folder
    load.cache_clear()


def _plain(name: str) -> Exercise:
    """The exercise as the course has it; a copy, which may be added to."""
    questions = import_module(package(name)).QUESTIONS
    return Exercise(name, [replace(q, checks=list(q.checks)) for q in questions])


def overlay(folder: Path) -> str:
    """Try an instructor's own checks: a folder with files named after exercises.

    ``03-algorithm.py`` sees its ``exercise`` and adds checks to a question, as the course does::

        @exercise["softmax"].check(points=2, hidden=True, hint="Try a row of one score.")
        def one_score(call, rng):
            "A row of one score gives 1."

    Raises
    ------
    BadOverlay
        There is no such folder, no file in it belongs to an exercise, or one fails.
    """
    files = sorted(folder.glob("*.py")) if folder.is_dir() else []
    for path in files:
        if path.stem not in names():
            raise BadOverlay(
                f"{plain_text(path)} belongs to no exercise; there is {', '.join(names())}."
            )
        _lay_over(_plain(path.stem), path)
    if not files:
        raise BadOverlay(f"{plain_text(folder)} is no folder with checks of yours (NAME.py).")
    return str(folder.resolve())


def _lay_over(exercise: Exercise, path: Path) -> None:
    if not path.is_file():
        return
    before = {q.name: {check.name for check in q.checks} for q in exercise.questions}
    try:
        exec(compile(path.read_text("utf-8"), str(path), "exec"), {"exercise": exercise})
    except Exception as error:
        why = plain_text(f"{type(error).__name__}: {error}", 200)
        raise BadOverlay(f"{plain_text(path)} fails: {why}.") from None
    for question in exercise.questions:
        found = [check.name for check in question.checks]
        if len(set(found)) < len(found):
            raise BadOverlay(
                f"{plain_text(path)}: two checks of {question.name} have one name; there is "
                f"{', '.join(sorted(before[question.name]))} already."
            )


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
