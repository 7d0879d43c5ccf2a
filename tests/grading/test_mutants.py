"""Every exercise proves its checks: wrong answers lose points by name, right ones lose none."""

import itertools
import re

import numpy as np
import pytest

from attncourse.grading import compare, exercises
from attncourse.grading.oracle import KEPT, keeping
from attncourse.grading.wire import Tensor, live, plain
from tests.grading import mutants
from tests.grading.course import (
    NAMES,
    QUESTIONS,
    float32,
    judge,
    preamble,
    solution,
    solved,
    stub_of,
)

SEEDS = (0, 1, 20_261_122)
#: Seeds for float32 throughout, at a third of the tolerance: a thousand seeds at all of it.
MANY = range(12)

WRONG = [
    (name, question, bug, wrong)
    for name in NAMES
    for question, mistakes in mutants.load(name).WRONG.items()
    for bug, wrong in mistakes.items()
]
RIGHT = [
    (name, question, right)
    for name in NAMES
    for question, answers in mutants.load(name).RIGHT.items()
    for right in answers
]
LOOKALIKES = [
    (name, question, wrong, allowed)
    for name in NAMES
    for question, answers in getattr(mutants.load(name), "UNNAMED", {}).items()
    for wrong, allowed in answers
]


@pytest.fixture(autouse=True, scope="module")
def answers_kept():
    """Many answers are held against the same right one, which is worked out once."""
    with keeping():
        yield
    KEPT.clear()


@pytest.mark.parametrize(("exercise", "question", "bug", "wrong"), WRONG)
def test_wrong_answer_loses_points_and_is_named(exercise, question, bug, wrong):
    for seed in SEEDS:
        result = judge(exercise, question, wrong, seed)
        assert result.earned < result.points
        found = {c.bug for c in result.checks if c.status != "passed"}
        assert bug in found, (seed, [(c.name, c.bug, c.message) for c in result.checks])
        # The first thing said is about this very mistake.
        assert result.message == next(c.message for c in result.checks if c.bug == bug)


def faulty(exercise, question):
    """The code in which a question asks for the mistake, ready to run; None in all others."""
    stub = stub_of(exercise, question)
    code = re.sub(r"^    raise NotImplementedError\(.*\)\n(?=.)", "", stub, flags=re.M)
    return None if code == stub else code


FAULTY = [pair for pair in QUESTIONS if faulty(*pair)]


@pytest.mark.parametrize(("exercise", "question"), FAULTY)
def test_the_mistake_that_is_asked_for_is_named(exercise, question):
    space = {}
    exec(preamble(exercise), space)
    exec(faulty(exercise, question), space)
    for seed in SEEDS:
        result = judge(exercise, question, space[question], seed)
        assert result.earned < result.points
        assert any(c.recognised for c in result.checks), [c.message for c in result.checks]


#: What stands for a score below all others in a solution.
BELOW_ALL = re.compile(
    r"""-\s*(?:\w+\.)?inf\b|float\(\s*["']-inf(?:inity)?["']\s*\)|-1e\d+|[\w.]*finfo\(.*?\)\.min\b"""
)
#: What is put there by habit: the last is the lowest number of float16.
HABITS = ("-1e4", "-1e5", "-65504.0")
#: Places at which a number does as well as -∞, by exercise, question and count, with the reason.
AS_WELL: dict[tuple[str, str, int], str] = {}
PLACES = [
    (exercise, question, n)
    for exercise, question in QUESTIONS
    for n, _ in enumerate(BELOW_ALL.finditer(solution(exercise, question)))
]


@pytest.mark.parametrize(
    "text",
    [
        *("-np.inf", "- torch.inf", "-math.inf", "-inf", "float('-inf')", 'float("-infinity")'),
        *("-1e30", "np.finfo(s.dtype).min", "torch.finfo(torch.float32).min"),
    ],
)
def test_what_stands_for_minus_infinity_is_found(text):
    assert BELOW_ALL.sub("*", f"np.where(mask, s, {text}).max()") == "np.where(mask, s, *).max()"


def test_places_that_are_let_off_are_there():
    assert {*AS_WELL} <= {*PLACES}


@pytest.mark.parametrize("number", HABITS)
@pytest.mark.parametrize(
    ("exercise", "question", "n"), [place for place in PLACES if place not in AS_WELL]
)
def test_a_number_in_place_of_minus_infinity_loses_points(exercise, question, n, number):
    """In each question some check has open scores below what is put there by habit."""
    text = solution(exercise, question)
    found = [*BELOW_ALL.finditer(text)][n]
    space = solved(exercise)
    exec(text[: found.start()] + number + text[found.end() :], space)
    for seed in SEEDS[:2]:
        result = judge(exercise, question, space[question], seed)
        assert result.earned < result.points
        assert any(c.recognised for c in result.checks), [c.message for c in result.checks]


