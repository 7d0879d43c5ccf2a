"""What a reader can do with the plane on a page, by mouse, finger and keyboard."""

import re

import numpy as np
import pytest

from attncourse.widgets import AttentionPlane
from tests.browser import axe
from tests.widgets.pages import centre, finger, settle, write_page

WIDGET = AttentionPlane


def output(page, n=0):
    """The selected query's output as the page shows it."""
    return page.locator(".ac-plane .sum strong").nth(n).inner_text()


def weights(page, n=0):
    """The weights of the selected query as the page shows them."""
    row = page.locator(".ac-plane").nth(n).locator(".all-weights tr.chosen .cell")
    return [0.0 if text == "–" else float(text) for text in row.all_inner_texts()]


@pytest.mark.parametrize("point", ["q1", "k2", "v0"])
def test_dragging_by_mouse_moves_the_output(show, point):
    page = show()
    before, at = output(page), page.locator(f"[data-point={point}]").get_attribute("aria-valuetext")
    x, y = centre(page, point)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=4)
    page.mouse.up()
    settle(page)
    assert output(page) != before
    assert page.locator(f"[data-point={point}]").get_attribute("aria-valuetext") != at
    # After release the pointer moves nothing.
    after = output(page)
    page.mouse.move(x - 40, y)
    settle(page)
    assert output(page) == after


def test_a_point_follows_the_pointer_exactly(show):
    page = show()
    x, y = centre(page, "v0")
    page.mouse.move(x + 3, y + 2)  # off centre: the point must not jump
    page.mouse.down()
    page.mouse.move(x + 83, y - 38, steps=3)
    page.mouse.up()
    settle(page)
    assert centre(page, "v0") == pytest.approx((x + 80, y - 40), abs=1)


def test_a_point_stays_inside_its_drawing(show):
    page = show()
    x, y = centre(page, "k1")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2000, y - 2000, steps=3)
    page.mouse.up()
    settle(page)
    frame = page.locator("svg").first.bounding_box()
    x, y = centre(page, "k1")
    assert frame["x"] < x < frame["x"] + frame["width"]
    assert frame["y"] < y < frame["y"] + frame["height"]


def test_dragging_by_touch_moves_the_output_and_leaves_the_page_to_scroll(show):
    page = show(phone=True)
    before = output(page)
    # Upwards, the way a page would scroll.
    x, y = centre(page, "k3")
    send = finger(page)
    send("touchStart", (x, y))
    for step in range(1, 9):
        send("touchMove", (x + 2 * step, y - 14 * step))
    send("touchEnd")
    settle(page)
    assert output(page) != before
    assert page.evaluate("scrollY") == 0
    assert centre(page, "k3") == pytest.approx((x + 16, y - 112), abs=1.5)
    # Beside the points a finger scrolls the page.
    frame = page.locator("svg").first.bounding_box()
    x, y = frame["x"] + 12, frame["y"] + frame["height"] - 12
    send("touchStart", (x, y))
    for step in range(1, 9):
        send("touchMove", (x, y - 25 * step))
    send("touchEnd")
    page.wait_for_function("scrollY > 50")


def test_dragging_by_keyboard(show):
    page = show()
    key = page.locator("[data-point=k2]")
    key.focus()
    assert key.get_attribute("aria-valuetext") == "x −1.30, y −0.40"
    for press, expected in [
        ("ArrowRight", "x −1.25, y −0.40"),
        ("ArrowUp", "x −1.25, y −0.35"),
        ("Shift+ArrowLeft", "x −1.50, y −0.35"),
        ("Shift+ArrowDown", "x −1.50, y −0.60"),
    ]:
        page.keyboard.press(press)
        settle(page)
        assert key.get_attribute("aria-valuetext") == expected
    assert page.evaluate("scrollY") == 0


def test_no_key_press_is_lost_between_two_frames(show):
    page = show()
    key = page.locator("[data-point=k2]")
    key.evaluate(
        "e => { for (let n = 0; n < 4; n += 1) e.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp' })); }"
    )
    settle(page)
    assert key.get_attribute("aria-valuetext") == "x −1.30, y −0.20"


