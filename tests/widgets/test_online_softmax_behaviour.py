"""What a reader can do with online softmax on a page, by mouse, finger and keyboard."""

import numpy as np
import pytest

from attncourse.widgets import OnlineSoftmax
from tests.browser import axe
from tests.widgets.pages import (
    centre,
    drag,
    finger,
    press,
    sentence,
    settle,
    state,
    watched_drag,
    write_page,
)

WIDGET = OnlineSoftmax


def numbers(texts):
    return [float(text.replace("−", "-")) for text in texts]


def same_in_python(page):
    """A widget made in Python in the state of the page's."""
    now = state(page)
    return OnlineSoftmax(
        now["scores"], now["values"], tile_len=now["tile_len"], step=now["step"]
    ).compute()


def test_the_page_shows_the_numbers_of_the_reference(show):
    rng = np.random.default_rng(4)
    widgets = [OnlineSoftmax.random(rng) for _ in range(10)]
    page = show(*widgets)
    for n, widget in enumerate(widgets):
        shown, found = page.locator(".ac-online_softmax").nth(n), widget.compute()
        shares = shown.locator(".slow tbody td:last-child").all_inner_texts()
        assert shares[widget.taken :] == ["–"] * (len(shares) - widget.taken)
        np.testing.assert_allclose(
            numbers(shares[: widget.taken]), found["shares"][: widget.taken], atol=0.0005001
        )
        rows = shown.locator(".trace tbody tr:not([hidden])").evaluate_all(
            "rows => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent))"
        )
        assert len(rows) == widget.n_tiles
        taken = min(widget.step, widget.n_tiles)
        assert all(cell == "·" for row in rows[taken:] for cell in row)
        for tile, row in enumerate(rows[:taken]):
            expected = [found[name][tile] for name in ("maximum", "normaliser", "mixed", "output")]
            # Two decimals, and one from 100, none from 1000 on.
            for shown_number, number in zip(numbers([row[0], *row[2:]]), expected, strict=True):
                size = abs(number)
                room = 0.005 if size < 99.9 else 0.05 if size < 999.9 else 0.5
                assert shown_number == pytest.approx(number, abs=room * 1.001)
            factor = 0.0 if row[1] == "< 0.001" else float(row[1])
            assert factor == pytest.approx(found["factor"][tile], abs=0.0005001)
        counts = numbers(shown.locator(".counts td:not(thead td)").all_inner_texts())
        read, written = found["ordinary_read"], found["ordinary_written"]
        n_scores = len(widget.scores)
        assert counts == [
            *(found["read"], found["written"], found["read"] + found["written"]),
            *(2 * n_scores, 1, 2 * n_scores + 1),
            *(read, written, read + written),
        ]


def test_step_by_step_to_the_ordinary_softmax(show):
    page = show(OnlineSoftmax(step=0))
    assert sentence(page).startswith("Nothing is read yet: 8 scores and 8 values")
    back = page.get_by_role("button", name="Back", exact=True)
    following = page.get_by_role("button", name="Next tile", exact=True)
    assert back.get_attribute("aria-disabled") == "true"
    said = []
    for _ in range(4):
        press(page, "Next tile")
        said.append(sentence(page))
    assert said == [
        "Tile 1 sets the maximum, 1.00, and a first output, 1.07.",
        "Tile 2 raises the maximum to 2.40: what was kept is multiplied by 0.247.",
        "Tile 3 brings no new maximum: what was kept stays as it is.",
        "Tile 4, the last, raises the maximum to 3.20: what was kept is multiplied by 0.449, and the "
        "output is softmax’s.",
    ]
    compared = page.locator(".compared").inner_text()
    assert compared.startswith("Ordinary softmax, all at once: 2.3317. Tile by tile: 2.3317.")
    difference = compared.split("Difference: ")[1]
    assert difference == "0." or "· 10⁻¹" in difference
    assert following.get_attribute("aria-disabled") == "true"
    press(page, "Next tile")
    assert state(page)["step"] == 4
    press(page, "Back")
    assert state(page)["step"] == 3
    assert page.get_by_label("Tiles read").get_attribute("aria-valuetext") == "3 of 4"


