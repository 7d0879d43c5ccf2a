"""What a reader can do with the roofline on a page, by mouse, finger and keyboard."""

import json

import numpy as np
import pytest

from attncourse.widgets import CostRoofline
from tests.browser import axe
from tests.widgets.pages import centre, drag, finger, press, sentence, settle, state, watched_drag

WIDGET = CostRoofline


def costs(page):
    """The table of parts, as it stands."""
    return page.locator(".costs tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent))"
    )


def test_every_number_is_the_library_s_whatever_its_size(chromium_page):
    """The test of all widgets allows 1e-6 beside zero too, which a second of a GPU is near."""
    rng = np.random.default_rng(7)
    page = chromium_page("about:blank")
    page.evaluate(
        """async (text) => {
             window.widget = await import(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
           }""",
        str(CostRoofline._esm),
    )
    for _ in range(8):
        some = [CostRoofline.random(rng) for _ in range(25)]
        found = json.loads(
            page.evaluate(
                "text => JSON.stringify(JSON.parse(text).map(widget.compute))",
                json.dumps([widget.page_state() for widget in some]),
            )
        )
        for widget, got in zip(some, found, strict=True):
            for name, value in widget.compute().items():
                np.testing.assert_allclose(
                    np.array(got[name], dtype=float), value, rtol=1e-9, atol=0, err_msg=name
                )


def test_the_first_state_in_words_and_numbers(show):
    page = show()
    assert sentence(page) == (
        "Writing one token for a text of 4,096 takes at least 4.64 ms, 73 % of it for feed-forward. "
        "Arithmetic is busy 0.4 % of the time."
    )
    assert costs(page) == [
        ["2.68 G", "2.69 GB", "1.00", "802 µs", "memory"],
        ["2.15 G", "537 MB", "4.00", "160 µs", "memory"],
        ["11.3 G", "11.3 GB", "1.00", "3.37 ms", "memory"],
        ["1.05 G", "1.05 GB", "1.00", "314 µs", "memory"],
    ]
    assert page.locator(".quantity output").all_inner_texts() == ["17.2 G", "15.6 GB", "4.64 ms"]
    assert page.locator(".kept .measured").inner_text() == (
        "Cache 537 MB, weights that a token uses 15.0 GB; together 19 % of the memory, 80 GB."
    )
    assert page.get_by_label("Model", exact=True).input_value() == "Llama 3.1 8B"
    assert page.get_by_label("Device", exact=True).input_value() == "H100 SXM5"


def test_reading_waits_for_arithmetic(show):
    page = show()
    page.get_by_role("radio", name="read the text").check()
    settle(page)
    assert state(page)["phase"] == "prefill"
    assert [row[-1] for row in costs(page)] == ["arithmetic"] * 3 + ["memory"]
    page.get_by_label("Attention", exact=True).select_option("plain")
    settle(page)
    assert costs(page)[1][2:] == ["62.1", costs(page)[1][3], "memory"]


def test_bars_and_points_stand_where_the_numbers_say(show):
    widget = CostRoofline(phase="prefill", length=777, batch=5)
    page, found = show(widget), widget.compute()
    for row, name in enumerate(("operations", "bytes", "seconds")):
        widths = (
            page.locator(".quantity")
            .nth(row)
            .locator(".piece")
            .evaluate_all("all => all.map((piece) => piece.getBoundingClientRect().width)")
        )
        expected = found[name] / found[name].sum()
        np.testing.assert_allclose(np.array(widths) / sum(widths), expected, atol=0.005)
    spots = (
        page.locator("figure")
        .first.locator(":scope > svg > .spot")
        .evaluate_all(
            "all => all.map((spot) => spot.getAttribute('transform').match(/[-\\d.]+/g).slice(0, 2).map(Number))"
        )
    )
    across = np.array(spots)[::2, 0]
    # Seven powers of ten over the width of the drawing.
    np.testing.assert_allclose(
        (across - 44) / 346, (np.log10(found["intensity"]) + 1) / 7, atol=1e-9
    )
    np.testing.assert_allclose(
        (222 - np.array(spots)[::2, 1]) / 206, (np.log10(found["rate"]) - 10) / 6, atol=1e-9
    )
    np.testing.assert_array_equal(across, np.array(spots)[1::2, 0])


def test_the_length_is_dragged(show):
    page = show()
    x, y = centre(page, "length")
    frame = page.locator("figure > svg").nth(1).bounding_box()
    drag(page, "length", 100, 30)
    length = state(page)["length"]
    # 18 doublings over 346 of 400 units.
    assert np.log2(length / 4096) == pytest.approx(100 / frame["width"] * 400 / 346 * 18, abs=0.1)
    assert centre(page, "length")[0] == pytest.approx(x + 100, abs=2)
    assert f"a text of {length:,} takes" in sentence(page)
    press(page, "Undo")
    assert state(page)["length"] == 4096
    page.mouse.move(x, y + 40)
    settle(page)
    assert state(page)["length"] == 4096
    drag(page, "length", -2000, 0)
    assert state(page)["length"] == 16
    drag(page, "length", 4000, 0)
    assert state(page)["length"] == 2**22


