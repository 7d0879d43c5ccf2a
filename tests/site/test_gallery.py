"""The gallery has a card for every application, and in it the map that the page drew."""

from __future__ import annotations

import re
import sys

import pytest
from bs4 import BeautifulSoup

from tests.site.conftest import BUILD, ROOT

sys.path.insert(0, str(ROOT / "book" / "site"))
sys.path.insert(0, str(ROOT / "book" / "site" / "extensions"))
from attsite.gallery import picture

PAGE = BUILD / "html" / "book" / "06-applications" / "gallery.html"
APPLICATIONS = sorted(
    path.stem
    for path in (ROOT / "book" / "06-applications").glob("*.ipynb")
    if path.stem != "gallery"
)
FIGURE = (
    '<figure class="att-figure"><svg viewBox="0 0 90 80" role="img" aria-label="a &gt; b" '
    'style="overflow:visible"><path d="M 0 0"/><g id="t"><text x="1">letters</text></g></svg><figcaption>c</figcaption></figure>'
)


def cards():
    return BeautifulSoup(PAGE.read_text("utf8"), "html.parser").select("ul.att-gallery > li")


def test_a_picture_is_the_drawing_without_letters_and_of_rows_the_first():
    whole, first = picture(FIGURE), picture(FIGURE, first_of=4)
    assert 'viewBox="0.0 0.0 90.0 80.0"' in whole
    assert 'viewBox="0.0 0.0 90.0 20.0"' in first
    for svg in (whole, first):
        assert svg.startswith("<svg")
        assert svg.endswith("</svg>")
        assert '<path d="M 0 0"/>' in svg
        assert 'aria-hidden="true"' in svg
        assert not [
            gone for gone in ("aria-label", "letters", "figcaption", "visible") if gone in svg
        ]


@pytest.mark.parametrize("name", APPLICATIONS)
def test_every_application_has_a_card_with_what_its_page_drew(html, name):
    (card,) = (each for each in cards() if f"{name}.html" in each.a["href"])
    page = BeautifulSoup((PAGE.parent / card.a["href"]).read_text("utf8"), "html.parser")
    shapes = [path["d"] for path in card.select(".att-thumb svg path[d]")]
    assert len(shapes) > 5
    drawn = [{path["d"] for path in svg.select("path[d]")} for svg in page.select("figure svg")]
    assert any(set(shapes) <= each for each in drawn)
    assert not card.select(".att-thumb text")


def test_no_two_pictures_share_a_name_that_they_refer_to(html):
    page = BeautifulSoup(PAGE.read_text("utf8"), "html.parser")
    used = set(re.findall(r"(?:url\(#|href=\"#)(m\w+|p\w+)", str(page.select("ul.att-gallery"))))
    defined = {name: {str(each) for each in page.find_all(id=name)} for name in used}
    assert len(defined) > 5
    assert {name for name, each in defined.items() if len(each) != 1} == set()
