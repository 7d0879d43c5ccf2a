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
    text = prose(page)
    apart, running = set(), set()
    for block, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", text, flags=re.S):
        letters = {a or b for a, b in LETTER.findall(WORDS.sub(" ", block or inline))}
        (apart if block else running).update(letters)
    return apart, running


#: "where $S_j$ is the score", "$A_j$ the attention weight", "with $m$ the largest score".
EXPLAINED = re.compile(r"\$([^$\n]+)\$ (?:(?:is|are) )?(?:the|a|an) ([^.;:,$|]+)")
SYMBOL = re.compile(r"(\\?[A-Za-z]+)(?:_(\w|\{\w+\}|\\text\{\w+\}))?")
EMPTY = {"numbe", "vecto", "matri", "colum", "with", "from", "that", "which", "whose", "there"}


def stems(words: str) -> set[str]:
    """The beginnings of the words that say something."""
    return {word[:5] for word in re.findall(r"[a-z]{4,}", words.lower())} - EMPTY


def meanings(table: str) -> dict[str, str]:
    """What the table's lines say, by symbol (``W_a``) and by letter (``W``), matrix rows included."""
    found: dict[str, str] = defaultdict(str)
    for row, rest in re.findall(r"^\| \$(.+?)\$ \| (`.+)$", table, flags=re.M):
        for symbol in re.split(r",\\ ", row):
            letter = symbol.split("_")[0]
            for name in {symbol, letter}:
                found[name] += rest
    bare = {symbol for places in symbols(table).values() for _, symbol in places}
    for letter in [name for name in bare if len(name) == 1 and name.isupper()]:
        found.setdefault(letter.lower(), found[letter])
    return found


def other_meanings(text: str, table: str) -> list[str]:
    """Where a text says of a symbol of the table that it is something else."""
    known, found = meanings(table), []
    for symbol, words in EXPLAINED.findall(re.sub(r"\]\([^)]*\)", "", text)):
        shape = SYMBOL.fullmatch(symbol.strip())
        if not shape:
            continue
        meaning = known.get(shape[0], known.get(shape[1]))
        # An index of another page's kind, as in x_i, leaves the letter; no word in common is another thing.
        if meaning and not stems(words) & stems(meaning):
            found.append(f"${symbol}$: {words.strip()}")
    return found


def prose(page: str) -> str:
    """A page's text without its code."""
    path = ROOT / f"{page}.ipynb"
    if not path.exists():
        return (ROOT / f"{page}.md").read_text("utf8")
    cells = json.loads(path.read_text("utf8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


EXERCISES = sorted(f"solutions/{path.stem}" for path in (ROOT / "solutions").glob("*.ipynb"))


@pytest.mark.parametrize("page", [*PAGES, *EXERCISES])
def test_no_page_explains_a_symbol_of_the_table_otherwise(page):
    assert other_meanings(prose(page).replace(TABLE, ""), TABLE) == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("where $s_j$ is the score", "where $S_j$ is the score"),
        ("With $m$ the row's largest score, all is well", "With $m$ the number of queries"),
        ("where $c$ is the factor on the scores", "where $c_t$ is the context vector"),
        ("$H$ is the matrix of states", "$E$ is the encoder's sequence"),
        ("and $v_a$ the value of a key", "and $v_a$ the additive score's third parameter"),
        ("$x_i$ is a score", "$x_i$ is a vector of the sequence"),
    ],
)
def test_another_meaning_in_a_text_is_seen(wrong, right):
    assert other_meanings(wrong, TABLE)
    assert other_meanings(right, TABLE) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_symbol_is_in_the_table_or_explained_beside_its_formula(page):
    apart, running = formulas(page)
    rows = re.findall(r"^\| \$(.+?)\$ \|", TABLE, flags=re.M)
    named = {a or b for row in rows for a, b in LETTER.findall(WORDS.sub(" ", row))}
    # A row of a matrix in the table, such as q of Q, is explained with it.
    named |= {letter.lower() for letter in named}
    assert apart - running - named - FREE == set()