def test_the_ridge_is_dragged_to_a_device_of_the_reader_s_own(show):
    page = show()
    drag(page, "ridge", 0, -20)
    now = state(page)
    assert now["peak"] > 1200
    # Straight up: the ridge stays at its operations a byte.
    assert now["peak"] * 1000 / now["bandwidth"] == pytest.approx(989e3 / 3350, rel=0.06)
    assert page.get_by_label("Device", exact=True).input_value() == "your own"
    drag(page, "ridge", -60, 0)
    assert state(page)["peak"] == pytest.approx(now["peak"], rel=0.05)
    assert state(page)["bandwidth"] > 3 * now["bandwidth"]
    page.get_by_label("Device", exact=True).select_option("TPU v5e")
    settle(page)
    assert [state(page)[name] for name in ("peak", "bandwidth", "memory")] == [197, 810, 16]
    assert "together 97 % of the memory, 16 GB" in page.locator(".kept").inner_text()


def test_dragging_by_touch_leaves_the_page_to_scroll(show):
    page = show(phone=True)
    page.locator("[data-point=length]").scroll_into_view_if_needed()
    top, (x, y) = page.evaluate("scrollY"), centre(page, "length")
    send = finger(page)
    send("touchStart", (x, y))
    for step in range(1, 9):
        send("touchMove", (x + 8 * step, y - 6 * step))
    send("touchEnd")
    settle(page)
    assert state(page)["length"] > 20_000
    assert page.evaluate("scrollY") == top


def test_keys_move_length_and_ridge(show):
    page = show()
    page.locator("[data-point=length]").focus()
    for key, length in [("ArrowRight", 5120), ("ArrowDown", 4100), ("Shift+ArrowUp", 16400)]:
        page.keyboard.press(key)
        settle(page)
        assert state(page)["length"] == length
    page.locator("[data-point=ridge]").focus()
    for key, peak, bandwidth in [
        ("ArrowUp", 1090, 3350),
        ("Shift+ArrowLeft", 1090, 6700),
        ("ArrowRight", 1090, 6090),
    ]:
        page.keyboard.press(key)
        settle(page)
        assert (state(page)["peak"], state(page)["bandwidth"]) == (peak, bandwidth)
    assert page.evaluate("scrollY") == 0


def test_sliders_go_by_logarithm_and_fields_take_any_number(show):
    page = show()
    slider = page.get_by_label("Texts at once", exact=True)
    seen = []
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        settle(page)
        seen.append(state(page)["batch"])
    assert seen == [2, 3, 4, 6, 8]
    page.get_by_label("Texts at once as a number").fill("100")
    settle(page)
    assert state(page)["batch"] == 100
    assert slider.get_attribute("aria-valuetext") == "100"
    slider.focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert state(page)["batch"] == 128


def test_heads_of_keys_divide_the_heads(show):
    page = show()
    slider = page.get_by_label("Heads of keys", exact=True)
    slider.focus()
    for keys in (16, 32):
        page.keyboard.press("ArrowRight")
        settle(page)
        assert state(page)["n_kv_heads"] == keys
        assert slider.get_attribute("aria-valuetext") == f"{keys} for 32"
    page.locator("summary").click()
    page.get_by_label("Heads as a number").fill("24")
    settle(page)
    assert (state(page)["n_heads"], state(page)["n_kv_heads"]) == (24, 24)
    assert page.get_by_label("Model", exact=True).input_value() == "your own"


def test_a_model_brings_its_sizes_and_its_caution(show):
    page = show()
    menu = page.get_by_label("Model", exact=True)
    for name, sizes in CostRoofline.LIMITS["models"].items():
        menu.select_option(name)
        settle(page)
        now = state(page)
        assert {key: now[key] for key in sizes} == sizes
        assert menu.input_value() == name
        assert ("257 experts" in page.locator(".own").inner_text()) == (name == "DeepSeek-V3")


def test_what_a_mechanism_needs_is_shown_with_it(show):
    page = show()

    def seen():
        names = ("Window", "Latent", "Rotary part", "Queries’ latent", "Heads of keys")
        return [name for name in names if page.get_by_label(name, exact=True).is_visible()]

    menu = page.get_by_label("Attention", exact=True)
    for name, expected in [
        ("plain", ["Heads of keys"]),
        ("window", ["Window", "Heads of keys"]),
        ("latent", ["Latent", "Rotary part", "Queries’ latent"]),
        ("linear", ["Heads of keys"]),
    ]:
        menu.select_option(name)
        settle(page)
        assert seen() == expected
    assert page.locator(".kept .measured").inner_text().startswith("States 33.6 MB")
    assert "stays below the rest" in page.locator("figure .measured").inner_text()


