"""Read a notebook file into code cells.

Nothing runs. Test cells, metadata, tags and outputs are not looked at.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from attncourse.grading.checks import plain_text

#: A notebook of text and code is far smaller; more is a mistake or an attack.
SIZE_LIMIT = 32 << 20


class NotANotebook(ValueError):
    """The file is there and is no notebook; the message says what is wrong with it."""


@dataclass(frozen=True)
class Cell:
    """A code cell. ``number`` counts all cells from 1, as an editor shows them."""

    number: int
    source: str
    tree: ast.Module | None
    error: str = ""

    def binds(self) -> set[str]:
        """Names that the cell gives a value to, or changes in place, at its top level."""
        return set(bound(self.tree.body)) if self.tree else set()


def read(path: Path) -> list[Cell]:
    """Read a notebook's code cells.

    Raises
    ------
    NotANotebook
        The file is no notebook of format 4, or has no code.
    """
    if path.stat().st_size > SIZE_LIMIT:
        raise NotANotebook(f"{path.name} is larger than {SIZE_LIMIT >> 20} MiB. Clear its outputs.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise NotANotebook(f"{path.name} is not a notebook: it is not text.") from None
    except json.JSONDecodeError as error:
        raise NotANotebook(
            f"{path.name} is not a readable notebook: its JSON breaks at line {error.lineno} "
            f"({error.msg}). Was the file cut off, or does it hold merge marks?"
        ) from None
    except (RecursionError, ValueError) as error:
        raise NotANotebook(f"{path.name} is not a readable notebook: {error}.") from None
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise NotANotebook(f"{path.name} is JSON, but not a notebook of format 4: it has no cells.")
    cells = []
    for number, raw in enumerate(data["cells"], start=1):
        kind = raw.get("cell_type") if isinstance(raw, dict) else None
        source = raw.get("source", "") if isinstance(raw, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(kind, str) or not isinstance(source, str):
            raise NotANotebook(f"{path.name} is not a readable notebook: cell {number} is damaged.")
        if kind == "code" and source.strip():
            cells.append(parse(number, source))
    if not cells:
        raise NotANotebook(f"{path.name} has no code cells.")
    return cells


def parse(number: int, source: str) -> Cell:
    """Parse a cell. Shell lines and magics are turned into calls first, as Jupyter does."""
    try:
        return Cell(number, source, ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        first = error
    if any(line.lstrip().startswith(("%", "!", "?")) for line in source.splitlines()):
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            plain = TransformerManager().transform_cell(source)
            return Cell(number, plain, ast.parse(plain))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass  # the first error is about what the learner sees
    if isinstance(first, SyntaxError):
        why = f"line {first.lineno}: {plain_text(first.msg)}"
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
