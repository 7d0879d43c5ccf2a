"""A class from a folder of notebooks to the tables, through the real box and back."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from attncourse.cli import app
from attncourse.grading import isolated
from attncourse.grading.classroom import course as classroom
from tests.grading import course

EX = course.SAMPLE
FIRST = next(name for exercise, name in course.QUESTIONS if exercise == EX)
ALL = course.points(EX)
WRONG = "def softmax(x):\n    return np.exp(x) / np.exp(x).sum()"
needs_box = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
SEED = 7_654_321


@pytest.fixture(scope="module", autouse=True)
def _end():
    yield
    isolated.close()


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def class_of(notebook, submissions):
    """A class: one right, one wrong, one that is no notebook, one that hangs, one that dies."""

    def lay():
        folder = submissions(
            ada=notebook(name="1.ipynb"),
            bob=notebook(name="2.ipynb", softmax=WRONG),
            dead=notebook(name="3.ipynb", softmax="import os\ndef softmax(x): os._exit(0)"),
        )
        (folder / "eve").mkdir()
        (folder / "eve" / f"{EX}.ipynb").write_text("{")
        return folder

    return lay


@needs_box
def test_a_class_from_the_command_line(class_of, tmp_path):
    folder, out = class_of(), tmp_path / "grades"
    said = CliRunner().invoke(app, ["grade", str(folder), "--out", str(out), "--seed", str(SEED)])
    assert said.exit_code == 0, said.output
    assert "graded 4" in said.output
    found = {row["learner"]: row for row in rows(out / "scores.csv")}
    assert set(found) == {"ada", "bob", "dead", "eve"}
    assert float(found["ada"]["total"]) == ALL
    assert 0 < float(found["bob"]["total"]) < ALL
    # Who dies in one question keeps the points of those that do not call it.
    assert float(found["dead"][f"{EX}/softmax"]) == 0
    assert float(found["dead"][f"{EX}/scaled_scores"]) == course.points(EX, "scaled_scores")
    assert (found["eve"]["exercise"], float(found["eve"]["total"])) == (EX, 0)
    assert "JSON breaks at line 1" in found["eve"]["look_at"]
    assert (out / "summary.html").read_text("utf8").count("<svg") == 2
    assert {p.parent.name for p in out.glob("feedback/*/*.html")} == set(found)
    assert str(SEED) not in (out / "feedback/bob" / f"{EX}.html").read_text("utf8")
    assert json.loads((out / "gradescope/bob" / f"{EX}.json").read_text())["score"] == float(
        found["bob"]["total"]
    )
    # Nothing is graded twice; a file that changed is.
    again = CliRunner().invoke(app, ["grade", str(folder), "--out", str(out)])
    assert "graded 0" in again.output
    shutil.copy(folder / "ada" / f"{EX}.ipynb", folder / "eve" / f"{EX}.ipynb")
    (out / "overrides.csv").write_text(
        f"learner,exercise,question,points,reason\nbob,{EX},softmax,9,seen by a person\n"
    )
    again = CliRunner().invoke(app, ["grade", str(folder), "--out", str(out)])
    assert "graded 1" in again.output
    found = {row["learner"]: row for row in rows(out / "scores.csv")}
    assert float(found["eve"]["total"]) == ALL
    assert float(found["bob"][f"{EX}/softmax"]) == 9
    # A person's word outlives a further grading.
    again = CliRunner().invoke(app, ["regrade", str(folder), "--out", str(out), "--learner", "bob"])
    assert "graded 1" in again.output
    assert rows(out / "scores.csv") == list(found.values())


def test_the_same_table_from_threads_in_any_number(class_of, tmp_path):
    folder = class_of()
    tables = []
    for jobs in (1, 4):
        out = tmp_path / f"grades{jobs}"
        classroom.run(folder, out, seed=SEED, jobs=jobs, boxed=False)
        tables.append((out / "scores.csv").read_text())
    assert tables[0] == tables[1]


@pytest.mark.slow
def test_the_same_table_from_a_cluster(class_of, tmp_path):
    distributed = pytest.importorskip("distributed")
    folder = class_of()
    classroom.run(folder, tmp_path / "here", seed=SEED, boxed=False)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        classroom.run(folder, tmp_path / "there", seed=SEED, dask=address, boxed=False)
    here, there = (tmp_path / name / "scores.csv" for name in ("here", "there"))
    assert here.read_text() == there.read_text()


def test_no_cluster_is_told(class_of, tmp_path, monkeypatch):
    said = CliRunner().invoke(
        app,
        ["grade", str(class_of()), "--out", str(tmp_path / "g"), "--no-box", "--dask",
         "tcp://127.0.0.1:1"],
    )  # fmt: skip
    assert said.exit_code == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in said.output


OVERLAY = '''
import numpy as np

from attncourse.grading.compare import compare


@exercise["softmax"].check(points=5, hidden=True, hint="One score has all the weight.")
def one_score(call, rng):
    """A row of one score gives 1."""
    compare(call("softmax", rng.normal(size=(3, 1))), np.ones((3, 1)))
'''


def test_checks_of_an_instructor(class_of, tmp_path):
    folder, mine = class_of(), tmp_path / "checks"
    mine.mkdir()
    (mine / f"{EX}.py").write_text(OVERLAY)
    classroom.run(folder, tmp_path / "with", seed=SEED, overlay=mine, boxed=False)
    classroom.run(folder, tmp_path / "without", seed=SEED, boxed=False)
    more, plain = (
        {row["learner"]: row for row in rows(tmp_path / name / "scores.csv")}
        for name in ("with", "without")
    )
    assert float(more["ada"]["total"]) == ALL + 5
    assert float(more["ada"]["points"]) == ALL + 5
    assert float(plain["ada"]["total"]) == ALL
    assert more["bob"][f"{EX}/softmax"] == plain["bob"][f"{EX}/softmax"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (f"{EX}.py", "x = 1 / 0", "ZeroDivisionError"),
        (f"{EX}.py", "exercise['sofmax']", "KeyError"),
        (
            f"{EX}.py",
            OVERLAY.replace("one_score", course.exercises.load(EX)["softmax"].checks[0].name),
            "have one name",
        ),
        ("none.py", "", "belongs to no exercise"),
        ("notes.txt", "", "is no folder with checks of yours"),
    ],
)
def test_bad_checks_of_an_instructor_stop_before_anything_is_graded(
    name, text, says, class_of, tmp_path
):
    mine = tmp_path / "checks"
    mine.mkdir()
    (mine / name).write_text(text)
    said = CliRunner().invoke(
        app,
        [
            "grade",
            str(class_of()),
            "--out",
            str(tmp_path / "g"),
            "--overlay",
            str(mine),
            "--no-box",
        ],
    )
    assert said.exit_code == 2
    assert says in said.output
    assert not (tmp_path / "g" / "records.jsonl").exists()
    # Trying leaves nothing behind.
    assert course.points(EX) == ALL


@pytest.mark.slow
def test_killed_at_any_time_it_ends_with_the_same_table(notebook, submissions, tmp_path):
    answers = [{}, {"softmax": WRONG}, {"scaled_scores": "def scaled_scores(q, k):\n    return q"}]
    paths = [notebook(name=f"{i}.ipynb", **answers[i]) for i in range(3)]
    folder = submissions(**{f"learner{i:02}": paths[i % 3] for i in range(24)})
    classroom.run(folder, tmp_path / "calm", seed=SEED, boxed=False)
    out = tmp_path / "grades"
    command = [sys.executable, "-m", "attncourse.cli", "grade", str(folder), "--out", str(out)]
    command += ["--seed", str(SEED), "--no-box", "--jobs", "2"]
    ledger, kills = out / "records.jsonl", 0
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for wanted in (1, 7, 15):
        run = subprocess.Popen(command, env=os.environ | {"TMPDIR": str(scratch)}, **quiet)
        end = time.monotonic() + 120
        while run.poll() is None and time.monotonic() < end:
            if ledger.exists() and ledger.read_bytes().count(b"\n") >= wanted:
                os.kill(run.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.01)
        run.wait()
        # As if the machine had stopped in the middle of a line.
        with ledger.open("ab") as file:
            file.write(b'{"file": "half a li')
        # Nobody's work is left on the disk.
        while any(scratch.iterdir()) and time.monotonic() < end:
            time.sleep(0.05)
        assert not [*scratch.rglob("*")]
    assert kills == 3
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (out / "scores.csv").read_text() == (tmp_path / "calm" / "scores.csv").read_text()
    names = [json.loads(line)["file"] for line in ledger.read_text().splitlines()]
    assert len(names) == len(set(names)) == 24
