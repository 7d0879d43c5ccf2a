"""What a reader can do with the network on a page, by mouse, finger and keyboard; and how fast it is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from attncourse.experiments import letters_to_sounds as task
from attncourse.widgets import LettersToSounds
from attncourse.widgets.letters_to_sounds.network import MOST_LETTERS
from tests.browser import axe
from tests.widgets.pages import (
    centre,
    finger,
    load_heavy,
    press,
    sentence,
    settle,
    state,
    stopwatch,
)
from tests.widgets.requirements import Visit

WIDGET = LettersToSounds


def in_python(page):
    """A widget made in Python in the state of the page's."""
    now = state(page)
    return LettersToSounds(now["word"], hand=now["hand"], selected=now["selected"])


def remark(page):
    return page.locator(".remark").inner_text()


def word(page):
    return page.get_by_label("Word", exact=True)


def sounds(page):
    return page.locator("button.sound:visible b").all_inner_texts()


def letter(page, n):
    """Where a letter's column is."""
    box = page.locator(".letter").nth(n).bounding_box()
    return box["x"] + box["width"] / 2


def test_five_hundred_unknown_words_are_said_as_numpy_says_them(chromium_page, tmp_path):
    """Exactly the same sounds; weights and probabilities to 1e-6."""
    known = sorted(w for w in task.words().test if len(w) <= MOST_LETTERS)
    words = [str(w) for w in np.random.default_rng(5).choice(known, 500, replace=False)]
    page = Visit(chromium_page, tmp_path).module(LettersToSounds)
    found = json.loads(
        page.evaluate(
            "text => JSON.stringify(JSON.parse(text).map((word) => widget.compute({ word, hand: [] }, data)))",
            json.dumps(words),
        )
    )
    said = 0
    for each, got in zip(words, found, strict=True):
        expected = LettersToSounds(each).compute()
        assert got["sounds"] == got["plain"] == expected["sounds"].tolist(), each
        for name in ("weights", "own", "probabilities"):
            np.testing.assert_allclose(got[name], expected[name], atol=1e-6, rtol=0, err_msg=each)
        said += len(got["sounds"])
    assert said > 3000


def test_the_page_shows_the_numbers_of_the_state(show):
    rng = np.random.default_rng(6)
    for widget in [LettersToSounds.random(rng) for _ in range(6)]:
        page = show(widget)
        found = widget.compute()
        row = min(widget.selected, len(found["sounds"]) - 1)
        names = [*widget.sounds, *(["end"] if found["sounds"][-1] == 2 else [])]
        assert sounds(page) == names
        assert page.locator("text.sound:visible").all_text_contents() == names
        fields = page.locator(".weights input[type=number]:visible").evaluate_all(
            "f => f.map((e) => e.value)"
        )
        np.testing.assert_allclose(np.array(fields, float), found["weights"][row], atol=0.0050001)
        shares = page.locator(".map g:not(.handle):visible").nth(row).locator(".cell:visible")
        shown = shares.evaluate_all(
            "c => c.map((e) => parseFloat(e.style.getPropertyValue('--share')))"
        )
        np.testing.assert_allclose(np.array(shown) / 100, found["weights"][row], atol=0.00051)
        best = np.sort(found["probabilities"][row])[::-1][:4]
        for text, chance in zip(
            page.locator(".others td:last-child").all_inner_texts(), best, strict=True
        ):
            if not text.startswith("<"):
                assert float(text.split()[0]) / 100 == pytest.approx(chance, abs=0.0051)
        page.close()


def test_a_word_is_said_while_it_is_typed(show):
    page = show()
    word(page).focus()
    page.keyboard.press("Control+a")
    said = []
    for key in "thumb":
        page.keyboard.type(key)
        settle(page)
        said.append(" ".join(sounds(page)[:-1]))
    assert said == [" ".join(LettersToSounds("thumb"[: n + 1]).sounds) for n in range(5)]
    assert said[-1] == "TH AH M"
    assert sentence(page) == "thumb is said TH AH M. TH, as in thin, looks most at t (0.96)."
    # All of it is one step.
    word(page).blur()
    page.keyboard.press("Escape")
    press(page, "Undo")
    assert state(page)["word"] == "knight"
    assert word(page).input_value() == "knight"
    press(page, "Redo")
    assert state(page)["word"] == "thumb"


