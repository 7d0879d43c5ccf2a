"""Exercises come from solutions, and the committed ones are those that come out today."""

import json
import re

import nbformat
import pytest

from attncourse.grading import exercises
from attncourse.grading.generate import BadSource, drifted, generate, split, write_all
from tests.grading.course import ROOT

TEXT = generate(SOLUTION)


def test_committed_exercises_have_not_drifted():
    assert drifted(ROOT / "solutions", ROOT / "exercises") == []


def test_drift_is_seen(tmp_path):
    write_all(ROOT / "solutions", tmp_path)
    assert drifted(ROOT / "solutions", tmp_path) == []
    path = tmp_path / "03-algorithm.ipynb"
    path.write_text(path.read_text().replace("overflow", "overflows", 1))
    assert drifted(ROOT / "solutions", tmp_path) == ["03-algorithm.ipynb"]
    path.unlink()
    (tmp_path / "orphan.ipynb").write_text("{}")
    assert drifted(ROOT / "solutions", tmp_path) == ["orphan.ipynb", "03-algorithm.ipynb"]


def test_generated_notebook_is_valid_clean_and_the_same_each_time():
    made = nbformat.reads(TEXT, as_version=4)
    nbformat.validate(made)
    assert generate(SOLUTION) == TEXT
    ids = [cell["id"] for cell in made.cells]
    assert len(set(ids)) == len(ids)
    for cell in made.cells:
        assert cell.cell_type in {"code", "markdown"}
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert "BEGIN" not in cell.source


def test_every_question_has_its_parts():
    made = nbformat.reads(TEXT, as_version=4)
    by_id = {cell["id"]: cell.source for cell in made.cells}
    for question in exercises.load("03-algorithm").questions:
        stem = question.name.replace("_", "-")
        assert "raise NotImplementedError" in by_id[f"{stem}-answer"]
        assert by_id[f"{stem}-check"] == f'check("{question.name}")'
        head = by_id[f"{stem}-markdown"]
        assert re.search(r"Difficulty\*\* [●○]{5} [1-5]/5", head)
        assert re.search(r"Importance\*\* [●○]{5} [1-5]/5", head)
        assert f"{question.points()} points" in head
        assert f"{question.points(hidden=True)} of them" in head
        assert re.search(r"\d+ minutes", head)
        folded = by_id[f"{stem}-help"]
        assert folded.count("<details>\n") == folded.count("</details>") == 2
        assert f"def {question.name}(" in folded


def test_class_version_has_no_solution(tmp_path):
    write_all(ROOT / "solutions", tmp_path, solutions=False)
    text = (tmp_path / "03-algorithm.ipynb").read_text()
    assert "<strong>Hint" in text
    assert "Solution</strong>" not in text
    assert "swapaxes(-1, -2) / np.sqrt" not in text
    assert "swapaxes(-1, -2) / np.sqrt" in TEXT


def test_untouched_exercise_runs_top_to_bottom(monkeypatch):
    from nbclient import NotebookClient

    made = nbformat.read(EXERCISE, as_version=4)
    NotebookClient(made, timeout=120, kernel_name="python3").execute()
    shown = json.dumps(made)
    assert shown.count("not started") >= 4
    assert "Your map will stand here" in shown


def test_solved_exercise_shows_its_reward(home):
    from nbclient import NotebookClient

    made = nbformat.read(SOLUTION, as_version=4)
    made.cells = [cell for cell in made.cells if cell.cell_type != "raw"]
    NotebookClient(made, timeout=120, kernel_name="python3").execute()
    said = "".join(
        o.get("text", "") for c in made.cells if c.cell_type == "code" for o in c.outputs
    )
    assert "to be or not to be → or not to be or not to be\n" in said
    shown = json.dumps(made)
    assert shown.count("All right") == 4
    assert "<svg" in shown


def source(*cells):
    made = nbformat.v4.new_notebook()
    for kind, text in cells:
        made.cells.append(
            {
                "raw": nbformat.v4.new_raw_cell,
                "code": nbformat.v4.new_code_cell,
                "md": nbformat.v4.new_markdown_cell,
            }[kind](text)
        )
    return made


BEGIN = ("raw", "# BEGIN QUESTION\nname: softmax\ndifficulty: 1\nimportance: 1\nminutes: 5")


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([("raw", "stray")], "is no marker"),
        ([BEGIN], "no end"),
        ([BEGIN, BEGIN], "inside a question"),
        ([BEGIN, ("raw", "# END QUESTION")], "lacks a hint or a solution"),
        ([("raw", "# END QUESTION")], "without its beginning"),
        ([BEGIN, ("raw", "# BEGIN HINT"), ("raw", "# END TESTS")], "does not fit here"),
        ([BEGIN, ("raw", "# BEGIN HINT"), ("raw", "# BEGIN TESTS")], "does not fit here"),
        ([("raw", "# BEGIN QUESTION\nname: softmax")], "lacks difficulty, importance, minutes"),
        ([("raw", BEGIN[1].replace("softmax", "other"))], "has no question 'other'"),
        ([("raw", BEGIN[1].replace("difficulty: 1", "difficulty: 9"))], "from 1 to 5"),
        ([BEGIN, ("raw", "# BEGIN SOLUTION"), ("code", "x = 1")], "BEGIN PROMPT"),
        ([("md", "nothing")], "there are checks for"),
    ],
)
def test_bad_source_is_named(cells, says, tmp_path):
    path = tmp_path / "03-algorithm.ipynb"
    nbformat.write(source(*cells), path)
    with pytest.raises(BadSource, match=re.escape(says)):
        generate(path)


def test_split():
    code = (
        "def f(x):\n    # BEGIN SOLUTION\n    return x\n    # END SOLUTION\n"
        '    """  # BEGIN PROMPT\n    raise NotImplementedError\n    """  # END PROMPT'
    )
    assert split(code) == (
        "def f(x):\n    raise NotImplementedError",
        "def f(x):\n    return x",
    )
