"""Grading a class, side by side with nbgrader and otter-grader on the same answers.

The peers are asked for less: one test of each function, in the learner's own kernel. Ours runs all
checks, each notebook in a box. They live in an environment of their own, whose interpreter
``--peers`` names (`pip install nbgrader otter-grader numpy ipykernel` there); without it only ours
is measured. ``--class 500`` is a class of the size that the course promises to grade in a minute.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from rich.console import Console
from rich.table import Table

from attncourse.experiments.core import cpu
from attncourse.grading import isolated
from attncourse.grading.classroom import course
from attncourse.grading.generate import split

#: What a peer is asked of each function: a property, as these courses' tests are written.
TESTS = {
    "softmax": "np.allclose(softmax(x).sum(-1), 1)",
    "scaled_scores": "scaled_scores(x, x).shape == (2, 3, 3)",
    "masked_attention": "masked_attention(x, x, x, np.ones((3, 3), bool)).shape == (2, 3, 4)",
    "additive_scores": "additive_scores(x, x, y, y, y[0]).shape == (2, 3, 3)",
}
DRAW = "x = np.random.default_rng(0).normal(size=(2, 3, 4))\ny = x[0, [0, 1, 2, 0]]"
#: Annotations of the course's answers are left as text: its packages are not there.
HEAD = "from __future__ import annotations\nimport numpy as np"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def answers(solutions: Path, exercise: str) -> list[str]:
    """The solution's cells of an exercise, as a learner would hand them in."""
    notebook: Any = nbformat.read(solutions / f"{exercise}.ipynb", as_version=4)
    cells = notebook.cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    return [split(source)[1] if "# BEGIN SOLUTION" in source else source for source in code]


