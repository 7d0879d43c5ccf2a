"""The source article: one page about it, one name for it, and an outline whose links lead somewhere."""

from __future__ import annotations

import json
import re
import sys

import pytest
import yaml
from bs4 import BeautifulSoup

from attncourse import claims
from tests.site.conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "site"))
sys.path.insert(0, str(ROOT / "book" / "site" / "extensions"))
from attsite.outline import chapters, pages_by_name, sections
from toc import pages_of

PAGES = pages_of(ROOT / "_toc.yml")
BOOK = [page for page in PAGES if not page.startswith("book/api/")]
#: What the text is called: with "the source" at first, then any of these.
NAME = re.compile(r"\b(the|The) (source )?article\b(?!\w)")
WORD = re.compile(r"\b[Aa]rticles?\b")
LINK = re.compile(
    r"\[[^\]]*\b[Tt]he source article[^\]]*\]\((?:\.\./)*(?:book/)?article\.md(#[^)]*)?\)"
)


def prose(page: str) -> str:
    """What a page says in Markdown, without code, comments, targets of links and citations."""
    path = ROOT / f"{page}.ipynb"
    if path.exists():
        cells = json.loads(path.read_text("utf8"))["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    else:
        text = (ROOT / f"{page}.md").read_text("utf8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    text = re.sub(r"<!--.*?-->|`[^`\n]*`", "", text, flags=re.S)
    return re.sub(r"\s+", " ", text)


def faults(text: str) -> list[str]:
    """What is wrong with how a page speaks of the article."""
    found = []
    plain = re.sub(r"\]\([^)]*\)", "]", text)
    mentions = [m.start() for m in WORD.finditer(plain)]
    if not mentions:
        return []
    for at in mentions:
        around = plain[max(0, at - 12) : at + 9]
        if not NAME.search(around):
            found.append(f"another name: …{around}…")
    first = LINK.search(text)
    before = WORD.search(re.sub(r"\]\([^)]*\)", "]", text[: first.start()])) if first else True
    if before:
        found.append("the first mention is no link to book/article.md")
    return found


@pytest.mark.parametrize("page", [p for p in BOOK if p != "book/article"])
def test_a_page_calls_it_by_its_name_and_leads_to_it(page):
    assert faults(prose(page)) == []


@pytest.mark.parametrize("page", [p for p in BOOK if p != "book/article"])
def test_no_page_opens_with_it(page):
    opening = re.split(r"(?<=[.!?:]) ", prose(page))[:2]  # the heading stands with the first
    assert not WORD.search(" ".join(opening)), "the idea comes first"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("As the article says, it is so.", "no link"),
        ("A Chinese article says so. See [the source article](../article.md).", "another name"),
        ("The article has it. [The source article](article.md) is old.", "no link"),
        ("The published articles are [the source article](article.md).", "another name"),
        ("[the source article](other.md) says.", "no link"),
    ],
)
def test_the_check_sees_each_fault(text, words):
    assert any(words in fault for fault in faults(text))


def test_the_check_lets_pass_what_is_right():
    assert faults("As [the source article](../article.md) says; the article is wrong.") == []
    assert faults("[The source article’s section 2](article.md#section-2-2) says.") == []
    assert faults("Particles and articulation.") == []


def test_the_outline_is_whole():
    assert [chapter["chapter"] for chapter in chapters()] == list(range(1, 11))
    text = (ROOT / "book" / "article.md").read_text("utf8")
    drawn = re.findall(r"```\{article-outline\} (\d+)", text)
    assert drawn == [str(n) for n in range(1, 11)]
    numbers = [section["number"] for section in sections()]
    assert len(set(numbers)) == len(numbers)
    for section in sections():
        assert re.search(r"[\u4e00-\u9fff]", section["zh"])
        assert section["en"]
        assert section["pages"], f"{section['number']} is answered nowhere"


def test_every_claim_names_sections_that_exist():
    numbers = {section["number"] for section in sections()}
    for claim in claims.registry().values():
        named = claim.sections.split(", ")
        assert set(named) <= numbers, claim.id
        order = [[int(part) for part in number.split(".")] for number in named]
        assert order == sorted(order), f"{claim.id}: sections in order"


def test_a_page_that_exists_is_named_as_it_is():
    """A slip in a name would read “to come” for ever."""
    known = pages_by_name(PAGES)
    named = {name for section in sections() for name in section["pages"]}
    squeezed = {re.sub(r"[^a-z]|s\b", "", name): name for name in known}
    for name in named - set(known):
        near = squeezed.get(re.sub(r"[^a-z]|s\b", "", name))
        assert near is None, f"{name}: is {near} meant?"


@pytest.fixture(scope="module")
def lines(html):
    soup = BeautifulSoup((html / "book" / "article.html").read_text("utf8"), "html.parser")
    return {row["id"]: row for row in soup.select("table.article-outline tbody tr")}


def test_every_section_has_its_line_and_every_link_leads_somewhere(html, lines):
    known = pages_by_name(PAGES)
    decided = json.loads((html.parent / "claims.json").read_text("utf8"))
    assert len(lines) == len(list(sections()))
    for section in sections():
        row = lines[f"section-{section['number'].replace('.', '-')}"]
        answer = row.find_all("td")[2]
        targets = [a["href"] for a in answer.find_all("a")]
        pages = {known[name] for name in section["pages"] if name in known}
        own = [c for c in decided if section["number"] in c["sections"].split(", ")]
        for page in pages | {c["page"] for c in own}:
            target = page.removeprefix("book/") + ".html"
            assert target in targets or page == "book/article", (section["number"], page)
        for claim in own:
            assert any(t.endswith(f"#claim-{claim['id']}") for t in targets)
        assert ("to come" in answer.text) == any(n not in known for n in section["pages"])
        assert row.find(lang="zh").text == section["zh"]


def test_every_box_leads_to_the_article_and_its_sections(html):
    boxes = 0
    for page in BOOK:
        soup = BeautifulSoup((html / f"{page}.html").read_text("utf8"), "html.parser")
        for box in soup.select("aside.att-claim"):
            boxes += 1
            head = [a["href"] for a in box.select_one(".att-claim-head").find_all("a")]
            assert head[0].endswith("article.html")
            claim = claims.lookup(box["id"].removeprefix("claim-"))
            numbers = [n.replace(".", "-") for n in claim.sections.split(", ")]
            assert [h.partition("#section-")[2] for h in head[1:]] == numbers
            cited = box.select(".att-claim-sources a[href*='references.html#']")
            assert len(cited) == len(claim.sources)
    assert boxes == len(claims.registry())


def test_the_table_is_sorted_complete_and_linked(html):
    soup = BeautifulSoup((html / "book" / "claims.html").read_text("utf8"), "html.parser")
    rows = [row.find_all("td") for row in soup.select("table.claims-table tbody tr")]
    assert [cells[0].text.strip() for cells in rows] == sorted(claims.registry())
    for cells in rows:
        claim = claims.lookup(cells[0].text.strip())
        assert cells[0].a["href"].endswith(f"#claim-{claim.id}")
        assert [a.text for a in cells[4].find_all("a")] == claim.sections.split(", ")
        if claim.kind == "source":
            assert len(cells[3].select("a")) == len(claim.sources)


def test_the_toc_has_the_page_at_the_back():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))["parts"]
    back = next(part for part in parts if part["caption"] == "At the back")
    assert {"file": "book/article"} in back["chapters"]
