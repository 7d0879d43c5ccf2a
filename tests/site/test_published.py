"""Buttons that need the address of the sources, and the bibliography, in both states."""

from __future__ import annotations

import re
import sys

import pytest
import yaml
from pybtex.database import parse_file, parse_string

from tests.site.conftest import ROOT
from tests.site.pages import CONTENT, document

sys.path.insert(0, str(ROOT / "book" / "site" / "extensions"))
from attsite.references import labels, order
from attsite.repository import BUTTONS, edited, options

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
GIVEN = CONFIG["sphinx"]["config"]["html_theme_options"]
ADDRESS = "https://github.com/somebody/something"


def test_without_an_address_there_is_no_button():
    made = options(GIVEN | {"repository_url": ""})
    assert not any(made[button] for button in BUTTONS)
    assert not made["launch_buttons"]


def test_with_an_address_every_button_is_there():
    made = options(GIVEN | {"repository_url": ADDRESS})
    assert made["use_repository_button"]
    assert made["use_edit_page_button"]
    assert {"binderhub_url", "colab_url"} <= set(made["launch_buttons"])
    elsewhere = options(GIVEN | {"repository_url": "https://gitlab.com/somebody/something"})
    assert "colab_url" not in elsewhere["launch_buttons"]


def test_the_address_stands_in_one_place():
    assert GIVEN["repository_url"] == CONFIG["repository"]["url"]
    assert GIVEN["repository_branch"] == CONFIG["repository"]["branch"]
    address = re.compile(r"(github|gitlab)\.com/attncourse|repository-code")
    files = [ROOT / name for name in ("pyproject.toml", "CITATION.cff", "README.md")]
    for path in [
        *files,
        *(ROOT / "book").glob("*.md"),
        *(ROOT / "book/site/templates").rglob("*.html"),
    ]:
        assert not address.search(path.read_text("utf8")), path


@pytest.mark.parametrize("page", CONTENT)
def test_pages_have_buttons_as_configured(page, html):
    links = [a.get("href", "") for a in document(html / f"{page}.html").iter("a")]
    leading = [h for h in links if re.search(r"/edit/|/tree/|mybinder|colab\.research", h)]
    assert bool(leading) is bool(CONFIG["repository"]["url"]), leading


@pytest.mark.parametrize(
    ("page", "suffix", "source"),
    [
        ("book/notation", ".md", "book/notation.md"),
        ("book/03-algorithm/five-steps", ".ipynb", "book/03-algorithm/five-steps.ipynb"),
        ("exercises/03-algorithm", ".ipynb", "solutions/03-algorithm.ipynb"),
        ("book/references", ".md", "book/references.bib"),
        ("book/api/nystrom", ".md", "attncourse/reference/nystrom.py"),
        ("book/api/softmax", ".md", "attncourse/reference/softmax"),
    ],
)
def test_edit_leads_to_the_source(page, suffix, source):
    assert edited(ROOT, page, suffix) == source
    assert (ROOT / source).exists()


BOOK = """
@article{z, author = {{\\L}ukasz, Zed and B, C}, title = {Last}, year = {2020}}
@article{b, author = {van den Oord, A. and X, Y and Z, W}, title = {Two}, year = {2014}}
@article{a, author = {van den Oord, A. and P, Q and R, S}, title = {One}, year = {2014}}
@misc{c, author = {Elman, Jeffrey}, title = {Three}, year = {1990}}
"""


def test_labels_are_author_and_year_and_differ():
    entries = parse_string(BOOK, "bibtex").entries.values()
    assert labels(entries) == {
        "a": "van den Oord et al., 2014a",
        "b": "van den Oord et al., 2014b",
        "c": "Elman, 1990",
        "z": "Łukasz and B, 2020",
    }
    assert [entry.key for entry in sorted(entries, key=order)] == ["c", "z", "a", "b"]


def test_the_bibliography_is_sorted_and_linked(html):
    entries = parse_file(str(ROOT / "book/references.bib")).entries
    wanted = labels(entries.values())
    root = document(html / "book/references.html")
    shown = root.xpath("//*[@role='listitem' and contains(@class, 'citation')]")
    texts = [node.xpath("string(*[@class='label'])").strip("[] \n") for node in shown]
    assert texts == [wanted[e.key] for e in sorted(entries.values(), key=order)]
    assert len(set(texts)) == len(texts)
    for node in shown:
        linked = " ".join(a.text_content() for a in node.iter("a"))
        for number in re.findall(r"arXiv:\s*[\w./-]*\d|doi:\s*\S*\w", node.text_content()):
            assert number in linked, f"{number} is no link"
    html_text = (ROOT / "book/references.bib").read_text("utf8")
    hrefs = {a.get("href") for a in root.iter("a")}
    for number in re.findall(r"arXiv:(\d{4}\.\d{4,5})|eprint\s*=\s*\{(\S+)\}", html_text):
        assert f"https://arxiv.org/abs/{''.join(number)}" in hrefs
    for doi in re.findall(r"doi\s*=\s*\{(\S+)\}", html_text):
        assert f"https://doi.org/{doi}" in hrefs
