"""Right answers are worked out once for a class, and nobody's score depends on it."""

import functools

import numpy as np
import pytest

from attncourse.grading import exercises, memo, oracle
from tests.grading import course, mutants

SEED = 12_345


@pytest.fixture(autouse=True)
def forget():
    """Nothing is kept before a test, nor after it."""
    oracle.KEPT.clear()
    memo.rehearse.cache_clear()
    yield
    oracle.KEPT.clear()
    memo.rehearse.cache_clear()


@pytest.fixture
def worked_out(monkeypatch):
    """How often each oracle was worked out, and not looked up."""
    counts = []

    def marked(function):
        inner = function.__wrapped__

        @functools.wraps(inner)
        def counted(*values, **options):
            counts.append(inner.__qualname__)
            return inner(*values, **options)

        return oracle.oracle(counted)

    for name in course.NAMES:
        for module in {q.checks[0].run.__module__ for q in exercises.load(name).questions}:
            package = __import__(module, fromlist=["oracles"])
            oracles = getattr(package, "oracles", None)
            for key, function in list(vars(oracles).items() if oracles else ()):
                if hasattr(function, "__wrapped__") and function.__module__ == oracles.__name__:
                    monkeypatch.setattr(oracles, key, marked(function))
    return counts


def results(exercise, seed=SEED):
    """What the checks say of right answers and of wrong ones."""
    found = []
    for question, table in mutants.load(exercise).WRONG.items():
        answers = [course.solved(exercise)[question], *list(table.values())[:3]]
        # As text: NaN is not equal to itself.
        found += [repr(course.judge(exercise, question, answer, seed)) for answer in answers]
    return found


def test_a_class_is_rehearsed_once_however_many_exercises_there_are(monkeypatch):
    """Asked for with every notebook, in one process: repeated, it costs more than the grading."""
    memo.rehearse_all(SEED)
    kept = len(oracle.KEPT)
    assert kept > len(course.NAMES)
    monkeypatch.setattr(memo, "generator", None)  # no check can draw its input again
    memo.rehearse_all(SEED)
    assert memo.rehearse.cache_info().hits == memo.rehearse.cache_info().misses
    assert len(oracle.KEPT) == kept


@pytest.mark.parametrize("exercise", course.NAMES)
def test_what_was_rehearsed_changes_no_result_and_saves_the_work(exercise, worked_out):
    before = results(exercise)
    alone = len(worked_out)
    worked_out.clear()
    assert memo.rehearse(exercise, SEED) > 0
    worked_out.clear()
    assert results(exercise) == before
    assert len(worked_out) < 0.5 * alone, (len(worked_out), alone)
    # Another seed has other input, for which nothing is kept.
    worked_out.clear()
    results(exercise, SEED + 1)
    assert len(worked_out) > 0.5 * alone


def test_a_kept_answer_cannot_be_changed():
    @oracle.oracle
    def zeros(n):
        return np.zeros(n), (np.zeros(n),)

    with oracle.keeping():
        first = zeros(3)
    first[0][:] = 7
    second = zeros(3)
    second[1][0][:] = 7
    assert not zeros(3)[0].any()
    assert not zeros(3)[1][0].any()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((np.zeros(4),), (np.zeros((2, 2)),)),
        ((np.zeros(4),), (np.zeros(4, np.float32),)),
        ((np.zeros(4), np.zeros(4)), ((np.zeros(4), np.zeros(4)),)),
        ((1,), (1.0,)),
        ((None,), (0,)),
        ((True,), (1,)),
    ],
)
def test_other_arguments_are_another_answer(one, other):
    asked = []

    @oracle.oracle
    def ask(*values):
        asked.append(values)
        return len(asked)

    with oracle.keeping():
        assert ask(*one) == 1
        assert ask(*other) == 2
        assert ask(*one) == 1


def test_without_a_class_nothing_is_kept():
    course.judge(*course.QUESTIONS[0], lambda *given: np.zeros(3), SEED)
    assert not oracle.KEPT


@pytest.mark.parametrize("exercise", course.NAMES)
def test_every_oracle_is_marked(exercise):
    package = __import__(exercises.package(exercise), fromlist=["oracles"])
    oracles = __import__(f"{package.__name__}.oracles", fromlist=["x"])
    public = [
        function
        for name, function in vars(oracles).items()
        if callable(function)
        and not name.startswith("_")
        and getattr(function, "__module__", "") == oracles.__name__
        and not isinstance(function, type)
    ]
    assert public
    assert [f.__name__ for f in public if not hasattr(f, "__wrapped__")] == []
