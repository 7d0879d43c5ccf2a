"""Grade one notebook: run its cells in a worker, and its functions against the checks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from attncourse.grading import exercises, wire
from attncourse.grading.checks import Exercise, Question, Unanswered, plain_text
from attncourse.grading.reading import read
from attncourse.grading.records import QuestionResult, Record
from attncourse.grading.remote import Gone, Limits, Worker
from attncourse.grading.run import run_question, same_for_all
from attncourse.grading.shortcuts import Shortcuts
from attncourse.grading.submission import Submission, guess
from attncourse.grading.wording import (
    clean,
    error_text,
    lost_call,
    lost_cell,
    not_run,
    ready_made,
    refused,
    taken,
)

#: Sentences about cells in one record.
MOST_NOTES = 8


class UnknownExercise(LookupError):
    """The notebook answers no exercise of this course; the message lists them."""


class Session:
    """A submission and the worker that has run its cells; a fresh one after each loss."""

    def __init__(
        self, submission: Submission, names: Sequence[str], *, boxed: bool, limits: Limits
    ):
        self.submission, self.boxed, self.limits = submission, boxed, limits
        self.failed: dict[int, str] = {}
        self._cells = submission.cells_for(names)
        self._skip: set[int] = set()
        self._worker: Worker | None = None
        for cell in self._cells:
            if cell.tree is None:
                self._fail(cell.number, f"cannot be read: {cell.error}")

    def _fail(self, number: int, why: str) -> None:
        self.failed.setdefault(number, why)

    def notes(self) -> tuple[str, ...]:
        """A sentence for each cell that does not run; a few stand for many."""
        said = [f"Cell {number} {why}." for number, why in self.failed.items()]
        more = len(said) - MOST_NOTES
        return tuple(said if more <= 0 else [*said[:MOST_NOTES], f"{more} more cells do not run."])

    def worker(self) -> Worker:
        """A worker in which every cell has run that can."""
        while self._worker is None:
            worker = Worker(self.submission.path.parent, boxed=self.boxed, limits=self.limits)
            if self._run_cells(worker):
                self._worker = worker
        return self._worker

    def _run_cells(self, worker: Worker) -> bool:
        deadline = self.limits.start
        for cell in self._cells:
            if cell.tree is None or cell.foreign or cell.number in self._skip:
                continue
            # As an array: a long cell is data, too long for a header.
            text = np.frombuffer(cell.source.encode("utf-8", "surrogatepass"), np.uint8)
            request = {"do": "cell", "cell": cell.number}
            try:
                answer, _ = worker.ask(request, [text], deadline=max(deadline, self.limits.cell))
            except Gone as gone:
                # The next worker leaves this cell out, so each loss makes progress.
                self._skip.add(cell.number)
                self._fail(cell.number, lost_cell(gone, self.limits.cell))
                return False
            deadline = 0.0
            if "error" in answer:
                self._fail(cell.number, f"fails: {error_text(clean(answer))}")
        return True

    def drop(self) -> None:
        """End the worker; the next question gets a new one."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


class RemoteCall:
    """Reaches one question's function in the session's worker, within the question's time."""

    def __init__(self, session: Session, question: Question):
        self.session, self.question = session, question
        self.changed: tuple[int | str, ...] = ()
        self.peak: int | None = None
        self._left = session.limits.question

    def __call__(self, name: str, *values: Any, **options: Any) -> Any:
        """Ask the worker; raise Unanswered if nothing comes back that could be judged."""
        limits = self.session.limits
        returns = self.question.returns if name == self.question.name else "array"
        arrays: list[np.ndarray] = []
        request = {
            "do": "call",
            "name": name,
            "values": wire.encode(values, arrays),
            "options": {key: wire.encode(value, arrays) for key, value in options.items()},
        }
        worker = self.session.worker()
        if self._left <= 0:
            raise Unanswered("deadline", f"{name} took more than {limits.question:g} s in all.")
        seconds = min(limits.call, self._left)
        # Only the calls count: what the learner's other cells take is not this question's time.
        began = time.monotonic()
        worker.gauge.start()
        try:
            answer, found = worker.ask(request, arrays, deadline=seconds)
        except Gone as gone:
            self.session.drop()
            raise lost_call(gone, name, seconds) from None
        self._left -= time.monotonic() - began
        self.peak = worker.gauge.read()
        if "error" in answer:
            raise not_run(name, clean(answer), self.session.submission.is_stub)
        if answer.get("undefined"):
            raise Unanswered("undefined", self._undefined(name))
        if "refused" in answer:
            raise refused(name, str(answer["refused"]), returns)
        try:
            value, after, named = (
                wire.decode(answer["value"], found),
                wire.decode(answer["values"], found),
                {key: wire.decode(answer["options"][key], found) for key in options},
            )
            sent, after = dict(enumerate(values)) | options, dict(enumerate(after)) | named
            self.changed = tuple(key for key in sent if wire.changed(sent[key], after[key]))
        except (wire.WireError, LookupError, TypeError, ValueError):
            raise Unanswered("refused", f"{name} gave no answer that can be read.") from None
        return taken(name, value, returns)

    def _undefined(self, name: str) -> str:
        found = self.session.submission.definition(name)
        if found and found[0].number in self.session.failed:
            cell = found[0].number
            return f"{name} is not defined, because cell {cell} {self.session.failed[cell]}."
        return self.session.submission.missing(name)


