"""The faults that the checks of a page are for, put back one at a time: each must be found.

A small page of the book is served with one thing broken; what it takes is no part of a page's cost.
"""

from __future__ import annotations

import lxml.html
import pytest

from tests.site.pages import packed
from tests.site.reading import faults

PAGE = "book/api/linformer"
LONG = "unbroken_" * 30
DRAWING = (
    '<svg role="img" aria-label="x" viewBox="0 0 2000 100" width="2000">'
    '<text y="50" font-size="14" style="font-size:14px">tiny</text></svg>'
)

#: What is broken, what stands in the page for it, and what the visit says.
SEEN = {
    "script error": ("<script>null.x</script>", "uncaught"),
    "foreign script": ('<script src="https://example.org/a.js"></script>', "another machine"),
    "missing file": ('<img alt="" src="nowhere.png">', "404"),
    "too wide": (f"<p style='white-space:nowrap'>{LONG}</p>", "scrolls sideways"),
    "scrolls without a cue": (
        f"<div style='overflow-x:auto;width:9rem'><span style='white-space:nowrap'>{LONG}</span></div>",
        "does not show it",
    ),
    "cut off": (
        f"<div style='overflow:hidden;width:9rem'><span style='white-space:nowrap'>{LONG}</span></div>",
        "is cut",
    ),
    "cue without a cause": ("<div data-more='right'>short</div>", "says that it scrolls"),
    "small letters": (
        f"<figure><div style='width:300px'>{DRAWING.replace('<svg ', '<svg style=max-width:100% ')}</div></figure>",
        "px high",
    ),
    "plot that scrolls": (
        f"<figure class='att-figure' style='overflow-x:auto'>{DRAWING}</figure>",
        "a plot is wider than the phone",
    ),
    "dead widget": (
        '<div class="ac-widget"><div class="ac-fallback">1</div></div>',
        "did not come to life",
    ),
    "title not printed": (
        "<style>@media print{h1{display:none!important}}</style>",
        "title is not",
    ),
    "dark paper": (
        "<style>@media print{html[data-theme] body{background:#111!important}}</style>",
        "the page is dark",
    ),
    "pale paper": (
        "<style>@media print{article p{color:#ccc!important}}</style>",
        "paper: pale words",
    ),
    "closed answer": (
        "<details class='hide' style='display:block!important'><summary>Answer</summary>a</details>",
        "a fold stays closed",
    ),
    "cut on paper": (f"<p style='white-space:nowrap'>{LONG}</p>", "cut at the edge"),
    "taller than a sheet": (
        "<figure><svg width='20' height='1500' viewBox='0 0 20 1500'></svg></figure>",
        "figure is taller than a sheet",
    ),
    "code kept on one page": (
        "<style>@media print{html[data-theme] body article.bd-article pre{break-inside:avoid!important}}</style>",
        "is kept on one page",
    ),
    "code that scrolls on paper": (
        "<style>@media print{html[data-theme] body article.bd-article pre{overflow:auto!important}}</style>",
        "does not break over pages",
    ),
    "long lines of code": (
        "<style>@media print{html[data-theme] body article.bd-article pre{white-space:pre!important}}</style>",
        "lines of code do not break",
    ),
}
#: What axe must still see, though most words are taken out while it runs.
BY_AXE = {
    "pale words": ("<p style='color:#aaa;background:#fff'>Pale words.</p>", "color-contrast"),
    "nameless button": ("<button></button>", "button-name"),
    "image without alt": ('<img src="../../_static/logo.svg">', "image-alt"),
    "empty link": ('<a href="#x"></a>', "link-name"),
    "bad list": ("<ul><p>no item</p></ul>", "list"),
}
HEAD = {
    "no description": ('name="description"', 'name="nothing"', "no description"),
    "second title": ("<h2", "<h1>Again</h1><h2", "2 headings of the first rank"),
    "image without alt": ("<h2", '<img src="a.png"><h2', "without alt"),
    "foreign style": (
        "</head>",
        '<link rel="stylesheet" href="//example.org/a.css"></head>',
        "loaded from elsewhere",
    ),
    "address twice": ("<h2", '<p id="linformer"></p><p id="linformer"></p><h2', "stands twice"),
}


@pytest.fixture
def broken(visitor, html):
    """Visit the page with something added to the end of its article."""
    text = (html / f"{PAGE}.html").read_text("utf8")
    where = "**/book/api/fault.html"

    def look(added: str, axe: str = "") -> list[str]:
        body = text.replace("</article>", f"{added}</article>")
        assert body != text
        visitor.page.route(where, lambda r: r.fulfill(body=body, content_type="text/html"))
        url = f"{visitor.address}/book/api/fault.html"
        return visitor.visit(PAGE, axe=axe, twice=False, url=url).faults

    yield look
    visitor.page.unroute(where)


def test_the_page_itself_is_whole(broken):
    assert broken("<p>Nothing is wrong.</p>", axe="all") == []


@pytest.mark.parametrize("fault", SEEN)
def test_a_visit_finds(fault, broken):
    added, said = SEEN[fault]
    found = broken(added)
    assert any(said in line for line in found), found


def test_axe_finds_all_at_once(broken):
    found = broken("".join(added for added, _ in BY_AXE.values()), axe="all")
    for fault, (_, rule) in BY_AXE.items():
        assert any(f"light desk: {rule}" in line for line in found), f"{fault}: {found}"


@pytest.mark.parametrize("fault", HEAD)
def test_reading_finds(fault, html):
    old, new, said = HEAD[fault]
    text = (html / f"{PAGE}.html").read_text("utf8")
    assert old in text
    root = lxml.html.document_fromstring(text.replace(old, new, 1).encode())
    assert any(said in line for line in faults(root)), faults(root)
    assert not faults(lxml.html.document_fromstring(text.encode()))


def test_a_heavy_page_is_found(visitor, html, monkeypatch):
    assert packed(html / f"{PAGE}.html") > 1000
    monkeypatch.setattr("tests.site.visit.WEIGHT", 20)
    assert any("weighs" in line for line in visitor.visit(PAGE, axe="").faults)
