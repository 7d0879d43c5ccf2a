"""Every source that a docstring of the package names stands in the book's bibliography, with its year."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
#: A reference is "Names (year), Title …, arXiv:number"; this is where one begins.
YEAR = re.compile(r"\((\d{4})\)")


def entries() -> dict[str, str]:
    """The bibliography by key, each entry as it stands in the file."""
    text = (ROOT / "book" / "references.bib").read_text("utf8")
    found = re.findall(r"^@\w+\{([^,]+),\n(.*?)^\}", text, re.M | re.S)
    assert len(found) == len(dict(found)), "a key stands there twice"
    return dict(found)


def field(entry: str, name: str) -> str:
    match = re.search(rf"^ *{name} *= *\{{(.*)\}},?$", entry, re.M)
    return match[1] if match else ""


def plain(name: str) -> str:
    """Letters without accents, the way both files can agree on."""
    split = unicodedata.normalize("NFD", name)
    return re.sub(r"[^A-Za-z ]", "", split)


def docstrings() -> Iterator[tuple[str, str]]:
    """Every docstring of the package, and where it stands."""
    for path in sorted((ROOT / "attncourse").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = ast.get_docstring(node)
                if text:
                    where = f"{path.relative_to(ROOT)}:{getattr(node, 'name', '')}"
                    yield where, " ".join(text.split())


BY_NUMBER = {
    number: entry
    for entry in entries().values()
    for number in re.findall(r"arXiv:([\d.]+)|eprint *= *\{([\d.]+)\}", entry)
    for number in number
    if number
}
CITED = [
    (where, text[: match.start()], match[1])
    for where, text in docstrings()
    for match in ARXIV.finditer(text)
]
NUMBERS = sorted({number for _, _, number in CITED})


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_is_in_the_bibliography(number):
    where = sorted(w for w, _, n in CITED if n == number)
    assert number in BY_NUMBER, f"add arXiv:{number} to book/references.bib; cited by {where[0]}"


@pytest.mark.parametrize("number", NUMBERS)
def test_the_year_is_the_entry_s(number):
    """And the first author's name is the entry's, so that no number belongs to another paper."""
    entry = BY_NUMBER[number]
    for where, before, found in CITED:
        if found == number and (years := list(YEAR.finditer(before))):
            assert years[-1][1] == field(entry, "year"), f"{where}: {number}"
            names = before[: years[-1].start()].rstrip().removesuffix(" et al.")
            name = re.search(r"(\S+)(?: and \S+)?$", names)[1]
            assert plain(name) in plain(field(entry, "author")), f"{where}: {name}, {number}"


def test_every_address_without_a_number_is_in_the_bibliography():
    """A DOI is a source, too."""
    text = (ROOT / "book" / "references.bib").read_text("utf8")
    for where, words in docstrings():
        for doi in re.findall(r"doi\.org/(10\.\S+?)[.;,)]*(?:\s|$)", words):
            assert doi in text, f"{where}: {doi}"


def test_entries_are_whole():
    for key, entry in entries().items():
        for name in ("author", "title", "year"):
            assert field(entry, name), f"{key} has no {name}"
        assert re.match(r"^[a-z]+(\d{4}[a-z0-9]*)?$", key), key
        if re.search(r"\d{4}", key):
            assert field(entry, "year") in key
        assert ".." not in entry.replace("...", "")
    titles = [field(entry, "title") for entry in entries().values()]
    assert len(titles) == len(set(titles))


def test_enough_is_cited():
    assert len(NUMBERS) > 40
