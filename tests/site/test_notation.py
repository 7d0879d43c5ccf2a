"""The notation page: no symbol stands for two things, and no page uses one that nobody explains."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict

import pytest

from tests.site.conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "site"))
from toc import pages_of

PAGES = [p for p in pages_of(ROOT / "_toc.yml") if re.match(r"book/(\d\d-[^/]+/)?[^/]+$", p)]
#: Indices, the number e and what stands for any number: they need no line of the table.
FREE = set("ijlte")
WORDS = re.compile(r"\\(?:text|operatorname|mathrm|mathbb|begin|end)\*?\{[^}]*\}")
LETTER = re.compile(r"(?<![A-Za-z\\])([A-Za-z])(?![A-Za-z])|(\\(?:alpha|tau|phi|sigma|ell))\b")


def symbols(table: str) -> dict[str, list[str]]:
    """The symbols of each line, in order: ``{"m": […]}`` by their letter without the foot."""
    rows = re.findall(r"^\| \$(.+?)\$ \| `", table, flags=re.M)
    by_letter = defaultdict(list)
    for row in rows:
        for symbol in re.split(r",\\ ", row):
            by_letter[re.split(r"_", symbol)[0]].append((row, symbol))
    return by_letter


def clashes(table: str) -> list[str]:
    """Symbols that stand twice, and letters that stand bare on one line and with a foot on another."""
    found = []
    for letter, places in symbols(table).items():
        names = [symbol for _, symbol in places]
        found += [name for name in set(names) if names.count(name) > 1]
        rows = {row for row, _ in places}
        if len(rows) > 1 and letter in names:
            found.append(letter)
    return found


TABLE = (ROOT / "book" / "notation.md").read_text("utf8").split("## Conventions")[0]


def test_a_symbol_has_one_meaning():
    assert len(symbols(TABLE)) >= 20
    assert clashes(TABLE) == []


@pytest.mark.parametrize(
    "line",
    [
        "| $h$ | `n_heads` | number | heads |",
        "| $S_t$ | `state` | d | state |",
        "| $W$ | `window` | number | window |",
        "| $B$ | `batch` | number | batch |",
        "| $d_k$ | `d` | number | twice |",
    ],
)
def test_a_second_meaning_is_seen(line):
    assert clashes(TABLE + line + "\n")


def formulas(page: str) -> tuple[set[str], set[str]]:
    """The letters in a page's formulas: those set apart, and those in running text."""
    path = ROOT / f"{page}.ipynb"
    if path.exists():
        cells = json.loads(path.read_text("utf8"))["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    else:
        text = (ROOT / f"{page}.md").read_text("utf8")
    apart, running = set(), set()
    for block, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", text, flags=re.S):
        letters = {a or b for a, b in LETTER.findall(WORDS.sub(" ", block or inline))}
        (apart if block else running).update(letters)
    return apart, running


@pytest.mark.parametrize("page", PAGES)
def test_a_symbol_is_in_the_table_or_explained_beside_its_formula(page):
    apart, running = formulas(page)
    rows = re.findall(r"^\| \$(.+?)\$ \|", TABLE, flags=re.M)
    named = {a or b for row in rows for a, b in LETTER.findall(WORDS.sub(" ", row))}
    # A row of a matrix in the table, such as q of Q, is explained with it.
    named |= {letter.lower() for letter in named}
    assert apart - running - named - FREE == set()
