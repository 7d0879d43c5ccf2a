"""What a reader can do with the painter on a page, by mouse, finger and keyboard."""

import numpy as np
import pytest

from attncourse.widgets import MaskPainter
from attncourse.widgets.mask_painter import rules
from tests.widgets.pages import click as press
from tests.widgets.pages import finger, settle, stopwatch

WIDGET = MaskPainter


def mask(page):
    """The mask as the page shows it."""
    return np.array(
        page.locator(".mask tbody tr").evaluate_all(
            "rows => rows.map(r => [...r.querySelectorAll('.cell')].map(c => c.ariaPressed === 'true'))"
        )
    )


def weights(page):
    texts = page.locator(".weights tbody tr").evaluate_all(
        "rows => rows.map(r => [...r.querySelectorAll('.weight')].map(c => c.textContent))"
    )
    return np.array([[0.0 if text == "–" else float(text) for text in row] for row in texts])


def outlined(page, kind):
    return page.locator(".weights tbody tr").evaluate_all(
        f"rows => rows.map(r => r.querySelectorAll('.weight.{kind}').length)"
    )


def centre(page, i, j):
    box = page.locator(".mask tbody tr").nth(i).locator(".cell").nth(j).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def stroke(page, *cells, steps=6):
    page.mouse.move(*centre(page, *cells[0]))
    page.mouse.down()
    for cell in cells[1:]:
        page.mouse.move(*centre(page, *cell), steps=steps)
    page.mouse.up()
    settle(page)


def traps(page):
    return page.locator(".traps li b").all_inner_texts()


def changed(page, start):
    return [tuple(int(n) for n in at) for at in np.argwhere(mask(page) != start)]


def test_a_press_paints_one_cell_once(show):
    page = show()
    start = mask(page)
    stroke(page, (1, 0))
    assert changed(page, start) == [(1, 0)]
    stroke(page, (1, 0))
    assert changed(page, start) == []


def test_a_stroke_paints_what_it_crosses_with_the_first_cells_brush(show):
    page = show()
    start = mask(page)
    # From a cell that is hidden through cells that are not: all are seen afterwards.
    stroke(page, (0, 5), (0, 1))
    assert mask(page)[0].all()
    assert changed(page, start) == [(0, 3), (0, 4), (0, 5)]
    # And from a cell that is seen: all are hidden.
    stroke(page, (2, 0), (2, 5))
    assert not mask(page)[2].any()
    # Released, the pointer paints nothing, not even where it began.
    page.keyboard.press("Control+z")
    settle(page)
    after = mask(page)
    for cell in ((3, 2), (2, 0), (2, 1)):
        page.mouse.move(*centre(page, *cell))
    settle(page)
    assert changed(page, after) == []


def test_a_quick_stroke_leaves_no_gaps_and_one_outside_paints_nothing(show):
    page = show(MaskPainter(preset="no mask"))
    start = mask(page)
    stroke(page, (0, 0), (3, 3), steps=1)
    assert changed(page, start) == [(0, 0), (1, 1), (2, 2), (3, 3)]
    press(page, "Undo")
    page.mouse.move(*centre(page, 0, 5))
    page.mouse.down()
    page.mouse.move(*(centre(page, 0, 5)[0] + 400, centre(page, 0, 5)[1]))
    page.mouse.move(*(centre(page, 3, 5)[0] + 400, centre(page, 3, 5)[1]))
    page.mouse.move(*centre(page, 3, 5))
    page.mouse.up()
    settle(page)
    assert changed(page, start) == [(0, 5), (3, 5)]


def test_a_stroke_is_one_step_back(show):
    page = show()
    start = mask(page)
    stroke(page, (3, 0), (3, 4))
    once = mask(page)
    stroke(page, (0, 0), (2, 0))
    page.keyboard.press("Control+z")
    settle(page)
    assert changed(page, once) == []
    press(page, "Undo")
    assert changed(page, start) == []
    assert page.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"
    press(page, "Redo")
    assert changed(page, once) == []


def test_a_finger_paints_and_the_page_stays(show):
    page = show(phone=True)
    start = mask(page)
    send = finger(page)
    send("touchStart", centre(page, 3, 1))
    for i in (2, 1, 0):
        send("touchMove", centre(page, i, 1))
    send("touchEnd")
    settle(page)
    assert changed(page, start) == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert page.evaluate("scrollY") == 0
    page.touchscreen.tap(*centre(page, 0, 1))
    settle(page)
    assert changed(page, start) == [(1, 1), (2, 1), (3, 1)]