def test_the_chart_shows_what_is_asked_and_where_attention_overtakes(show):
    page = show()
    said, at = page.locator("figure .measured"), page.locator(".over")
    found = []
    for name in ("operations", "bytes", "least time, s"):
        page.get_by_role("radio", name=name, exact=True).check()
        settle(page)
        found.append((said.inner_text(), at.get_attribute("transform")))
    assert [text.split(" at ")[1] for text, _ in found] == [
        "26,624 tokens.",
        "106,526 tokens.",
        "106,526 tokens.",
    ]
    across = [float(move.split("(")[1].split(" ")[0]) for _, move in found]
    np.testing.assert_allclose(
        (np.array(across) - 44) / 346 * 18 + 4, np.log2([26624, 106526, 106526])
    )


def test_presets_are_those_of_python(show):
    page = show()
    for preset in CostRoofline().presets:
        page.locator(f"[data-preset='{preset}']").click()
        settle(page)
        expected = CostRoofline(preset=preset).page_state()
        assert state(page) == {name: expected[name] for name in state(page)}, preset
    assert (
        "1.91 times the memory: more than this device holds" in page.locator(".kept").inner_text()
    )
    line = page.locator(".road .full").bounding_box()
    road = page.locator(".road").bounding_box()
    assert (line["x"] + 3 - road["x"]) / road["width"] == pytest.approx(1 / 1.9056, abs=0.01)
    press(page, "Reset")
    start = CostRoofline().page_state()
    assert state(page) == {name: start[name] for name in state(page)}


def test_a_link_reproduces_the_state_in_a_fresh_page(show, chromium_page):
    page = show()
    drag(page, "length", 50, 0)
    drag(page, "ridge", -20, 10)
    page.get_by_label("Attention", exact=True).select_option("window")
    press(page, "Copy link")
    page.wait_for_function("location.hash.startsWith('#w.roofline.s')")
    fresh = chromium_page(page.url)
    fresh.wait_for_selector(".ac-cost_roofline")
    assert state(fresh) == state(page)
    assert costs(fresh) == costs(page)


def test_a_link_whose_heads_do_not_divide_is_refused(show):
    page = show()
    said = page.evaluate(
        """async (text) => {
             const widget = await import(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
             const model = [...window.attncourse.models.values()][0];
             const state = { limits: model.get('limits') };
             const link = widget.toLink({ ...Object.fromEntries(Object.keys(model.get('start')).map((k) => [k, model.get(k)])), shown: 'bytes', n_kv_heads: 5 });
             try { widget.fromLink(link, state); return ''; } catch (error) { return error.message; }
           }""",
        str(CostRoofline._esm),
    )
    assert said == "the link has no valid n_kv_heads"


@pytest.mark.parametrize("point", ["length", "ridge"])
def test_dragging_keeps_thirty_frames_a_second(show, point):
    """What a frame takes in script and layout, with the fold open."""
    page = show(CostRoofline(mechanism="latent", phase="prefill"))
    page.locator("summary").click()
    # What else the machine does may hold up one drag, and not each of three.
    slow = []
    for _ in range(3):
        took, _ = watched_drag(page, point, "n => [40 * Math.sin(n / 5), -20 * Math.sin(n / 7)]")
        assert len(took) >= 50
        slow.append(np.quantile(took, 0.9))
    assert min(slow) < 20, slow


def test_without_javascript_a_table_has_the_numbers(show):
    widget = CostRoofline(phase="prefill")
    page, found = show(widget, javascript=False), widget.compute()
    rows = page.locator(".ac-fallback tbody tr")
    assert rows.count() == 4
    for part in range(4):
        cells = rows.nth(part).locator("td").all_inner_texts()
        expected = [found[name][part] for name in ("operations", "bytes", "intensity")]
        np.testing.assert_allclose([float(cell) for cell in cells[:3]], expected, rtol=0.006)
        assert float(cells[3]) == pytest.approx(1000 * found["seconds"][part], rel=0.006)
        assert cells[4] == ("memory" if found["intensity"][part] < found["ridge"] else "arithmetic")


def test_any_state_fits_a_phone_and_nothing_jumps(show):
    page = show(*(CostRoofline.random(np.random.default_rng(seed)) for seed in range(6)))
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    for width in (320, 390, 700, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        settle(page)
        wide = page.evaluate(
            """() => [...document.querySelectorAll('.ac-cost_roofline *')].filter((e) => !e.closest('svg') && !e.closest('.unseen')
                   && e.checkVisibility() && (e.getBoundingClientRect().right > innerWidth || (e.matches('div, table') && e.scrollWidth > e.clientWidth + 1)))
                   .map((e) => `${e.localName}.${e.className} ${e.textContent.slice(0, 40)}`)"""
        )
        assert wide == [], width
    assert axe(page) == []


def test_the_sentence_grows_without_moving_what_is_below(show):
    page = show()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        tops = set()
        for preset in CostRoofline().presets:
            page.locator(f"[data-preset='{preset}']").click()
            settle(page)
            tops.add(
                page.locator("[data-preset]").first.bounding_box()["y"] + page.evaluate("scrollY")
            )
        assert len(tops) == 1, width
