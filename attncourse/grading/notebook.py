"""``check("softmax")`` in a notebook: the visible checks, on the function just written."""

from __future__ import annotations

import ast
import contextlib
import inspect
import secrets
import signal
import textwrap
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from attncourse.grading import exercises, progress, wire
from attncourse.grading.checks import Question, Unanswered
from attncourse.grading.reading import Cell
from attncourse.grading.records import QuestionResult, Record
from attncourse.grading.report import Report
from attncourse.grading.run import run_question, same_for_all
from attncourse.grading.submission import Submission, is_stub
from attncourse.grading.wording import not_run, ready_made, refused

#: Seconds that one call may take.
CALL_SECONDS = 5.0


def check(question: str, *, seed: int | None = None) -> Report:
    """Check your answer to a question of an exercise.

    Parameters
    ----------
    question
        The name of the question, which is the name of your function.
    seed
        Repeats a run with the same input; by default each run draws its own.

    Returns
    -------
    Report
        Points for each check, the largest difference and where, and the likely mistake.

    Raises
    ------
    KeyError
        There is no such question. A wrong answer raises nothing.
    """
    try:
        exercise = exercises.with_question(question)
    except KeyError as error:
        raise KeyError(error.args[0]) from None
    frame = inspect.currentframe()
    space = frame.f_back.f_globals if frame and frame.f_back else {}
    seed = secrets.randbits(32) if seed is None else seed
    asked = exercise[question]
    result = _check(asked, space, exercise.name, seed)
    record = Record(exercise.name, seed, "notebook", (result,))
    warning = progress.remember(record) if record.started else ""
    return Report(record, asked.points(hidden=True), warning)


def _check(question: Question, space: dict[str, Any], exercise: str, seed: int) -> QuestionResult:
    name = question.name
    function = space.get(name)
    if not callable(function):
        message = f"{name} is not defined. Run the cell that defines it, then this one."
        return same_for_all(question, "undefined", message, hidden=False)
    submission = _written(space)
    if _is_untouched(function, submission, name):
        return same_for_all(question, "not started", "not started", hidden=False)
    if call := submission.ready_made(name, question.ready_made):
        return same_for_all(question, "ready-made", ready_made(name, call), hidden=False)
    call = LocalCall(space, lambda n: _is_untouched(space.get(n), submission, n, unknown=True))
    return run_question(question, call, exercise=exercise, seed=seed, hidden=False)


class LocalCall:
    """Reaches a function of this very process."""

    def __init__(self, space: dict[str, Any], untouched: Callable[[str], bool]):
        self.space, self.untouched = space, untouched
        self.changed: tuple[int, ...] = ()

    def __call__(self, name: str, *arrays: np.ndarray) -> np.ndarray:
        """Call the function on copies; raise Unanswered if it gives no array."""
        given = [array.copy() for array in arrays]
        try:
            with _deadline(CALL_SECONDS), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = self.space[name](*given)
        except _TooLong:
            raise Unanswered(
                "deadline",
                f"{name} did not return in {CALL_SECONDS:g} s. Is there a loop that never ends?",
                bug="endless",
            ) from None
        except (Exception, SystemExit) as error:
            raise not_run(name, _answer(error, self.space), self.untouched) from None
        try:
            result = wire.plain(value).copy()
        except TypeError as error:
            raise refused(name, str(error)) from None
        self.changed = wire.changed(arrays, given)
        return result


class _TooLong(BaseException):
    """Not an Exception: a bare `except Exception` in an answer must not swallow it."""


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):  # Windows: the kernel can be interrupted
        yield
        return

    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _answer(error: BaseException, space: dict[str, Any]) -> dict[str, Any]:
    """An exception in the form in which a worker reports it; the cell's number is not known."""
    frames = [
        [0, line, frame.f_code.co_name]
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_globals is space
    ]
    return {"error": type(error).__name__, "message": str(error), "frames": frames}


def _written(space: dict[str, Any]) -> Submission:
    """What has been run in this notebook so far, as far as IPython remembers it."""
    from pathlib import Path

    sources = space.get("In")
    cells = []
    for number, source in enumerate(sources if isinstance(sources, list) else []):
        with contextlib.suppress(SyntaxError, ValueError):
            cells.append(Cell(number, source, ast.parse(source)))
    return Submission(Path("notebook"), cells)


def _is_untouched(
    function: object, submission: Submission, name: str, *, unknown: bool = False
) -> bool:
    """Whether the function is still the stub; ``unknown`` if its source cannot be had."""
    try:
        source = textwrap.dedent(inspect.getsource(function))  # pyrefly: ignore
        return is_stub(ast.parse(source).body[0])
    except (OSError, TypeError, SyntaxError, IndexError):
        return submission.is_stub(name) if submission.definition(name) else unknown
