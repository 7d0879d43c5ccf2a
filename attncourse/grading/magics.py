"""Jupyter's own lines: ``%%time`` above a cell, ``%matplotlib`` and ``!ls`` within it."""

from __future__ import annotations

import ast
import re

#: Cell magics whose text is not run as Python in the notebook's own namespace.
FOREIGN = re.compile(
    "!|bash|cmd|cython|file|html|javascript|js|julia|latex|markdown|octave|perl|pypy|python[23]?|R|"
    "ruby|script|sh|sql|svg|sx|system|writefile|zsh"
)
#: A cell with more magic and shell lines than this is no honest one, and slow to translate.
MOST = 100
#: Characters times magic lines: what translating a cell may cost.
EFFORT = 4 << 20

_CELL = re.compile(r"\A(?P<before>\s*)%%(?P<name>!|\S+)[^\n]*(?P<end>\n|\Z)")
#: Timers that run a statement once: the statement counts, its timing does not.
_TIMED = re.compile(r"^([ \t]*)%(?:time|prun|memit)\b(?:[ \t]+-\S+)*[ \t]*(.*)$", re.M)
_ASSIGNED = re.compile(r"[\w.,\[\] ]+=[ \t]*[%!]")


class TooMany(ValueError):
    """A cell has so many magic or shell lines that it is not translated."""


def strip(source: str) -> tuple[str, str]:
    """Take a cell's magics off its top; line numbers stay.

    Returns
    -------
    tuple[str, str]
        The Python below them and nothing; or, where the cell is not Python, its text and the
        name of the magic: ``"%%bash"``.
    """
    while found := _CELL.match(source):
        name, below = found["name"], source[found.end() :]
        # Whoever times, profiles or captures a cell runs it; there are too many to be listed.
        if FOREIGN.fullmatch(name) or not (_CELL.match(below) or _lines(below) or _parses(below)):
            return source, f"%%{name}"
        source = found["before"] + found["end"] + below
    return source, ""


def translate(source: str) -> str:
    """Turn magic and shell lines into calls, as Jupyter does.

    Raises
    ------
    TooMany
        There are more than any honest cell has.
    """
    source = _TIMED.sub(lambda m: m[1] + (m[2] if _parses(m[2]) and m[2] else "pass"), source)
    lines = _lines(source)
    if lines > MOST or lines * len(source) > EFFORT:
        raise TooMany(f"it has {lines} magic or shell lines in {len(source)} characters")
    if not lines:
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def _lines(source: str) -> int:
    """How many lines only Jupyter understands: ``%pip``, ``!ls``, ``x = !ls``, ``print?``."""
    stripped = map(str.strip, source.splitlines())
    return sum(
        line.startswith(("%", "!", "?")) or line.endswith("?") or bool(_ASSIGNED.match(line))
        for line in stripped
    )


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