def test_a_query_is_selected_by_its_point_its_tab_and_its_row(show):
    page = show()
    sentence = page.locator(".sentence")
    page.locator("[data-point=q0]").focus()
    settle(page)
    assert sentence.inner_text().startswith("Query 1 ")
    page.get_by_role("radio", name="q₃").check(force=True)
    settle(page)
    assert sentence.inner_text() == "Query 3 attends mostly to key 3: 62 %."
    page.get_by_role("button", name="Show query 4").click()
    settle(page)
    assert sentence.inner_text().startswith("Query 4 ")


def test_presets_and_reset(show):
    page = show()
    start = page.locator(".all-weights tbody").inner_text()

    def press(name):
        page.get_by_role("button", name=name, exact=True).click()
        settle(page)

    def matrix():
        texts = page.locator(".all-weights .cell").all_inner_texts()
        return np.reshape([0.0 if text == "–" else float(text) for text in texts], (4, 4))

    press("Causal")
    assert page.locator(".cell.masked").count() == 6
    assert (np.triu(matrix(), 1) == 0).all()
    assert page.locator("[data-preset=causal]").get_attribute("aria-pressed") == "true"
    press("Uniform")
    assert (matrix() == 0.25).all()
    assert "equally" in page.locator(".sentence").inner_text()
    press("One-hot")
    assert (np.sort(matrix(), axis=1) == [0, 0, 0, 1]).all()
    press("Saturated")
    assert (matrix().max(axis=1) > 0.9).all()
    page.locator("[data-point=k0]").press("ArrowLeft")
    settle(page)
    assert page.locator("[data-preset=saturated]").get_attribute("aria-pressed") == "false"
    press("Reset")
    assert page.locator(".all-weights tbody").inner_text() == start


def test_presets_are_those_of_python(show):
    page = show()
    for preset in ("causal", "uniform", "one-hot", "saturated"):
        page.locator(f"[data-preset={preset}]").click()
        settle(page)
        plane = AttentionPlane(preset=preset)
        np.testing.assert_allclose(weights(page), plane.weights[1], atol=0.005001)


def test_editing_a_score_and_taking_it_back(show):
    page = show()
    before = weights(page)
    field = page.get_by_label("Score of key 4", exact=True)
    field.fill("3.5")
    settle(page)
    edited = AttentionPlane(score_edits={(1, 3): 3.5})
    np.testing.assert_allclose(weights(page), edited.weights[1], atol=0.005001)
    # An edited score stays where it is while its key moves.
    page.locator("[data-point=k3]").press("Shift+ArrowUp")
    settle(page)
    assert field.input_value() == "3.50"
    page.locator("[data-point=k3]").press("Shift+ArrowDown")
    page.get_by_role("button", name="Back to the computed score of key 4").click()
    settle(page)
    assert weights(page) == before


@pytest.mark.parametrize("text", ["", "-", "99999999"])
def test_a_number_that_is_none_changes_nothing(show, text):
    page = show()
    before = weights(page)
    field = page.get_by_label("Score of key 1", exact=True)
    field.focus()
    field.press("Control+a")
    field.press("Delete")
    field.press_sequentially(text)
    settle(page)
    assert field.get_attribute("aria-invalid") == "true"
    # What was typed on the way to a number that is too large may have counted; leaving shows it.
    page.locator("[data-point=q1]").focus()
    settle(page)
    assert field.get_attribute("aria-invalid") is None
    assert re.fullmatch(r"-?\d+\.\d\d", field.input_value())
    if text != "99999999":
        assert weights(page) == before


def test_pinning_a_weight_renormalises_the_rest(show):
    page = show()
    start = AttentionPlane().weights[1]
    page.get_by_label("Weight of key 3 as a number").fill("0.5")
    settle(page)
    expected = np.where(np.arange(4) == 2, 0.5, start * 0.5 / (1 - start[2]))
    np.testing.assert_allclose(weights(page), expected, atol=0.005001)
    assert "holds key 3 at 0.50" in page.locator(".sentence").inner_text()
    # The bar is a second way to the same weight.
    page.get_by_label("Weight of key 3", exact=True).fill("0.2")
    settle(page)
    assert weights(page)[2] == 0.2
    page.get_by_role("button", name="Pin the weight of key 3").click()
    settle(page)
    np.testing.assert_allclose(weights(page), start, atol=0.005001)


