"""``attncourse check``: exit codes for scripts, one clear message for each way things go wrong."""

import json

import pytest
from typer.testing import CliRunner

from attncourse import cli
from attncourse.cli import Exit, app
from tests.grading.conftest import EXERCISE, QUICK, SOLUTION
from tests.grading.mutants import WRONG


def run(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("attncourse.grading.session.Limits", lambda: QUICK)


def test_solution_gets_everything():
    code, said = run("check", SOLUTION)
    assert code == Exit.ALL_POINTS
    assert "total 42/42" in said


def test_untouched_exercise_is_not_started_and_not_wrong():
    code, said = run("check", EXERCISE)
    assert code == Exit.POINTS_MISSING
    assert said.count("not started") == 4
    assert "total 0/42" in said
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


@pytest.mark.parametrize(
    "question", ["softmax", "scaled_scores", "masked_attention", "additive_scores"]
)
def test_the_mutants_fail_on_this_path_too(question, notebook):
    import inspect

    from tests.grading import mutants

    helpers = "\n".join(
        inspect.getsource(f)
        for n, f in vars(mutants).items()
        if callable(f) and getattr(f, "__module__", "") == mutants.__name__
    )
    for bug, wrong in list(WRONG[question].items())[:3]:
        answer = f"import math\n{helpers}\ndef {question}(*a):\n    return {wrong.__name__}(*a)"
        out = notebook(**{question: answer}).with_suffix(".json")
        code, _ = run("check", notebook(**{question: answer}), "-q", question, "--json", out)
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
    path = tmp_path / "03-algorithm.ipynb"
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
    assert "answers no exercise" in said
    assert "03-algorithm" in said
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
    assert "softmax 10/10" in said
    assert "additive_scores 10/10" in said


def test_syntax_error_names_cell_and_line(notebook):
    code, said = run("check", notebook(softmax="def softmax(x):\n    return x +"))
    assert code == Exit.POINTS_MISSING
    assert "cannot be read: line 2: invalid syntax" in said
    assert "scaled_scores 10/10" in said


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
    assert "softmax 0/10 ○ not started" in said


def test_answer_that_leans_on_a_wrong_one_says_so(notebook):
    wrong = "def softmax(x):\n    return np.ones(x.shape) / 3 + x / 100"
    _, said = run("check", notebook(softmax=wrong))
    assert "It calls softmax: mend that first." in said


@pytest.mark.parametrize(
    "stub", ["...", "pass", "return ...", '"""Doc."""', "raise NotImplementedError"]
)
def test_every_kind_of_stub_is_not_started(stub, notebook):
    _, said = run("check", notebook(softmax=f"def softmax(x):\n    {stub}"), "-q", "softmax")
    assert "softmax 0/10 ○ not started" in said


def test_seed_repeats_and_json_holds_the_record(notebook, tmp_path):
    path = notebook(softmax="def softmax(x):\n    return np.exp(x)")
    for out in ("a.json", "b.json"):
        run("check", path, "--seed", 7, "--json", tmp_path / out)
    a, b = (json.loads((tmp_path / out).read_text()) for out in ("a.json", "b.json"))
    assert a["seed"] == 7
    a.pop("when"), b.pop("when")
    assert a == b
    assert a["points"] == 42
    assert a["earned"] == sum(q["earned"] for q in a["questions"]) < 42
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
def test_ready_made_answers_are_found(answer, found, notebook):
    code, said = run("check", notebook(softmax=answer), "-q", "softmax")
    assert code == Exit.POINTS_MISSING
    assert "ready-made" in said
    assert found in said
    assert "(cell" in said
    assert "softmax 0/10" in said


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


def test_progress_shows_best_points(notebook):
    assert run("progress")[0] == 0
    run("check", notebook(softmax="def softmax(x):\n    return np.exp(x)"))
    _, said = run("progress")
    assert "scaled_scores 10/10" in said
    assert "softmax 10/10" not in said
    run("check", SOLUTION)
    run("check", EXERCISE)
    _, said = run("progress")
    assert "03-algorithm 42/42" in said


def test_data_calls_the_fetcher(monkeypatch):
    import sys
    import types

    seen = []
    fake = types.ModuleType("attncourse.data")
    fake.fetch_all = lambda: seen.append(1)
    monkeypatch.setitem(sys.modules, "attncourse.data", fake)
    assert run("data")[0] == 0
    assert seen == [1]
    assert cli.app is app
