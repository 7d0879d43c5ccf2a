"""The library's pages: every public name once, its examples complete, its references real."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
import sys
from functools import cache

import pytest
from bs4 import BeautifulSoup

from attncourse import source
from tests.site.conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "site"))
sys.path.insert(0, str(ROOT / "book" / "site" / "extensions"))
from attsite import catalogue, library
from toc import pages_of

PAGES = [
    page
    for page in pages_of(ROOT / "_toc.yml")
    if page.startswith(library.FOLDER) and page != "book/api/index"
]
#: The two rooms that are twins stand on a page together; any other is named where it is documented.
TEXTS = [(ROOT / f"{page}.md").read_text("utf8") for page in PAGES]
NAMED = sorted({room for text in TEXTS for room in re.findall(r"^:room: *(\w+)$", text, re.M)})
ROOMS = {"": "twins", **dict(zip(NAMED, NAMED, strict=True))}
THINGS = [thing for room in ROOMS for thing in catalogue.things(room)]
NAMES = {name for thing in THINGS for name in (thing.full_name, thing.name)}
ONE_IN_A_ROOM = [(thing, room) for thing in THINGS for room in thing.rooms]


@cache
def documented(page: str) -> list[catalogue.Thing]:
    return library.calls((ROOT / f"{page}.md").read_text("utf8"))


def test_every_page_is_in_the_table_of_contents():
    found = {f"book/api/{path.stem}" for path in (ROOT / "book" / "api").glob("*.md")}
    left = found - {"book/api/index", *PAGES}
    assert not left, f"_toc.yml has no line for {', '.join(sorted(left))}"
    assert found == {"book/api/index", *PAGES}
    assert set(PAGES) <= set(pages_of(ROOT / "_toc.yml"))


@pytest.mark.parametrize("room", ROOMS, ids=ROOMS.values())
def test_every_public_name_has_its_place_once(room):
    """A file that no page names, or a name on two pages, fails here: add it to ``book/api/``."""
    on_pages = [thing.full_name for page in PAGES for thing in documented(page)]
    wanted = [thing.full_name for thing in catalogue.things(room)]
    left = [name for name in wanted if on_pages.count(name) != 1]
    assert not left, f"{', '.join(left)}: one page of book/api/ that _toc.yml lists names its file"


def test_the_catalogue_finds_what_the_rooms_export():
    assert {"analysis", "training"} <= set(NAMED)
    for room in (*catalogue.TWINS, *NAMED):
        exported = set(importlib.import_module(f"attncourse.{room}").__all__)
        assert exported == {thing.name for thing in THINGS if room in thing.rooms}
    assert len(documented("book/api/softmax")) >= 3


@pytest.mark.parametrize("page", PAGES)
def test_anchors_of_a_page_differ(page):
    anchors = [thing.name for thing in documented(page)]
    assert len(anchors) == len(set(anchors))


@pytest.mark.parametrize(("thing", "room"), ONE_IN_A_ROOM, ids=lambda x: getattr(x, "name", x))
def test_an_example_runs_as_it_is_shown(thing, room):
    """Copied from the page into an empty session, imports included."""
    text = catalogue.example(thing, room)
    test = doctest.DocTestParser().get_doctest(text, {}, thing.name, None, 0)
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize(("thing", "room"), ONE_IN_A_ROOM, ids=lambda x: getattr(x, "name", x))
def test_every_reference_leads_somewhere(thing, room):
    """The book refuses a name that is nowhere; this finds it in a moment."""
    texts = [inspect.getdoc(thing.rooms[room]) or "", inspect.getdoc(thing.modules[room]) or ""]
    for name in re.findall(r":(?:func|class|meth|data):`~?([\w.]+)`", "\n".join(texts)):
        known = {name, f"attncourse.{room}.{name}"} & NAMES
        assert known or re.match(r"(np|numpy|torch)\.", name), f"{thing.name} refers to {name}"


def test_signatures_are_readable():
    things = {thing.name: thing for thing in THINGS}
    mask = things["causal_mask"].rooms
    text = catalogue.signature("causal_mask", mask["pytorch"], mask["reference"])
    assert text.splitlines() == [
        "causal_mask(",
        "    q_len: int,",
        "    kv_len: int,",
        "    *,",
        "    device: torch.device | str | None = None,  # PyTorch only",
        ') -> Bool[Array, "q_len kv_len"]',
    ]
    for thing in THINGS:
        if thing.kind != "data":
            text = catalogue.signature(thing.name, list(thing.rooms.values())[-1])
            assert "ndarray" not in text
            assert "Tensor" not in text
            assert "ForwardRef" not in text
            if not text.startswith("class "):  # an exception
                for word in inspect.signature(list(thing.rooms.values())[-1]).parameters:
                    assert re.search(rf"\b{word}\b", text)


def test_code_is_shown_without_its_docstring():
    softmax = next(thing for thing in THINGS if thing.name == "softmax")
    code = source.code(softmax.rooms["reference"])
    assert code.startswith("def softmax(")
    assert "Parameters" not in code
    assert "return" in code


@pytest.fixture(scope="module")
def soup(html):
    return {
        page: BeautifulSoup((html / f"{page}.html").read_text("utf8"), "html.parser")
        for page in [*PAGES, "book/api/index"]
    }


@pytest.mark.parametrize("page", PAGES)
def test_no_address_stands_twice(page, soup):
    """As "Softmax", the page, and softmax, the function, would."""
    ids = [tag["id"] for tag in soup[page].find("article").find_all(id=True)]
    assert len(ids) == len(set(ids)), sorted(i for i in ids if ids.count(i) > 1)


@pytest.mark.parametrize("page", PAGES)
def test_a_section_a_name_with_all_that_the_docstring_has(page, soup):
    for thing in documented(page):
        section = soup[page].find("section", id=thing.name)
        assert section, f"{page} has no #{thing.name}"
        assert section.h2.code.text == thing.name
        parts = catalogue.sections(thing.text)
        rubrics = [rubric.text for rubric in section.select(":scope > p.rubric")]
        assert rubrics == [shown for title, shown in library.TITLES.items() if title in parts]
        n_formulas = parts[""].count(".. math::")
        assert len(section.select(":scope > div.math")) >= n_formulas
        text = " ".join(p.text for p in section.find_all(["p", "dt"]))
        assert not re.search(r":\w+:`|``|\.\. \w+::", text), text
        blocks = [block.text for block in section.select("div.highlight pre")]
        for room in thing.rooms if "Examples" in parts else ():
            example = catalogue.shown(catalogue.example(thing, room)).replace("<BLANKLINE>", "")
            assert "doctest" not in example
            assert any(example in block for block in blocks)


def test_the_index_leads_to_every_name(soup):
    links = {a["href"].rpartition("#")[2] for a in soup["book/api/index"].select(".att-names a")}
    assert {thing.name for thing in THINGS} <= links


def test_names_are_in_the_general_index(html):
    text = (html / "genindex.html").read_text("utf8")
    assert 'href="book/api/scaled_dot_product.html#scaled_dot_product_attention"' in text


def test_tabs_follow_the_reader(html, chromium_page):
    """Whoever chooses PyTorch once sees it in every example of the page, also without a mouse."""
    browser = chromium_page((html / "book/api/softmax.html").as_uri())
    browser.locator(".sd-tab-set input").nth(0).focus()
    browser.keyboard.press("ArrowRight")
    for example in browser.locator("section.att-api > .sd-tab-set").all():
        assert example.locator("pre").locator("visible=true").inner_text().count("torch") > 0