def test_pins_beyond_one_are_refused_with_a_reason(show):
    page = show()
    page.get_by_label("Weight of key 3 as a number").fill("0.7")
    page.get_by_label("Weight of key 4 as a number").fill("0.6")
    settle(page)
    assert "leave 0.30" in page.locator(".remark").inner_text()
    assert weights(page) == [0.0, 0.0, 0.7, 0.3]
    page.get_by_label("Weight of key 1 as a number").fill("0")
    page.get_by_label("Weight of key 2 as a number").fill("0.1")
    settle(page)
    assert "One weight must stay free" in page.locator(".remark").inner_text()
    assert (
        page.get_by_role("button", name="Pin the weight of key 2").get_attribute("aria-pressed")
        == "false"
    )


def test_masking_cells_up_to_a_row_without_keys(show):
    page = show()
    for key in range(4):
        page.get_by_role("button", name=f"Mask query 2, key {key + 1}:").click()
        settle(page)
        assert weights(page)[key] == 0
        assert sum(weights(page)) == pytest.approx(0 if key == 3 else 1, abs=0.02)
    assert (
        page.locator(".sentence").inner_text()
        == "Query 2 sees no key: its weights and its output are zero."
    )
    assert output(page) == "(0.00, 0.00)"
    page.get_by_label("The query may look at key 2").check()
    settle(page)
    assert weights(page) == [0, 1, 0, 0]
    assert "whatever its score" in page.locator(".sentence").inner_text()


def test_temperature_and_scale(show):
    page = show()
    page.get_by_label("Temperature as a number").fill("0.25")
    page.get_by_label("Scale", exact=True).select_option("1")
    settle(page)
    np.testing.assert_allclose(
        weights(page), AttentionPlane(temperature=0.25, scale=1.0).weights[1], atol=0.005001
    )
    page.get_by_label("Scale", exact=True).select_option("custom")
    page.get_by_label("Scale as a number").fill("-0.5")
    settle(page)
    np.testing.assert_allclose(
        weights(page), AttentionPlane(temperature=0.25, scale=-0.5).weights[1], atol=0.005001
    )
    slider = page.get_by_label("Temperature", exact=True)
    slider.fill("1")
    settle(page)
    assert page.get_by_label("Temperature as a number").input_value() == "10.00"


def test_the_sentence_is_announced_once_things_rest(show):
    page = show()
    live = page.locator("[aria-live=polite]")
    page.wait_for_function("document.querySelector('[aria-live]').textContent !== ''")
    page.evaluate(
        """() => { window.said = 0;
             new MutationObserver(() => { window.said += 1; }).observe(
               document.querySelector('[aria-live]'), { childList: true }); }"""
    )
    for _ in range(6):
        page.locator("[data-point=q1]").press("Shift+ArrowRight")
        settle(page)
    page.wait_for_function("document.querySelector('[aria-live]').textContent.includes('key 2')")
    assert live.inner_text() == page.locator(".sentence").inner_text()
    assert page.evaluate("window.said") <= 2


@pytest.mark.parametrize("where", ["file", "localhost"])
def test_a_link_reproduces_the_state_in_a_fresh_page(show, serve, tmp_path, chromium_page, where):
    page = show()
    address = f"{serve(tmp_path)}/page.html" if where == "localhost" else page.url
    page.goto(address)
    page.locator("[data-point=q1]").press("Shift+ArrowDown")
    page.get_by_label("Weight of key 3 as a number").fill("0.4")
    page.get_by_label("Score of key 2", exact=True).fill("-1.25")
    page.get_by_role("button", name="Mask query 1, key 4:").click()
    page.get_by_label("Temperature as a number").fill("0.7")
    page.get_by_role("radio", name="q₂").check(force=True)
    settle(page)
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("location.hash.startsWith('#w.plane.s')")
    assert "link" in page.locator(".remark").inner_text().lower()
    shown = page.locator(".ac-plane .tables").inner_text(), output(page)

    fresh = chromium_page(page.url)
    fresh.wait_for_selector(".ac-plane")
    assert (fresh.locator(".ac-plane .tables").inner_text(), output(fresh)) == shown
    # Scripts of a page try its fragment as a selector; that must not throw.
    assert fresh.evaluate("document.querySelector(location.hash) === null")
    # The same link in a page that is open already.
    page.get_by_role("button", name="Reset").click()
    settle(page)
    assert output(page) != shown[1]
    page.evaluate(
        "hash => { location.hash = ''; location.hash = hash; }", fresh.evaluate("location.hash")
    )
    page.wait_for_function(
        "text => document.querySelector('.sum strong').textContent === text", arg=shown[1]
    )


