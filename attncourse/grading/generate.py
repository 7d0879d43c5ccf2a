"""Write the exercises from the solutions.

``solutions/NAME.ipynb`` is the one source. It carries otter-grader's markers: raw cells
``# BEGIN QUESTION`` with YAML, ``# BEGIN SOLUTION``, ``# BEGIN TESTS``, each with its ``# END``,
and ``# BEGIN SOLUTION`` / ``# BEGIN PROMPT`` inside code. ``# BEGIN HINT`` is ours. Everything
else is copied as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attncourse.grading import exercises
from attncourse.grading.checks import Question

_SOLUTION = re.compile(r"^[ \t]*# BEGIN SOLUTION\n.*?^[ \t]*# END SOLUTION[^\n]*\n?", re.S | re.M)
_PROMPT = re.compile(
    r'^[ \t]*""" +# BEGIN PROMPT\n(.*?)\n[ \t]*""" +# END PROMPT[^\n]*', re.S | re.M
)
_MARKER = re.compile(r"# (BEGIN|END) (QUESTION|SOLUTION|HINT|TESTS)\s*(.*)", re.S)


class BadSource(ValueError):
    """The solution notebook's markers do not fit together; the message says where."""


@dataclass
class _Block:
    """A question being read: its YAML and what was collected for its folded parts."""

    about: dict[str, Any]
    question: Question
    kills: dict[str, Any] = field(default_factory=dict)
    hint: list[str] = field(default_factory=list)
    solution: list[str] = field(default_factory=list)
    rated: bool = False
    checked: bool = False


def generate(source: Path, *, solutions: bool = True) -> str:
    """Return the text of the exercise notebook that belongs to a solution notebook.

    Parameters
    ----------
    source
        The solution notebook; its name is the exercise's.
    solutions
        Fold the solutions in (self-study); otherwise leave them out (a class).

    Raises
    ------
    BadSource
        A marker is missing or misplaced, or the questions are not those that have checks.
    """
    import nbformat

    notebook: Any = nbformat.read(source, as_version=4)
    exercise = exercises.load(source.stem)
    cells: list[dict] = []
    names: list[str] = []
    kills = _counted(source.with_name("kills.json"), exercise.name)
    for label, cell in _exercise_cells(notebook.cells, exercise, solutions, names, kills):
        made = {
            "code": nbformat.v4.new_code_cell,
            "markdown": nbformat.v4.new_markdown_cell,
        }[cell.cell_type](cell.source)
        made["id"] = label
        tags = cell.metadata.get("tags")
        made["metadata"] = {"tags": list(tags)} if tags else {}
        cells.append(made)
    said = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    if f'checker("{exercise.name}")' not in said:
        raise BadSource(f'{source.name} lacks the line: check = checker("{exercise.name}")')
    wanted = [q.name for q in exercise.questions]
    if names != wanted:
        raise BadSource(f"{source.name} has the questions {names}; there are checks for {wanted}")
    made = nbformat.v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
    )
    made["nbformat_minor"] = 5
    nbformat.validate(made)
    return nbformat.writes(made) + "\n"


def write_all(sources: Path, target: Path, *, solutions: bool = True) -> list[Path]:
    """Generate every exercise of a folder into another; return those that changed."""
    found = sorted(sources.glob("*.ipynb"))
    if not found:
        raise BadSource(f"no solution notebooks in {sources}")
    texts = {path.name: generate(path, solutions=solutions) for path in found}
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        path = target / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def drifted(sources: Path, target: Path) -> list[str]:
    """Names of the exercises that are not what their solutions give."""
    names = {path.name for path in sources.glob("*.ipynb")}
    extra = [path.name for path in sorted(target.glob("*.ipynb")) if path.name not in names]
    return extra + [
        name
        for name in sorted(names)
        if not (target / name).exists()
        or (target / name).read_text(encoding="utf-8") != generate(sources / name)
    ]


def _counted(path: Path, exercise: str) -> dict[str, Any]:
    """How sharp each question's checks were found to be; nothing where it was not counted."""
    try:
        return json.loads(path.read_text("utf-8")).get(exercise, {})
    except FileNotFoundError:
        return {}