def grade(
    path: Path,
    *,
    exercise: str | None = None,
    questions: Sequence[str] = (),
    seed: int | None = None,
    hidden: bool = True,
    boxed: bool = False,
    limits: Limits | None = None,
) -> Record:
    """Grade a notebook.

    Parameters
    ----------
    path
        The notebook.
    exercise
        Its exercise; by default the one whose functions it has.
    questions
        Only these; by default all.
    seed
        Determines all random input; by default drawn, and recorded.
    hidden
        Run the hidden checks too.
    boxed
        Run the notebook in a box.
    limits
        Resource limits and deadlines.

    Returns
    -------
    Record
        Points and messages for each question.

    Raises
    ------
    FileNotFoundError, NotANotebook, UnknownExercise, NoBox
        The file cannot be graded at all. Whatever its code does raises nothing.
    """
    submission = Submission(path, read(path))
    chosen = _exercise(submission, exercise)
    asked = [chosen[name] for name in questions] or chosen.questions
    seed = secrets.randbits(32) if seed is None else seed
    session = Session(submission, [q.name for q in asked], boxed=boxed, limits=limits or Limits())
    results: list[QuestionResult] = []
    try:
        for question in asked:
            before = {r.question for r in results if r.earned < r.points}
            results.append(_grade(session, chosen, question, seed, hidden, before))
    finally:
        session.drop()
    return Record(chosen.name, seed, "command", tuple(results), session.notes())


def _grade(
    session: Session,
    exercise: Exercise,
    question: Question,
    seed: int,
    hidden: bool,
    shaky: set[str],
) -> QuestionResult:
    submission, name = session.submission, question.name
    if submission.definition(name) is None:
        return same_for_all(question, "undefined", submission.missing(name), hidden=hidden)
    if submission.is_stub(name):
        said = submission.not_started(name)
        return same_for_all(question, "not started", said, hidden=hidden)
    call = Shortcuts(submission).find(name, question.ready_made)
    if call is not None:
        return same_for_all(question, "ready-made", ready_made(name, call), hidden=hidden)
    leans = sorted(shaky & set(question.builds_on) & submission.needed([name]))

    def once() -> QuestionResult:
        call = RemoteCall(session, question)
        return run_question(
            question, call, exercise=exercise.name, seed=seed, hidden=hidden, leans_on=leans
        )

    result = once()
    # A process can die of what another question or cell left behind, a timer for one. In a fresh
    # one only its own doing counts.
    return once() if any(check.bug == "died" for check in result.checks) else result


def _exercise(submission: Submission, name: str | None) -> Exercise:
    known = ", ".join(exercises.names())
    if name is not None:
        if name not in exercises.names():
            asked = plain_text(name, 80)
            raise UnknownExercise(f"no exercise is called {asked!r}; there is {known}")
        return exercises.load(name)
    found = guess(submission, [exercises.load(n) for n in exercises.names()])
    if found is None:
        raise UnknownExercise(
            f"{plain_text(submission.path.name, 80)} is no exercise of this course ({known}); if "
            "it is one, say which with --exercise."
        )
    return found
