"""The checks of every exercise, one package an exercise, one file a question."""

from __future__ import annotations

from importlib import import_module

from attncourse.grading.checks import Exercise

#: Exercise name (the notebook's file name) to the module that registers its checks.
_MODULES = {"03-algorithm": "algorithm"}


def names() -> list[str]:
    """Names of all exercises, in the course's order."""
    return list(_MODULES)


def load(name: str) -> Exercise:
    """Return an exercise by name.

    Raises
    ------
    KeyError
        There is none of that name; the message lists those there are.
    """
    if name not in _MODULES:
        raise KeyError(f"no exercise is called {name!r}; there is {', '.join(_MODULES)}")
    return import_module(f"{__name__}.{_MODULES[name]}").EXERCISE


def with_question(question: str) -> Exercise:
    """Return the exercise that has a question of this name.

    Raises
    ------
    KeyError
        None has it; the message lists the questions there are.
    """
    for name in _MODULES:
        exercise = load(name)
        if any(q.name == question for q in exercise.questions):
            return exercise
    known = [q.name for name in _MODULES for q in load(name).questions]
    raise KeyError(f"no question is called {question!r}; there is {', '.join(known)}")
