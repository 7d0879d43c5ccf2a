"""What a reader can do with the model on a page, by mouse, finger and keyboard; and how fast it is."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from attncourse import trained
from attncourse.experiments import keep, writing
from attncourse.widgets import WritingModel
from attncourse.widgets.writing_model.network import MOST_TEXT, N_KEYS
from tests.browser import axe
from tests.widgets.pages import (
    click,
    finger,
    load_heavy,
    press,
    sentence,
    settle,
    state,
    stopwatch,
)
from tests.widgets.requirements import Visit

WIDGET = WritingModel
BEGINNING = "HAMLET\nTo be, or not to be, that is the"
#: How much slower than this machine's processor a phone's may be.
SLOWER = 4


@pytest.fixture
def open_up(show):
    """Show a widget, and wait until it has read its text and written ahead."""

    def opened(*given, **options):
        page = show(*given, **options)
        done(page)
        return page

    return opened


def done(page):
    page.wait_for_function(
        "() => !document.querySelector('.working') && document.querySelector('.ac-writing_model')"
    )
    settle(page)


def field(page):
    return page.get_by_label("Your text")


def lines(page):
    """How it goes on, and how it would untouched; without the text before."""
    found = page.locator(".line p").evaluate_all(
        "all => all.map((p) => [...p.children].slice(1).map((e) => e.textContent).join(''))"
    )
    return [text.replace("↵", "\n") for text in found]


def map_row(page):
    """The last character's weights as the bars show them, from the last key backwards."""
    return np.array(
        page.locator(".map .weight").evaluate_all(
            "bars => bars.map((bar) => Number(bar.getAttribute('height')) / 70)"
        )
    )


def in_python(page):
    """A widget made in Python in the state of the page's."""
    now = state(page)
    del now["preset"]
    return WritingModel(now.pop("text"), **now)


@torch.no_grad()
def test_the_browser_gives_pytorchs_logits_on_two_hundred_held_out_windows(chromium_page, tmp_path):
    """To 1e-6, at the end of some of each window: what the record says of rounding holds here too."""
    own = next(each for each in keep.NETWORKS if each.experiment is writing.EXPERIMENT)
    model = keep.filled(own.build(own.trial).double(), trained.load("writing").arrays)
    windows, texts, expected = writing.unread("test")[:, :-1], [], []
    for n, window in enumerate(windows):
        length = writing.WINDOW if n % 40 == 0 else 2 + n % 23
        texts.append(writing.text().decode(window[:length]))
        expected.append(model(window[None, :length])[0, -1].softmax(-1).numpy())
    page = Visit(chromium_page, tmp_path).module(WritingModel)
    found = json.loads(
        page.evaluate(
            """([texts, state]) => JSON.stringify(JSON.parse(texts).map((text) =>
                 widget.compute({ ...state, text }, data).untouched))""",
            [json.dumps(texts), WritingModel().page_state()],
        )
    )
    assert len(found) == writing.N_JUDGED
    np.testing.assert_allclose(np.log(found), np.log(expected), atol=1e-6)


def test_the_page_shows_the_numbers_of_the_state(open_up):
    for widget in (
        WritingModel(BEGINNING, off=[[0, 1], [2, 2]], hand=[[1, 2, 5, 0.6]], layer=1, head=2),
        WritingModel("O", temperature=1.4, top_p=0.7, seed=8, layer=3, head=3),
    ):
        page, found = open_up(widget), widget.compute()
        assert lines(page) == [widget.goes_on(), widget.goes_on(changed=False)]
        np.testing.assert_allclose(map_row(page), found["map"][0], atol=0.002)
        order = np.lexsort((-found["untouched"], -found["chances"]))[:10]
        for name, column in (("--share", "chances"), ("--own", "untouched")):
            shares = page.locator(".chances .bar").evaluate_all(
                f"bars => bars.map((bar) => parseFloat(bar.style.getPropertyValue('{name}')))"
            )
            np.testing.assert_allclose(shares[:10], 100 * found[column][order], atol=0.0051)
            assert shares[10] == pytest.approx(100 - 100 * found[column][order].sum(), abs=0.0051)
        # The small maps are pixels: the last row of each, from the right.
        pixels = page.locator(".heads canvas").evaluate_all(
            """all => all.map((c) => [...c.getContext('2d').getImageData(0, c.height - 1, c.width, 1).data]
                 .filter((_, n) => n % 4 === 3).reverse())"""
        )
        seen = np.maximum((np.array(pixels) - 15) / 240, 0) ** 2
        np.testing.assert_allclose(seen, found["weights"], atol=0.006)
        assert page.locator(".heads .off").count() == len(widget.off)
        page.close()