def test_one_link_holds_every_widget_that_was_changed(show, chromium_page):
    page = show(AttentionPlane(), AttentionPlane(preset="uniform"), AttentionPlane(name="other"))
    planes = page.locator(".ac-plane")
    planes.nth(1).locator("[data-point=v2]").press("Shift+ArrowLeft")
    planes.nth(2).locator("[data-point=k1]").press("Shift+ArrowLeft")
    settle(page)
    planes.nth(2).get_by_role("button", name="Copy link").click()
    page.wait_for_function("location.hash.startsWith('#w.')")
    assert re.findall(r"([a-z0-9-]+)\.s", page.url) == ["plane-2", "other"]
    fresh = chromium_page(page.url)
    fresh.wait_for_function("document.querySelectorAll('.ac-plane').length === 3")
    assert [output(fresh, n) for n in range(3)] == [output(page, n) for n in range(3)]


@pytest.mark.parametrize("change", ["pins", "temperature", "shape", "selected", "mask"])
def test_a_link_with_a_state_out_of_bounds_is_refused(show, change):
    page = show()
    refused = page.evaluate(
        """async ([change, state]) => {
             const text = document.querySelector('script[type="text/plain"]').textContent;
             const module = await import(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
             const link = structuredClone(module.toLink(state));
             module.fromLink(link, state);
             const cell = [[0.7, 0.6, null, null], ...state.pins.slice(1)];
             Object.assign(link, { pins: { pins: cell }, temperature: { temperature: 0 }, shape: { k: link.k.slice(1) },
               selected: { selected: 4 }, mask: { mask: ['1111', '1111', '1111', '11x1'] } }[change]);
             try { module.fromLink(link, state); } catch (error) { return error.message; }
             return '';
           }""",
        [change, AttentionPlane().page_state()],
    )
    assert {"shape": "valid k", "selected": "selected query"}.get(
        change, f"valid {change}"
    ) in refused


def test_an_anchor_of_the_page_is_no_link_to_a_state(show, chromium_page):
    page = chromium_page(show().url + "#causal-attention")
    page.wait_for_selector(".ac-plane")
    assert "does not fit" not in page.locator(".remark").inner_text()


def test_two_views_of_one_widget_share_their_state(show):
    plane = AttentionPlane()
    page = show(plane, plane, AttentionPlane())
    page.locator(".ac-plane").nth(0).locator("[data-point=v0]").press("Shift+ArrowRight")
    settle(page)
    assert output(page, 0) == output(page, 1)
    assert output(page, 0) != output(page, 2)
    page.locator(".ac-plane").nth(1).get_by_role("button", name="Causal").click()
    settle(page)
    assert output(page, 0) == output(page, 1)


def test_all_views_show_what_the_last_cell_made_of_a_widget(chromium_page, tmp_path):
    plane = AttentionPlane()
    first = plane._repr_html_()
    plane.preset = "causal"
    path = tmp_path / "page.html"
    address = write_page(path, plane)
    path.write_text(path.read_text().replace("<h1>", first + "<h1>"))
    page = chromium_page(address)
    page.wait_for_function("document.querySelectorAll('.ac-plane').length === 2")
    settle(page)
    np.testing.assert_allclose(weights(page, 0), plane.weights[1], atol=0.005001)
    np.testing.assert_allclose(weights(page, 1), plane.weights[1], atol=0.005001)


