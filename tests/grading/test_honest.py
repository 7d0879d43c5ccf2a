"""What costs an honest learner no point, and what a broken notebook gets: a record, a sentence."""

import json
import time

import numpy as np
import pytest

from attncourse.grading import exercises, magics, wire
from attncourse.grading.checks import plain_text
from attncourse.grading.notebook import LocalCall
from attncourse.grading.reading import CODE_LIMIT, NotANotebook, parse, read
from attncourse.grading.remote import Limits, Worker
from attncourse.grading.session import MOST_NOTES, UnknownExercise, grade
from attncourse.grading.shortcuts import Shortcuts
from attncourse.grading.submission import Submission, guess
from tests.grading import course
from tests.grading.conftest import QUICK

EXERCISE, QUESTION = course.QUESTIONS[0]
RIGHT = course.solution(EXERCISE, QUESTION)
FULL = course.points(EXERCISE, QUESTION)


def earned(path, limits=QUICK):
    record = grade(path, questions=[QUESTION], seed=1, limits=limits)
    return record.earned, record


# --- magics ------------------------------------------------------------------------------------

TIMERS = ["%%time", "%%timeit", "%%timeit -n 1 -r 1", "%%capture", "%%capture out", "%%prun"]
TIMERS += ["%%memit", "%%my_own_timer --fast", "\n\n%%time", "%%capture\n%%time"]


@pytest.mark.parametrize("magic", TIMERS)
def test_a_timed_answer_is_read_like_any_other(magic):
    cell = parse(7, f"{magic}\n{RIGHT}")
    assert QUESTION in cell.binds()
    assert not cell.foreign
    assert cell.error == ""
    # Lines keep their numbers, so that a message points to the right one.
    top = magic.count("\n") + 1
    assert cell.source.splitlines()[top:] == RIGHT.splitlines()


def test_timed_answers_get_all_points(notebook):
    names = [q for e, q in course.QUESTIONS if e == EXERCISE]
    answers = {
        q: f"{TIMERS[3 * i % len(TIMERS)]}\n{course.solution(EXERCISE, q)}"
        for i, q in enumerate(names)
    }
    record = grade(notebook(exercise=EXERCISE, before=["%time factor = 3"], **answers), seed=1)
    assert record.earned == record.points
    assert record.notes == ()


@pytest.mark.parametrize("magic", ["%%bash", "%%writefile answer.py", "%%html", "%%!", "%%R"])
def test_an_answer_that_is_not_run_says_why(magic):
    cell = parse(7, f"{magic}\n{RIGHT}")
    said = Submission(None, [cell]).missing(QUESTION)
    assert said == (
        f"{QUESTION} is not defined, because cell 7 begins with {magic.split()[0]}, "
        "and is not run as Python."
    )


def test_a_timed_statement_counts():
    assert "w" in parse(1, "%time w = 3").binds()
    assert "w" in parse(1, "if True:\n    %prun -q w = 3").binds()
    assert parse(1, "%timeit f(3)\nw = 1").binds() == {"w"}


# --- encodings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_any_unicode_encoding_is_read(encoding, tmp_path):
    text = course.solution_path(EXERCISE).read_text("utf8")
    path = tmp_path / f"{EXERCISE}.ipynb"
    path.write_text(text, encoding=encoding)
    assert [c.source for c in read(path)] == [
        c.source for c in read(course.solution_path(EXERCISE))
    ]


def test_a_mark_inside_a_cell_is_nothing():
    assert QUESTION in parse(1, f"\ufeff{RIGHT}").binds()


# --- methods of one's own ----------------------------------------------------------------------