@pytest.mark.parametrize(
    ("typed", "becomes"), [("JOSÉ", "jose"), (" Zoë ", "zoe"), ("naïve", "naive"), ("A", "a")]
)
def test_capitals_and_accents_are_taken_off(show, typed, becomes):
    page = show()
    word(page).fill(typed)
    settle(page)
    assert state(page)["word"] == becomes
    assert word(page).input_value() == typed  # nobody's text changes under their hands
    word(page).blur()
    settle(page)
    assert word(page).input_value() == becomes


@pytest.mark.parametrize("typed", ["", "two words", "o'clock", "r2d2", "a" * 17, "Čapek!", "日本"])
def test_what_the_model_cannot_read_is_refused(show, typed):
    page = show()
    before = state(page)
    word(page).fill(typed)
    settle(page)
    assert word(page).get_attribute("aria-invalid") == "true"
    assert state(page) == before
    page.wait_for_function(
        "/takes 1 to 16 letters/.test(document.querySelector('.remark').textContent)"
    )
    assert remark(page) == "The word takes 1 to 16 letters from a to z, so it stays “knight”."
    word(page).blur()
    settle(page)
    assert word(page).input_value() == "knight"
    assert word(page).get_attribute("aria-invalid") is None
    word(page).fill("write")
    settle(page)
    assert "so it stays" not in remark(page)


def test_a_new_word_begins_without_a_hand(show):
    page = show(LettersToSounds("knight", hand=[[1, 0, 1.0]], selected=3))
    word(page).fill("box")
    settle(page)
    assert state(page) == {"word": "box", "hand": [], "selected": 0, "preset": ""}


def test_a_row_is_pulled_by_the_mouse_and_the_rest_is_said_anew(show):
    page = show()
    x, y = centre(page, "row1")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(letter(page, 0), y, steps=6)
    page.mouse.up()
    settle(page)
    assert state(page)["hand"] == [[1, 0, 1]]
    assert sounds(page) == ["N", "K", "EY", "T", "end"]
    assert sentence(page) == (
        "With weights set by hand, knight is said N K EY T. The model’s own way: N AY T."
    )
    # What is other is marked, and what is only further on is not.
    other = page.locator("button.sound.other:visible b").all_inner_texts()
    assert other == ["K", "EY"]
    handle = page.locator("[data-point=row1]")
    assert handle.get_attribute("aria-valuetext") == "place 1.0: 100 % on k"
    assert handle.get_attribute("aria-label") == "Look of sound 2, K"
    # Between two letters a row looks at both; near one, at it alone.
    x, y = centre(page, "row0")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(letter(page, 2) * 0.7 + letter(page, 3) * 0.3, y, steps=6)
    settle(page)
    assert state(page)["hand"] == [[0, 2, 0.7], [0, 3, 0.3], [1, 0, 1]]
    page.mouse.move(letter(page, 3) + 3, y + 50, steps=2)
    page.mouse.up()
    settle(page)
    assert state(page)["hand"] == [[0, 3, 1], [1, 0, 1]]
    assert state(page)["selected"] == 0
    press(page, "Undo")  # the whole of a drag
    assert state(page)["hand"] == [[1, 0, 1]]
    assert sounds(page)[:2] == ["N", "K"]


def test_a_row_stays_within_the_word(show):
    page = show()
    x, y = centre(page, "row2")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2000, y, steps=3)
    settle(page)
    assert state(page)["hand"] == [[2, 5, 1]]
    page.mouse.move(x - 2000, y, steps=3)
    page.mouse.up()
    settle(page)
    assert state(page)["hand"] == [[2, 0, 1]]


def test_a_finger_pulls_a_row_and_scrolls_beside_it(show):
    page = show(LettersToSounds("write"), phone=True)
    page.locator(".map").scroll_into_view_if_needed()
    before, send = page.evaluate("scrollY"), finger(page)
    x, y = centre(page, "row0")
    send("touchStart", (x, y))
    for step in range(1, 9):
        send("touchMove", (x + step * (letter(page, 3) - x) / 8, y - 3 * step))
    send("touchEnd")
    settle(page)
    assert state(page)["hand"] == [[0, 3, 1]]
    assert page.evaluate("scrollY") == before
    assert sounds(page) == [*LettersToSounds("write", hand=[[0, 3, 1.0]]).sounds, "end"]