def _exercise_cells(
    source, exercise, solutions: bool, names: list[str], kills: dict[str, Any]
) -> Iterator[tuple]:
    block: _Block | None = None
    inside = ""
    counts: dict[str, int] = {}

    def label(kind: str) -> str:
        # Ids say what a cell is, and stay when another cell is added elsewhere.
        stem = f"{block.question.name if block else 'page'}-{kind}".replace("_", "-")
        counts[stem] = counts.get(stem, 0) + 1
        return stem if counts[stem] == 1 else f"{stem}-{counts[stem]}"

    for number, cell in enumerate(source, start=1):
        marker = _MARKER.match(cell.source) if cell.cell_type == "raw" else None
        if cell.cell_type == "raw" and marker is None:
            raise BadSource(f"raw cell {number} is no marker: {cell.source[:40]!r}")
        if marker is None:
            if inside == "HINT" and block:
                block.hint.append(cell.source)
            elif inside == "SOLUTION" and block and cell.cell_type == "code":
                stub, solution = split(cell.source, number)
                block.solution.append(solution)
                cell.source = stub
                yield label("answer"), cell
            elif inside == "SOLUTION" and block:
                block.solution.append(cell.source)
            else:
                if block and not block.rated and cell.cell_type == "markdown":
                    heading, _, text = cell.source.partition("\n")
                    block.rated = heading.startswith("#") and bool(text.strip())
                    cell.source = f"{heading}\n\n{_rating(block)}\n\n{text.lstrip()}"
                kind = "check" if inside == "TESTS" else cell.cell_type
                if block and kind == "check":
                    block.checked |= cell.source == f'check("{block.question.name}")'
                yield label(kind), cell
            continue
        which, what = marker[1], marker[2]
        if what == "QUESTION" and which == "BEGIN":
            if block is not None:
                raise BadSource(f"cell {number}: a question begins inside a question")
            block = _begin(marker[3], number, exercise)
            block.kills = kills.get(block.question.name, {})
            names.append(block.question.name)
        elif what == "QUESTION":
            if block is None or inside:
                raise BadSource(f"cell {number}: END QUESTION without its beginning")
            name = block.question.name
            if not block.solution or not "".join(block.hint).strip():
                raise BadSource(f"cell {number}: {name} lacks a hint or a solution")
            if not block.rated:
                raise BadSource(f"cell {number}: {name} lacks its text: a heading, then the task")
            if not block.checked:
                raise BadSource(f'cell {number}: {name} lacks the cell check("{name}")')
            yield label("help"), _markdown(_folded(block, solutions))
            block = None
        elif (which == "BEGIN") == bool(inside) or (which == "END" and inside != what):
            raise BadSource(f"cell {number}: # {which} {what} does not fit here")
        else:
            inside = what if which == "BEGIN" else ""
    if block is not None or inside:
        raise BadSource(f"{inside or 'QUESTION'} has no end")


def split(code: str, number: int = 0) -> tuple[str, str]:
    """Split a solution cell into the learner's stub and the clean solution.

    Raises
    ------
    BadSource
        It has no pair of markers.
    """
    if not _SOLUTION.search(code) or not _PROMPT.search(code):
        raise BadSource(f"cell {number}: a solution needs # BEGIN SOLUTION and # BEGIN PROMPT")
    stub = _PROMPT.sub(r"\1", _SOLUTION.sub("", code))
    solution = re.sub(
        r"^[ \t]*# (BEGIN|END) SOLUTION[^\n]*\n?", "", _PROMPT.sub("", code), flags=re.M
    )
    return stub.rstrip(), solution.rstrip()


def _begin(text: str, number: int, exercise) -> _Block:
    import yaml

    about = yaml.safe_load(text) or {}
    missing = {"name", "difficulty", "importance", "minutes"} - set(about)
    if missing:
        raise BadSource(f"cell {number}: the question lacks {', '.join(sorted(missing))}")
    for rating in ("difficulty", "importance"):
        if type(about[rating]) is not int or about[rating] not in range(1, 6):
            raise BadSource(f"cell {number}: {rating} is a whole number from 1 to 5")
    if type(about["minutes"]) is not int or about["minutes"] < 1:
        raise BadSource(f"cell {number}: minutes is a whole number of minutes")
    try:
        return _Block(about, exercise[about["name"]])
    except KeyError as error:
        raise BadSource(f"cell {number}: {error.args[0]}") from None


def _markdown(text: str):
    import nbformat

    return nbformat.v4.new_markdown_cell(text)


def _rating(block: _Block) -> str:
    about, question = block.about, block.question
    visible, hidden = question.points(hidden=False), question.points(hidden=True)
    return (
        f"**Difficulty** {_dots(about['difficulty'])} · "
        f"**Importance** {_dots(about['importance'])} · "
        f"**{visible + hidden} points**, {hidden} of them for cases that only "
        "`attncourse check` tries · "
        f"**{about['minutes']} minutes** on your own before you open the hint"
        f"{_kills(block)}"
    )


def _kills(block: _Block) -> str:
    """How sharp the checks are, where that was counted (tests/grading/kills.py)."""
    if not block.kills:
        return ""
    by_hand, changes = block.kills["by_hand"], block.kills["changes"]
    return (
        f"\n\n*The checks refuse {by_hand[0]} of {by_hand[1]} wrong answers written by hand, and "
        f"{changes[0]} of {changes[1]} made from the solution by changing one token.*"
    )


def _dots(level: int) -> str:
    return f"{'●' * level}{'○' * (5 - level)} {level}/5"


def _folded(block: _Block, solutions: bool) -> str:
    # Blank lines around the content make Markdown of it, in Jupyter, VS Code, Colab and the book.
    parts = [_details(f"Hint ({block.about['minutes']} minutes have passed)", block.hint)]
    if solutions:
        code = [f"```python\n{block.solution[0]}\n```", *block.solution[1:]]
        parts.append(_details("Solution", code))
    return "\n\n".join(parts)


def _details(title: str, content: list[str]) -> str:
    body = "\n\n".join(content)
    return f"<details>\n<summary><strong>{title}</strong></summary>\n\n{body}\n\n</details>"


if __name__ == "__main__":
    for changed in write_all(Path("solutions"), Path("exercises")):
        print(f"wrote {changed}")