def test_what_is_typed_is_read_and_is_one_step(open_up):
    page = open_up()
    field(page).focus()
    page.keyboard.press("Control+a")
    for key in "Who’s thére?":
        page.keyboard.type(key)
    done(page)
    assert state(page)["text"] == "Who's there?"
    assert field(page).input_value() == "Who’s thére?"  # nobody's text changes under their hands
    assert lines(page)[0] == in_python(page).goes_on()
    page.keyboard.press("Enter")
    page.keyboard.type("Ay (me) €")
    done(page)
    assert state(page)["text"] == "Who's there?\nAy me "
    assert page.locator(".remark").inner_text() == (
        "The model has never seen (, ) and €, so it reads the text without."
    )
    field(page).blur()
    settle(page)
    assert field(page).input_value() == "Who's there?\nAy me "
    press(page, "Undo")
    assert state(page)["text"] == WritingModel().text
    # Nothing is no beginning.
    field(page).fill("")
    page.wait_for_function(
        "/one character at least/.test(document.querySelector('.remark').textContent)"
    )
    assert field(page).get_attribute("aria-invalid") == "true"
    assert state(page)["text"] == WritingModel().text
    field(page).blur()
    settle(page)
    assert field(page).input_value() == WritingModel().text


def test_it_writes_a_character_a_line_and_until_it_is_stopped(open_up):
    page = open_up(WritingModel(BEGINNING, off=[[3, 0]], seed=4))
    ahead = in_python(page).goes_on(48)
    click(page, "One character")
    done(page)
    assert state(page)["text"] == BEGINNING + ahead[0]
    press(page, "One line")
    line = ahead[1:].split("\n")[0] + "\n" if "\n" in ahead[2:] else ahead[1:]
    page.wait_for_function(
        "text => document.querySelector('textarea').value === text", arg=BEGINNING + ahead[0] + line
    )
    done(page)
    assert state(page)["off"] == [[3, 0]]
    press(page, "Undo")
    assert state(page)["text"] == BEGINNING + ahead[0]
    press(page, "Keep writing")
    page.wait_for_function("n => document.querySelector('textarea').value.length > n", arg=110)
    press(page, "Stop")
    done(page)
    written = state(page)["text"]
    page.wait_for_timeout(100)
    assert state(page)["text"] == written
    longer = WritingModel(BEGINNING, off=[[3, 0]], seed=4).goes_on(len(written) - len(BEGINNING))
    assert written == BEGINNING + longer
    press(page, "Undo")
    assert state(page)["text"] == BEGINNING + ahead[0]


def test_it_stops_where_the_text_is_full(open_up):
    page = open_up(WritingModel("Ay. " * 99 + "A"), reduced_motion="reduce")
    press(page, "Keep writing")
    page.wait_for_function("/The text is full/.test(document.querySelector('.remark').textContent)")
    assert len(state(page)["text"]) == MOST_TEXT
    assert page.get_by_role("button", name="Keep writing").is_visible()


def test_a_head_is_chosen_switched_off_and_on(open_up):
    page = open_up(WritingModel(BEGINNING))
    cell = page.get_by_role("button", name="Layer 1, head 2")
    cell.click()
    settle(page)
    assert (state(page)["layer"], state(page)["head"]) == (0, 1)
    # To look is no step.
    assert page.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"
    plain = sentence(page)
    press(page, "Switch this head off")
    done(page)
    assert state(page)["off"] == [[0, 1]]
    widget = in_python(page)
    assert lines(page) == [widget.goes_on(), widget.goes_on(changed=False)]
    assert sentence(page).startswith("With layer 1, head 2 off: ")
    page.keyboard.press("Tab")
    # By arrows through the grid.
    cell.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    settle(page)
    assert (state(page)["layer"], state(page)["head"]) == (1, 2)
    press(page, "Switch this head off")
    assert state(page)["off"] == [[0, 1], [1, 2]]
    press(page, "Switch this head on")
    assert state(page)["off"] == [[0, 1]]
    press(page, "All heads on")
    done(page)
    assert sentence(page) == plain
    press(page, "Undo")
    assert state(page)["off"] == [[0, 1]]