def test_a_row_is_pulled_by_keys_from_letter_to_letter(show):
    page = show()
    row = page.locator("[data-point=row1]")
    row.focus()
    places = []
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
        settle(page)
        places.append(state(page)["hand"])
    # From place 2.4, which is between the second letter and the third.
    assert places == [[[1, 1, 1]], [[1, 0, 1]], [[1, 0, 1]], [[1, 1, 1]], [[1, 2, 1]]]
    assert state(page)["selected"] == 1
    page.keyboard.press("ArrowDown")
    settle(page)
    assert page.evaluate("document.activeElement.dataset.point") == "row2"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    settle(page)
    assert page.evaluate("document.activeElement.dataset.point") == "row0"
    assert state(page)["selected"] == 0


def test_a_weight_is_typed_and_the_others_share_the_rest(show):
    page = show()
    press(page, "N as in net")
    field = page.get_by_label("Weight on letter 1 as a number")
    field.fill("0.6")
    settle(page)
    assert state(page)["hand"] == [[0, 0, 0.6]]
    assert sounds(page)[0] == "K"
    own = LettersToSounds("knight").compute()["own"][0]
    shown = page.locator(".weights input[type=number]:visible").evaluate_all(
        "f => f.map((e) => Number(e.value))"
    )
    np.testing.assert_allclose(shown[1:], 0.4 * own[1:] / own[1:].sum(), atol=0.0051)
    # A second one makes the first give way where both would be too much.
    page.get_by_label("Weight on letter 3 as a number").fill("0.7")
    settle(page)
    assert state(page)["hand"] == [[0, 0, 0.3], [0, 2, 0.7]]
    press(page, "Weight on letter 1: give it back to the model")
    assert state(page)["hand"] == [[0, 2, 0.7]]
    assert page.get_by_label("Weight on letter 3 as a number").get_attribute("class") == "edited"
    slider = page.get_by_label("Weight on letter 6", exact=True)
    slider.focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert state(page)["hand"] == [[0, 2, 0.7], [0, 5, 0.01]]
    np.testing.assert_allclose(in_python(page).compute()["weights"][0].sum(), 1)


def test_one_letter_always_stays_free_to_take_the_rest(show):
    page = show(LettersToSounds("box", selected=0))
    for n, weight in ((1, "0.2"), (2, "0.3"), (3, "0.1")):
        page.get_by_label(f"Weight on letter {n} as a number").fill(weight)
        settle(page)
    # The larger of the other two is given back, and takes what is left.
    assert state(page)["hand"] == [[0, 0, 0.2], [0, 2, 0.1]]
    shown = page.locator(".weights input[type=number]:visible").evaluate_all(
        "f => f.map((e) => Number(e.value))"
    )
    assert shown == [0.2, 0.7, 0.1]
    one = show(LettersToSounds("a"))
    one.get_by_label("Weight on letter 1 as a number").fill("0.5")
    settle(one)
    assert state(one)["hand"] == []
    assert remark(one) == "The only letter has all the weight."


def test_a_sound_is_chosen_by_its_button_its_row_and_its_handle(show):
    page = show()
    press(page, "T as in ten")
    assert state(page)["selected"] == 2
    assert sentence(page) == "knight is said N AY T. T, as in ten, looks most at t (0.76)."
    page.locator("text.sound", has_text="end").click()
    settle(page)
    assert state(page)["selected"] == 3
    assert sentence(page).endswith("To end, the model looks most at t (0.86).")
    page.locator("[data-point=row0]").focus()
    settle(page)
    assert state(page)["selected"] == 0
    # To look is no step.
    assert page.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"