def ours(folder: Path, cells: list[str], exercise: str, count: int, jobs: int | None) -> float:
    """Seconds in which a class of right answers is graded, tables and pages included."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    for i in range(count):
        path = folder / "class" / f"learner{i:04}" / f"{exercise}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    isolated.close()
    began = time.perf_counter()
    done, said = course.run(folder / "class", folder / "grades", seed=1, jobs=jobs)
    seconds = time.perf_counter() - began
    assert done == count, said
    assert "100% of all points" in said, said
    return seconds


def _call(command: list[str], folder: Path, python: Path) -> None:
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")


def nbgrader(folder: Path, cells: list[str], count: int, python: Path) -> float:
    """Seconds for ``nbgrader autograde`` over a class."""
    marks = {"schema_version": 3, "task": False}
    answer = new_code_cell("\n\n".join([HEAD, *cells]))
    answer.metadata.nbgrader = {
        **marks, "grade": False, "locked": False, "solution": True, "grade_id": "answers",
    }  # fmt: skip
    tests = []
    for name, test in TESTS.items():
        cell = new_code_cell(f"{DRAW}\nassert {test}")
        cell.metadata.nbgrader = {
            **marks, "grade": True, "locked": True, "solution": False, "points": 10,
            "grade_id": name,
        }  # fmt: skip
        tests.append(cell)
    notebook = new_notebook(cells=[answer, *tests], metadata=KERNEL)
    (folder / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'c'\n"
    )
    places = [folder / "source/ex", *(folder / f"submitted/learner{i}/ex" for i in range(count))]
    for place in places:
        place.mkdir(parents=True)
        nbformat.write(notebook, place / "ex.ipynb")
    _call(["nbgrader", "generate_assignment", "ex", "--force"], folder, python)
    began = time.perf_counter()
    _call(["nbgrader", "autograde", "ex"], folder, python)
    return time.perf_counter() - began


def otter(folder: Path, cells: list[str], count: int, python: Path) -> float:
    """Seconds for ``otter run``, once a submission, as its documentation has it without Docker."""
    (folder / "tests").mkdir()
    for name, test in TESTS.items():
        lines = "\\n".join(f">>> {line}" for line in DRAW.splitlines())
        case = f'{{"code": "{lines}\\n>>> bool({test})\\nTrue", "hidden": False, "locked": False}}'
        (folder / "tests" / f"{name}.py").write_text(
            f'OK_FORMAT = True\ntest = {{"name": "{name}", "points": 10, "suites": [{{"cases": '
            f'[{case}], "scored": True, "setup": "", "teardown": "", "type": "doctest"}}]}}\n'
        )
    answer = new_code_cell("\n\n".join([HEAD, *cells]))
    nbformat.write(new_notebook(cells=[answer], metadata=KERNEL), folder / "ex.ipynb")
    (folder / "out").mkdir()
    _call(["otter", "generate", "-t", "tests", "-o", "autograder.zip"], folder, python)
    began = time.perf_counter()
    for _ in range(count):
        _call(["otter", "run", "-a", "autograder.zip", "-o", "out", "ex.ipynb"], folder, python)
    seconds = time.perf_counter() - began
    found = json.loads((folder / "out/results.json").read_text())
    assert sum(test.get("score", 0) for test in found["tests"]) >= 10 * len(TESTS)
    return seconds


def versions(peers: Path | None) -> dict[str, str]:
    """What was measured, and on what it rests."""
    found = {name: importlib.metadata.version(name) for name in ("numpy", "torch")}
    if peers:
        names = ["nbgrader", "otter-grader", "ipykernel"]
        code = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
        told = subprocess.run(
            [peers, "-c", code, *names], capture_output=True, text=True, check=True
        )
        found |= dict(zip(names, told.stdout.split(), strict=True))
    return {"python": platform.python_version()} | found


def main() -> None:
    """Measure, print, and keep what ``--save`` asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--class", dest="size", type=int, default=100, help="notebooks for ours")
    parser.add_argument("--few", type=int, default=10, help="notebooks for each peer")
    parser.add_argument(
        "--exercise", default="03-algorithm", help="one that the peers know, or not"
    )
    parser.add_argument("--jobs", type=int, help="notebooks at a time; default one a processor")
    parser.add_argument("--peers", type=Path, help="interpreter of the peers' environment")
    parser.add_argument("--solutions", type=Path, default=Path("solutions"))
    parser.add_argument("--save", type=Path, help="JSON file")
    asked = parser.parse_args()
    cells = answers(asked.solutions, asked.exercise)
    rows: list[tuple[str, int, float]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "ours")
        seconds = ours(folder, cells, asked.exercise, asked.size, asked.jobs)
        rows.append(("attncourse", asked.size, seconds))
        if asked.peers:
            # The answers alone: imports and checks of the course are not in the peers' environment.
            functions = [cell for cell in cells if any(f"def {name}(" in cell for name in TESTS)]
            plain = functions
            for name, measure in (("nbgrader", nbgrader), ("otter-grader", otter)):
                folder = Path(temporary, name)
                folder.mkdir()
                rows.append((name, asked.few, measure(folder, plain, asked.few, asked.peers)))
    table = Table("", "notebooks", "seconds", "seconds each", "times as long as ours")
    found: list[dict[str, Any]] = []
    least = rows[0][2] / rows[0][1]
    for name, count, seconds in rows:
        each = seconds / count
        found.append(
            {"grader": name, "notebooks": count, "seconds": seconds, "ratio": each / least}
        )
        table.add_row(name, str(count), f"{seconds:.1f}", f"{each:.3f}", f"{each / least:.1f}")
    Console().print(table)
    if asked.save:
        about = {
            # Where the peers live on this machine helps nobody.
            "command": " ".join(
                "PYTHON" if word == str(asked.peers) else word
                for word in ["python -m benchmarks.grading", *sys.argv[1:]]
            ),
            "processors": os.cpu_count(),
            "cpu": cpu(),
            "versions": versions(asked.peers),
            "rows": found,
        }
        asked.save.parent.mkdir(parents=True, exist_ok=True)
        asked.save.write_text(json.dumps(about, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