#: Other constants that pass for "none" or "next to nothing", by question, and for what they stand.
PASSABLE = [
    ("02-core-concepts", "attention_layer", "np.isfinite(top)", "(top > -1e5)"),
    ("06-applications", "attention_pooling", "np.isfinite(top)", "(top > -1e5)"),
    ("04-mathematics", "merge_attention", "np.isfinite(top)", "(top > -1e5)"),
    ("04-mathematics", "merge_attention", "np.log(total)", "np.log(total + 1e-12)"),
    *(
        (exercise, question, "np.where(total == 0, 1, total)", new)
        for exercise, question in (
            ("02-core-concepts", "contributions"),
            ("04-mathematics", "linear_attention_recurrent"),
        )
        for new in ("(total + 1e-12)", "np.maximum(total, 1e-12)")
    ),
    ("08-frontier", "select_blocks", "block == own, np.inf", "block == own, 1e5"),
]


@pytest.mark.parametrize(("exercise", "question", "old", "new"), PASSABLE)
def test_a_constant_that_shifts_what_is_far_or_small_loses_points(exercise, question, old, new):
    text = solution(exercise, question)
    assert old in text
    space = solved(exercise)
    exec(text.replace(old, new), space)
    for seed in SEEDS[:2]:
        result = judge(exercise, question, space[question], seed)
        assert result.earned < result.points


@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_messages_are_all_different(exercise, question):
    wrong = mutants.load(exercise).WRONG[question]
    messages = {bug: judge(exercise, question, f, 3).message for bug, f in wrong.items()}
    assert len(set(messages.values())) == len(messages)


@pytest.mark.parametrize(("exercise", "question", "right"), RIGHT)
def test_right_answer_written_differently_gets_all_points(exercise, question, right):
    for seed in SEEDS:
        result = judge(exercise, question, right, seed)
        assert (result.earned, result.status) == (result.points, "passed"), result.message


def in_float32(function):
    """The same answer with every number of the input in float32."""
    return lambda *given, **options: function(
        *map(float32, given), **{key: float32(value) for key, value in options.items()}
    )


@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_float32_throughout_loses_nothing(exercise, question, monkeypatch):
    close = compare.close
    monkeypatch.setattr(compare, "close", lambda a, b, atol: close(a, b, atol / 3))
    answers = [solved(exercise)[question], *mutants.load(exercise).RIGHT[question]]
    for seed, right in zip(MANY, itertools.cycle(answers), strict=False):
        result = judge(exercise, question, in_float32(right), seed)
        assert result.status == "passed", (seed, right, [c.message for c in result.checks])


@pytest.mark.parametrize(("exercise", "question", "wrong", "allowed"), LOOKALIKES)
def test_the_named_mistake_is_right_or_none_is_named(exercise, question, wrong, allowed):
    for seed in SEEDS:
        result = judge(exercise, question, wrong, seed)
        assert result.earned < result.points
        named = {c.bug for c in result.checks if c.recognised}
        assert named <= set(allowed), [(c.name, c.bug) for c in result.checks]


def everywhere(number):
    """A function that gives the solution's shapes, filled with one number."""

    def fill(value):
        if isinstance(value, tuple):
            return tuple(map(fill, value))
        if isinstance(value, Tensor):
            return Tensor(np.full(value.array.shape, number, value.array.dtype))
        if isinstance(value, np.ndarray):
            return np.full(value.shape, number, float)
        return number

    return lambda right: lambda *given, **options: live(fill(plain(right(*given, **options))))


