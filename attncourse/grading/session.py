"""Grade one notebook: run its cells in a worker, and its functions against the checks."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from attncourse.grading import exercises
from attncourse.grading.checks import Exercise, Question, plain_text
from attncourse.grading.reading import read
from attncourse.grading.records import QuestionResult, Record
from attncourse.grading.remote import Limits
from attncourse.grading.run import run_question, same_for_all
from attncourse.grading.running import MOST_NOTES, RemoteCall, Session
from attncourse.grading.shortcuts import Shortcuts
from attncourse.grading.submission import Submission, guess
from attncourse.grading.wording import ready_made

__all__ = ["MOST_NOTES", "RemoteCall", "Session", "UnknownExercise", "grade"]


class UnknownExercise(LookupError):
    """The notebook answers no exercise of this course; the message lists them."""


def grade(
    path: Path,
    *,
    exercise: str | None = None,
    questions: Sequence[str] = (),
    seed: int | None = None,
    hidden: bool = True,
    boxed: bool = False,
    limits: Limits | None = None,
    follow: bool = True,
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
    follow
        Follow a symbolic link to the notebook.

    Returns
    -------
    Record
        Points and messages for each question.

    Raises
    ------
    FileNotFoundError, NotANotebook, UnknownExercise, NoBox
        The file cannot be graded at all. Whatever its code does raises nothing.
    """
    submission = Submission(path, read(path, follow=follow))
    chosen = _exercise(submission, exercise)
    asked = [chosen[name] for name in questions] or chosen.questions
    seed = secrets.randbits(32) if seed is None else seed
    session = Session(submission, [q.name for q in asked], boxed=boxed, limits=limits or Limits())
    shortcuts = Shortcuts(submission)
    results: list[QuestionResult] = []
    try:
        for question in asked:
            before = {r.question for r in results if r.earned < r.points}
            results.append(_grade(session, shortcuts, chosen, question, seed, hidden, before))
    finally:
        session.drop()
    return Record(chosen.name, seed, "command", tuple(results), session.notes())


def _grade(
    session: Session,
    shortcuts: Shortcuts,
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
    call = shortcuts.find(name, question.ready_made)
    if call is not None:
        return same_for_all(question, "ready-made", ready_made(name, call), hidden=hidden)
    leans = sorted(shaky & set(question.builds_on) & submission.needed([name]))

    def once() -> QuestionResult:
        call = RemoteCall(session, question)
        return run_question(
            question, call, exercise=exercise.name, seed=seed, hidden=hidden, leans_on=leans
        )

    others = [other for other in session.asked if other != name]
    result = once()
    if not _ended(result):
        return result
    # A process can hang or die of what another question or cell has left behind, a timer for one.
    # In a fresh one with nothing else in it, only the question's own doing counts.
    cells = session.cells
    session.narrow(name)
    try:
        again = once()
    finally:
        session.cells = cells
        session.drop()
    if _ended(again) or again.earned < result.earned:
        return result
    session.blame(*others[-1:])
    return again


def _ended(result: QuestionResult) -> bool:
    """Whether the question's own call hung or ended its process."""
    return any(check.bug in {"died", "endless"} for check in result.checks)


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
