"""A submission at work: its cells run in a worker, and a question's function reached there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from attncourse.grading import wire
from attncourse.grading.checks import Question, Unanswered
from attncourse.grading.reading import stars
from attncourse.grading.remote import Gone, Limits, Worker
from attncourse.grading.submission import Submission
from attncourse.grading.wording import (
    clean,
    error_text,
    lost_call,
    lost_cell,
    not_run,
    refused,
    taken,
    whole,
)

#: Sentences about cells in one record.
MOST_NOTES = 8


class Session:
    """A submission and the worker that has run its cells; a fresh one after each loss."""

    def __init__(
        self, submission: Submission, names: Sequence[str], *, boxed: bool, limits: Limits
    ):
        self.submission, self.boxed, self.limits = submission, boxed, limits
        self.failed: dict[int, str] = {}
        self.remarks: list[str] = []
        #: The questions that the present worker has been asked.
        self.asked: list[str] = []
        #: The cells that run.
        self.cells = submission.cells_for(names)
        self._skip: set[int] = set()
        self._worker: Worker | None = None
        self._end = time.monotonic() + limits.submission
        for cell in self.cells:
            if cell.tree is None:
                self._fail(cell.number, f"cannot be read: {cell.error}")

    def _fail(self, number: int, why: str) -> None:
        self.failed.setdefault(number, why)

    def notes(self) -> tuple[str, ...]:
        """A sentence for each cell that does not run; a few stand for many."""
        said = [f"Cell {number} {why}." for number, why in self.failed.items()]
        more = len(said) - MOST_NOTES
        few = said if more <= 0 else [*said[:MOST_NOTES], f"{more} more cells do not run."]
        return (*few, *self.remarks)

    def left(self) -> float:
        """Seconds that remain of the whole submission's; raise Unanswered if none do."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            self.drop()
            raise whole(self.limits.submission)
        return seconds

    def worker(self) -> Worker:
        """A worker in which every cell has run that can."""
        while self._worker is None:
            self.left()
            worker = Worker(self.submission.path.parent, boxed=self.boxed, limits=self.limits)
            self._worker = worker
            if not self._run_cells(worker):
                self.drop()
        return self._worker

    def begin(self, question: str) -> None:
        """Ask a question of a worker that is alive.

        One that has died since the last question was killed by what that question, or a cell, left
        behind: it is replaced, and the next question does not pay.
        """
        if self._worker is not None and not self._worker.alive:
            self.blame(*self.asked[-1:])
            self.drop()
        self.worker()
        self.asked.append(question)

    def blame(self, question: str = "") -> None:
        """Say in the record that what a question or a cell left behind ended the process."""
        who = f"{question} had been called" if question else "the cells had run"
        said = f"The process ended by itself, or hung, after {who}."
        if said not in self.remarks:
            self.remarks.append(said)

    def _run_cells(self, worker: Worker) -> bool:
        deadline = self.limits.start
        for cell in self.cells:
            if cell.tree is None or cell.foreign or cell.number in self._skip:
                continue
            # As an array: a long cell is data, too long for a header.
            text = np.frombuffer(cell.source.encode("utf-8", "surrogatepass"), np.uint8)
            request = {"do": "cell", "cell": cell.number}
            seconds, left = max(deadline, self.limits.cell), self.left()
            try:
                answer, _ = worker.ask(request, [text], deadline=min(seconds, left))
            except Gone as gone:
                if gone.reason == "deadline" and left < seconds:
                    raise whole(self.limits.submission) from None
                # The next worker leaves this cell out, so each loss makes progress.
                self._skip.add(cell.number)
                self._fail(cell.number, lost_cell(gone, seconds))
                return False
            deadline = 0.0
            if "error" in answer:
                self._fail(cell.number, f"fails: {error_text(clean(answer))}")
        return True

    def narrow(self, name: str) -> None:
        """From now on run only the cells that give a question's function what it uses."""
        needed = self.submission.needed([name])
        self.cells = [
            cell for cell in self.cells if cell.tree and (cell.binds() & needed or stars(cell.tree))
        ]
        self.drop()

    def drop(self) -> None:
        """End the worker; the next question gets a new one."""
        if self._worker is not None:
            self._worker.close()
        self._worker = None
        self.asked = []


class RemoteCall:
    """Reaches one question's function in the session's worker, within the question's time."""

    def __init__(self, session: Session, question: Question):
        self.session, self.question = session, question
        self.changed: tuple[int | str, ...] = ()
        self.peak: int | None = None
        self._left = session.limits.question
        self._begun = False

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
        if not self._begun:
            self.session.begin(self.question.name)
        self._begun = True
        worker = self.session.worker()
        if self._left <= 0:
            raise Unanswered("deadline", f"{name} took more than {limits.question:g} s in all.")
        seconds, left = min(limits.call, self._left), self.session.left()
        # Only the calls count: what the learner's other cells take is not this question's time.
        began = time.monotonic()
        worker.gauge.start()
        try:
            answer, found = worker.ask(request, arrays, deadline=min(seconds, left))
        except Gone as gone:
            self.session.drop()
            if gone.reason == "deadline" and left < seconds:
                raise whole(limits.submission) from None
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
