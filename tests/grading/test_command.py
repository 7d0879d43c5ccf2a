"""``attncourse check``: exit codes for scripts, one clear message for each way things go wrong."""

import base64
import json

import cloudpickle
import pytest
from typer.testing import CliRunner

from attncourse import cli
from attncourse.cli import Exit, app
from tests.grading import course, mutants
from tests.grading.conftest import QUICK
from tests.grading.course import SAMPLE, points

EXERCISE, SOLUTION = course.exercise_path(SAMPLE), course.solution_path(SAMPLE)
ALL = points(SAMPLE)


def run(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("attncourse.grading.session.Limits", lambda: QUICK)


@pytest.mark.parametrize("name", course.NAMES)
def test_solution_gets_everything(name):
    code, said = run("check", course.solution_path(name))
    assert code == Exit.ALL_POINTS
    assert f"total {points(name)}/{points(name)}" in said


@pytest.mark.parametrize("name", course.NAMES)
def test_untouched_exercise_is_not_started_and_not_wrong(name):
    code, said = run("check", course.exercise_path(name))
    assert code == Exit.POINTS_MISSING
    assert said.count("not started") == len(course.exercises.load(name).questions)
    assert f"total 0/{points(name)}" in said
    assert "✗" not in said


def test_wrong_answer_gets_its_message(notebook):
    code, said = run(
        "check",
        notebook(
            softmax="def softmax(x):\n    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)"
        ),
    )
    assert code == Exit.POINTS_MISSING
    assert "Take each row's largest entry away" in said
    assert "Largest difference" in said
    assert "yours NaN" in said


@pytest.mark.parametrize(("exercise", "question"), course.QUESTIONS)
def test_the_mutants_fail_on_this_path_too(exercise, question, notebook):
    # By value: a table's answers may be made by other functions, or of text.
    cloudpickle.register_pickle_by_value(mutants)
    for bug, wrong in list(mutants.load(exercise).WRONG[question].items())[:3]:
        held = base64.b64encode(cloudpickle.dumps(wrong)).decode()
        answer = (
            f"import base64, cloudpickle\n_wrong = cloudpickle.loads(base64.b64decode({held!r}))\n"
            f"def {question}(*a, **k):\n    return _wrong(*a, **k)"
        )
        path = notebook(exercise=exercise, **{question: answer})
        out = path.with_suffix(".json")
        code, _ = run("check", path, "-q", question, "--json", out)
        assert code == Exit.POINTS_MISSING
        (result,) = json.loads(out.read_text())["questions"]
        assert bug in {c["bug"] for c in result["checks"]}, result


def test_missing_file_and_folder(tmp_path):
    assert run("check", tmp_path / "no.ipynb") == (
        Exit.USAGE,
        f"{tmp_path}/no.ipynb: no such file.",
    )
    code, said = run("check", tmp_path)
    assert code == Exit.USAGE
    assert "a folder, not a notebook" in said
    assert run("check")[0] == Exit.USAGE
    assert run("check", EXERCISE, "--seed", "many")[0] == Exit.USAGE


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "JSON breaks at line 1"),
        (SOLUTION.read_bytes()[:3000], "Was the file cut off"),
        (b"<<<<<<< HEAD\n" + SOLUTION.read_bytes(), "merge marks"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "it is not text"),
        (b"[1, 2]", "not a notebook of format 4"),
        (b'{"worksheets": []}', "it has no cells"),
        (b'{"cells": [{"cell_type": "code", "source": 5}]}', "cell 1 is damaged"),
        (b'{"cells": ["x"]}', "cell 1 is damaged"),
        (b'{"cells": []}', "no code cells"),
        (b"[" * 100_000, "not a readable notebook"),
    ],
)
def test_corrupt_notebook(content, says, tmp_path):
    path = tmp_path / f"{SAMPLE}.ipynb"
    path.write_bytes(content)
    code, said = run("check", path)
    assert code == Exit.NOT_A_NOTEBOOK
    assert says in said
    assert "Traceback" not in said


def test_no_answers_and_unknown_names(notebook, tmp_path):
    path = tmp_path / "other.ipynb"
    cell = {"cell_type": "code", "source": "print(1)", "metadata": {}, "outputs": []}
    path.write_text(json.dumps({"cells": [cell]}))
    code, said = run("check", path)
    assert code == Exit.NO_ANSWERS
    assert f"other.ipynb is no exercise of this course ({', '.join(course.NAMES)})" in said
    assert said.count(".") == said.count(".ipynb") + 1, "one sentence"
    assert run("check", EXERCISE, "--exercise", "99-none")[0] == Exit.NO_ANSWERS
    code, said = run("check", EXERCISE, "--question", "sofmax")
    assert code == Exit.NO_ANSWERS
    assert "softmax, scaled_scores" in said


def test_a_renamed_file_is_still_recognised(notebook):
    assert run("check", notebook(name="homework of ada (2).ipynb"))[0] == Exit.ALL_POINTS


def test_renamed_function(notebook):
    code, said = run("check", notebook(softmax="def softmx(x):\n    return x"))
    assert code == Exit.POINTS_MISSING
    assert "softmax is not defined. Did you rename it? There is softmx in cell" in said


