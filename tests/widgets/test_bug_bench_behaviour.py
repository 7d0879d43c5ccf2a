"""What a reader can do with the bench on a page, by mouse, finger and keyboard."""

import json
import re

import numpy as np
import pytest

from attncourse.widgets import BugBench
from attncourse.widgets.bug_bench.assertions import ASSERTIONS
from attncourse.widgets.bug_bench.bugs import BUGS
from attncourse.widgets.bug_bench.situations import SITUATIONS
from tests.widgets.pages import click as press
from tests.widgets.pages import finger, sentence, settle, state, stopwatch

WIDGET = BugBench


def in_python(page):
    return BugBench(**state(page))


def choose(page, name):
    page.get_by_role("radio", name=re.compile(rf"^{re.escape(name)}(,|$)")).check(force=True)
    settle(page)


def take(page, bug):
    page.get_by_role("combobox", name="Bug").select_option(bug)
    settle(page)


def figure(page, title):
    return page.locator("figure.cells", has=page.locator(f"figcaption b:text-is('{title}')"))


def matrix(page, title):
    rows = (
        figure(page, title)
        .locator("tbody tr")
        .evaluate_all(
            "rows => rows.map(r => [...r.querySelectorAll('.number')].map(c => c.textContent))"
        )
    )
    special = {"−∞": "nan", "NaN": "nan"}
    return np.array([[float(special.get(x, x.replace("−", "-"))) for x in row] for row in rows])


def outlined(page, title="With the bug"):
    return figure(page, title).locator(".wrong").count()


def stage(page):
    return page.locator(".walk [aria-label=Stage] input:checked + span").inner_text()


def table(page):
    """What the table says, in the numbers of compute()."""
    rows = page.locator(".verdicts tbody tr").evaluate_all(
        "rows => rows.map(r => [...r.querySelectorAll('td')].map(c => '·×–'.indexOf(c.textContent)))"
    )
    return np.array(rows).T


@pytest.mark.parametrize("bug", [*BUGS][::3])
def test_both_matrices_are_those_of_python_and_differ_where_outlined(show, bug):
    page = show(BugBench(bug, **SITUATIONS[bug].shows, head=1))
    bench = in_python(page)
    found = bench.compute()
    first = list(bench.LIMITS["stages"])[found["first"]]
    right, wrong = (found[f"{side}_{first}"] for side in ("right", "wrong"))
    if first != "output":
        right, wrong = right[1], wrong[1]
    near = 0.0501 if right.shape[1] > 6 else 0.00501
    np.testing.assert_allclose(matrix(page, "Right"), right, atol=near)
    np.testing.assert_allclose(matrix(page, "With the bug"), wrong, atol=near)
    both = np.isclose(right, wrong, rtol=1e-9, atol=1e-9, equal_nan=True)
    assert outlined(page) == (~both).sum() > 0
    choose(page, "output")
    assert outlined(page) == found["differ"][-1] > 0


def test_a_bug_that_is_chosen_is_shown_at_its_first_difference(show):
    page = show()
    assert stage(page) == "masked scores"
    assert sentence(page).startswith("Bug 7 of 24, “causal from the top left”: the first to differ are 16 of 48 masked scores, in the end 24 of 24 numbers of the output do.")  # fmt: skip
    assert "j <= i in place of causal = j <= p" in page.locator(".code").inner_text()
    choose(page, "values")
    assert stage(page) == "values"
    assert outlined(page) == 0
    take(page, "scores not scaled")
    assert stage(page) == "scores"
    assert page.locator(".walk .first").inner_text() == "scores"
    assert page.locator(".walk .differs:visible").all_inner_texts() == ["scores", "masked scores", "weights", "head outputs", "output"]  # fmt: skip
    assert "mask after" not in page.locator(".code").inner_text()
    take(page, "mask after the softmax")
    assert page.locator(".code code").count() == 4
    page.keyboard.press("Control+z")
    settle(page)
    assert state(page)["bug"] == "scores not scaled"


def test_sizes_hide_a_bug_and_two_buttons_know_which(show):
    page = show()
    slider = page.get_by_role("slider", name="q_len")
    slider.press("ArrowRight")
    settle(page)
    assert outlined(page) > 0
    slider.press("ArrowRight")
    settle(page)
    assert sentence(page) == "Bug 7 of 24, “causal from the top left”: nothing differs here, for it hides where q_len is kv_len."  # fmt: skip
    assert outlined(page) == 0
    assert page.locator(".verdicts tr.now.quiet").count() == 1
    press(page, "Where it shows")
    assert state(page)["q_len"] == 4
    press(page, "Where it hides")
    assert state(page)["q_len"] == 6
    choose(page, "none")
    assert "its line is of a causal mask, and this layer has none" in sentence(page)
    take(page, "−1e9 in place of −∞")
    press(page, "Where it shows")
    press(page, "Where it hides")
    assert "masked scores differ, but nothing in the output: it hides where every query sees a key" in sentence(page)  # fmt: skip


