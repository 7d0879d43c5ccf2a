"""Read a notebook file into code cells.

Nothing runs. Test cells, metadata, tags and outputs are not looked at.
"""

from __future__ import annotations

import ast
import json
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from attncourse.grading import magics
from attncourse.grading.checks import plain_text

#: A notebook of text and code is far smaller; more is a mistake or an attack.
SIZE_LIMIT = 32 << 20
#: Characters of code in all. What lies beyond is left out, with a note.
CODE_LIMIT = 1 << 20


_UNREADABLE = (SyntaxError, ValueError, RuntimeError, MemoryError)


class NotANotebook(ValueError):
    """The file is there and is no notebook; the message says what is wrong with it."""


@dataclass(frozen=True)
class Cell:
    """A code cell. ``number`` counts all cells from 1, as an editor shows them.

    ``tree`` is None where the cell cannot be read, and ``error`` says why. ``foreign`` is the magic
    that keeps the cell from being Python, ``%%bash`` for one.
    """

    number: int
    source: str
    tree: ast.Module | None
    error: str = ""
    foreign: str = ""

    def binds(self) -> set[str]:
        """Names that the cell gives a value to, or changes in place, at its top level."""
        return set(bound(self.tree.body)) if self.tree else set()


def read(path: Path, *, follow: bool = True) -> list[Cell]:
    """Read a notebook's code cells.

    Parameters
    ----------
    path
        The file.
    follow
        Follow a symbolic link. Not what others hand in: it may lead to a solution.

    Raises
    ------
    NotANotebook
        The file is no notebook of format 4, or has no code.
    """
    name = plain_text(path.name, 80)
    content = _content(path, name, follow)
    try:
        # From bytes: editors on Windows save with a byte order mark, or in UTF-16.
        data = json.loads(content)
    except UnicodeDecodeError:
        raise NotANotebook(f"{name} is not a notebook: it is not text.") from None
    except json.JSONDecodeError as error:
        raise NotANotebook(
            f"{name} is not a readable notebook: its JSON breaks at line {error.lineno} "
            f"({error.msg}). Was the file cut off, or does it hold merge marks?"
        ) from None
    except (RecursionError, ValueError) as error:
        why = plain_text(error, 80).rstrip(".")
        raise NotANotebook(f"{name} is not a readable notebook: {why}.") from None
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise NotANotebook(f"{name} is JSON, but not a notebook of format 4: it has no cells.")
    sources: dict[int, str] = {}
    for number, raw in enumerate(data["cells"], start=1):
        kind = raw.get("cell_type") if isinstance(raw, dict) else None
        source = raw.get("source", "") if isinstance(raw, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(kind, str) or not isinstance(source, str):
            raise NotANotebook(f"{name} is not a readable notebook: cell {number} is damaged.")
        if kind == "code" and source.strip():
            sources[number] = source
    if not sources:
        raise NotANotebook(f"{name} has no code cells.")
    # The shortest first: one enormous cell does not push the answers out.
    room, fits = CODE_LIMIT, set()
    for number, source in sorted(sources.items(), key=lambda item: len(item[1])):
        room -= len(source)
        if room >= 0:
            fits.add(number)
    why = f"the notebook has more than {CODE_LIMIT >> 10} KiB of code"
    return [
        parse(number, source) if number in fits else Cell(number, source, None, why)
        for number, source in sources.items()
    ]


def _content(path: Path, name: str, follow: bool) -> bytes:
    """The bytes of a plain file. Opened once, so that what is looked at is what is read."""
    if not follow and path.is_symlink():
        raise NotANotebook(
            f"{name} is a link, and links are not followed. Hand in the file itself."
        )
    # A pipe would wait for a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    flags |= 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotANotebook(f"{name} is not a plain file.")
        content = file.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise NotANotebook(f"{name} is larger than {SIZE_LIMIT >> 20} MiB. Clear its outputs.")
    return content


def parse(number: int, source: str) -> Cell:
    """Parse a cell. Shell lines and magics are turned into calls first, as Jupyter does."""
    source, foreign = magics.strip(source.lstrip("\ufeff"))
    if foreign:
        return Cell(number, source, ast.Module([], []), foreign=foreign)
    try:
        return Cell(number, source, ast.parse(source))
    except _UNREADABLE as error:
        first = error
    try:
        plain = magics.translate(source)
        return Cell(number, plain, ast.parse(plain))
    except magics.TooMany as error:
        return Cell(number, source, None, str(error))
    except _UNREADABLE:
        pass  # the first error is about what the learner sees
    if isinstance(first, SyntaxError):
        why = f"line {first.lineno}: {plain_text(first.msg)}"
    elif isinstance(first, RecursionError | MemoryError):
        why = "it is nested too deeply for Python"
    else:
        why = f"{type(first).__name__}: {plain_text(first)}"
    return Cell(number, source, None, why)


def free_names(node: ast.stmt) -> set[str]:
    """Names that a statement takes from outside: not the local ones of a function."""
    parts = list(ast.walk(node))
    loaded = {p.id for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Load)}
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        loaded -= {p.id for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)}
        loaded -= {p.arg for p in parts if isinstance(p, ast.arg)}
    return loaded


def bound(nodes: Iterable[ast.stmt]) -> Iterator[str]:
    """Names that statements bind, delete or change in place at the top level of a cell."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield (alias.asname or alias.name).split(".")[0]
        else:
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del):
                    yield part.id
                elif isinstance(part, ast.Attribute | ast.Subscript) and isinstance(
                    part.ctx, ast.Store | ast.Del
                ):
                    base: ast.AST = part
                    while isinstance(base, ast.Attribute | ast.Subscript):
                        base = base.value
                    if isinstance(base, ast.Name):
                        yield base.id
                elif isinstance(part, ast.FunctionDef | ast.ClassDef):
                    yield part.name
                elif isinstance(part, ast.Import | ast.ImportFrom):
                    for alias in part.names:
                        yield (alias.asname or alias.name).split(".")[0]


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
    """Every node, in the order of the text. No recursion: a tree may be thousands deep."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        scope = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if nested or not scope or node is tree:
            todo += reversed(list(ast.iter_child_nodes(node)))
