"""The questions that a page's readers were asked: ten and two problems, each answered, for a page that stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "tests" / "reading").glob("*.md"))
#: Pages of chapters 1 to 4 whose questions were asked before they were kept here, and what has none.
BEFORE = {"primer", "why-attention", "queries-keys-values", "architecture"}
BEFORE |= {"five-steps", "worked-example"}


def numbered(part: str) -> list[int]:
    return [int(number) for number in re.findall(r"^(\d+)\. ", part, re.M)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_ten_questions_two_problems_and_their_answers(path):
    chapter, name = path.stem.split("-", 1)
    (page,) = (ROOT / "book").glob(f"{chapter}-*/{name}.ipynb")
    parts = re.split(r"^## (.*)$", path.read_text("utf8"), flags=re.M)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(found) == ["Questions", "Problems", "Answers"], page
    assert numbered(found["Questions"]) == [*range(1, 11)]
    assert numbered(found["Problems"]) == [1, 2]
    assert numbered(found["Answers"])[:10] == [*range(1, 11)]
    assert "Problems: " in found["Answers"]


def test_every_page_of_the_first_four_chapters_was_asked_about():
    pages = {p.stem for n in range(1, 5) for p in (ROOT / "book").glob(f"0{n}-*/*.ipynb")}
    assert pages - {path.stem.split("-", 1)[1] for path in FILES} == BEFORE
