"""Wrong answers, written as learners write them, and right ones written in other ways.

One file an exercise, named as the package of its checks: ``ch03_algorithm.py``. Three tables, each
by question:

- ``WRONG``: what the mistake is called in result records, and the answer that makes it. At least
  six, each of another kind and with a message of its own.
- ``RIGHT``: answers that are right, and written in another way than the solution.
- ``UNNAMED`` (may be left out): wrong answers that look like something else. No mistake is named,
  or one of those given beside the answer.
"""

from importlib import import_module
from types import ModuleType

from attncourse.grading import exercises

#: Fewer wrong answers than this prove little about a question's checks.
LEAST = 6


def load(exercise: str) -> ModuleType:
    """The answers for one exercise."""
    return import_module(f"{__name__}.{exercises.package(exercise).rpartition('.')[2]}")
