"""The pages of the book, and their HTML read once."""

from __future__ import annotations

import gzip
import sys
from functools import cache
from pathlib import Path

import lxml.html

from tests.site.conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "site"))
from toc import pages_of

CONTENT = pages_of(ROOT / "_toc.yml")
GENERATED = ["search", "genindex"]
EVERY = [*CONTENT, *GENERATED, "index"]
NOTEBOOKS = [page for page in CONTENT if (ROOT / f"{page}.ipynb").exists()]
#: One template makes these from docstrings; all others are written by hand.
LIBRARY = [page for page in CONTENT if page.startswith("book/api/")]
_PARSER = lxml.html.HTMLParser(encoding="utf-8")


@cache
def document(path: Path) -> lxml.html.HtmlElement:
    """A page's HTML, parsed once a run."""
    return lxml.html.parse(str(path), _PARSER).getroot()


@cache
def packed(path: Path) -> int:
    """Bytes over the wire, compressed as any server does."""
    body = path.read_bytes()
    return len(body if path.suffix in (".woff2", ".png") else gzip.compress(body))


def components(root: lxml.html.HtmlElement) -> set[str]:
    """What a page is made of: its elements with their classes, a formula or a drawing as one."""
    found: set[str] = set()
    todo = [root.find("body")]
    while todo:
        node = todo.pop()
        if not isinstance(node.tag, str):
            continue
        classes = (node.get("class") or "").split()
        whole = node.tag in ("svg", "math", "script", "style") or "katex" in classes
        if "highlight" not in classes:
            names = [c for c in classes if not c.startswith("toctree-l")]
            found.add(".".join([node.tag, *sorted(names)]))
            todo += [] if whole else list(node)
    return found


def covering(pages: list[str], html: Path) -> set[str]:
    """As few pages as show, together, every kind of element that any of them has."""
    made_of = {page: components(document(html / f"{page}.html")) for page in pages}
    left = set().union(*made_of.values())
    chosen: set[str] = set()
    while left:
        # What shows most for its size: a visit takes as long as the page is.
        best = max(
            pages,
            key=lambda page: len(made_of[page] & left) / (html / f"{page}.html").stat().st_size,
        )
        chosen.add(best)
        left -= made_of[best]
    return chosen