def test_arrows_move_space_paints_and_shift_paints_along(show):
    page = show()
    start = mask(page)
    page.locator(".mask .cell").first.focus()
    for key in ("ArrowDown", "ArrowRight", "Space"):
        page.keyboard.press(key)
    settle(page)
    assert changed(page, start) == [(1, 1)]
    focused = "document.activeElement.ariaLabel"
    assert page.evaluate(focused) == "Query 2 may see key 2, against the rule"
    for key in ("Shift+ArrowRight", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    settle(page)
    assert changed(page, start) == [(1, 1), (1, 2)]
    assert page.evaluate(focused) == "Query 3 may see key 3"
    assert page.evaluate("scrollY") == 0
    # One stop for the Tab key: the cell that had the focus last, by the pointer too.
    stroke(page, (3, 5))
    stops = page.locator(".mask .cell[tabindex='0']")
    assert stops.count() == 1
    assert stops.get_attribute("aria-label").startswith("Query 4 may see key 6")
    page.keyboard.press("Space")  # a key press after a stroke counts
    settle(page)
    assert changed(page, start) == [(1, 1), (1, 2)]


def test_hiding_a_key_moves_its_row_and_no_other(show):
    page = show()
    page.get_by_role("radio", name="the rule").check(force=True)
    settle(page)
    assert page.locator(".weights .measured").inner_text() == "Against the rule, no weight moved."
    stroke(page, (2, 1))
    assert outlined(page, "up") == [0, 0, 4, 0]
    assert outlined(page, "down") == [0, 0, 1, 0]
    hidden = np.array(MaskPainter().mask)
    hidden[2, 1] = False
    np.testing.assert_allclose(weights(page), MaskPainter(mask=hidden).weights, atol=0.005001)
    assert "5 of 24 weights moved, in 1 row," in page.locator(".weights .measured").inner_text()


@pytest.mark.parametrize("rule", rules.RULES)
def test_presets_are_those_of_python_and_in_no_trap(show, rule):
    page = show()
    page.locator(f"[data-preset='{rule}']").click()
    settle(page)
    painter = MaskPainter(preset=rule)
    assert mask(page).tolist() == painter.mask
    np.testing.assert_allclose(weights(page), painter.weights, atol=0.005001)
    assert page.locator("[aria-pressed=true][data-preset]").inner_text().lower() == rule
    assert traps(page) == []
    assert page.locator(".traps").inner_text().strip() == "No trap."
    stroke(page, (0, 0))
    assert page.locator("[aria-pressed=true][data-preset]").count() == 0


@pytest.mark.parametrize(
    ("rule", "button", "names", "says"),
    [
        ("causal", "Invert", ["Polarity", "Empty row"], "Causal, but True and False are swapped (2 traps)."),
        ("causal", "One too far", ["Off by one"], "Causal, but each query sees one key too far."),
        ("causal", "One too short", ["Off by one"], "Causal, but no query sees its own position."),
        ("causal top-left", "One too short", ["Off by one", "Empty row"], "no query sees its own position"),
        ("window", "One too far", ["Off by one"], "A window of 3, but the window holds 4."),
        ("prefix", "One too far", ["Off by one"], "the prefix is 4 long"),
        ("documents", "One too short", ["Off by one"], "the first document has 2"),
        ("padding right", "One too far", ["Off by one"], "a key of padding is seen"),
        ("padding left", "One too short", ["Off by one"], "a real key is hidden"),
        ("causal", "Hide all", ["Empty row"], "queries 1, 2, 3 and 4 see nothing"),
    ],
)  # fmt: skip
def test_each_way_to_break_a_mask_is_named(show, rule, button, names, says):
    page = show()
    if rule != "causal":
        page.locator(f"[data-preset='{rule}']").click()
        settle(page)
    press(page, button)
    # The opposite of a rule whose last query sees all has a row without a key.
    assert traps(page) == names
    assert says in page.locator(".sentence").inner_text()
    press(page, "Undo")
    assert traps(page) == []


def test_traps_come_and_go_while_one_paints(show):
    page = show()
    stroke(page, (1, 4))
    assert traps(page) == ["Future"]
    assert "Query 2 sees key 5" in page.locator(".traps").inner_text()
    stroke(page, (1, 3))
    assert traps(page) == ["Future", "Itself"]
    stroke(page, (1, 1))
    assert traps(page) == ["Future", "Itself", "Too little"]
    assert "1 cell is hidden. Query 2 might see key 2." in page.locator(".traps").inner_text()
    stroke(page, (1, 1))
    stroke(page, (1, 4), (1, 3))  # begins hidden by a cell that is seen
    stroke(page, (1, 0), (1, 2))
    assert traps(page) == ["Empty row"]
    assert "NaN" in page.locator(".traps").inner_text()
    assert page.locator(".weights .count.empty").inner_text() == "0.00"
    top_left = rules.lay_out("causal top-left", 1, 4, 6)
    page = show(MaskPainter(mask=top_left))
    assert traps(page) == ["Alignment"]


def test_the_size_lays_its_rule_out_again(show):
    page = show()
    assert not page.get_by_role("slider", name="Window").is_visible()
    press(page, "Window")
    page.get_by_role("slider", name="Window").press("ArrowLeft")
    settle(page)
    assert mask(page).tolist() == MaskPainter(rule="window", size=2).mask
    assert page.locator(".sentence").inner_text().startswith("A window of 2: each query sees 2")


def test_with_scores_at_nothing_a_row_counts_its_keys(show):
    page = show()
    page.get_by_role("slider", name="Strength of the scores").fill("0")
    settle(page)
    expected = np.array(MaskPainter().mask) / np.array([[3], [4], [5], [6]])
    np.testing.assert_allclose(weights(page), expected, atol=0.005001)
    assert page.locator(".sentence").inner_text().endswith("all alike.")


def test_what_changes_nothing_says_so(show):
    page = show(MaskPainter(preset="no mask"))
    press(page, "One too far")
    assert page.locator(".remark").inner_text() == "One too far changes nothing here."
    press(page, "Hide all")
    press(page, "Hide all")
    assert page.locator(".remark").inner_text() == "All is hidden already."


def test_a_link_brings_what_was_painted(show):
    page = show()
    press(page, "Prefix")
    stroke(page, (0, 4), (2, 4))
    shown = mask(page)
    press(page, "Copy link")
    page.wait_for_function("location.hash.startsWith('#w.mask-painter.s')")
    fresh = show(fragment="#" + page.url.split("#")[1])
    assert (mask(fresh) == shown).all()
    assert fresh.locator(".sentence").inner_text().startswith("A prefix of 3")


@pytest.mark.parametrize("phone", [False, True])
def test_nothing_moves_under_the_hand(show, phone):
    """The sentence keeps its room whatever it says, and the grid and the buttons stay."""
    page = show(phone=phone)
    if phone:
        page.set_viewport_size({"width": 340, "height": 844})
    places = set()
    for name in ("Invert", "One too short", "Hide all", "Documents", "One too far",
                 "Causal top-left", "One too short", "Padding left", "One too short"):  # fmt: skip
        press(page, name)
        page.evaluate("scrollTo(0, 0)")
        settle(page)
        boxes = [page.locator(s).first.bounding_box() for s in (".mask .cell", "[data-preset]")]
        places.add(tuple(box["y"] for box in boxes))
    assert len(places) == 1, places


def test_painting_leaves_room_for_thirty_frames_a_second(show):
    """One stroke over all cells of the largest grid: the work of a frame, in time of the processor.

    Not by the clock: how long a frame waits on a busy machine says nothing about the widget.
    """
    page = show(MaskPainter(np.random.default_rng(0).normal(size=(8, 8))))
    page.wait_for_timeout(500)  # the sentence has been spoken
    spent = stopwatch(page)
    before = spent()
    page.evaluate(
        """() => new Promise((done) => {
             const cells = [...document.querySelectorAll('.mask .cell')];
             const send = (type, cell) => {
               const box = cell.getBoundingClientRect();
               cells[0].dispatchEvent(new PointerEvent(type, { bubbles: true, cancelable: true, pointerId: 1,
                 button: 0, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 }));
             };
             cells[0].setPointerCapture = () => {};  // of a pointer that a page makes up
             send('pointerdown', cells[0]);
             let n = 0;
             const step = () => {
               n += 1;
               send(n < 64 ? 'pointermove' : 'pointerup', cells[Math.min(n, 63)]);
               if (n < 64) requestAnimationFrame(step);
               else done();
             };
             requestAnimationFrame(step);
           })"""
    )
    a_frame = (spent() - before) / 64
    assert 0.1 < a_frame < 1000 / 30, f"{a_frame:.1f} ms a frame"
    settle(page)
    assert len(set(mask(page).ravel().tolist())) == 1  # the stroke went over all of it


def test_without_javascript_a_table_has_the_numbers(show):
    painter = MaskPainter()
    page = show(painter, javascript=False)
    rows = page.locator(".ac-fallback tbody tr")
    assert rows.nth(0).locator("td").all_inner_texts()[3:] == ["–", "–", "–", "3"]
    shown = [float(text) for text in rows.nth(3).locator("td").all_inner_texts()[:6]]
    np.testing.assert_allclose(shown, painter.weights[3], atol=0.005001)