def test_endless_loop_costs_its_question_alone(notebook):
    code, said = run(
        "check", notebook(scaled_scores="def scaled_scores(q, k):\n    while True: pass")
    )
    assert code == Exit.POINTS_MISSING
    assert "scaled_scores did not return in 1.5 s. Is there a loop that never ends?" in said
    for other in ("softmax", "additive_scores"):
        assert f"{other} {points(SAMPLE, other)}/{points(SAMPLE, other)}" in said


def test_syntax_error_names_cell_and_line(notebook):
    code, said = run("check", notebook(softmax="def softmax(x):\n    return x +"))
    assert code == Exit.POINTS_MISSING
    assert "cannot be read: line 2: invalid syntax" in said
    assert "scaled_scores {0}/{0}".format(points(SAMPLE, "scaled_scores")) in said


def test_failing_cell_names_cell_and_line(notebook):
    code, said = run("check", notebook(before=["x = 1\nx / 0"]))
    assert code == Exit.ALL_POINTS
    assert "fails: ZeroDivisionError: division by zero (cell 3, line 2)" in said


def test_exception_in_an_answer_names_cell_and_line(notebook):
    code, said = run("check", notebook(softmax="def softmax(x):\n    y = x\n    return y.nothing"))
    assert code == Exit.POINTS_MISSING
    assert "has no attribute 'nothing' (cell" in said
    assert "line 3)" in said


def test_magics_do_not_matter(notebook):
    cells = ["%matplotlib inline\n!ls", "%%time\nz = 1", "%pip install nothing"]
    assert run("check", notebook(before=cells))[0] == Exit.ALL_POINTS


def test_marker_left_in_place(notebook):
    answer = (
        "def softmax(x):\n    e = np.exp(x)\n    raise NotImplementedError('softmax')\n    return e"
    )
    _, said = run("check", notebook(softmax=answer), "-q", "softmax")
    assert "still stands in softmax. Delete it." in said


def test_answer_that_calls_one_not_started(notebook):
    stub = 'def softmax(x):\n    """Doc."""\n    raise NotImplementedError("softmax")'
    _, said = run("check", notebook(softmax=stub))
    assert "masked_attention calls softmax, which is not started." in said
    assert f"softmax 0/{points(SAMPLE, 'softmax')} ○ not started" in said


def test_answer_that_leans_on_a_wrong_one_says_so(notebook):
    wrong = "def softmax(x):\n    return np.ones(x.shape) / 3 + x / 100"
    _, said = run("check", notebook(softmax=wrong))
    assert "It calls softmax: mend that first." in said


@pytest.mark.parametrize(
    "stub",
    [
        "...",
        "pass",
        "return ...",
        '"""Doc."""',
        "raise NotImplementedError",
        "raise NotImplementedError\n    return np.exp(x)",
    ],
)
def test_every_kind_of_stub_is_not_started(stub, notebook):
    _, said = run("check", notebook(softmax=f"def softmax(x):\n    {stub}"), "-q", "softmax")
    assert f"softmax 0/{points(SAMPLE, 'softmax')} ○ not started" in said


def test_seed_repeats_and_json_holds_the_record(notebook, tmp_path):
    path = notebook(softmax="def softmax(x):\n    return np.exp(x)")
    for out in ("a.json", "b.json"):
        run("check", path, "--seed", 7, "--json", tmp_path / out)
    a, b = (json.loads((tmp_path / out).read_text()) for out in ("a.json", "b.json"))
    assert a["seed"] == 7
    a.pop("when"), b.pop("when")
    assert a == b
    assert a["points"] == ALL
    assert a["earned"] == sum(q["earned"] for q in a["questions"]) < ALL
    wrong = a["questions"][0]["checks"][0]
    assert wrong["bug"] == "not normalised"
    assert wrong["difference"] > 0
    assert wrong["yours"] != wrong["expected"]


def test_box_that_cannot_be_had(monkeypatch):
    from attncourse.grading import box

    box.require.cache_clear()
    monkeypatch.setattr(box.shutil, "which", lambda name: None)
    code, said = run("check", SOLUTION, "--box")
    assert code == Exit.NO_BOX
    assert "apt install bubblewrap" in said
    box.require.cache_clear()


def test_help_names_the_exit_codes():
    code, said = run("check", "--help")
    assert code == 0
    for exit_code in Exit:
        assert f"{int(exit_code)} " in said
    assert "not a readable notebook" in said