def column(page, back):
    """Where a key's bar stands: its middle, and its bottom and top."""
    box = page.locator(".map .ground").nth(back).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"], box["y"]


def test_weights_are_painted_by_the_mouse(open_up):
    page = open_up(WritingModel(BEGINNING, layer=1, head=1))
    own = in_python(page).compute()["map"][0]
    page.locator(".map").scroll_into_view_if_needed()
    x, low, high = column(page, 8)
    page.mouse.move(x, low - 0.6 * (low - high))
    page.mouse.down()
    settle(page)
    assert state(page)["hand"] == [[1, 1, 8, 0.6]]
    assert state(page)["key"] == 8
    x2, *_ = column(page, 9)
    page.mouse.move(x2, low - 0.7 * (low - high))
    page.mouse.up()
    done(page)
    # The one before makes room; the others share nothing any more.
    assert state(page)["hand"] == [[1, 1, 8, 0.3], [1, 1, 9, 0.7]]
    widget = in_python(page)
    np.testing.assert_allclose(map_row(page), widget.compute()["map"][0], atol=0.002)
    assert lines(page) == [widget.goes_on(), widget.goes_on(changed=False)]
    press(page, "Chosen weight: give it back to the model")
    assert state(page)["hand"] == [[1, 1, 8, 0.3]]
    row = map_row(page)
    rest = np.delete(own, 8)
    np.testing.assert_allclose(np.delete(row, 8), 0.7 * rest / rest.sum(), atol=0.002)
    page.get_by_label("Chosen weight as a number").fill("0.05")
    settle(page)
    assert state(page)["hand"] == [[1, 1, 8, 0.3], [1, 1, 9, 0.05]]
    press(page, "All weights back")
    done(page)
    np.testing.assert_allclose(map_row(page), own, atol=0.002)
    press(page, "Undo")
    assert state(page)["hand"] == [[1, 1, 8, 0.3], [1, 1, 9, 0.05]]
    # Another text has other weights.
    field(page).fill(BEGINNING + " q")
    settle(page)
    assert state(page)["hand"] == []


def test_weights_are_painted_by_keys_and_by_a_finger(open_up):
    page = open_up(WritingModel(BEGINNING, layer=2, head=0), phone=True)
    painter = page.get_by_role("slider", name="Weights of the last character")
    painter.focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    settle(page)
    assert state(page)["key"] == 2
    assert painter.get_attribute("aria-valuetext").startswith("“t”, 2 back: 0.")
    own = in_python(page).compute()["map"][0][2]
    page.keyboard.press("ArrowUp")
    done(page)
    [[*at, weight]] = state(page)["hand"]
    assert at == [2, 0, 2]
    assert weight == pytest.approx(own + 0.05, abs=0.0051)
    painter.scroll_into_view_if_needed()
    before, send = page.evaluate("scrollY"), finger(page)
    x, low, high = column(page, 20)
    send("touchStart", (x, low - 5))
    for step in range(1, 6):
        send("touchMove", (x, low - 5 - step * (low - high) / 5))
    send("touchEnd")
    settle(page)
    assert state(page)["hand"][-1] == [2, 0, 20, 1]
    assert page.evaluate("scrollY") == before


def test_one_key_stays_free_and_the_only_one_has_all(open_up):
    page = open_up(WritingModel("no", layer=0, head=0))
    exact = page.get_by_label("Chosen weight as a number")
    exact.fill("0.2")
    settle(page)
    page.get_by_role("slider", name="Weights of the last character").focus()
    page.keyboard.press("ArrowLeft")
    exact.fill("0.5")
    settle(page)
    assert state(page)["hand"] == [[0, 0, 1, 0.5]]
    field(page).fill("n")
    settle(page)
    exact.fill("0.5")
    settle(page)
    assert state(page)["hand"] == []
    assert page.locator(".remark").inner_text() == "The only character has all the weight."