def test_presets_show_what_their_names_say(show):
    page = show()
    for name, says in [
        (
            "Silent k",
            "With weights set by hand, knight is said K N AY T. The model’s own way: N AY T.",
        ),
        ("Silent w", "With weights set by hand, write is still said R AY T."),
        ("One letter off", "With weights set by hand, knight is still said N AY T."),
        ("Backwards", "With weights set by hand, stop is said P AA T S"),
    ]:
        press(page, name)
        assert sentence(page).startswith(says)
        assert page.get_by_role("button", name=name).get_attribute("aria-pressed") == "true"
    press(page, "Reset")
    assert sentence(page).startswith("knight is said N AY T.")


def test_a_link_waits_for_the_model_and_is_then_what_it_was(show):
    there = show(LettersToSounds("phoneme", hand=[[2, 0, 0.75]], selected=2))
    link = there.evaluate("() => [...window.attncourse.models.values()][0].link()").split("#")[1]
    wanted = sentence(there)
    page = show(fragment=f"#{link}", asleep=True)
    assert sentence(page) == "“phoneme” is not said yet: it takes the model."
    assert page.locator(".ac-letters_to_sounds .handle").count() == 0
    assert axe(page) == []
    load_heavy(page)
    assert state(page)["hand"] == [[2, 0, 0.75]]
    assert sentence(page) == wanted


def test_before_it_is_loaded_one_word_can_be_looked_at(show):
    page = show(asleep=True)
    assert sounds(page) == ["N", "AY", "T", "end"]
    assert remark(page) == "Choose a sound to see where the model looked."
    press(page, "T as in ten")
    assert sentence(page) == "knight is said N AY T. T, as in ten, looks most at t (0.76)."
    assert not word(page).is_visible()
    assert page.locator(".ac-kit input:visible, .handle:visible, .controls:visible").count() == 0
    stored = page.locator(".ac-letters_to_sounds .number:visible").all_text_contents()
    load_heavy(page)
    settle(page)
    assert page.locator(".ac-letters_to_sounds .number:visible").all_text_contents() == stored
    assert word(page).is_visible()


LONG = "straightforwards"


def test_a_word_is_said_in_less_than_fifty_milliseconds_on_a_phone(show):
    """The longest word, each letter a new one, on a processor that is slowed down four times."""
    page = show(phone=True)
    word(page).fill("warm")
    page.wait_for_timeout(600)
    spent = stopwatch(page)
    a_word = []
    for _ in range(3):  # the best of them: others use the machine
        before = spent()
        page.evaluate(
            """async (text) => { const field = document.querySelector('input[type=text]');
                 for (let n = 1; n <= text.length; n += 1) {
                   field.value = text.slice(0, n);
                   field.dispatchEvent(new InputEvent('input', { bubbles: true }));
                   await new Promise(requestAnimationFrame);
                 } }""",
            LONG,
        )
        assert state(page)["word"] == LONG
        a_word.append(4 * (spent() - before) / len(LONG))
    assert 1 < min(a_word) < 50, f"{a_word} ms a word on a processor four times as slow"


def test_pulling_keeps_thirty_frames_a_second(show):
    """The first row of the longest word, back and forth: all that follows is said anew each frame."""
    page = show(LettersToSounds(LONG))
    page.wait_for_timeout(600)
    spent = stopwatch(page)
    before = spent()
    page.evaluate(
        """() => new Promise((done) => {
             const handle = document.querySelector('[data-point=row0]'), map = document.querySelector('.map svg').getBoundingClientRect();
             handle.setPointerCapture = () => {};  // of a pointer that a page makes up
             const send = (type, share) => handle.dispatchEvent(new PointerEvent(type, { bubbles: true, cancelable: true,
               pointerId: 1, button: 0, clientX: map.x + share * map.width, clientY: map.y + 60 }));
             send('pointerdown', 0.2);
             let n = 0;
             const step = () => {
               n += 1;
               send(n < 60 ? 'pointermove' : 'pointerup', 0.2 + 0.7 * Math.abs(Math.sin(n / 9)));
               if (n < 60) requestAnimationFrame(step);
               else done();
             };
             requestAnimationFrame(step);
           })"""
    )
    a_frame = (spent() - before) / 60
    assert state(page)["hand"]
    assert 0.1 < a_frame < 20, f"{a_frame:.1f} ms a frame"