def test_help_loads_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom attncourse.cli import app\n"
        "assert CliRunner().invoke(app, ['check', '--help']).exit_code == 0\n"
        "heavy = {'numpy', 'nbformat', 'IPython', 'matplotlib', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (
            "import scipy.special\ndef softmax(x):\n    return scipy.special.softmax(x, axis=-1)",
            "scipy.special.softmax",
        ),
        (
            "from scipy.special import softmax as s\ndef softmax(x):\n    return s(x, -1)",
            "scipy.special.softmax",
        ),
        ("from scipy.special import softmax", "scipy.special.softmax"),
        (
            "from scipy import special\nf = special.softmax\ndef softmax(x):\n    return f(x, -1)",
            "scipy.special.softmax",
        ),
        (
            "def softmax(x):\n    from scipy.special import softmax\n    return softmax(x, -1)",
            "scipy.special.softmax",
        ),
        (
            "import torch\ndef softmax(x):\n    return torch.tensor(x).softmax(-1).numpy()",
            ".softmax",
        ),
        (
            "import torch.nn.functional as F\ndef helper(x):\n    return F.softmax(x, -1)\ndef softmax(x):\n    return helper(x)",
            "torch.nn.functional.softmax",
        ),
        ("from attncourse.reference import softmax", "attncourse.reference.softmax"),
        (
            "import attncourse.reference as ref\ndef softmax(x):\n    return ref.softmax(x)",
            "attncourse.reference.softmax",
        ),
        (
            "import attncourse\ndef softmax(x):\n    return attncourse.pytorch.softmax(x)",
            "attncourse.pytorch.softmax",
        ),
        (
            "from attncourse.grading.exercises.ch03_algorithm import oracles\ndef softmax(x):\n    return oracles.softmax(x)",
            "attncourse.grading.exercises",
        ),
        ("def softmax(x):\n    return eval('x')", "eval()"),
        (
            "def softmax(x):\n    import importlib\n    return importlib.import_module('scipy.special')",
            "importlib",
        ),
        (
            "from scipy.special import *\ndef softmax(x):\n    return np.exp(x - logsumexp(x))",
            "scipy.special.logsumexp",
        ),
        (
            "import scipy.special, functools\nsoftmax = functools.partial(scipy.special.softmax, axis=-1)",
            "scipy.special.softmax",
        ),
    ],
)
def test_ready_made_answers_are_for_a_person_to_judge(answer, found, notebook):
    code, said = run("check", notebook(softmax=answer), "-q", "softmax")
    if found == ".softmax":  # a method of what cannot be had here says enough by itself
        assert "torch.tensor cannot be used here" in said
    else:
        assert "To be looked at: softmax uses " in said
        assert found in said
        assert "(cell" in said
        assert "the question asks to build it" in said
    # Where the library has no such function here, there are no points to begin with.
    if "logsumexp" not in answer:
        assert code == Exit.POINTS_MISSING
        assert f"softmax 0/{points(SAMPLE, 'softmax')}" in said


def test_comparing_with_a_library_is_allowed(notebook):
    cells = [
        "try:\n    import scipy.special\n    e = scipy.special.softmax(np.ones(3))\nexcept ImportError:\n    pass",
        "def test_mine():\n    from attncourse.reference import softmax as reference\n    reference(np.ones(3))",
    ]
    code, said = run("check", notebook(before=cells, after=cells))
    assert code == Exit.ALL_POINTS, said


def test_drawing_after_the_last_answer_does_not_run(notebook):
    code, said = run("check", notebook(after=["while True: pass"]))
    assert code == Exit.ALL_POINTS
    assert "did not finish" not in said


@pytest.mark.parametrize("name", ["mine.ipynb", "other.ipynb", "NEW.IPYNB", "link"])
def test_a_record_never_overwrites_a_notebook(name, notebook, tmp_path):
    mine = notebook(name="mine.ipynb")
    (tmp_path / "other.ipynb").write_text("kept")
    (tmp_path / "link").symlink_to(mine)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    code, said = run("check", mine, "--json", tmp_path / name)
    assert code == Exit.USAGE
    assert "notebook" in said
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before


def test_progress_shows_best_points(notebook):
    assert run("progress")[0] == 0
    run("check", notebook(softmax="def softmax(x):\n    return np.exp(x)"))
    _, said = run("progress")
    assert "scaled_scores {0}/{0}".format(points(SAMPLE, "scaled_scores")) in said
    assert "softmax {0}/{0}".format(points(SAMPLE, "softmax")) not in said
    run("check", SOLUTION)
    run("check", EXERCISE)
    _, said = run("progress")
    assert f"{SAMPLE} {ALL}/{ALL}" in said


def test_a_narrow_terminal_loses_no_points_and_no_page_to_read(notebook):
    path = course.exercise_path("04-mathematics")
    said = CliRunner().invoke(app, ["check", str(path)], env={"COLUMNS": "76"}).output
    assert "linear_attention_recurrent" in said
    assert "points" in said
    assert "0/12" in said
    run("check", notebook(softmax="def softmax(x):\n    return np.exp(x)"))
    said = CliRunner().invoke(app, ["progress"], env={"COLUMNS": "76"}).output
    assert "…" not in said
    read = course.exercises.load(SAMPLE)["softmax"].read
    assert f"{read}: softmax" in said


def test_data_calls_the_fetcher(monkeypatch):
    import sys
    import types

    seen = []
    fake = types.ModuleType("attncourse.data")
    fake.fetch_all, fake.DataError = lambda: seen.append(1), RuntimeError
    monkeypatch.setitem(sys.modules, "attncourse.data", fake)
    assert run("data")[0] == 0
    assert seen == [1]
    assert cli.app is app