def test_the_dice_are_thrown_again_and_temperature_reshapes(open_up):
    page = open_up(WritingModel(BEGINNING))
    press(page, "Throw again")
    done(page)
    assert state(page)["seed"] == 1
    assert lines(page)[0] == WritingModel(BEGINNING, seed=1).goes_on()
    page.get_by_label("Temperature as a number").fill("0.1")
    page.get_by_label("Top-p as a number").fill("0.5")
    done(page)
    widget = WritingModel(BEGINNING, seed=1, temperature=0.1, top_p=0.5)
    assert lines(page)[0] == widget.goes_on()
    assert page.locator(".chances td:nth-child(3)").first.inner_text() == "100 %"
    assert page.locator(".chances .next th").count() == 1


def test_a_link_waits_for_the_model_and_is_then_what_it_was(open_up):
    there = open_up(WritingModel("Stay — who\ngoes", off=[[1, 1]], hand=[[0, 2, 3, 0.75]], seed=9))
    link = there.evaluate("() => [...window.attncourse.models.values()][0].link()").split("#")[1]
    wanted, text = sentence(there), lines(there)
    page = open_up(fragment=f"#{link}", asleep=True)
    assert sentence(page) == "This text is not read yet: it takes the model."
    assert axe(page) == []
    load_heavy(page)
    done(page)
    assert state(page)["text"] == "Stay — who\ngoes"
    assert (sentence(page), lines(page)) == (wanted, text)


def test_before_it_is_loaded_the_stored_beginning_can_be_looked_at(open_up):
    page = open_up(asleep=True)
    stored = sentence(page), map_row(page).tolist()
    assert (
        not page.locator(".write, .settings, .controls, .head, .heads").filter(visible=True).count()
    )
    field(page).press("x")
    settle(page)
    assert state(page)["text"] == WritingModel().text
    assert lines(page)[0] == WritingModel().goes_on(8)
    load_heavy(page)
    done(page)
    assert (sentence(page), map_row(page).tolist()) == stored
    assert lines(page)[0] == WritingModel().goes_on()


TYPED = """async ([texts, each]) => {
  const field = document.querySelector('textarea'), frame = () => new Promise(requestAnimationFrame);
  let frames = 0;
  for (const text of texts) {
    field.value = text;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    for (let n = 0; n < each; n += 1, frames += 1) await frame();
  }
  for (; document.querySelector('.working'); frames += 1) await frame();
  return frames;
}"""


def test_no_frame_is_long_when_one_types_or_pastes(open_up):
    """A head is off, so two models read. Processor time of a frame: script, layout, painting."""
    page = open_up(WritingModel(BEGINNING, off=[[0, 0]]), phone=True)
    spent, typed = stopwatch(page), [BEGINNING + " question, whether"[:n] for n in range(1, 18)]
    a_frame = []
    for texts, each in ((typed, 2), (typed, 2), (["Friends, Romans, countrymen! " * 4], 1)):
        before = spent()
        frames = page.evaluate(TYPED, [texts, each])
        a_frame.append(SLOWER * (spent() - before) / frames)
    assert frames > 10  # what is pasted is read in slices
    assert 1 < min(a_frame[:2]) < 50, f"{a_frame} ms on a processor four times as slow"
    assert a_frame[2] < 60, f"{a_frame} ms on a processor four times as slow"


def test_a_line_is_written_in_less_than_a_second_on_a_phone(open_up):
    """What is new of a line is read and written ahead as the text grows: processor time of it all."""
    page = open_up(WritingModel(BEGINNING), phone=True, reduced_motion="reduce")
    spent, a_line = stopwatch(page), []
    for _ in range(3):  # the best of them
        before, text = spent(), state(page)["text"]
        press(page, "One line")
        done(page)
        new = len(state(page)["text"]) - len(text)
        assert new
        a_line.append(SLOWER * (spent() - before) * 40 / max(new, 40))
    assert 1 < min(a_line) < 1000, a_line
    assert len(state(page)["text"]) > N_KEYS
