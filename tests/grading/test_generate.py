"""Exercises come from solutions, and the committed ones are those that come out today."""

import json
import re

import nbformat
import pytest

from attncourse.grading import exercises
from attncourse.grading.generate import BadSource, drifted, generate, split, write_all
from tests.grading.course import NAMES, QUESTIONS, ROOT, SAMPLE, exercise_path, solution_path

SOURCES = ROOT / "solutions"


def test_committed_exercises_have_not_drifted():
    found = drifted(SOURCES, ROOT / "exercises")
    assert not found, f"{', '.join(found)}: change solutions/, then run make exercises"


def test_drift_is_seen(tmp_path):
    write_all(SOURCES, tmp_path)
    assert drifted(SOURCES, tmp_path) == []
    path = tmp_path / f"{SAMPLE}.ipynb"
    path.write_text(path.read_text().replace("the", "teh", 1))
    assert drifted(SOURCES, tmp_path) == [path.name]
    path.unlink()
    (tmp_path / "orphan.ipynb").write_text("{}")
    assert drifted(SOURCES, tmp_path) == ["orphan.ipynb", path.name]


@pytest.mark.parametrize("name", NAMES)
def test_generated_notebook_is_valid_clean_and_the_same_each_time(name):
    text = generate(solution_path(name))
    made = nbformat.reads(text, as_version=4)
    nbformat.validate(made)
    assert generate(solution_path(name)) == text
    ids = [cell["id"] for cell in made.cells]
    assert len(set(ids)) == len(ids)
    for cell in made.cells:
        assert cell.cell_type in {"code", "markdown"}
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert "BEGIN" not in cell.source
        else:
            # Readable where nothing is processed: no directive, no role, no fence of colons.
            assert not re.search(r"^:::|\{[a-z:-]+\}`|^```\{", cell.source, re.M)


@pytest.mark.parametrize(("exercise", "question"), QUESTIONS)
def test_every_question_has_its_parts(exercise, question):
    made = nbformat.reads(generate(solution_path(exercise)), as_version=4)
    by_id = {cell["id"]: cell.source for cell in made.cells}
    asked = exercises.load(exercise)[question]
    stem = question.replace("_", "-")
    assert "raise NotImplementedError" in by_id[f"{stem}-answer"]
    assert by_id[f"{stem}-check"] == f'check("{question}")'
    head = by_id[f"{stem}-markdown"]
    assert re.search(r"Difficulty\*\* [●○]{5} [1-5]/5", head)
    assert re.search(r"Importance\*\* [●○]{5} [1-5]/5", head)
    assert f"{asked.points()} points" in head
    assert f"{asked.points(hidden=True)} of them" in head
    assert re.search(r"\d+ minutes", head)
    folded = by_id[f"{stem}-help"]
    assert folded.count("<details>\n") == folded.count("</details>") == 2
    assert f"def {question}(" in folded


@pytest.mark.parametrize("name", NAMES)
def test_class_version_has_no_solution(name):
    text = generate(solution_path(name), solutions=False)
    assert "<strong>Hint" in text
    assert "Solution</strong>" not in text
    cells = json.loads(solution_path(name).read_text())["cells"]
    for source in ("".join(c["source"]) for c in cells if c["cell_type"] == "code"):
        # Where a mistake is asked for, most of the right lines are given.
        given = split(source)[0] if "# BEGIN SOLUTION" in source else ""
        for body in re.findall(r"# BEGIN SOLUTION\n(.*?)\n\s*# END SOLUTION", source, re.S):
            hidden = [line.strip() for line in body.splitlines() if line.strip() not in given]
            assert hidden
            for line in hidden:
                assert json.dumps(line)[1:-1] not in text


@pytest.mark.parametrize("name", NAMES)
def test_untouched_exercise_runs_top_to_bottom(name):
    from nbclient import NotebookClient

    made = nbformat.read(exercise_path(name), as_version=4)
    NotebookClient(made, timeout=120, kernel_name="python3").execute()
    assert json.dumps(made).count("not started") >= len(exercises.load(name).questions)


@pytest.mark.parametrize("name", NAMES)
def test_solved_exercise_is_all_right_and_shows_its_reward(name, home):
    from nbclient import NotebookClient

    made = nbformat.read(solution_path(name), as_version=4)
    made.cells = [cell for cell in made.cells if cell.cell_type != "raw"]
    NotebookClient(made, timeout=120, kernel_name="python3").execute()
    assert json.dumps(made).count("All right") == len(exercises.load(name).questions)
    last = [cell for cell in made.cells if cell.cell_type == "code"][-1]
    assert last.outputs, "the reward: the learner's own functions do something"


def source(*cells):
    made = nbformat.v4.new_notebook()
    first = nbformat.v4.new_code_cell(f'check = checker("{SAMPLE}")')
    made.cells.append(first)
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


END = ("raw", "# END QUESTION")
TEXT = ("md", "## 1 · Question\n\nWhat to write, and why.")
CODE = "def softmax(x):\n    # BEGIN SOLUTION\n    return x\n    # END SOLUTION\n"
CODE += '    """ # BEGIN PROMPT\n    raise NotImplementedError\n    """ # END PROMPT'
ANSWER = [("raw", "# BEGIN SOLUTION"), ("code", CODE), ("raw", "# END SOLUTION")]
HINT = [("raw", "# BEGIN HINT"), ("md", "Think."), ("raw", "# END HINT")]


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
        ([("raw", BEGIN[1].replace("importance: 1", "importance: yes"))], "from 1 to 5"),
        ([("raw", BEGIN[1].replace("minutes: 5", "minutes: soon"))], "number of minutes"),
        ([("raw", BEGIN[1].replace("minutes: 5", "minutes: 0"))], "number of minutes"),
        ([BEGIN, *ANSWER, *HINT, END], "its text"),
        ([BEGIN, ("md", "## Q"), *ANSWER, *HINT, END], "its text"),
        ([BEGIN, TEXT, *HINT, END], "lacks a hint or a solution"),
        ([BEGIN, TEXT, *ANSWER, END], "lacks a hint or a solution"),
        (
            [BEGIN, TEXT, *ANSWER, ("raw", "# BEGIN HINT"), ("raw", "# END HINT"), END],
            "lacks a hint",
        ),
        ([BEGIN, TEXT, *ANSWER, *HINT, END], 'the cell check("softmax")'),
        ([BEGIN, ("raw", "# BEGIN SOLUTION"), ("code", "x = 1")], "BEGIN PROMPT"),
        ([("md", "nothing")], "there are checks for"),
    ],
)
def test_bad_source_is_named(cells, says, tmp_path):
    path = tmp_path / f"{SAMPLE}.ipynb"
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


def test_a_notebook_that_does_not_say_which_exercise_it_is(tmp_path):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("nothing")])
    path = tmp_path / f"{SAMPLE}.ipynb"
    nbformat.write(made, path)
    with pytest.raises(BadSource, match="lacks the line: check = checker"):
        generate(path)