def test_what_widgets_share_stands_once_on_a_page(show):
    page = show(AttentionPlane(), AttentionPlane(), AttentionPlane())
    counts = page.evaluate(
        """['style[data-ac-once]', 'script[data-ac-once][type="text/plain"]',
            'script[data-ac-once]:not([type])'].map(s => document.querySelectorAll(s).length)"""
    )
    assert counts == [1, 1, 1]
    assert page.evaluate("window.attncourse.modules.size") == 1


def test_without_javascript_a_table_has_the_numbers(show):
    plane = AttentionPlane(preset="causal")
    page = show(plane, javascript=False)
    rows = page.locator(".ac-fallback tbody tr")
    for i in range(4):
        cells = rows.nth(i).locator("td").all_inner_texts()
        np.testing.assert_allclose([float(c) for c in cells[:4]], plane.weights[i], atol=0.005001)
        point = [float(x) for x in cells[4].strip("()").split(",")]
        np.testing.assert_allclose(point, plane.output[i], atol=0.005001)
    assert page.locator(".ac-fallback table").is_visible()


def test_with_javascript_the_table_gives_way(show):
    assert show().locator(".ac-fallback").count() == 0


def background(page):
    return page.locator(".ac-plane").evaluate("e => getComputedStyle(e).backgroundColor")


@pytest.mark.parametrize("system_dark", [False, True])
def test_the_page_decides_on_dark_mode_and_the_system_where_it_does_not(show, system_dark):
    light, dark = "rgb(255, 255, 255)", "rgb(22, 25, 29)"
    page = show(dark=system_dark)
    assert background(page) == (dark if system_dark else light)
    for theme, colour in (("light", light), ("dark", dark)):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        assert background(page) == colour
    page.evaluate("() => { delete document.documentElement.dataset.theme; }")
    for is_light, colour in (("true", light), ("false", dark)):
        page.evaluate("value => { document.body.dataset.jpThemeLight = value; }", is_light)
        assert background(page) == colour


def test_no_motion_where_none_is_wanted(show):
    moving = "document.querySelector('.halo') && getComputedStyle(document.querySelector('.halo')).transitionDuration"
    assert show(reduced_motion="no-preference").evaluate(moving) != "0s"
    assert show(reduced_motion="reduce").evaluate(moving) == "0s"


def test_one_key_and_one_query(show):
    page = show(AttentionPlane([[1, 0.5]], [[1, 0]], [[0.5, 1]]))
    assert weights(page) == [1.0]
    assert output(page) == "(0.50, 1.00)"


def test_a_shorter_plane_for_a_front_page(show):
    page = show(AttentionPlane(panels=("plane", "presets"), height=200))
    assert page.locator("svg[role=group]").count() == 2
    assert page.locator("table").count() == 0
    assert page.get_by_label("Temperature").count() == 0
    before = output(page)
    page.locator("[data-preset=causal]").click()
    settle(page)
    assert output(page) != before
    assert page.locator("svg[role=group]").first.bounding_box()["height"] <= 202


def test_labels_with_markup_stay_text(show):
    page = show(AttentionPlane(labels=["</script><b>x", "a&b", '"', "<i>"]))
    page.get_by_role("radio").nth(0).check(force=True)
    settle(page)
    assert "</script><b>x" in page.locator(".sentence").inner_text()


def test_axe_finds_nothing_in_states_of_all_kinds(show):
    page = show(
        AttentionPlane(preset="causal", pins={(1, 1): 0.4}, score_edits={(1, 0): 2}),
        AttentionPlane(mask=np.zeros((4, 4), dtype=bool), labels=["the", "cat", "sat", "down"]),
        theme="dark",
        reduced_motion="reduce",
    )
    page.add_style_tag(content="body { background: #121212; color: #eee }")
    assert axe(page) == []


