"""Numbers of a run in a page's text: ``87%<!--=with_8-->`` and what may stand there.

The anchor, an invisible comment, belongs to the inline element just before it: a whole
``*emphasis*``, ``**strong**`` or ```code``` span, or else the last word of the text without
what opens it, such as ``(`` or ``“``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: An anchor; its name is the word in it.
ANCHOR = re.compile(r"<!--=(\w+)-->")
#: What may stand before a value in the same word and is no part of it.
OPENING = "([{“„\"‘'«–—/|*_"
NUMBER = re.compile(r"[−-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[−+-]?\d+)?|[−-]?\.\d+")
_SPAN = re.compile(r"(`+)(?P<code>(?:(?!\1).)+)\1\Z|(?<!\*)(\*{1,2})(?P<text>[^*]+)\3\Z", re.S)
# Code is no text: anchors that a page shows in a fence or a code span are examples.
_CODE = re.compile(
    r"^(?P<f>`{3,}|~{3,}).*?^(?P=f)[`~]*[ \t]*$|(?P<c>`+)(?!`)(?:(?!\n\n).)+?(?<!`)(?P=c)(?!`)",
    re.M | re.S,
)


@dataclass(frozen=True)
class Quotation:
    """A value in Markdown text: its name, what the text says, and where."""

    name: str
    text: str
    start: int
    end: int


def word(text: str) -> int:
    """Where the value in the last word of a text begins."""
    start = max((i + 1 for i, c in enumerate(text) if c.isspace()), default=0)
    while start < len(text) - 1 and text[start] in OPENING:
        start += 1
    return start


def quotations(markdown: str) -> Iterator[Quotation]:
    """Every value of a Markdown text that an anchor names."""
    code = [match.span() for match in _CODE.finditer(markdown)]
    end = 0
    for anchor in ANCHOR.finditer(markdown):
        if any(start < anchor.start() < stop for start, stop in code):
            continue
        before = markdown[end : anchor.start()]
        span = _SPAN.search(before)
        if span:
            group = "code" if span["code"] else "text"
            start, stop = end + span.start(group), end + span.end(group)
        else:
            start, stop = end + word(before), anchor.start()
        yield Quotation(anchor[1], markdown[start:stop], start, stop)
        end = anchor.end()


def replaced(markdown: str, values: dict[str, dict]) -> str:
    """The text with the run's values."""
    for found in reversed(list(quotations(markdown))):
        if found.name in values:
            markdown = markdown[: found.start] + values[found.name]["text"] + markdown[found.end :]
    return markdown


def _number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def _unit(text: str) -> float:
    """One in the last digit of a number as it is written."""
    mantissa, _, power = text.replace("−", "-").partition("e")
    return 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))


def off(says: str, value: dict[str, Any]) -> str:
    """What a text that says this was allowed to be; nothing if the run's value allows it."""
    run = value["text"]
    within = float(value["within"]) if "within" in value else None
    factor = float(value["factor"]) if "factor" in value else None
    if says == run or within == math.inf:
        return ""
    mine, theirs = NUMBER.findall(says), NUMBER.findall(run)
    if NUMBER.sub("0", says) != NUMBER.sub("0", run) or not mine:
        return "the same words"
    if factor is not None:
        allowed = f"a factor of {factor:g}"
    else:
        allowed = "one in the last digit" if within is None else f"{within:g} more or less"
    for a, b in zip(mine, theirs, strict=True):
        x, y = _number(a), _number(b)
        if factor is not None:
            low, high = sorted((abs(x), abs(y)))
            good = x * y >= 0 and high <= factor * low * (1 + 1e-9)
        else:
            far = _unit(a) if within is None else within
            good = abs(x - y) <= far + 1e-9 * max(1.0, abs(x), abs(y))
        if not good:
            return allowed
    return ""


def texts(path: Path) -> list[str]:
    """The Markdown cells of a notebook."""
    cells = json.loads(path.read_text("utf8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


def complaints(page: str, texts: list[str], values: dict[str, dict]) -> list[str]:
    """One line for every number of a page's text that is not what its run gave."""
    lines = []
    for text in texts:
        for found in quotations(text):
            value = values.get(found.name)
            allowed = off(found.text, value) if value else ""
            if value and allowed:
                lines.append(
                    f"{page}: {found.name}: the text says {found.text}, the run says "
                    f"{value['text']}; allowed: {allowed}"
                )
    return lines


def write(path: Path, values: dict[str, dict]) -> list[str]:
    """Write the run's values into a notebook's text and leave all its other bytes alone.

    Returns
    -------
    list[str]
        The names of the values that changed.
    """
    raw = path.read_bytes().decode("utf8")
    changed: list[str] = []
    for cell in json.loads(raw)["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        lines = cell["source"] if isinstance(cell["source"], list) else [cell["source"]]
        whole = "".join(lines)
        better = replaced(whole, values)
        if better == whole:
            continue
        changed += [
            found.name
            for found in quotations(whole)
            if found.name in values and values[found.name]["text"] != found.text
        ]
        # A value holds no line break, so the lines stay the lines.
        after = better.splitlines(keepends=True) if isinstance(cell["source"], list) else [better]
        for old, new in zip(lines, after, strict=True):
            if old != new:
                raw = _swap(raw, old, new)
    if changed:
        path.write_bytes(raw.encode("utf8"))
    return changed


def _swap(raw: str, old: str, new: str) -> str:
    """Replace one line of a notebook's JSON, however its writer escaped it."""
    for ascii_only in (False, True):
        written = json.dumps(old, ensure_ascii=ascii_only)
        if written in raw:
            # The same line twice holds the same names, so all of them are meant.
            return raw.replace(written, json.dumps(new, ensure_ascii=ascii_only))
    raise ValueError(f"no such line in the notebook's file: {old!r}")
