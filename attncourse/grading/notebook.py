"""``check("softmax")`` in a notebook: the visible checks, on the function just written."""

from __future__ import annotations

import ast
import contextlib
import functools
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
from attncourse.grading.peak import Gauge
from attncourse.grading.reading import CODE_LIMIT, parse
from attncourse.grading.records import QuestionResult, Record
from attncourse.grading.report import Report
from attncourse.grading.run import run_question, same_for_all
from attncourse.grading.shortcuts import Shortcuts
from attncourse.grading.submission import Submission, is_stub
from attncourse.grading.wording import not_run, ready_made, refused, taken

#: Seconds that one call may take.
CALL_SECONDS = 5.0


def checker(exercise: str) -> Callable[..., Report]:
    """Give the ``check`` of one exercise.

    Every exercise's notebook begins with ``check = checker("03-algorithm")``, so that a question
    of the same name in another exercise is not meant.

    Parameters
    ----------
    exercise
        The exercise's name, which is its notebook's.

    Returns
    -------
    callable
        :func:`check` for the questions of this exercise.

    Raises
    ------
    KeyError
        There is no such exercise.
    """
    return functools.partial(check, exercise=_known(exercises.load, exercise).name)


def check(question: str, *, exercise: str | None = None, seed: int | None = None) -> Report:
    """Check your answer to a question of an exercise.

    Parameters
    ----------
    question
        The name of the question, which is the name of your function.
    exercise
        The exercise; may be left out where only one has such a question.
    seed
        Repeats a run with the same input; by default each run draws its own.

    Returns
    -------
    Report
        Points for each check, the largest difference and where, and the likely mistake.

    Raises
    ------
    KeyError
        There is no such question, or more than one. A wrong answer raises nothing.
    """
    if exercise is None:
        chosen = _known(exercises.with_question, question)
    else:
        chosen = _known(exercises.load, exercise)
    asked = _known(chosen.__getitem__, question)
    frame = inspect.currentframe()
    space = frame.f_back.f_globals if frame and frame.f_back else {}
    seed = secrets.randbits(32) if seed is None else seed
    result = _check(asked, space, chosen.name, seed)
    record = Record(chosen.name, seed, "notebook", (result,))
    warning = progress.remember(record) if record.started else ""
    return Report(record, asked.points(hidden=True), warning)


def _known(find: Callable[[str], Any], name: str) -> Any:
    """``find(name)``; if there is none, an error without the search in its traceback."""
    try:
        return find(name)
    except KeyError as error:
        raise KeyError(error.args[0]) from None


def _check(question: Question, space: dict[str, Any], exercise: str, seed: int) -> QuestionResult:
    name = question.name
    function = space.get(name)
    if not callable(function):
        message = f"{name} is not defined. Run the cell that defines it, then this one."
        return same_for_all(question, "undefined", message, hidden=False)
    submission = _written(space)
    if _is_untouched(function, submission, name):
        said = submission.not_started(name)
        return same_for_all(question, "not started", said, hidden=False)
    if call := Shortcuts(submission).find(name, question.ready_made):
        return same_for_all(question, "ready-made", ready_made(name, call), hidden=False)
    call = LocalCall(
        question, space, lambda n: _is_untouched(space.get(n), submission, n, unknown=True)
    )
    return run_question(question, call, exercise=exercise, seed=seed, hidden=False)


class LocalCall:
    """Reaches a function of this very process."""

    def __init__(self, question: Question, space: dict[str, Any], untouched: Callable[[str], bool]):
        self.question, self.space, self.untouched = question, space, untouched
        self.changed: tuple[int | str, ...] = ()
        self.peak: int | None = None
        self._gauge = Gauge()

    def __call__(self, name: str, *values: Any, **options: Any) -> Any:
        """Call the function on copies; raise Unanswered if it gives nothing to judge."""
        returns = self.question.returns if name == self.question.name else "array"
        sent = dict(enumerate(values)) | options
        given = {key: wire.live(_copy(value)) for key, value in sent.items()}
        options = {key: given[key] for key in options}
        self._gauge.start()
        try:
            with _deadline(CALL_SECONDS), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = self.space[name](*(given[i] for i in range(len(values))), **options)
        except _TooLong:
            raise Unanswered(
                "deadline",
                f"{name} did not return in {CALL_SECONDS:g} s. Is there a loop that never ends?",
                bug="endless",
            ) from None
        except (Exception, SystemExit) as error:
            raise not_run(name, _answer(error, self.space), self.untouched) from None
        self.peak = self._gauge.read()
        try:
            result = _copy(wire.plain(value))
            after = {key: wire.plain(value) for key, value in given.items()}
        except TypeError as error:
            raise refused(name, str(error), returns) from None
        self.changed = tuple(key for key in sent if wire.changed(sent[key], after[key]))
        return taken(name, result, returns)


def _copy(value: Any) -> Any:
    """The same value with arrays of its own, each with the strides that it had."""
    if isinstance(value, tuple):
        return tuple(_copy(part) for part in value)
    if isinstance(value, wire.Tensor):
        return wire.Tensor(_copy(value.array), value.dtype)
    return np.copy(value, order="K") if isinstance(value, np.ndarray) else value


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
        if isinstance(source, str) and len(source) <= CODE_LIMIT:
            cells.append(parse(number, source))
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
