"""The rules of the house that a program can check: short files, no helper twice, one direction."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "attncourse"
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = ["reference", "pytorch", "analysis", "training", "data", "widgets", "grading", "claims"]
LONGEST = 250  # lines of a file, docstrings not counted
SMALL = 25  # parts of a syntax tree: a line that only passes on
#: Who may know whom inside the package; `_checks` and the package itself may be known to all.
KNOWS = {
    "reference": set(),
    "pytorch": set(),
    "analysis": {"reference"},
    "training": {"pytorch"},
    "widgets": {"reference"},
    "grading": set(),
    "data": set(),
}


def short(file: Path) -> str:
    return str(file.relative_to(PACKAGE))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def body(function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements without the docstring."""
    return function.body[1:] if ast.get_docstring(function) else function.body


def length(text: str) -> int:
    """Lines of a file without those of its docstrings."""
    said = [
        node.body[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node, clean=False) is not None
    ]
    return len(text.splitlines()) - sum(s.end_lineno - s.lineno + 1 for s in said)


def imported(file: Path) -> set[str]:
    """Full names of the modules that a file imports, at any depth."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{short(file)}: write imports in full"
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


@pytest.mark.parametrize("file", FILES, ids=short)
def test_a_file_fits_the_head(file):
    """Longer is a folder, divided by names of the field."""
    assert length(file.read_text("utf8")) <= LONGEST


def test_docstrings_have_no_length():
    assert length('"""One.\n\nTwo."""\nX = 1\n#: Three.\n\n\ndef f():\n    """Four."""\n') == 5


@pytest.mark.parametrize("room", ROOMS)
def test_no_helper_twice(room):
    """No two functions of a room do the same, whatever they are called."""
    where = defaultdict(list)
    for file in (PACKAGE / room).rglob("*.py"):
        for function in functions(ast.parse(file.read_text("utf8"))):
            statements = body(function)
            if len(list(ast.walk(ast.Module(statements, [])))) > SMALL:
                what = ast.dump(function.args), *map(ast.dump, statements)
                where[what].append(f"{short(file)}: {function.name}")
    assert [names for names in where.values() if len(names) > 1] == []


@pytest.mark.parametrize("room", KNOWS)
def test_one_direction(room):
    for file in (PACKAGE / room).rglob("*.py"):
        for name in imported(file):
            first, _, rest = name.partition(".")
            assert first not in ("book", "solutions", "tests", "benchmarks"), short(file)
            if first == "attncourse":
                other = rest.split(".")[0]
                assert other not in set(ROOMS) - KNOWS[room] - {room}, f"{short(file)}: {name}"
