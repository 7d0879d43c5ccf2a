"""Who pays for time, and for a process that ends: whoever took it, and nobody else."""

import time

import pytest

from attncourse.grading.remote import Limits
from attncourse.grading.session import grade
from tests.grading import course
from tests.grading.conftest import QUICK

EXERCISE, QUESTION = course.QUESTIONS[0]
OTHER = course.neighbour(EXERCISE, QUESTION)


def wrapped(question, first):
    """The right answer, with something done in each call."""
    right = course.solution(EXERCISE, question).replace(f"def {question}(", "def _right(")
    return f"import os, signal, threading, time\n{right}\ndef {question}(*a, **k):\n    {first}\n    return _right(*a, **k)"


def judge(notebook, limits=QUICK, **cells):
    path = notebook(exercise=EXERCISE, **cells)
    record = grade(path, questions=[QUESTION, OTHER], seed=1, limits=limits)
    return *record.questions, record.notes


def test_the_time_of_a_submission_keeps_what_was_judged(notebook):
    limits = Limits(cell=60, call=30, question=60, submission=4)
    began = time.monotonic()
    slow = wrapped(OTHER, "time.sleep(60)")
    first, second, _ = judge(notebook, limits, **{OTHER: slow})
    assert time.monotonic() - began < 15
    assert first.status == "passed"
    assert (second.status, second.earned) == ("over", 0)
    said = "Running this notebook took more than 4 s in all; the rest was not judged."
    assert second.message == said


def test_cells_that_all_hang_end_with_the_submission(notebook):
    limits = Limits(cell=1, submission=4)
    began = time.monotonic()
    path = notebook(exercise=EXERCISE, before=["while True: pass"] * 30)
    record = grade(path, seed=1, limits=limits)
    assert time.monotonic() - began < 15
    assert {q.status for q in record.questions} == {"over"}
    assert len(record.notes) < 12


EXITS = "threading.Timer({}, lambda: os._exit(1)).start()"
#: What an answer can leave behind that ends or stops the process while others are asked.
LEFT = {
    "a timer": EXITS.format(0.02),
    "a thread": "threading.Thread(target=lambda: (time.sleep(0.02), os.abort())).start()",
    "an alarm": "signal.setitimer(0, 0.02)",
    "a patched library": "np.exp = np.sum = np.max = np.tanh = lambda *a, **k: time.sleep(60)",
}


@pytest.mark.parametrize("kind", LEFT)
def test_what_one_answer_leaves_behind_costs_no_other(kind, notebook):
    # The library is patched after the right answer is known: this question is right.
    left = wrapped(QUESTION, LEFT[kind])
    if kind == "a patched library":
        left = left.replace(LEFT[kind], "value = _right(*a, **k)\n    " + LEFT[kind])
        left = left.replace("return _right(*a, **k)", "return value")
    # The neighbour takes its time, so that what was left goes off while it is asked.
    slow = {} if kind == "a patched library" else {OTHER: wrapped(OTHER, "time.sleep(0.05)")}
    first, second, notes = judge(notebook, **{QUESTION: left}, **slow)
    assert second.status == "passed", second.message
    # Who set it pays if it goes off early; else a note tells of the end, and after what it came.
    told = (f"after {QUESTION}", "after the cells had run")
    assert first.status == "over" or any(words in note for note in notes for words in told), notes


def test_what_a_cell_leaves_behind_costs_no_question(notebook):
    path = notebook(exercise=EXERCISE, before=["import os, threading\n" + EXITS.format(0.3)])
    record = grade(path, seed=1, limits=QUICK)
    assert [q.status for q in record.questions] == ["passed"] * len(record.questions)


def test_a_worker_that_died_between_questions_is_replaced(notebook, monkeypatch):
    from attncourse.grading.running import Session

    begin = Session.begin

    def kill_first(self, question):
        if self.asked:
            self._worker._process.kill()
            self._worker._process.wait()
        begin(self, question)

    monkeypatch.setattr(Session, "begin", kill_first)
    first, second, notes = judge(notebook)
    assert (first.status, second.status) == ("passed", "passed")
    assert notes == (f"The process ended by itself, or hung, after {QUESTION} had been called.",)


def test_ones_own_death_and_hang_are_ones_own(notebook):
    for body in ("os._exit(3)", "while True: pass"):
        mine, other, notes = judge(notebook, **{QUESTION: wrapped(QUESTION, body)})
        assert (mine.status, mine.earned, other.status) == ("over", 0, "passed")
        assert notes == ()
