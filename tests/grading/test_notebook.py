"""``check("softmax")`` where the learner sits: never raises, says what a teacher would say."""

import html
import re
import threading

import numpy as np
import pytest

from attncourse.grading import check, exercises, progress
from attncourse.grading import notebook as module
from tests.grading import mutants
from tests.grading.course import QUESTIONS, SAMPLE, preamble, solved

EXERCISE = exercises.load(SAMPLE)
RIGHT, WRONG = mutants.load(SAMPLE).RIGHT, mutants.load(SAMPLE).WRONG


def shown(report):
    """What a reader of the HTML reads."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", report._repr_html_())).split())


def sizeless(text):
    return re.sub(r"\d+", "#", text)


def ask(question, source="", exercise=SAMPLE, **names):
    space = {"np": np, "In": ["", source], **names}
    exec(preamble(exercise), space)
    exec(source, space)
    exec(f"report = check({question!r}, seed=4)", space)
    return space["report"]


@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_right_answer(exercise, question):
    right = mutants.load(exercise).RIGHT[question][0]
    report = ask(question, exercise=exercise, **solved(exercise) | {question: right})
    visible = exercises.load(exercise)[question].points(hidden=False)
    assert f"{visible} of {visible} points · All right" in shown(report)
    assert f"{visible} of {visible} points" in repr(report)
    # The hidden points are promised, not given.
    assert f"attncourse check {exercise}.ipynb" in repr(report)


@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_wrong_answer_in_html_and_text(exercise, question):
    for wrong in mutants.load(exercise).WRONG[question].values():
        report = ask(question, exercise=exercise, **solved(exercise) | {question: wrong})
        for check_result in report.result.checks:
            # The same error at other sizes is told once.
            assert sizeless(check_result.message) in sizeless(repr(report))
            assert sizeless(check_result.message) in sizeless(shown(report))
            assert check_result.largest in shown(report)
        failed = [c for c in report.result.checks if c.facts]
        assert not failed or any(c.facts in shown(report) for c in failed)
        assert not any(c.hidden for c in report.result.checks)


def test_untouched_stub():
    stub = 'def softmax(x):\n    """Doc."""\n    raise NotImplementedError("softmax")'
    report = ask("softmax", stub)
    assert report.result.status == "not started"
    assert "not started" in shown(report)
    assert "✗" not in shown(report)
    assert progress.load()[0] == []


def test_code_below_the_error_never_runs_and_is_told_so():
    stub = "def softmax(x):\n    raise NotImplementedError('find the bug')\n    return np.exp(x)"
    report = ask("softmax", stub)
    assert report.result.status == "not started"
    assert report.result.earned == 0
    says = "not started: raise NotImplementedError stands above the code of softmax"
    assert says in shown(report)
    assert says in repr(report)


def test_not_defined_and_not_a_function():
    assert "softmax is not defined. Run the cell" in shown(ask("softmax"))
    assert "softmax is not defined" in shown(ask("softmax", "softmax = 3"))


def test_unknown_question_lists_the_known():
    with pytest.raises(KeyError, match=r"no question is called 'sofmax'; there is .*\bsoftmax\b"):
        check("sofmax")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return x.nothing", "AttributeError"),
        ("return 1 / 0", "ZeroDivisionError: division by zero (line 2)"),
        ("raise SystemExit", "tried to end the program"),
        ("return softmax(x)", "RecursionError"),
        ("return None", "Is the return line missing?"),
        ("return [1, 2]", "returned list; expected a NumPy array"),
        ("return np.array(['a'])", "an array of dtype"),
        ("return np.ma.array(x)", "MaskedArray"),
        ("y = x\n    raise NotImplementedError", "still stands in softmax"),
    ],
)
def test_answers_that_stop(body, says):
    report = ask("softmax", f"def softmax(x):\n    {body}")
    assert report.result.earned == 0
    assert says in shown(report)
    assert says in repr(report)


def test_endless_loop_is_stopped(monkeypatch):
    monkeypatch.setattr(module, "CALL_SECONDS", 0.3)
    for body in (
        "while True: pass",
        "while True:\n        try: x = x + 0\n        except Exception: pass",
    ):
        report = ask("softmax", f"def softmax(x):\n    {body}")
        assert report.result.status == "over"
        assert "Is there a loop that never ends?" in shown(report)


def test_works_outside_the_main_thread():
    done = []
    thread = threading.Thread(
        target=lambda: done.append(ask("softmax", softmax=RIGHT["softmax"][0]))
    )
    thread.start()
    thread.join()
    assert done[0].result.status == "passed"


def test_input_is_a_copy_and_a_change_is_seen():
    report = ask("softmax", softmax=WRONG["softmax"]["in place"])
    (failed,) = [c for c in report.result.checks if c.status != "passed"]
    assert failed.name == "leaves_its_input_alone"
    assert "x itself has changed" in failed.message


def test_seed_repeats_and_default_is_random():
    space = {"check": check, "softmax": WRONG["softmax"]["sign"]}
    exec(
        "a, b, c, d = check('softmax', seed=1), check('softmax', seed=1), check('softmax'), check('softmax')",
        space,
    )
    a, b, c, d = (space[k].result.checks[2].difference for k in "abcd")
    assert a == b
    assert len({a, c, d}) == 3


def test_html_is_escaped():
    report = ask("softmax", "def softmax(x):\n    raise ValueError('<script>alert(1)</script>')")
    assert "<script>" not in report._repr_html_()
    assert "&lt;script&gt;" in report._repr_html_()


def test_each_try_is_remembered():
    ask("softmax", softmax=WRONG["softmax"]["sign"])
    ask("softmax", softmax=RIGHT["softmax"][0])
    records, _ = progress.load()
    assert [r["where"] for r in records] == ["notebook", "notebook"]
    assert records[1]["earned"] == EXERCISE["softmax"].points(hidden=False)


def test_messages_in_both_places_are_the_same(notebook):
    """One definition of a check: the same seed gives the same findings on both paths."""
    from attncourse.grading.session import grade

    source = "def softmax(x):\n    e = np.exp(x)\n    return e / e.sum(axis=0)"
    here = ask("softmax", source).result
    there = grade(notebook(softmax=source), questions=["softmax"], seed=4, hidden=False)
    # As text, because NaN is not equal to itself.
    assert repr(there.questions[0]) == repr(here)


def test_ready_made_answer_is_found_in_a_running_notebook():
    cells = ["", "import scipy.special\ndef softmax(x):\n    return scipy.special.softmax(x, -1)"]
    report = ask("softmax", In=cells, softmax=RIGHT["softmax"][0])
    assert report.result.status == "ready-made"
    assert "scipy.special.softmax" in shown(report)