def test_the_last_step_is_written_out(show):
    page = show()
    assert page.locator(".sums td").all_inner_texts() == [
        "max(1.00, 2.40) = 2.40",
        "e1.00 − 2.40 = 0.247",
        "0.247 · 1.45 + 1.27 = 1.63",
        "0.247 · 1.55 + 1.32 = 1.70",
        "1.70 / 1.63 = 1.04",
    ]
    press(page, "Back")
    assert page.locator(".sums td").all_inner_texts()[:3] == [
        "max(−∞, 1.00) = 1.00",
        "e−∞ − 1.00 = 0",
        "0 · 0.00 + 1.45 = 1.45",
    ]


@pytest.mark.parametrize(("point", "row"), [("scores2", "scores"), ("values7", "values")])
def test_dragging_by_mouse_moves_the_output(show, point, row):
    page = show(OnlineSoftmax(step=4))
    before, start = page.locator(".compared").inner_text(), state(page)
    x, y = centre(page, point)
    drag(page, point, 0, -40)
    now = state(page)
    at = int(point[-1])
    assert now[row][at] > start[row][at]
    assert now[row][:at] + now[row][at + 1 :] == start[row][:at] + start[row][at + 1 :]
    assert page.locator(".compared").inner_text() != before
    assert (
        page.locator(".compared")
        .inner_text()
        .startswith(f"Ordinary softmax, all at once: {same_in_python(page)['ordinary']:.4f}.")
    )
    # After release the pointer moves nothing.
    page.mouse.move(x, y + 30)
    settle(page)
    assert state(page) == now


def test_a_bar_follows_the_pointer_exactly_and_stays_in_its_column(show):
    page = show()
    x, y = centre(page, "scores3")
    page.mouse.move(x + 3, y + 2)
    page.mouse.down()
    page.mouse.move(x + 60, y - 38, steps=3)
    settle(page)
    assert centre(page, "scores3") == pytest.approx((x, y - 40), abs=1.5)
    page.mouse.move(x, y - 2000, steps=3)
    settle(page)
    frame = page.locator("figure > svg").first.bounding_box()
    assert centre(page, "scores3")[1] > frame["y"]
    assert state(page)["scores"][3] == 4
    page.mouse.up()
    settle(page)
    # The axis makes room once the bar is let go.
    assert centre(page, "scores3")[1] > frame["y"] + 30


def test_dragging_by_touch_moves_a_score_and_leaves_the_page_to_scroll(show):
    page = show(phone=True)
    page.locator("figure").first.scroll_into_view_if_needed()
    top, (x, y) = page.evaluate("scrollY"), centre(page, "scores3")
    send = finger(page)
    send("touchStart", (x, y))
    for step in range(1, 9):
        send("touchMove", (x, y - 5 * step))
    send("touchEnd")
    settle(page)
    assert state(page)["scores"][3] > 1.5
    assert page.evaluate("scrollY") == top
    # Beside the bars a finger scrolls the page.
    frame = page.locator("figure > svg").first.bounding_box()
    x, y = frame["x"] + 12, frame["y"] + frame["height"] - 12
    send("touchStart", (x, y))
    for step in range(1, 9):
        send("touchMove", (x, y - 25 * step))
    send("touchEnd")
    page.wait_for_function("top => scrollY > top + 50", arg=top)


def test_dragging_by_keyboard(show):
    page = show()
    for point, expected in [("scores2", [2.5, 2.6, 1.6]), ("values2", [0.6, 0.7, -0.3])]:
        handle = page.locator(f"[data-point={point}]")
        handle.focus()
        for key, value in zip(("ArrowUp", "ArrowRight", "Shift+ArrowDown"), expected, strict=True):
            page.keyboard.press(key)
            settle(page)
            assert handle.get_attribute("aria-valuetext") == f"{value:.2f}".replace("-", "−")
    assert page.evaluate("scrollY") == 0
    # Keys go on where the picture ends; the axis follows.
    page.locator("[data-point=scores6]").focus()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowUp")
        settle(page)
    assert state(page)["scores"][6] == 7.2
    frame = page.locator("figure > svg").first.bounding_box()
    assert centre(page, "scores6")[1] > frame["y"]


