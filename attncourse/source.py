"""The package's own code as a page shows it: a function together with its private helpers.

A **helper** is whatever the code uses of the package and no room exports: the functions, classes
and constants that its definition is not complete without. Checks of arguments are none of them.

>>> from attncourse import source
>>> from attncourse.training import FixedVector
>>> source.show(FixedVector.forward)
def forward(self, state, memory):
    return memory, None

Docstrings are left out: a reader of the fold has them above it. ``show``, which is for notebooks,
leaves comments out too. The book does not execute a notebook again for a docstring or a comment,
so what a notebook prints must not hold any.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import re
import sys
import textwrap
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

PACKAGE = __name__.partition(".")[0]
WIDTH = 88

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Shown:
    """Code as a cell's result: set as Python in a notebook, plain elsewhere."""

    text: str

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"

    def __repr__(self) -> str:
        return self.text


def show(*things: Callable[..., Any] | type, types: bool = False) -> Shown:
    """Show the code that runs: docstrings, comments and (unless asked for) types left out.

    Parameters
    ----------
    *things : functions, methods or classes
        What to show, in this order; a helper that several of them use stands once, at the end.
    types : bool
        Whether signatures keep their types.

    Returns
    -------
    Shown
        The cell's result. ``str`` of it is the code.
    """
    return Shown("\n\n\n".join(map(_uncommented, _texts(things, types))))


def code(*things: Callable[..., Any] | type, types: bool = True) -> str:
    """The source of functions, methods or classes, and that of their helpers after it.

    Parameters
    ----------
    *things : functions, methods or classes
        Defined in a file.
    types : bool
        Whether signatures keep their types.

    Returns
    -------
    str
        Code without docstrings. It is laid out as in the file, with the comments of the file.

    Raises
    ------
    TypeError
        One of them has no source: it is built in, or was made by a call.
    """
    return "\n\n\n".join(_texts(things, types))


def files(*things: Callable[..., Any] | type) -> set[str]:
    """The files that ``code`` of the same things is read from."""
    return {inspect.getfile(sys.modules[module]) for module, _ in _places(things)}


def _texts(things: Iterable[Any], types: bool) -> list[str]:
    """A text for each thing and each helper."""
    return [_text(*_definition(*place), types) for place in _places(things)]


def _places(things: Iterable[Any]) -> list[tuple[str, str]]:
    """Where things are defined, then their helpers, and those of the helpers."""
    todo = [_place(thing) for thing in things]
    places: list[tuple[str, str]] = []
    while todo:
        place = todo.pop(0)
        if place not in places:
            places.append(place)
            todo += _helpers(place[0], _definition(*place)[0], place[1])
    return places


def _place(thing: Any) -> tuple[str, str]:
    """Where a thing is defined: its module, and its name with the class that it belongs to."""
    bare: Any = inspect.unwrap(thing)
    module, name = getattr(bare, "__module__", None), getattr(bare, "__qualname__", None)
    defined = inspect.isfunction(bare) or inspect.ismethod(bare) or inspect.isclass(bare)
    if not defined or not isinstance(module, str) or not isinstance(name, str):
        raise TypeError(f"expected a function, a method or a class, got {thing!r}")
    try:
        _definition(module, name)
    except (KeyError, OSError, TypeError) as error:
        raise TypeError(f"{thing!r} has no source that could be shown") from error
    return module, name


@cache
def _module(name: str) -> tuple[list[str], dict[str, ast.stmt], dict[str, tuple[str, str]]]:
    """A module's lines, what it defines, and which module and name an import stands for."""
    module = sys.modules.get(name) or importlib.import_module(name)
    text = inspect.getsource(module)
    defined: dict[str, ast.stmt] = {}
    imported: dict[str, tuple[str, str]] = {}
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                defined[node.name] = node
            case ast.Assign():
                defined |= {n.id: node for t in node.targets for n in _names(t)}
            case ast.AnnAssign():
                defined |= {n.id: node for n in _names(node.target)}
            case ast.ImportFrom(module=str(origin), level=0):
                imported |= {a.asname or a.name: (origin, a.name) for a in node.names}
    return text.splitlines(), defined, imported


def _names(target: ast.expr) -> Iterator[ast.Name]:
    return (node for node in ast.walk(target) if isinstance(node, ast.Name))


def _definition(module: str, name: str) -> tuple[ast.stmt, list[str]]:
    """The statement that defines a name, and the lines of its file."""
    lines, defined, _ = _module(module)
    first, *rest = name.split(".")
    node = defined[first]
    for inner in rest:
        node = {n.name: n for n in getattr(node, "body", []) if isinstance(n, _Definition)}[inner]
    return node, lines