CLASS = "class Tools:\n    def softmax(self, x):\n        return x\n"
OWN = [
    "def {q}(*a):\n    return Tools().softmax(a[0])",
    "tools = Tools()\ndef {q}(*a):\n    return tools.softmax(a[0])",
    "def {q}(*a):\n    t = Tools()\n    return t.softmax(a[0])",
    "def {q}(*a):\n    return Tools.softmax(None, a[0])",
    "class More(Tools):\n    pass\nmore = More()\ndef {q}(*a):\n    return more.softmax(a[0])",
    "class Other:\n    def softmax(self, x): return x\n    def go(self, x): return self.softmax(x)\n"
    "def {q}(*a):\n    return Other().go(a[0])",
]
OWN_WITHOUT_TENSORS = [
    "import types\ntools = [Tools()]\ndef {q}(*a):\n    return tools[0].softmax(a[0])",
    "def run(tool, x):\n    return tool.softmax(x)\ndef {q}(*a):\n    return run(Tools(), a[0])",
    "def {q}(*a):\n    print(locals())\n    return a[0]",
]
BORROWED = [
    "def {q}(*a):\n    return torch.tensor(a[0]).softmax(-1).numpy()",
    "def {q}(*a):\n    t = torch.tensor(a[0])\n    return t.softmax(-1).numpy()",
    "def run(t):\n    return t.softmax(-1)\ndef {q}(*a):\n    return run(torch.tensor(a[0])).numpy()",
    "def run(self):\n    return self.softmax(-1)\ndef {q}(*a):\n    return run(torch.tensor(a[0]))",
    "t = Tools()\nfor t in [torch.zeros(3)]: pass\ndef {q}(*a):\n    return t.softmax(-1).numpy()",
    "class Tools(torch.Tensor):\n    def softmax(self, x): pass\ndef {q}(*a):\n"
    "    return Tools(a[0]).softmax(-1)",
    "def {q}(*a):\n    return torch.tensor(a[0]).log_softmax(-1).exp().numpy()",
]


def found(*sources):
    submission = Submission(None, [parse(i, s) for i, s in enumerate(sources, start=1)])
    return Shortcuts(submission).find(QUESTION, exercises.load(EXERCISE)[QUESTION].ready_made)


@pytest.mark.parametrize("answer", OWN)
@pytest.mark.parametrize("first", ["import numpy as np", "import torch"])
def test_a_method_of_ones_own_is_nobody_elses(answer, first):
    assert found(first, CLASS, answer.format(q=QUESTION)) is None


@pytest.mark.parametrize("answer", OWN_WITHOUT_TENSORS)
def test_where_there_are_no_tensors_a_method_is_ones_own(answer):
    assert (
        found("import numpy as np", CLASS, answer.format(q=QUESTION).replace("types", "math"))
        is None
    )


@pytest.mark.parametrize("answer", BORROWED)
def test_a_class_of_ones_own_hides_no_tensor(answer):
    assert found("import torch", CLASS, answer.format(q=QUESTION)) is not None
    assert found(
        "m = __import__('sys').modules; torch = m['torch']", CLASS, answer.format(q=QUESTION)
    )


# --- clocks ------------------------------------------------------------------------------------


def test_time_of_other_cells_is_not_the_questions(notebook):
    limits = Limits(cell=60, start=60, call=20, question=20)
    path = notebook(exercise=EXERCISE, before=["import time\ntime.sleep(21)"])
    assert earned(path, limits)[0] == FULL


def test_a_timer_that_one_answer_sets_costs_no_other(notebook):
    other = course.neighbour(EXERCISE, QUESTION)
    body = f"import os, threading\n{RIGHT.replace(f'def {QUESTION}(', 'def _right(')}"
    body += f"\ndef {QUESTION}(*a):\n    threading.Timer(0.01, lambda: os._exit(1)).start()"
    body += "\n    return _right(*a)"
    record = grade(
        notebook(exercise=EXERCISE, **{QUESTION: body}), questions=[QUESTION, other], seed=1
    )
    assert record.questions[1].status == "passed"


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [">f8", ">f4", np.longdouble, np.float32])
def test_numbers_of_any_width_and_order_cross(dtype):
    given = np.arange(6.0).reshape(2, 3).astype(dtype)
    sent = wire.plain(given)
    np.testing.assert_array_equal(sent, given.astype(np.float64))
    assert sent.dtype.isnative
    _, (back,) = wire.unpack(wire.reader(__import__("io").BytesIO(wire.pack({}, [sent]))))
    np.testing.assert_array_equal(back, given.astype(np.float64))


VALUES = [
    *[None, True, 3, -2.5, (), (1, None), ((2.0, np.arange(3)), np.eye(2))],
    *[np.array(5), float("inf"), np.arange(6.0).reshape(2, 3).T],
    *[wire.Tensor(np.arange(4.0)), (wire.Tensor(np.ones(2, np.float32), "bfloat16"), 1)],
]


