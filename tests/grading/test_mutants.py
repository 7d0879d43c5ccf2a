"""Every exercise proves its checks: wrong answers lose points by name, right ones lose none."""

import numpy as np
import pytest

from attncourse.grading import exercises
from attncourse.grading.notebook import LocalCall
from attncourse.grading.run import run_question
from tests.grading.mutants import RIGHT, WRONG

EXERCISE = exercises.load("03-algorithm")
SEEDS = (0, 1, 20_261_122)


def judge(question, function, seed):
    call = LocalCall({question: function}, lambda name: False)
    return run_question(EXERCISE[question], call, exercise=EXERCISE.name, seed=seed, hidden=True)


def pairs(table):
    return [(q, k, f) for q, mistakes in table.items() for k, f in mistakes.items()]


@pytest.mark.parametrize(("question", "bug", "wrong"), pairs(WRONG))
def test_wrong_answer_loses_points_and_is_named(question, bug, wrong):
    for seed in SEEDS:
        result = judge(question, wrong, seed)
        assert result.earned < result.points
        found = {c.bug for c in result.checks if c.status != "passed"}
        assert bug in found, (seed, [(c.name, c.bug, c.message) for c in result.checks])
        # The first thing said is about this very mistake.
        assert result.message == next(c.message for c in result.checks if c.bug == bug)


@pytest.mark.parametrize("question", WRONG)
def test_messages_are_all_different(question):
    messages = {bug: judge(question, wrong, 3).message for bug, wrong in WRONG[question].items()}
    assert len(messages) >= 6
    assert len(set(messages.values())) == len(messages)


@pytest.mark.parametrize(
    ("question", "right"), [(q, f) for q, answers in RIGHT.items() for f in answers]
)
def test_right_answer_written_differently_gets_all_points(question, right):
    for seed in SEEDS:
        result = judge(question, right, seed)
        assert (result.earned, result.status) == (result.points, "passed"), result.message


@pytest.mark.parametrize("question", [q.name for q in EXERCISE.questions])
def test_same_seed_same_result_and_another_seed_other_input(question):
    def inputs(seed):
        seen = []

        def spy(*arrays):
            seen.append([a.tobytes() for a in arrays])
            return RIGHT[question][0](*arrays)

        judge(question, spy, seed)
        return seen

    assert inputs(5) == inputs(5)
    # No check may have an input that can be learned by heart.
    for a, b in zip(inputs(5), inputs(6), strict=True):
        assert a != b


@pytest.mark.parametrize("question", [q.name for q in EXERCISE.questions])
def test_constants_and_inputs_handed_back_earn_nothing(question):
    for lazy in (
        lambda *a: a[0],
        lambda *a: a[-1],
        lambda *a: np.zeros(a[0].shape),
        lambda *a: np.zeros((*a[0].shape[:-1], a[-1].shape[-1])),
        lambda *a: np.float64(0),
        lambda *a: np.nan,
    ):
        assert judge(question, lazy, 0).earned == 0


def test_every_check_has_points_and_a_hint_and_some_are_hidden():
    for question in EXERCISE.questions:
        assert {c.hidden for c in question.checks} == {True, False}
        assert all(c.points > 0 and c.hint and c.says for c in question.checks)


def test_grading_knows_nothing_of_the_reference(tmp_path):
    """The answer is not on the learner's path."""
    import subprocess
    import sys

    code = (
        "import sys, attncourse.grading.notebook, attncourse.grading.session\n"
        "from attncourse.grading import exercises\n"
        "[exercises.load(n) for n in exercises.names()]\n"
        "bad = [m for m in sys.modules if m.startswith(('attncourse.reference', "
        "'attncourse.pytorch', 'torch'))]\n"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
