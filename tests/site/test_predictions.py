"""Predictions of all pages, answered as readers do: by keyboard, after a reload, without a script."""

from __future__ import annotations

import json
import re

import pytest

from tests.browser import axe
from tests.notebooks import PREDICTION
from tests.site.conftest import ROOT
from tests.site.pages import NOTEBOOKS, document

PREFIX = "attncourse/predict/"
COMMIT, AGAIN = "button[type=submit]", "button:text-is('Start again')"


def written(page: str) -> int:
    """How many predictions a notebook has."""
    cells = json.loads((ROOT / f"{page}.ipynb").read_text("utf8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return sum(len(PREDICTION.findall(text)) for text in texts)


def shown(html, page: str) -> list:
    return document(html / f"{page}.html").find_class("att-predict")


def test_every_prediction_is_on_its_page_with_its_answer_folded(html):
    """The page as it comes, before any script: the question, and an ordinary fold."""
    found = {page: len(shown(html, page)) for page in NOTEBOOKS}
    assert found == {page: written(page) for page in NOTEBOOKS}
    assert sum(found.values()) > 0
    keys = []
    for page in NOTEBOOKS:
        for part in shown(html, page):
            assert [child.tag for child in part] == ["div", "details"], page
            assert "open" not in part[1].attrib
            assert part[1].find("summary").text == "Answer"
            assert not part.xpath(".//input | .//button | .//textarea")
            keys.append(part.get("data-key"))
    assert len(set(keys)) == len(keys)


def answer(page, part) -> str:
    """Answer one prediction by keys alone, wrongly where that can be; say how."""
    kind = part.get_attribute("data-kind")
    if kind == "choice":
        right = int(part.get_attribute("data-right"))
        part.locator("input[type=radio]").first.focus()
        page.keyboard.press("Space")
        if right == 0:
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        assert part.locator(COMMIT).evaluate("el => el === document.activeElement")
        page.keyboard.press("Enter")
        return str(int(right == 0) + 1)
    part.locator("input, textarea").focus()
    if kind == "number":
        page.keyboard.type("9876543210")
        page.keyboard.press("Enter")
        return "9876543210"
    page.keyboard.type("I expect this.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    return "I expect this."


def given(part) -> str:
    """What stands in a prediction's field."""
    return part.evaluate(
        "el => { const radios = [...el.querySelectorAll('input[type=radio]')];"
        " return radios.length ? String(radios.findIndex(r => r.checked) + 1)"
        " : el.querySelector('input, textarea').value }"
    )


#: The first choice or number of each prediction, committed as a click does it.
COMMIT_ALL = """() => [...document.querySelectorAll(".att-predict")].map((part) => {
  const radio = part.querySelector("input[type=radio]");
  if (radio) radio.click();
  else part.querySelector("input, textarea").value = "9876543210";
  part.querySelector("button[type=submit]").click();
  return [part.dataset.kind, part.dataset.right ?? null, part.dataset.state ?? null,
    part.querySelector("details").open, part.querySelectorAll("details .att-predict-tag").length];
})"""


@pytest.mark.parametrize("name", [page for page in NOTEBOOKS if written(page)])
def test_each_prediction_is_answered(name, address, chromium_page):
    page = chromium_page(f"{address}/{name}.html", reduced_motion="reduce")
    parts = page.evaluate(COMMIT_ALL)
    assert len(parts) == written(name)
    for kind, right, state, opened, tags in parts:
        first = kind == "choice" and right == "0"
        assert state == ("said" if kind == "words" else "right" if first else "wrong")
        assert opened
        assert tags == (0 if kind != "choice" else 1 if first else 2)


def of_each_kind() -> list[str]:
    """As few pages as show a choice, a number and own words."""
    lines = {"choice": r"^> 1\. ", "number": r"^> \*A number", "words": r"^> \*In your own words"}
    found = {}
    for page in NOTEBOOKS:
        text = (ROOT / f"{page}.ipynb").read_text("utf8").replace('    "', "")
        for kind, line in lines.items():
            if re.search(line, text, re.M):
                found.setdefault(kind, page)
    assert set(found) == set(lines)
    return sorted(set(found.values()))


@pytest.mark.parametrize("name", of_each_kind())
def test_predictions_are_answered_by_keyboard_kept_and_cleared(name, address, chromium_page):
    """Commit, see what is right, reload, find it again, start again, clear."""
    page = chromium_page(f"{address}/{name}.html", reduced_motion="reduce")
    parts = page.locator(".att-predict")
    count = written(name)
    assert page.locator(".att-predict fieldset > legend").count() == parts.count() == count
    assert page.locator(".att-predict-kept").is_hidden()
    said = []
    for part in parts.all():
        # Nothing is committed yet, so nothing opens, and a line says what is missing.
        part.locator(COMMIT).focus()
        page.keyboard.press("Enter")
        assert "first" in part.locator("[role=status]").inner_text()
        assert part.locator("details:not([open])").count() == 1
        said.append(answer(page, part))
        assert part.locator("details[open] > summary").evaluate(
            "el => el === document.activeElement"
        )
        kind = part.get_attribute("data-kind")
        state = "said" if kind == "words" else "wrong"
        assert part.get_attribute("data-state") == state
        assert part.locator("[role=status]").inner_text().strip()
        assert part.locator(COMMIT).is_hidden()
        if kind == "choice":
            tags = part.locator("details .att-predict-tag").all_inner_texts()
            assert sorted(tags) == ["right", "your choice"]
            assert part.locator("input:enabled").count() == 0
    assert axe(page, ".att-predict, .att-predict-kept") == []
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert axe(page, ".att-predict, .att-predict-kept") == []

    page.reload()
    assert [given(part) for part in parts.all()] == said
    assert page.locator(".att-predict > details[open]").count() == count

    first = parts.first
    first.locator(AGAIN).focus()
    page.keyboard.press("Enter")
    assert first.get_attribute("data-state") is None
    assert first.locator(".att-predict-tag").count() == 0
    assert first.locator("details[open]").count() == 0
    assert first.locator("input, textarea").first.evaluate("el => el === document.activeElement")
    kept = "Object.keys(localStorage).filter(k => k.startsWith('" + PREFIX + "')).length"
    assert page.evaluate(kept) == count - 1

    page.evaluate(f"localStorage.setItem('{PREFIX}elsewhere/1', '2')")
    page.reload()
    clear = page.locator(".att-predict-kept button")
    assert (
        clear.all_inner_texts() == ["Clear this page", "Clear all pages"][-2 if count > 1 else -1 :]
    )
    for left in range(clear.count() - 1, -1, -1):
        clear.first.click()
        assert page.locator(".att-predict[data-state]").count() == 0
        assert page.evaluate(kept) == left
        page.reload()
    assert page.locator(".att-predict-kept").is_hidden()


def test_a_browser_that_keeps_nothing_still_answers(html, address, chromium_page):
    name = next(page for page in NOTEBOOKS if written(page))
    page = chromium_page()
    # The theme asks too, and does not expect a refusal: only what is ours is refused.
    page.add_init_script(
        "for (const name of ['getItem', 'setItem', 'removeItem']) {"
        " const known = Storage.prototype[name]; Storage.prototype[name] = function (key, value) {"
        f" if (key.startsWith('{PREFIX}')) throw new Error('refused');"
        " return known.call(this, key, value) } }"
    )
    page.goto(f"{address}/{name}.html")
    part = page.locator(".att-predict").first
    answer(page, part)
    assert "keeps no answers" in part.locator("[role=status]").inner_text()
    page.locator(".att-predict-kept button").first.click()
    assert part.get_attribute("data-state") is None


def test_without_a_script_the_answer_opens_by_its_fold(html, address, chromium_page):
    name = next(page for page in NOTEBOOKS if written(page))
    page = chromium_page(f"{address}/{name}.html", javascript=False, phone=True)
    part = page.locator(".att-predict").first
    assert part.locator("input, button").count() == 0
    part.locator("summary").tap()
    assert part.locator("details[open]").count() == 1


def test_a_finger_chooses_and_commits(address, chromium_page):
    """What is touched is large enough, and the page stays where it was."""
    name = next(page for page in NOTEBOOKS if written(page))
    page = chromium_page(f"{address}/{name}.html", phone=True, dark=True, reduced_motion="reduce")
    part = page.locator(".att-predict[data-kind=choice]").first
    for target in part.locator("label, button:visible").all():
        assert target.bounding_box()["height"] >= 32
    right = int(part.get_attribute("data-right"))
    part.locator("label").nth(right).tap()
    assert given(part) == str(right + 1)
    before = part.bounding_box()["y"]
    part.locator(COMMIT).tap()
    assert part.get_attribute("data-state") == "right"
    assert part.locator("details .att-predict-tag").all_inner_texts() == ["your choice, and right"]
    assert abs(part.bounding_box()["y"] - before) < 2


def number(said: str, chromium_page, html, **data: str) -> tuple[str | None, str]:
    """What a made-up prediction of a number says about an answer."""
    page = chromium_page()
    given = "".join(f' data-{key}="{value}"' for key, value in data.items())
    page.set_content(
        f'<main><section><div class="att-predict" data-kind="number" data-key="a/b"{given}>'
        '<div class="predict"><p class="admonition-title">Predict</p><p>How much?</p>'
        "<p>A number.</p></div><details><summary>Answer</summary></details></div></section></main>"
    )
    page.add_script_tag(path=html / "_static" / "predict.js")
    page.locator("input").fill(said)
    page.keyboard.press("Enter")
    part = page.locator(".att-predict")
    return part.get_attribute("data-state"), page.locator("[role=status]").inner_text()


PERCENT = {"value": "87", "shown": "87%", "unit": "%", "plus": "10"}
TIMES = {"value": "1024", "shown": "1,024", "factor": "2"}


@pytest.mark.parametrize(
    ("said", "asked", "state", "words"),
    [
        ("87", PERCENT, "right", "Exactly."),
        (" 77 % ", PERCENT, "right", "Close enough: 10 too low."),
        ("97,5", PERCENT, "wrong", "That is 10.5 too high."),
        ("1/2", PERCENT, "wrong", "You said 0.5%; it is 87%. That is 86.5 too low."),
        ("2,048", TIMES, "right", "Close enough: 2 times too large."),
        ("5.1e2", TIMES, "wrong", "2.01 times too small."),
        ("−3", TIMES, "wrong", "No factor"),
        ("1/0", TIMES, None, "Write a number first"),
        ("much", TIMES, None, "Write a number first"),
        ("1.2.3", TIMES, None, "Write a number first"),
    ],
)
def test_a_number_is_read_as_people_write_it(said, asked, state, words, chromium_page, html):
    found, sentence = number(said, chromium_page, html, **asked)
    assert found == state, sentence
    assert words in sentence