def same(a, b):
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, wire.Tensor):
        return isinstance(b, wire.Tensor) and same(a.array, b.array)
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b) and a.dtype == b.dtype
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_value_crosses_there_and_back(value):
    arrays = []
    node = json.loads(json.dumps(wire.encode(value, arrays)))
    assert same(wire.decode(node, arrays), value)


@pytest.mark.parametrize(
    "node",
    [
        [],
        "text",
        {"array": 1},
        {"array": -1},
        {"array": True, "more": 1},
        {"tuple": 3},
        {"tensor": 0},
        {"tensor": 0, "dtype": "object"},
        {"tuple": [{"tuple": [{"array": 9}]}]},
    ],
)
def test_only_values_are_read(node):
    with pytest.raises(wire.WireError):
        wire.decode(node, [np.zeros(1)])


@pytest.mark.parametrize("value", [[1], {}, "text", 1j, 10**30, {1}, np.array(["a"]), object()])
def test_other_values_are_named(value):
    with pytest.raises(TypeError):
        wire.plain(value)


def call_both(tmp_path, source, *values, returns="array", **options):
    """What a function gives back over the pipe and in the notebook's own process."""
    from attncourse.grading.checks import Question
    from attncourse.grading.session import RemoteCall, Session

    question = Question("f", ("a",), returns=returns)
    space = {"np": np}
    exec(source, space)
    here = LocalCall(question, space, lambda name: False)
    path = tmp_path / "x.ipynb"
    session = Session(
        Submission(path, [parse(1, f"import numpy as np\n{source}")]),
        ["f"],
        boxed=False,
        limits=QUICK,
    )
    there = RemoteCall(session, question)
    try:
        found = [(call("f", *values, **options), call.changed) for call in (here, there)]
    finally:
        session.drop()
    assert same(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
    return found[0]


def test_calls_take_and_return_tuples_numbers_and_none(tmp_path):
    source = "def f(cache, n, mask=None, *, scale=1.0):\n    cache[0][0] = 9\n"
    source += "    return cache[0] * scale, n + 1, mask is None"
    kinds = ("array", "number", "number")
    found, changed = call_both(
        tmp_path, source, (np.arange(3.0), np.zeros(2)), 4, None, scale=2.0, returns=kinds
    )
    assert same(found, (np.array([18.0, 2.0, 4.0]), 5, True))
    assert changed == (0,)


def test_changed_keywords_are_named(tmp_path):
    source = "def f(x, *, bias):\n    bias += 1\n    return x"
    _, changed = call_both(tmp_path, source, np.zeros(2), bias=np.zeros(2))
    assert changed == ("bias",)


def test_tensors_cross_and_torch_is_imported_for_them_alone(tmp_path):
    worker = Worker(tmp_path, limits=Limits(), torch=True)
    try:
        text = b"import sys\ndef f(x): return float('torch' in sys.modules)\ndef g(x): return x * 2"
        worker.ask({"do": "cell", "cell": 1}, [np.frombuffer(text, np.uint8)], deadline=60)

        def call(name, value):
            sent = []
            values = wire.encode((value,), sent)
            request = {"do": "call", "name": name, "values": values, "options": {}}
            answer, arrays = worker.ask(request, sent, deadline=120)
            return wire.decode(answer["value"], arrays)

        assert call("f", np.zeros(3)) == 0.0
        found = call("g", wire.Tensor(np.arange(3.0)))
        assert isinstance(found, wire.Tensor)
        np.testing.assert_array_equal(found.array, [0, 2, 4])
        assert call("f", np.zeros(3)) == 1.0
    finally:
        worker.close()


# --- broken and enormous -----------------------------------------------------------------------

DEEP = {
    "additions": lambda n: "x = " + "+".join(["1"] * n),
    "signs": lambda n: "x = " + "-" * n + "1",
    "nots": lambda n: "x = " + "not " * n + "1",
    "attributes": lambda n: "x = a" + ".b" * n,
    "subscripts": lambda n: "x = a" + "[0]" * n,
    "calls": lambda n: "x = a" + "()" * n,
    "lambdas": lambda n: "x = " + "lambda: " * n + "1",
    "ands": lambda n: "x = " + " and ".join(["1"] * n),
    "lists": lambda n: "x = " + "[" * n + "]" * n,
    "choices": lambda n: "x = " + "1 if 0 else " * n + "1",
    "powers": lambda n: "x = " + "**".join(["1"] * n),
    "elifs": lambda n: "if 0: pass\n" + "elif 0: pass\n" * n,
    "ifs": lambda n: "".join(" " * i + "if 1:\n" for i in range(n)) + " " * n + "pass",
    "stores": lambda n: "a" + ".b" * n + " = 1",
    "methods": lambda n: "x = a" + ".softmax(-1)" * n,
}


@pytest.mark.parametrize("length", [1_200, 100_000])
def test_deep_code_costs_its_own_cell_alone(length, notebook):
    cells = [make(length if kind != "ifs" else min(length, 3_000)) for kind, make in DEEP.items()]
    got, record = earned(notebook(exercise=EXERCISE, before=cells))
    assert got == FULL
    assert len(record.notes) <= MOST_NOTES + 1
    assert all(note.endswith(".") and note.isprintable() for note in record.notes)


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("length", [1_200, 4_000, 100_000])
def test_a_deep_answer_is_read_to_the_end(kind, length):
    body = DEEP[kind](min(length, 3_000) if kind == "ifs" else length)
    inner = "\n".join(f"    {line}" for line in body.splitlines())
    source = f"def {QUESTION}(x):\n{inner}\n    return x"
    submission = Submission(None, [parse(1, source)])
    Shortcuts(submission).find(QUESTION, ())
    submission.cells_for([QUESTION])
    assert submission.definition(QUESTION) or submission.missing(QUESTION).count("\n") == 0


def test_a_deep_answer_gets_a_sentence(notebook):
    answer = f"def {QUESTION}(*a):\n    return a[0]" + " + 0" * 1_200
    record = grade(notebook(exercise=EXERCISE, **{QUESTION: answer}), seed=1, limits=QUICK)
    mine = record.questions[0]
    assert mine.earned == 0
    assert mine.message.isprintable()
    assert len(mine.message) < 300
    assert all(q.status == "passed" for q in record.questions[1:] if QUESTION not in q.message)


def test_a_long_cell_is_run(notebook):
    cells = [f"long = '{'x' * (300 << 10)}'", "assert len(long) == 300 << 10"]
    got, record = earned(notebook(exercise=EXERCISE, before=cells))
    assert (got, record.notes) == (FULL, ())


def test_more_code_than_anybody_writes_gets_a_sentence(notebook):
    path = notebook(exercise=EXERCISE, after=["z = 1\n" * (CODE_LIMIT // 6 + 1)])
    cells = read(path)
    (long,) = [c for c in cells if c.tree is None]
    assert long.error == "the notebook has more than 1024 KiB of code"


@pytest.mark.parametrize(
    "line", ["%time x", "!ls", "x = %who", "y = !ls", "a?", "?a", "%matplotlib"]
)
def test_hundreds_of_magics_get_a_sentence(line):
    began = time.process_time()
    cell = parse(3, f"{line}\n" * 600)
    assert time.process_time() - began < 5
    assert cell.tree is not None or cell.error.startswith("it has 600 magic or shell lines")
    assert parse(3, f"{line}\n" * 9).tree is not None


def test_translating_gives_up_before_it_is_slow():
    began = time.process_time()
    with pytest.raises(magics.TooMany):
        magics.translate("%who\n" * 90 + "x = 1\n" * 50_000)
    assert time.process_time() - began < 2


def test_thousands_of_cells_and_chained_functions_are_read_in_no_time():
    began = time.process_time()
    sources = [f"def f{i}(x):\n    return f{i + 1}(x)" for i in range(4_000)]
    cells = [parse(i, s) for i, s in enumerate([*sources, f"def {QUESTION}(x): return f0(x)"])]
    submission = Submission(None, cells)
    assert len(submission.cells_for([QUESTION])) == len(cells)
    Shortcuts(submission).find(QUESTION, ("torch.softmax",))
    assert time.process_time() - began < 8


# --- names -------------------------------------------------------------------------------------

NASTY = ["\x1b[2J", "\u202e", "\u2066", "\x07", "\x9b31m", "\udcff", "\u200b", "\x00", "a\nb"]


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_what_is_printed_is_printable(nasty):
    assert plain_text(f"x{nasty}y").isprintable()
    assert plain_text(f"x{nasty}y").startswith("x")


def test_marks_do_not_pile_up():
    assert plain_text("a" + "\u0301" * 500 + "b") == "a\u0301\u0301b"
    assert plain_text("שלום עולם") == "שלום עולם"


@pytest.mark.parametrize("nasty", [n for n in NASTY if n not in ("\x00",)], ids=ascii)
def test_names_of_files_reach_the_terminal_clean(nasty, tmp_path):
    from typer.testing import CliRunner

    from attncourse.cli import app

    path = tmp_path / f"home{nasty}work.ipynb"
    for content, code in ((None, 2), (b"{", 3), (b'{"cells": []}', 3), (PRINTS, 4)):
        if content is not None:
            path.write_bytes(content)
        result = CliRunner().invoke(app, ["check", str(path)])
        assert result.exit_code == code
        assert "Traceback" not in result.output
        assert result.output.rstrip("\n").isprintable(), ascii(result.output)
    result = CliRunner().invoke(app, ["check", "a.ipynb", str(path)])
    assert result.exit_code == 2
    assert result.output.replace("\n", "").isprintable(), ascii(result.output)


PRINTS = json.dumps(
    {"cells": [{"cell_type": "code", "source": "print(1)", "metadata": {}, "outputs": []}]}
).encode()


# --- which exercise ----------------------------------------------------------------------------

PAGES = [
    path
    for path in sorted(course.ROOT.glob("book/**/*.ipynb"))
    if "node_modules" not in path.parts and "_build" not in path.parts
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_of_the_book_is_no_exercise(path):
    with pytest.raises((UnknownExercise, NotANotebook)) as caught:
        grade(path)
    said = str(caught.value)
    assert said.removesuffix(".").count(". ") == 0, "one sentence"
    assert path.name in said


def test_an_exercise_is_known_by_what_it_says_then_its_name_then_its_functions():
    known = [exercises.load(name) for name in course.NAMES]
    for name in course.NAMES:
        asked = [q for e, q in course.QUESTIONS if e == name]
        says = parse(1, f'check = checker("{name}")')
        assert guess(Submission(course.ROOT / "renamed.ipynb", [says]), known).name == name
        one = parse(1, f"def {asked[0]}(): pass")
        assert guess(Submission(course.ROOT / f"{name} (2).ipynb", [one]), known).name == name
        assert guess(Submission(course.ROOT / "page.ipynb", [one]), known) is None
        both = [parse(i, f"def {q}(): pass") for i, q in enumerate(asked)]
        assert guess(Submission(course.ROOT / "page.ipynb", both), known).name == name


def test_an_answer_with_fewer_axes_than_names_is_read():
    """A question names its axes once; one of its answers may be a row, or a number."""
    from attncourse.grading.readings import read_numbers

    names = ("batch", "query", "feature")
    row = np.array([1.0, 2.0, 4.0])
    _, said = read_numbers(np.array([1.0, 2.0, 9.0]), row, names, 1e-6)
    assert said == "1 of 3 numbers differ, all of them at feature 2."
    assert read_numbers(np.array(2.0), np.array(3.0), names, 1e-6) == (
        "values",
        "The number differs.",
    )


def test_a_single_number_tells_a_whole_factor_and_no_other():
    from attncourse.grading.readings import read_numbers

    said = [read_numbers(np.array(x), np.array(12.0), (), 1e-6)[1] for x in (96, 6, 13, -12, 1e9)]
    assert said[0] == "The number differs. It is 8 times the expected one."
    assert said[1] == "The number differs. It is the expected one divided by 2."
    assert set(said[2:]) == {"The number differs."}


def test_no_factor_of_one_is_told():
    from attncourse.grading.readings import read_numbers

    right = np.linspace(1, 2, 5)
    assert read_numbers(right * 1.0004, right, (), 1e-6)[0] != "factor"
    assert read_numbers(right * 1.5, right, (), 1e-6)[0] == "factor"
    assert read_numbers(right, right * 1e-70, (), 1e-6)[0] != "factor"