@pytest.mark.parametrize("number", [0.0, 1.0, 0.25, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_one_number_everywhere_is_called_that_and_nothing_else(exercise, question, number):
    right = solved(exercise)[question]
    result = judge(exercise, question, everywhere(number)(right), 0)
    assert result.earned < result.points
    named = {c.bug for c in result.checks if c.recognised}
    assert not named, [(c.name, c.bug, c.message) for c in result.checks]


@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_noise_is_called_nothing(exercise, question):
    source = np.random.default_rng(0)
    right = solved(exercise)[question]

    def noise(value):
        if isinstance(value, tuple):
            return tuple(map(noise, value))
        if isinstance(value, Tensor):
            return Tensor(noise(value.array).astype(value.array.dtype))
        return source.normal(size=np.shape(value)) + 1e-3

    result = judge(exercise, question, lambda *a, **k: live(noise(plain(right(*a, **k)))), 0)
    assert {c.bug for c in result.checks if c.recognised} <= {"negative weight"}


@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_same_seed_same_result_and_another_seed_other_input(exercise, question):
    right = mutants.load(exercise).RIGHT[question][0]

    def numbers(value):
        if isinstance(value, tuple):
            return tuple(map(numbers, value))
        value = value.array if isinstance(value, Tensor) else value
        return value.tobytes() if isinstance(value, np.ndarray) else value

    def inputs(seed):
        seen = []

        def spy(*given, **options):
            named = tuple((key, plain(value)) for key, value in options.items())
            seen.append((numbers(plain(given)), numbers(named)))
            return right(*given, **options)

        judge(exercise, question, spy, seed)
        return seen

    assert inputs(5) == inputs(5)
    # No check may have an input that can be learned by heart.
    for a, b in zip(inputs(5), inputs(6), strict=True):
        assert a != b, f"{question} is asked for {a} whatever the seed: draw it from rng"


@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_constants_and_inputs_handed_back_earn_nothing(exercise, question):
    for lazy in (
        lambda *a, **k: a[0],
        lambda *a, **k: a[-1],
        lambda *a, **k: np.zeros(a[0].shape),
        lambda *a, **k: np.zeros((*a[0].shape[:-1], a[-1].shape[-1])),
        lambda *a, **k: np.float64(0),
        lambda *a, **k: np.nan,
        lambda *a, **k: None,
        lambda *a, **k: (),
        lambda *a, **k: a,
    ):
        assert judge(exercise, question, lazy, 0).earned == 0


TENSORS = [pair for pair in QUESTIONS if "tensor" in str(exercises.load(pair[0])[pair[1]].returns)]


@pytest.mark.parametrize(("exercise", "question"), TENSORS)
def test_constant_tensors_and_tensors_handed_back_earn_nothing(exercise, question):
    """As above, with what a function of tensors gives back: tensors, as many as it should."""
    right = solved(exercise)[question]
    returns = exercises.load(exercise)[question].returns

    def each(tensor):
        return tuple(tensor for _ in returns) if isinstance(returns, tuple) else tensor

    for lazy in (
        *(everywhere(number)(right) for number in (0.0, 1.0, np.nan)),
        lambda *a, **k: each(a[0]),
        lambda *a, **k: each(a[0] * 0),
        lambda *a, **k: tuple(a[: len(returns)]) if isinstance(returns, tuple) else a[1],
    ):
        assert judge(exercise, question, lazy, 0).earned == 0


def test_grading_knows_nothing_of_the_reference():
    """The answer is not on the learner's path."""
    import subprocess
    import sys

    from attncourse.grading import rooms

    code = (
        "import sys, attncourse.grading.notebook, attncourse.grading.session\n"
        "from attncourse.grading import exercises\n"
        "[exercises.load(n) for n in exercises.names()]\n"
        f"rooms = {tuple(m for m in rooms.MODULES if not m.endswith('grading'))!r}\n"
        "bad = [m for m in sys.modules if m.startswith((*rooms, 'torch'))]\n"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_room_is_forbidden_or_open():
    """One list: a new room of the package has to be judged."""
    from pathlib import Path

    import attncourse
    from attncourse.grading import rooms

    found = {p.parent.name for p in Path(attncourse.__file__).parent.glob("*/__init__.py")}
    assert found <= {*rooms.FORBIDDEN, *rooms.OPEN}
    assert not {*rooms.FORBIDDEN} & {*rooms.OPEN}
    assert {"training", "analysis", "models", "experiments"} <= {*rooms.FORBIDDEN}


def test_two_exercises_may_have_questions_of_one_name(monkeypatch):
    from attncourse.grading.checks import Exercise

    real = exercises.load(NAMES[0])
    shared = real.questions[0].name
    twin = Exercise("99-twin", [real.questions[0]])
    known = {**{name: exercises.load(name) for name in NAMES}, "99-twin": twin}
    monkeypatch.setattr(exercises, "names", lambda: list(known))
    monkeypatch.setattr(exercises, "load", known.__getitem__)
    with pytest.raises(KeyError, match=rf"{shared}.* is a question of {real.name} and 99-twin"):
        exercises.with_question(shared)

    from attncourse.grading import check, checker, progress

    space = {"check": check, shared: solved(real.name)[shared]}
    exec(f"a = check({shared!r}, exercise='99-twin')", space)
    assert space["a"].record.exercise == "99-twin"
    space["check"] = checker("99-twin")
    exec(f"b = check({shared!r})", space)
    assert space["b"].record.exercise == "99-twin"
    assert space["b"].result.status == "passed"
    records, _ = progress.load()
    assert {r["exercise"] for r in records} == {"99-twin"}
