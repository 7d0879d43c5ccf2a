"""What a notebook answers, and what its answers rest on, read from the syntax tree."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from attncourse.grading.checks import Exercise
from attncourse.grading.reading import Cell, bound, free_names, stars


@dataclass
class Submission:
    """The code cells of a notebook, and what can be read from them."""

    path: Path
    cells: list[Cell]
    #: Each name, with the top-level statements that give it a value or change it, in order.
    given: dict[str, list[tuple[Cell, ast.stmt]]] = field(default_factory=dict, init=False)
    #: What each of these statements uses, once that was asked.
    _uses: dict[ast.stmt, set[str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for cell in self.cells:
            for node in cell.tree.body if cell.tree else []:
                for name in set(bound([node])):
                    self.given.setdefault(name, []).append((cell, node))

    def definition(self, name: str) -> tuple[Cell, ast.stmt] | None:
        """The last top-level statement that gives ``name`` its value."""
        found = self.given.get(name)
        return found[-1] if found else None

    def defined(self) -> dict[str, int]:
        """All top-level functions, and the number of the cell of each."""
        return {
            name: cell.number
            for name, found in self.given.items()
            for cell, node in found
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        }

    def is_stub(self, name: str) -> bool:
        """Whether the function is still as the exercise gave it: nothing in its body."""
        found = self.definition(name)
        return found is not None and is_stub(found[1])

    def not_started(self, name: str) -> str:
        """What to say of a stub: where code waits below the error, that it never runs."""
        found = self.definition(name)
        body = found[1].body if found and isinstance(found[1], ast.FunctionDef) else []
        if not any(_refuses(part) for part in body[:-1]):
            return "not started"
        return f"not started: raise NotImplementedError stands above the code of {name}"

    def missing(self, name: str) -> str:
        """Why there is no function of this name, and what to do."""
        for cell in self.cells:
            if f"def {name}" not in cell.source:
                continue
            if cell.foreign:
                where = f"cell {cell.number} begins with {cell.foreign}, and is not run as Python"
                return f"{name} is not defined, because {where}."
            if cell.tree is None:
                where = f"cell {cell.number} cannot be read: {cell.error}"
                return f"{name} is not defined, because {where}."
        others = self.defined()
        text = f"{name} is not defined."
        for close in difflib.get_close_matches(name, others, n=1, cutoff=0.6):
            return f"{text} Did you rename it? There is {close[:80]} in cell {others[close]}."
        return f"{text} The notebook has no function of that name; copy the question's cell again."

    def needed(self, names: Iterable[str]) -> set[str]:
        """These names and all that their definitions use, through the whole notebook."""
        todo, seen = list(names), set()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                for _, node in self.given.get(name, ()):
                    if node not in self._uses:
                        self._uses[node] = free_names(node)
                    todo += self._uses[node] - seen
        return seen

    def cells_for(self, names: Iterable[str]) -> list[Cell]:
        """The cells up to the last one that the answers can depend on.

        What comes after, such as drawing the result, decides no points and need not run.
        """
        needed, last = self.needed(names), 0
        for i, cell in enumerate(self.cells):
            if cell.binds() & needed or (cell.tree and stars(cell.tree)):
                last = i + 1
        return self.cells[:last]

    def calls_with(self, function: str) -> set[str]:
        """The texts with which a function is called anywhere in the notebook."""
        return {
            node.args[0].value
            for cell in self.cells
            for node in (ast.walk(cell.tree) if cell.tree else ())
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == function
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        }


def is_stub(node: ast.AST) -> bool:
    """Whether a function does nothing: a docstring, ``...``, or NotImplementedError come what may.

    What stands below that error never runs: the code of a question that asks for its mistake.
    """
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    for part in node.body:
        if _refuses(part):
            return True
        if not _says_nothing(part):
            return False
    return True


def _refuses(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(kind, ast.Name) and kind.id == "NotImplementedError"


def _says_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Return):
        return isinstance(node.value, ast.Constant) and node.value.value is ...
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def guess(submission: Submission, exercises: Iterable[Exercise]) -> Exercise | None:
    """The exercise that the notebook is; None where nothing says so.

    It says which it is (``checker("03-algorithm")``, which every exercise has on top). Else the
    file's name does, if it answers one of that exercise's questions. Else its functions do: at
    least two and a third of the questions, and more of one exercise than of any other. One function
    called ``softmax`` makes no exercise of a page.
    """
    said = submission.calls_with("checker")
    answers = {
        exercise.name: (exercise, sum(q.name in submission.given for q in exercise.questions))
        for exercise in exercises
    }
    for name in sorted(said & set(answers)):
        return answers[name][0]
    for name, (exercise, count) in answers.items():
        if count and submission.path.stem.startswith(name):
            return exercise
    ranked = sorted(answers.values(), key=lambda pair: -pair[1])
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    exercise, count = ranked[0]
    return exercise if count >= max(2, len(exercise.questions) / 3) else None
