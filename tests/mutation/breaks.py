"""All ways to break a file by one token: an operator, a comparison, a truth value, a number."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Each operator and word, and what it becomes. Empty: it goes.
SWAPS = {
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
    "//": "/",
    "**": "*",
    "%": "//",
    "@": "*",
    "&": "|",
    "|": "&",
    "<<": ">>",
    ">>": "<<",
    "+=": "-=",
    "-=": "+=",
    "*=": "/=",
    "/=": "*=",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "~": "",
    "not": "",
    "and": "or",
    "or": "and",
    "is": "is not",
    "True": "False",
    "False": "True",
}
#: What may stand before an operator that has a left side.
ENDS_A_VALUE = {")", "]", "}", "None", "True", "False"}


@dataclass(frozen=True)
class Break:
    """One token of one file, and what stands in its place."""

    path: Path
    line: int
    column: int
    old: str
    new: str

    def applied(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        line = lines[self.line - 1]
        assert line[self.column :].startswith(self.old)
        lines[self.line - 1] = line[: self.column] + self.new + line[self.column + len(self.old) :]
        return "".join(lines)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column + 1}: {self.old} → {self.new or 'nothing'}"


def breaks(path: Path, text: str) -> list[Break]:
    """Give every break of a file that leaves it readable for Python."""
    left_alone = _spans(ast.parse(text), text)
    found = []
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        if not any(start <= token.start < end for start, end in left_alone):
            for new in _replacements(before, token, after):
                found.append(Break(path, *token.start, token.string, new))
    return [one for one in found if _parses(one.applied(text))]


def _replacements(before, token, after) -> Iterator[str]:
    text = token.string
    if token.type == tokenize.NUMBER:
        if text.isdecimal():
            yield str(int(text) + 1)
            if int(text) > 0:
                yield str(int(text) - 1)
        else:
            yield str((int(text[0]) + 1) % 10) + text[1:]
    elif text in {"+", "-", "*", "**", "@", "/"} and not _ends_a_value(before):
        if text == "-":  # a sign; a star here unpacks, an @ decorates
            yield ""
    elif text == "is" and after.string == "not":
        pass  # the "not" goes instead
    elif token.type in (tokenize.OP, tokenize.NAME) and text in SWAPS:
        yield SWAPS[text]


def _ends_a_value(token) -> bool:
    if token is None:
        return False
    if token.type == tokenize.NAME:
        return token.string not in {"return", "in", "and", "or", "not", "if", "else", "lambda"}
    return token.type in (tokenize.NUMBER, tokenize.STRING) or token.string in ENDS_A_VALUE


def _spans(tree: ast.Module, text: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where nothing is broken: annotations and imports. (Strings and comments have no tokens.)"""
    lines = text.splitlines()
    parts: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            parts.append(node)
        elif isinstance(node, ast.FunctionDef):
            parts.append(node.returns)
        elif isinstance(node, ast.arg | ast.AnnAssign):
            parts.append(node.annotation)

    def place(line: int, n_bytes: int) -> tuple[int, int]:
        return line, len(lines[line - 1].encode()[:n_bytes].decode())

    return [
        (place(part.lineno, part.col_offset), place(part.end_lineno, part.end_col_offset))
        for part in parts
        if part is not None
    ]


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True