def test_the_buttons_keep_their_word(show):
    page = show()
    for bug in BUGS:
        take(page, bug)
        press(page, "Where it shows")
        assert in_python(page).compute()["differ"][-1] > 0, bug
        press(page, "Where it hides")
        assert in_python(page).compute()["differ"][-1] == 0, bug


def test_the_table_is_that_of_python_and_a_row_takes_its_bug(show):
    page = show()
    np.testing.assert_array_equal(table(page), BugBench().compute()["caught"])
    assert page.locator(".verdicts .measured").inner_text().startswith("The usual 4 catch 5 of 24 bugs together, all 18 catch 21.")  # fmt: skip
    page.locator(".verdicts tbody button").nth(23).click()
    settle(page)
    assert state(page)["bug"] == "heads merged without transposing"
    assert stage(page) == "output"
    press(page, "Nothing to see")
    np.testing.assert_array_equal(table(page), in_python(page).compute()["caught"])
    assert "The right layer fails “rows sum to one” here." in page.locator(".verdicts").inner_text()
    slider = page.get_by_role("slider", name="n_heads")
    slider.press("ArrowLeft")
    settle(page)
    assert not page.get_by_role("radiogroup", name="Head").is_visible()
    np.testing.assert_array_equal(table(page), in_python(page).compute()["caught"])


def test_an_assertion_shows_its_line_and_what_it_says(show):
    page = show()
    chips = page.locator(".chip")
    signs = ["·×–".index(text[0]) for text in chips.all_inner_texts()]
    column = np.array(BugBench().compute()["caught"])[:, 6]
    assert signs == column.tolist()
    chips.nth(7).click()
    settle(page)
    chosen = page.locator(".chosen").inner_text()
    assert f"assert {ASSERTIONS['one query at a time']}" in chosen
    assert "caught" in chosen
    assert "own: each query i with its position p" in chosen
    assert "train" not in chosen
    press(page, "Nothing to see")
    chips.nth(1).click()
    settle(page)
    assert "Fails for the right layer too" in page.locator(".chosen").inner_text()


def test_a_riddle_is_not_told_until_it_is_solved(show):
    page = show()
    press(page, "A riddle")
    assert page.locator(".guess:visible").all_inner_texts() == [
        "scores divided by √d_model",
        "scores divided by √d_v",
        "no mask once there is a cache",
        "heads merged without transposing",
    ]
    for hidden in (".walk", ".code", ".verdicts", "[aria-label=Bug]"):
        assert not page.locator(hidden).is_visible(), hidden
    assert sentence(page) == "A bug without a name. 24 of 24 numbers of the output differ: which bug is it?"  # fmt: skip
    assert figure(page, "Your guess").count() == 0 or not figure(page, "Your guess").is_visible()
    press(page, "no mask once there is a cache")
    assert sentence(page).startswith("Not “no mask once there is a cache”: it would give other numbers")  # fmt: skip
    guess = BugBench("no mask once there is a cache").compute()["wrong_output"]
    np.testing.assert_allclose(matrix(page, "Your guess"), guess, atol=0.00501)
    assert not page.locator(".verdicts").is_visible()
    press(page, "scores divided by √d_model")
    assert sentence(page).startswith("Yes, bug 4 of 24, “scores divided by √d_model”: the first to differ are 48 of 48 scores")  # fmt: skip
    assert page.locator(".verdicts").is_visible()
    assert not figure(page, "Your guess").is_visible()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    settle(page)
    assert state(page)["guess"] == ""


def test_a_guess_that_gives_the_same_numbers_is_told_apart_by_sizes(show):
    page = show(BugBench("scores divided by √d_model", mode="diagnose", n_heads=1))
    assert "No number of the output differs at these sizes" in sentence(page)
    press(page, "heads merged without transposing")
    assert "though it gives the same numbers here: change the sizes" in sentence(page)
    page.get_by_role("slider", name="n_heads").press("ArrowRight")
    settle(page)
    assert "it would give other numbers" in sentence(page)
    press(page, "Tell me")
    assert state(page)["mode"] == "look"
    assert sentence(page).startswith("Bug 4 of 24")


def test_every_case_that_is_dealt_shows_and_is_another(show):
    page = show()
    choose(page, "Diagnose")
    seen = [state(page)["bug"]]
    for _ in range(12):
        assert in_python(page).compute()["differ"][-1] > 0
        assert state(page)["bug"] in page.locator(".guess").all_inner_texts()
        press(page, "Next case")
        assert state(page)["bug"] != seen[-1]
        seen.append(state(page)["bug"])
    assert len(set(seen)) > 3
    choose(page, "Look inside")
    assert sentence(page).startswith("Bug ")


