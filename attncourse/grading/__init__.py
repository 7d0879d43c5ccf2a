"""Exercises: their checks, and the three places where the same checks run.

In a notebook, ``check("softmax")``; on the command line, ``attncourse check FILE``; in class, a
folder of submissions. All three run the functions registered in :mod:`attncourse.grading.exercises`
and produce the records of :mod:`attncourse.grading.records`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attncourse.grading.notebook import check, checker
    from attncourse.grading.session import grade

__all__ = ["check", "checker", "grade"]


def __getattr__(name: str) -> Any:
    # Lazy, so that `attncourse --help` and the worker process stay quick to start.
    if name in {"check", "checker"}:
        from attncourse.grading import notebook

        return getattr(notebook, name)
    if name == "grade":
        from attncourse.grading.session import grade

        return grade
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