def test_long_numbers_and_long_words_fit_a_phone(show):
    page = show(
        AttentionPlane(score_edits={(1, 0): -1000.25}, pins={(1, 1): 0.5}),
        AttentionPlane(labels=["representation", "of", "something", "extraordinary"]),
    )
    for width in (320, 360, 390, 700, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate(
            """() => [...document.querySelectorAll('.ac-plane, .ac-plane .part, .ac-plane table')]
                   .filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth)
                   .map(e => e.className || e.tagName)"""
        )
        assert wide == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_finger_takes_hold_near_a_point(show):
    reach = show(phone=True).locator(".reach").first.bounding_box()
    assert min(reach["width"], reach["height"]) >= 40


def test_a_bad_link_is_spoken_of_until_something_changes(show, chromium_page):
    page = chromium_page(show().url + "#w.plane.se30")  # {}
    page.wait_for_selector(".ac-plane")
    assert "the link has no valid q" in page.locator(".remark").inner_text()
    page.locator("[data-point=q1]").press("ArrowUp")
    settle(page)
    assert "does not fit" not in page.locator(".remark").inner_text()


def test_a_drag_and_a_typed_number_are_one_step_each(show):
    page = show()
    undo = page.get_by_role("button", name="Undo")
    assert undo.get_attribute("aria-disabled") == "true"
    start = output(page)
    x, y = centre(page, "k2")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=5)
    page.mouse.up()
    settle(page)
    dragged = output(page)
    field = page.get_by_label("Temperature as a number")
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("0.25")
    settle(page)
    assert len({start, dragged, output(page)}) == 3
    page.keyboard.press("Control+z")
    settle(page)
    assert output(page) == dragged
    # The field that is being typed in shows the state again.
    assert field.input_value() == "1.00"
    undo.click()
    settle(page)
    assert output(page) == start
    assert page.locator(".remark").inner_text() == "Undone."
    assert undo.get_attribute("aria-disabled") == "true"
    undo.press("Enter")
    settle(page)
    assert page.locator(".remark").inner_text() == "There is nothing to undo."
    page.keyboard.press("Control+y")
    settle(page)
    assert output(page) == dragged


def test_to_look_is_no_step(show):
    page = show()
    causal = page.locator("[data-preset=causal]")
    causal.click()
    page.get_by_role("radio", name="q₃").check(force=True)
    settle(page)
    assert causal.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Control+z")
    settle(page)
    assert page.locator(".cell.masked").count() == 0
    assert page.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"
    page.keyboard.press("Control+Shift+z")
    settle(page)
    assert causal.get_attribute("aria-pressed") == "true"


def test_a_change_after_undo_forgets_what_was_undone(show):
    page = show()
    key = page.locator("[data-point=k1]")
    for press in ("ArrowUp", "Control+z", "ArrowLeft"):
        key.press(press)
    settle(page)
    assert page.get_by_role("button", name="Redo").get_attribute("aria-disabled") == "true"
    key.press("Control+z")
    settle(page)
    assert key.get_attribute("aria-valuetext") == "x 1.20, y 0.70"


def test_views_of_one_widget_share_the_way_back(show):
    plane = AttentionPlane()
    page = show(plane, plane)
    start = output(page, 1)
    page.locator(".ac-plane").nth(0).locator("[data-point=v0]").press("Shift+ArrowRight")
    settle(page)
    page.locator(".ac-plane").nth(1).get_by_role("button", name="Undo").click()
    settle(page)
    assert output(page, 0) == output(page, 1) == start


def test_a_number_on_its_way_is_not_called_wrong(show):
    page = show()
    field, remark = page.get_by_label("Temperature as a number"), page.locator(".remark")
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("0")
    assert field.get_attribute("aria-invalid") == "true"
    page.keyboard.type(".5")
    page.wait_for_timeout(700)
    assert "takes a number" not in remark.inner_text()
    page.keyboard.press("Control+a")
    page.keyboard.type("0")
    says = "Temperature takes a number from 0.01 to 100, so it stays 0.50."
    page.locator(".remark", has_text=says).wait_for()
    assert field.get_attribute("aria-describedby") == remark.get_attribute("id")


def test_a_scale_of_ones_own_may_begin_at_a_named_one(show):
    page = show()
    menu, field = page.get_by_label("Scale", exact=True), page.get_by_label("Scale as a number")
    menu.select_option("one")
    menu.select_option("custom")
    page.wait_for_function("document.activeElement.ariaLabel === 'Scale as a number'")
    assert menu.input_value() == "custom"
    field.fill("1.5")
    settle(page)
    page.get_by_role("button", name="Reset").click()
    settle(page)
    assert menu.input_value() == "root"
    assert not field.is_visible()