def test_candidates_are_four_that_show_with_the_bug_among_them(show):
    page = show()
    page.evaluate(
        "async (text) => { window.bench = await import(URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))); }",
        str(BugBench._esm),
    )
    for bug, where in SITUATIONS.items():
        bench = BugBench(bug, **where.shows, mode="diagnose")
        four = json.loads(page.evaluate("text => JSON.stringify(bench.candidates(JSON.parse(text)))", json.dumps(bench.page_state())))  # fmt: skip
        assert len(set(four)) == 4
        assert bug in four
        assert four == sorted(four, key=list(BUGS).index)
        quiet = dict(zip(BUGS, bench.compute()["quiet"], strict=True))
        assert not any(quiet[name] for name in four)


def test_by_finger_on_a_phone(show):
    page = show(phone=True)
    touch = finger(page)

    def tap(target):
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        touch("touchStart", at)
        touch("touchEnd")
        settle(page)

    tap(page.locator(".verdicts tbody button").nth(4))
    assert state(page)["bug"] == "scores divided by √d_v"
    tap(page.locator(".chip").nth(4))
    assert state(page)["assertion"] == "a number by hand"
    tap(page.locator(".walk [aria-label=Stage] label").nth(5))
    assert state(page)["stage"] == "weights"
    tap(page.get_by_role("button", name="A riddle"))
    tap(page.locator(".guess").nth(0))
    assert sentence(page).startswith("Yes, bug 4")


@pytest.mark.parametrize("preset", BugBench().presets)
def test_the_widest_numbers_fit_a_phone(show, preset):
    page = show(BugBench(preset=preset, stage="output"), phone=True)
    for width in (320, 390):
        page.set_viewport_size({"width": width, "height": 800})
        for setting in ({}, {"bug": "keys in place of the values", "numbers": "large", "d_k": 5}):
            page.evaluate("given => Object.entries(given).forEach(([k, v]) => [...window.attncourse.models.values()][0].set(k, v))", setting)  # fmt: skip
            settle(page)
            clipped = page.evaluate(
                """() => [...document.querySelectorAll('.number')].filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"""
            )
            assert not clipped, (width, setting, clipped)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_link_brings_a_bug_of_any_name(show):
    page = show(BugBench("−1e9 in place of −∞", mask="padding", guess="scores divided by √d_v", mode="diagnose"))  # fmt: skip
    expected = state(page)
    press(page, "Copy link")
    page.wait_for_function("location.hash.startsWith('#w.bug-bench.s')")
    fresh = show(fragment="#" + page.url.split("#")[1])
    assert state(fresh) == expected


@pytest.mark.parametrize("width", [390, 660])
def test_nothing_moves_under_the_hand(show, width):
    """The sentence keeps its room whatever it says: what is pressed stays where it is."""
    page = show()
    page.set_viewport_size({"width": width, "height": 900})  # 660: as wide as the page's column
    places = set()
    for bug in BUGS:
        take(page, bug)
        for name in ("Where it shows", "Where it hides"):
            press(page, name)
            page.evaluate("scrollTo(0, 0)")
            places.add(page.get_by_role("combobox", name="Bug").bounding_box()["y"])
    assert len(places) == 1, places


def test_a_drag_leaves_room_for_thirty_frames_a_second(show):
    """The work of a frame while a size is dragged, in time of the processor."""
    page = show(BugBench(q_len=6))
    page.wait_for_timeout(500)  # the sentence has been spoken
    spent = stopwatch(page)
    before = spent()
    frames = page.evaluate(
        """async () => { let n = 0;
             for (const name of ['kv_len', 'd_k', 'd_v']) {
               const slider = document.querySelector(`input[aria-label=${name}]`);
               for (let round = 0; round < 3; round += 1) for (let x = +slider.min; x <= +slider.max; x += 1) {
                 slider.value = x;
                 slider.dispatchEvent(new Event('input', { bubbles: true }));
                 n += 1;
                 await new Promise((done) => requestAnimationFrame(done));
               }
             }
             return n; }"""
    )
    a_frame = (spent() - before) / frames
    assert 0.1 < a_frame < 1000 / 30, f"{a_frame:.1f} ms a frame"
    # The table waits until the hand rests, and is right then.
    assert page.locator(".verdicts.waits").count() == 1
    page.locator("input[aria-label=d_v]").dispatch_event("change")
    settle(page)
    assert page.locator(".verdicts.waits").count() == 0
    np.testing.assert_array_equal(table(page), in_python(page).compute()["caught"])


def test_without_javascript_a_table_says_what_is_caught(show):
    page = show(BugBench(), javascript=False)
    rows = page.locator(".ac-fallback tbody tr")
    assert rows.count() == 24
    cells = rows.nth(6).locator("td").all_inner_texts()
    column = np.array(BugBench().compute()["caught"])[:, 6]
    assert ["·×–".index(text) for text in cells[:-1]] == column.tolist()
    assert cells[-1] == str((column == 1).sum())