def test_numbers_are_typed(show):
    page = show(OnlineSoftmax(step=4))
    page.get_by_label("Score 5", exact=True).fill("-2.5")
    page.get_by_label("Value 7", exact=True).fill("40")
    settle(page)
    assert state(page)["scores"][4] == -2.5
    assert state(page)["values"][6] == 40
    shares = numbers(page.locator(".slow tbody td:last-child").all_inner_texts())
    np.testing.assert_allclose(shares, same_in_python(page)["weights"], atol=0.0005001)


def test_the_tile_size_changes_the_way_and_not_the_end(show):
    page = show(OnlineSoftmax(step=8))
    end = page.locator(".compared").inner_text().split(" Difference")[0]
    for size in (1, 3, 5, 8):
        page.get_by_label("Tile size").fill(str(size))
        settle(page)
        rows = page.locator(".trace tbody tr:not([hidden])")
        assert rows.count() == -(-8 // size)
        assert page.locator(".compared").inner_text().split(" Difference")[0] == end
        assert page.locator(".fast-side small").inner_text().startswith(f"{2 * size + 3} numbers")
    assert "This fast memory holds the whole row" in page.locator(".memory").inner_text()


def test_what_is_in_fast_memory_is_marked(show):
    page = show(OnlineSoftmax(tile_len=3, step=3))
    assert page.locator(".slow tr.now th").all_inner_texts() == ["7", "8"]
    assert page.locator(".trace tr.now th").inner_text() == "7–8"
    assert page.locator(".piece.now").inner_text() == "7–8"
    press(page, "Back")
    assert page.locator(".slow tr.now th").all_inner_texts() == ["4", "5", "6"]
    assert page.locator(".slow tr.ahead th").all_inner_texts() == ["7", "8"]


@pytest.mark.parametrize(
    ("step", "filled", "says"),
    [
        # Of 8 scores: three quarters of the maximum after 6 moves, and so on.
        (0, [0, 0, 0, 0, 0, 0], "Nothing has moved."),
        (1, [0.75, 0, 0, 0, 0, 0], "After 6 of 17 moves, the ordinary way would still look"),
        (2, [1, 0.5, 0, 0, 0, 0], "would have its maximum and still add up the normaliser"),
        (3, [1, 1, 0.125, 0, 0, 0], "a normaliser and no weight yet: 32 moves to go"),
    ],
)
def test_both_ways_after_as_many_moves(show, step, filled, says):
    page = show(OnlineSoftmax(tile_len=3, step=step))
    pieces = page.locator(".road.ordinary .piece")
    done = pieces.evaluate_all(
        "all => all.map((piece) => parseFloat(piece.style.getPropertyValue('--done')) / 100)"
    )
    np.testing.assert_allclose(done, filled)
    # As wide as what they move: scores, scores, scores and weights, weights with values, output.
    widths = pieces.evaluate_all("all => all.map((piece) => piece.getBoundingClientRect().width)")
    np.testing.assert_allclose(widths, np.array([8, 8, 8, 8, 16, 1]) * widths[0] / 8, rtol=0.02)
    tiled = page.locator(".road.tiled .piece:not([hidden])").evaluate_all(
        "all => all.map((piece) => piece.getBoundingClientRect().width)"
    )
    np.testing.assert_allclose(tiled, np.array([6, 6, 4, 1]) * widths[0] / 8, rtol=0.02)
    said = page.locator(".memory .measured").inner_text()
    assert says in said
    # Three times the scores, once the values, one output.
    assert "33 moves would do" in said


def test_presets_are_those_of_python(show):
    page = show()
    for preset, known in OnlineSoftmax().presets.items():
        page.locator(f"[data-preset={preset}]").click()
        settle(page)
        expected = OnlineSoftmax(preset=preset).page_state()
        assert state(page) == {name: expected[name] for name in state(page)}, known
    page.locator("[data-preset=large]").click()
    settle(page)
    assert "e^900 would overflow" in page.locator(".compared").inner_text()
    marks = numbers(
        page.locator("figure").first.locator(".tick[text-anchor=end]").all_text_contents()
    )
    assert min(marks) > 800
    page.locator("[data-point=scores0]").press("ArrowUp")
    settle(page)
    assert page.locator("[data-preset=large]").get_attribute("aria-pressed") == "false"
    press(page, "Reset")
    assert state(page)["scores"] == OnlineSoftmax().scores


def test_a_drag_and_a_step_are_one_step_back_each(show):
    page = show()
    start = state(page)
    drag(page, "scores2", 0, 30)
    dragged = state(page)
    press(page, "Next tile")
    assert state(page)["step"] == 3
    page.keyboard.press("Control+z")
    settle(page)
    assert state(page) == dragged
    press(page, "Undo")
    assert state(page) == start
    page.keyboard.press("Control+Shift+z")
    settle(page)
    assert state(page) == dragged


def test_a_link_reproduces_the_state_in_a_fresh_page(show, chromium_page):
    page = show()
    drag(page, "values4", 0, -60)
    page.get_by_label("Score 8", exact=True).fill("7.25")
    page.get_by_label("Tile size").fill("3")
    press(page, "Next tile")
    press(page, "Copy link")
    page.wait_for_function("location.hash.startsWith('#w.online-softmax.s')")
    fresh = chromium_page(page.url)
    fresh.wait_for_selector(".ac-online_softmax")
    assert state(fresh) == state(page)
    for part in (".compared", ".trace", ".memory"):
        assert fresh.locator(part).inner_text() == page.locator(part).inner_text()


def test_dragging_keeps_thirty_frames_a_second(show):
    """The longest row in the most tiles: what a frame takes in script and layout."""
    rng = np.random.default_rng(5)
    page = show(OnlineSoftmax(rng.normal(size=12), rng.normal(size=12), tile_len=1, step=12))
    # What else the machine does may hold up one drag, and not each of three.
    slow = []
    for _ in range(3):
        took, _ = watched_drag(page, "scores4", "n => [0, -20 * Math.sin(n / 5)]")
        assert len(took) >= 60
        slow.append(np.quantile(took, 0.9))
    assert min(slow) < 1000 / 30, slow


def test_without_javascript_a_table_has_the_numbers(show):
    widget = OnlineSoftmax(tile_len=3)
    page = show(widget, javascript=False)
    rows, found = page.locator(".ac-fallback tbody tr"), widget.compute()
    assert rows.count() == widget.n_tiles + 1
    for tile in range(widget.n_tiles):
        cells = numbers(rows.nth(tile).locator("td").all_inner_texts())
        names = ("maximum", "factor", "normaliser", "mixed", "output")
        np.testing.assert_allclose(cells, [found[name][tile] for name in names], atol=0.0005001)
    last = rows.last.locator("td").all_inner_texts()[-1]
    assert float(last) == pytest.approx(found["ordinary"], abs=0.0005001)


def test_the_sentence_grows_without_moving_what_is_below(show):
    page = show(OnlineSoftmax(step=0))
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.get_by_label("Tiles read").fill("0")
        settle(page)
        tops = set()
        for _ in range(4):
            tops.add(page.locator("figure > svg").first.bounding_box()["y"])
            press(page, "Next tile")
        assert len(tops) == 1


def test_long_rows_and_long_numbers_fit_a_phone(show):
    ends = np.tile([-1000.0, 999.75], 6)
    page = show(
        OnlineSoftmax(ends, ends / 10, tile_len=1, step=12),
        OnlineSoftmax(ends, -ends / 10, tile_len=5, step=2),
    )
    for width in (320, 360, 390, 700, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate(
            """() => [...document.querySelectorAll('.ac-online_softmax :is(.part, table, input[type=number])')]
                   .filter((e) => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth)
                   .map((e) => e.className || e.ariaLabel || e.tagName)"""
        )
        assert wide == [], width
    assert axe(page) == []


def test_it_lives_in_a_page_of_the_book_beside_others(chromium_page, tmp_path):
    from attncourse.widgets import ScoreScaling

    page = chromium_page(
        write_page(tmp_path / "page.html", OnlineSoftmax(), ScoreScaling(), OnlineSoftmax(step=4))
    )
    page.wait_for_function("document.querySelectorAll('.ac-kit').length === 3")
    assert page.locator("script[data-ac-once][type='text/plain']").count() == 2
    page.locator(".ac-online_softmax").nth(1).get_by_role("button", name="Back").click()
    settle(page)
    steps = page.evaluate(
        "[...window.attncourse.models.values()].map((model) => [model.name, model.get('step') ?? null])"
    )
    assert sorted(steps) == [["online-softmax", 2], ["online-softmax-2", 3], ["scaling", None]]
