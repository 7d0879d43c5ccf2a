"""What a notebook answers, and what its answers call, read from the syntax tree.

This reading finds honest shortcuts and careless ones. It is no wall: what a determined reader of
this file can hide from it, a person has to find.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from attncourse.grading.checks import Exercise
from attncourse.grading.reading import Cell, bound, free_names

#: What hides from a reader of the syntax tree which function is called.
OPAQUE = frozenset(
    ["eval", "exec", "compile", "__import__", "globals", "locals", "vars", "getattr", "setattr"]
)
#: Methods of arrays and tensors that answer a question at once.
METHODS = frozenset({"softmax", "log_softmax", "scaled_dot_product_attention"})
#: Modules that lead to any other.
_DOORS = ("importlib", "ctypes", "subprocess", "runpy", "builtins")
_ANSWERS = ("attncourse.reference", "attncourse.pytorch", "attncourse.grading")


@dataclass
class Submission:
    """The code cells of a notebook, and what can be read from them."""

    path: Path
    cells: list[Cell]
    _aliases: dict[str, str] = field(default_factory=dict)
    _stars: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for cell in self.cells:
            if cell.tree:
                self._aliases.update(imports(cell.tree))
                self._stars += stars(cell.tree)
        for cell in self.cells:
            for node in cell.tree.body if cell.tree else []:
                self._alias(node)

    def _alias(self, node: ast.stmt) -> None:
        # F = torch.nn.functional
        if isinstance(node, ast.Assign) and (path := self._path(node.value)):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self._aliases[target.id] = path

    def _path(self, node: ast.AST) -> str | None:
        """The dotted path of a name or attribute, through the notebook's imports."""
        if isinstance(node, ast.Name):
            return self._aliases.get(node.id)
        if isinstance(node, ast.Attribute):
            base = self._path(node.value)
            return f"{base}.{node.attr}" if base else None
        return None

    def definition(self, name: str) -> tuple[Cell, ast.stmt] | None:
        """The last top-level statement that gives ``name`` its value."""
        found = None
        for cell in self.cells:
            for node in cell.tree.body if cell.tree else []:
                if name in bound([node]):
                    found = cell, node
        return found

    def defined(self) -> dict[str, int]:
        """All top-level functions, and the number of the cell of each."""
        return {
            node.name: cell.number
            for cell in self.cells
            if cell.tree
            for node in cell.tree.body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }

    def is_stub(self, name: str) -> bool:
        """Whether the function is still as the exercise gave it: nothing in its body."""
        found = self.definition(name)
        return found is not None and is_stub(found[1])

    def missing(self, name: str) -> str:
        """Why there is no function of this name, and what to do."""
        for cell in self.cells:
            if cell.tree is None and f"def {name}" in cell.source:
                where = f"cell {cell.number} cannot be read: {cell.error}"
                return f"{name} is not defined, because {where}."
        others = self.defined()
        text = f"{name} is not defined."
        for close in difflib.get_close_matches(name, others, n=1, cutoff=0.6):
            return f"{text} Did you rename it? There is {close} in cell {others[close]}."
        return f"{text} The notebook has no function of that name; copy the question's cell again."

    def needed(self, names: Iterable[str]) -> set[str]:
        """These names and all that their definitions use, through the whole notebook."""
        todo, seen = list(names), set()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            for cell in self.cells:
                for node in cell.tree.body if cell.tree else []:
                    if name in bound([node]):
                        todo += free_names(node)
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

    def ready_made(self, name: str, forbidden: Iterable[str]) -> str | None:
        """What the answer calls instead of building it, with the place; None if it is clean."""
        banned = tuple(forbidden)
        found = self.definition(name)
        if found and isinstance(found[1], ast.Import | ast.ImportFrom):
            cell, node = found
            return f"{self._aliases.get(name, name)} (cell {cell.number}, line {node.lineno})"
        for used in sorted(self.needed([name])):
            for cell in self.cells:
                for node in cell.tree.body if cell.tree else []:
                    if used in bound([node]) and not isinstance(node, ast.Import | ast.ImportFrom):
                        for what, line in self._suspicious(node, banned):
                            return f"{what} (cell {cell.number}, line {line})"
        return None

    def _suspicious(self, node: ast.AST, banned: tuple[str, ...]) -> Iterator[tuple[str, int]]:
        local = imports(node, nested=True)
        for part in ast.walk(node):
            line = getattr(part, "lineno", 0)
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                if part.func.id in OPAQUE and not self.definition(part.func.id):
                    yield f"{part.func.id}()", line
            elif isinstance(part, ast.Import | ast.ImportFrom):
                for path in imports(part).values():
                    if _banned(path, banned):
                        yield path, line
            elif isinstance(part, ast.Name):
                path = local.get(part.id) or self._meaning(part.id, banned)
                if path and _banned(path, banned):
                    yield path, line
            elif isinstance(part, ast.Attribute):
                path = self._path(part)
                if path and _banned(path, banned):
                    yield path, line
                elif part.attr in METHODS and not _is_own(part.value):
                    yield f"{path or '.' + part.attr}", line

    def _meaning(self, name: str, banned: tuple[str, ...]) -> str | None:
        """The library path that a plain name stands for when the notebook has run."""
        found = self.definition(name)
        if found is None:
            stars = (f"{module}.{name}" for module in self._stars)
            return next((path for path in stars if path in banned), None)
        defined_here = isinstance(found[1], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        return None if defined_here else self._aliases.get(name)


def is_stub(node: ast.AST) -> bool:
    """Whether a function's body is empty but for a docstring, ``...`` or NotImplementedError."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return all(_says_nothing(part) for part in node.body)


def _says_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ):
        return True
    if isinstance(node, ast.Return):
        return isinstance(node.value, ast.Constant) and node.value.value is ...
    if isinstance(node, ast.Raise) and node.exc is not None:
        kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(kind, ast.Name) and kind.id == "NotImplementedError"
    return False


def guess(submission: Submission, exercises: Iterable[Exercise]) -> Exercise | None:
    """The exercise of which the notebook answers the most questions."""
    best, most = None, 0
    for exercise in exercises:
        found = sum(submission.definition(q.name) is not None for q in exercise.questions)
        named = submission.path.stem.startswith(exercise.name)
        if 2 * found + named > most:
            best, most = exercise, 2 * found + named
    return best


def imports(tree: ast.AST, *, nested: bool = False) -> dict[str, str]:
    """Names that imports bind, with the dotted path of each; ``nested``: in functions too."""
    found: dict[str, str] = {}
    for node in _walk(tree, nested):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.split(".")[0]
                found[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
    return found


def stars(tree: ast.AST) -> list[str]:
    """Modules from which a cell imports everything."""
    nodes = [node for node in _walk(tree, False) if isinstance(node, ast.ImportFrom)]
    return [node.module or "" for node in nodes if any(a.name == "*" for a in node.names)]


def _walk(tree: ast.AST, nested: bool) -> Iterator[ast.AST]:
    yield tree
    for child in ast.iter_child_nodes(tree):
        if nested or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _walk(child, nested)


def _banned(path: str, banned: tuple[str, ...]) -> bool:
    rooms = (*_ANSWERS, *_DOORS)
    return path in banned or any(path == room or path.startswith(f"{room}.") for room in rooms)


def _is_own(base: ast.AST) -> bool:
    return isinstance(base, ast.Name) and base.id in {"self", "cls"}