def _helpers(module: str, node: ast.stmt, name: str) -> list[tuple[str, str]]:
    """What a definition uses of the package that no room exports, in the order of its use."""
    found: list[tuple[str, str]] = []
    owner = name.rpartition(".")[0]
    used = sorted(
        (n for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute)),
        key=lambda n: (n.lineno, n.col_offset),
    )
    for use in used:
        if isinstance(use, ast.Name):
            place = _origin(module, use.id)
            if place and place[1] != name.partition(".")[0] and not _public(*place):
                found.append(place)
        elif owner and isinstance(use.value, ast.Name) and use.value.id in ("self", "cls"):
            # A method's helpers are the private methods of its class.
            body = getattr(_definition(module, owner)[0], "body", [])
            methods = {n.name for n in body if isinstance(n, _Definition)}
            if use.attr in methods and re.match(r"_(?!_)", use.attr):
                found.append((module, f"{owner}.{use.attr}"))
    return found


def _origin(module: str, name: str) -> tuple[str, str] | None:
    """The module of the package that defines what a name stands for in another one."""
    while module.partition(".")[0] == PACKAGE:
        _, defined, imported = _module(module)
        if name in defined:
            return module, name
        if name not in imported or imported[name] == (module, name):  # a module of this folder
            return None
        module, name = imported[name]
        if f"{module}.{name}" in sys.modules and name not in _module(module)[2]:
            return None  # a module, which is no helper
    return None


def _public(module: str, name: str) -> bool:
    """Whether a reader meets the name elsewhere: a room exports it, or it only checks."""
    room = ".".join(module.split(".")[:2])
    if room == f"{PACKAGE}._checks":
        return True
    exported = getattr(importlib.import_module(room), "__all__", None)
    private = re.search(r"(^|\.)_(?!_)", f"{module}.{name}") is not None
    return not private if exported is None else name in exported


def _text(node: ast.stmt, lines: list[str], types: bool) -> str:
    """A definition's lines, those of its docstrings left out."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    while first > 1 and re.match(r"\s*#", lines[first - 2]):
        first -= 1  # what a comment above it says, belongs to it
    shown: dict[int, str | None] = {n: lines[n - 1] for n in range(first, _last(node) + 1)}
    for inner in ast.walk(node):
        if isinstance(inner, _Definition):
            for position, said in enumerate(inner.body):
                value = said.value if isinstance(said, ast.Expr) else None
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    _drop(shown, said, alone=len(inner.body) == 1, first=position == 0)
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not types:
            _plain_signature(shown, inner, lines)
    text = "\n".join(line for line in shown.values() if line is not None)
    return textwrap.dedent(re.sub(r"\n{3,}", "\n\n", text)).strip("\n")


def _last(node: ast.AST) -> int:
    return getattr(node, "end_lineno", None) or getattr(node, "lineno", 0)


def _drop(shown: dict[int, str | None], said: ast.stmt, *, alone: bool, first: bool) -> None:
    # Before it on its line there is room, or the head of a short definition.
    before = (shown[said.lineno] or "").encode()[: said.col_offset].decode()
    for number in range(said.lineno, _last(said) + 1):
        shown[number] = None
    if alone or before.strip():
        shown[said.lineno] = before + "..."
    after = _last(said) + 1
    while first and not alone and (shown.get(after) or "").strip() == "" and after in shown:
        shown[after] = None
        after += 1


def _plain_signature(
    shown: dict[int, str | None],
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    lines: list[str],
) -> None:
    """Write a signature again without types, on one line where it fits."""
    last = max([function.lineno, _last_of_signature(function)])
    while last < function.body[0].lineno and not re.search(r":\s*(#.*)?$", lines[last - 1]):
        last += 1
    if last >= function.body[0].lineno:
        return  # all on one line: too short to need it
    bare = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(bare, ast.FunctionDef | ast.AsyncFunctionDef)
    bare.body[:], bare.decorator_list, bare.returns = [ast.Pass()], [], None
    for argument in ast.walk(bare.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    indent = " " * function.col_offset
    header = textwrap.wrap(
        ast.unparse(bare).partition("\n")[0],
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + " " * 8,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for number in range(function.lineno, last + 1):
        shown[number] = None
    shown[function.lineno] = "\n".join(header)


def _last_of_signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    parts = [*ast.walk(function.args), *(ast.walk(function.returns) if function.returns else ())]
    return max((_last(part) for part in parts), default=0)


def _uncommented(text: str) -> str:
    """The same code without its comments, and blank lines only where a definition begins."""
    lines = text.splitlines()
    inside: set[int] = set()  # lines within a string, which stay as they are
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        inside |= set(range(token.start[0], token.end[0]))
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    shown: list[str] = []
    for row, line in enumerate(lines, 1):
        if not line.strip() and row not in inside:
            continue
        begins = row not in inside and re.match(r"\s+(@|(async )?def |class )", line)
        if begins and not re.search(r"(:|^\s*@.*)$", shown[-1]):
            shown.append("")
        shown.append(line if row in inside else line.rstrip())
    return "\n".join(shown)
