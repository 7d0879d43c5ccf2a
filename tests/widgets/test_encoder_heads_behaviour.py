"""What a reader can do with the heads on a page, by mouse, finger and keyboard."""

from pathlib import Path

import numpy as np
import pytest

from attncourse.widgets import EncoderHeads
from attncourse.widgets.encoder_heads import runs as kept
from tests.widgets.pages import settle, stopwatch
from tests.widgets.test_encoder_heads_python import own_runs

WIDGET = EncoderHeads


ROOT = Path(__file__).resolve().parents[2]


def word(page, at):
    return page.get_by_role("radio").nth(at)


def asked(page):
    return page.get_by_role("radio", checked=True).inner_text()


def line(page, n):
    return page.locator(f".words .line-{n}:visible").all_inner_texts()


def sentence(page):
    return page.locator(".sentence").inner_text().replace("\xa0", " ")


def tile(page, name):
    return page.locator(".overview button.cell", has_text=name).filter(has_text=name).first


def names(page):
    return page.locator(".overview .name").all_inner_texts()


def preset(page, name):
    page.locator(f"[data-preset='{name}']").click()
    settle(page)


def shares(texts):
    return np.array([float(text.removesuffix(" %")) / 100 for text in texts])


def cells(page, which):
    """How many cells of the large map are drawn in each shade."""
    paths = page.locator(".maps g").nth(which).locator("path")
    return [
        (d or "").count("M") for d in paths.evaluate_all("n => n.map(p => p.getAttribute('d'))")
    ]


def test_pointing_at_a_word_shows_what_it_attends_to(show):
    page = show(EncoderHeads(preset="same word"))
    found = EncoderHeads(preset="same word")
    for at in (3, 8):
        word(page, at).hover()
        settle(page)
        assert asked(page) == "dog"
        np.testing.assert_allclose(shares(line(page, 0)), found.weights[at], atol=0.00501)
    assert "“dog” (second) attends to “dog” (first) with 73 %" in sentence(page)
    # To look is no step, and the preset stays what it is.
    assert page.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"
    assert page.locator("[data-preset][aria-pressed=true]").inner_text() == "Same word"
    # Leaving the words leaves the last one shown.
    page.mouse.move(5, 5)
    settle(page)
    assert "“dog” (second)" in sentence(page)


def test_a_finger_taps_a_word(show):
    page = show(phone=True)
    word(page, 5).tap()
    settle(page)
    assert asked(page) == "lake"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_arrows_go_from_word_to_word(show):
    page = show()
    word(page, 1).focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    settle(page)
    assert asked(page) == "avoided"
    assert page.evaluate("document.activeElement.ariaLabel").startswith("avoided: head 1.1 ")
    assert page.locator(".words [tabindex='0']").count() == 1


def test_the_map_is_pointed_at_too(show):
    page = show(EncoderHeads(preset="word before"))
    box = page.locator(".maps svg").bounding_box()
    frame = page.locator(".maps .frame").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, frame["y"] + frame["height"] * 2.5 / 12)
    settle(page)
    assert asked(page) == "dog"
    row = page.locator(".maps .row").first.bounding_box()
    assert row["y"] == pytest.approx(frame["y"] + frame["height"] * 2 / 12, abs=3)
    page.mouse.move(box["x"] + 100, box["y"] + 8)  # above the first row
    settle(page)
    assert asked(page) == "dog"


def test_a_tile_chooses_its_head_and_shift_the_other(show):
    page = show()
    tile(page, "3.10").click()
    settle(page)
    assert sentence(page).startswith("In head 3.10, ")
    assert page.locator(".overview [aria-pressed=true] .name").inner_text() == "3.10"
    tile(page, "6.12").click(modifiers=["Shift"])
    settle(page)
    assert "In head 6.12: to " in sentence(page)
    expected = EncoderHeads().runs
    maps = kept.arrays(expected, 0)["weights"]
    np.testing.assert_allclose(shares(line(page, 0)), maps[2, 9, 1], atol=0.00501)
    np.testing.assert_allclose(shares(line(page, 1)), maps[5, 11, 1], atol=0.00501)
    fields = page.locator(".choice input[type=number]")
    assert [fields.nth(n).input_value() for n in (0, 1)] == ["6", "12"]
    page.keyboard.press("Control+z")
    settle(page)
    assert line(page, 1) == []
    # By keys: arrows inside the grid, Enter chooses.
    page.locator(".overview button.cell").first.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    settle(page)
    assert sentence(page).startswith("In head 2.2, ")


@pytest.mark.parametrize("order", [each for each in kept.ORDERS if each != "place"])
def test_the_heads_are_ordered_by_any_number(show, order):
    widget = EncoderHeads(sentence=3, layer=1, head=8)
    page = show(widget)
    page.get_by_label("Order the heads by").select_option(order)
    settle(page)
    ordered = EncoderHeads(sentence=3, layer=1, head=8, order=order).compute()
    assert names(page) == [f"{h // 12 + 1}.{h % 12 + 1}" for h in ordered["ranked"]]
    bars = page.locator(".overview button.cell").evaluate_all(
        "cells => cells.map(c => parseFloat(c.style.getPropertyValue('--bar')))"
    )
    numbers = ordered[order][ordered["ranked"]]
    np.testing.assert_allclose(bars, 100 * numbers / numbers[0], atol=0.01)
    # The map moves with its head: the first tile's is the first head's.
    first = int(ordered["ranked"][0])
    weights = kept.arrays(widget.runs, 3)["weights"].reshape(72, 12, 12)[first]
    drawn = (
        page.locator(".overview button.cell")
        .first.locator("path")
        .evaluate_all("paths => paths.map(p => (p.getAttribute('d') ?? '').split('M').length - 1)")
    )
    edges = [0.03, 0.1, 0.25, 0.5, 0.75, 2]
    assert drawn == np.histogram(weights, edges)[0].tolist()
    # A choice in the order chooses the head that stands there.
    page.locator(".overview button.cell").nth(1).click()
    settle(page)
    if order != "moved":  # where another head has other followers
        second = int(ordered["ranked"][1])
        assert sentence(page).startswith(f"In head {second // 12 + 1}.{second % 12 + 1}, ")


def test_another_sentence_has_its_own_words_and_maps(show):
    page = show(EncoderHeads(preset="word before"))
    page.get_by_label("Sentence", exact=True).select_option("4")
    settle(page)
    words = EncoderHeads(sentence=4).words
    assert [text.strip() for text in page.get_by_role("radio").all_inner_texts()] == words
    maps = kept.arrays(EncoderHeads().runs, 4)["weights"]
    np.testing.assert_allclose(shares(line(page, 0)), maps[0, 2, 7], atol=0.00501)
    assert cells(page, 1) == np.histogram(maps[0, 2], [0.03, 0.1, 0.25, 0.5, 0.75, 2])[0].tolist()
    likeness = page.locator(".ablation tbody tr:visible")
    assert likeness.count() == 5
    assert "We sat on the bank" not in " ".join(likeness.all_inner_texts())


def test_a_word_keeps_the_focus_when_undo_changes_the_sentence(show):
    page = show()
    page.get_by_label("Sentence", exact=True).select_option("4")
    settle(page)
    word(page, 3).focus()
    settle(page)
    page.keyboard.press("Control+z")
    settle(page)
    assert page.locator(".words [role=radio]").count() == 12
    assert page.evaluate("document.activeElement.role") == "radio"


def test_a_head_switched_off(show):
    page = show(EncoderHeads(preset="knock-on"))
    found = EncoderHeads(preset="knock-on").compute()
    turned = [float(text.removesuffix("°")) for text in line(page, 1)]
    np.testing.assert_allclose(turned, found["below"], atol=0.501)
    said = page.locator(".ablation").inner_text()
    place = 1 + int((found["turns"] > found["turns"][2]).sum())
    assert f"number {place} of 72 heads" in said
    assert "2.10 (26 %)" in said.replace("\xa0", " ")
    row = page.locator(".ablation tbody tr:visible").first.locator("td").all_inner_texts()
    whole, without = found["whole"][1], found["without"][1]
    assert row[:2] == [f"{whole:.2f}", f"{without:.2f}"]
    assert float(row[2].replace("−", "-")) == pytest.approx(without - whole, abs=0.0005)
    # Of the last layer nothing comes above.
    page.get_by_role("slider", name="Layer").press("End")
    settle(page)
    assert "No head of a later layer moves its weights." in page.locator(".ablation").inner_text()


def test_rollout_stands_beside_masking(show):
    page = show(EncoderHeads(preset="rollout"))
    found = EncoderHeads(preset="rollout").compute()
    np.testing.assert_allclose(shares(line(page, 1)), found["below"], atol=0.00501)
    turned = [float(text.removesuffix("°")) for text in line(page, 2)]
    np.testing.assert_allclose(turned, found["masked"], atol=0.501)
    assert sentence(page).startswith("Rollout finds 59 % of “it” in “[CLS]”. ")
    assert "by 6°" in sentence(page)
    assert "“dog”, by 44°" in sentence(page)
    drawn = np.histogram(found["rollout"], [0.03, 0.1, 0.25, 0.5, 0.75, 2])[0].tolist()
    assert cells(page, 2) == drawn
    # With all of it in the residual connection, each word is its own.
    slider = page.get_by_role("slider", name="Residual share")
    slider.press("End")
    settle(page)
    own = [f"{100 * (j == 7)} %" for j in range(12)]
    assert line(page, 1) == own
    assert not page.get_by_label("Layer to compare").is_visible()


def test_settings_are_there_where_they_matter(show):
    page = show()
    assert not page.get_by_role("slider", name="Residual share").is_visible()
    assert not page.get_by_label("Layer to compare").is_visible()
    page.get_by_label("Below the weights").select_option("head")
    settle(page)
    page.get_by_label("Layer to compare").fill("4")
    page.get_by_label("Head to compare").fill("2")
    settle(page)
    assert "In head 4.2: to " in sentence(page)
    assert page.locator(".overview .compared .name").inner_text() == "4.2"


@pytest.mark.parametrize("name", list(EncoderHeads().presets))
def test_presets_are_those_of_python(show, name):
    page = show()
    preset(page, name)
    found = EncoderHeads(preset=name)
    np.testing.assert_allclose(shares(line(page, 0)), found.weights[found.word], atol=0.00501)
    assert asked(page) == found.words[found.word]
    assert names(page)[0] == "{}.{}".format(
        *(n + 1 for n in divmod(found.compute()["ranked"][0], 12))
    )
    preset_button = page.locator("[data-preset][aria-pressed=true]")
    assert preset_button.inner_text().lower() == name
    page.get_by_role("slider", name="Head").press("ArrowLeft")
    settle(page)
    assert preset_button.count() == 0


def test_runs_of_ones_own_have_their_own_grid(show):
    """Two layers of three heads; no preset is theirs, and the code calls them runs."""
    page = show(EncoderHeads(own_runs(), sentence=0, layer=1, head=1, word=2))
    assert names(page) == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3"]
    assert page.locator("[data-preset]").count() == 0
    assert "All 6 heads" in page.locator(".overview").inner_text()
    weights = EncoderHeads(own_runs()).runs
    expected = kept.arrays(weights, 0)["weights"][1, 1, 2]
    np.testing.assert_allclose(shares(line(page, 0)), expected, atol=0.00501)
    code = page.evaluate(
        """async () => { const script = [...document.querySelectorAll('script[data-ac-once]')].find((s) => s.textContent.includes('toPython'));
             const widget = await import(URL.createObjectURL(new Blob([script.textContent], { type: 'text/javascript' })));
             const [model] = window.attncourse.models.values();
             return widget.toPython(Object.fromEntries(['runs', 'sentence', 'layer', 'head', 'other_layer', 'other_head', 'beside', 'residual', 'order', 'word'].map((n) => [n, model.get(n)]))); }"""
    )
    made = eval(code, {"EncoderHeads": EncoderHeads, "runs": own_runs()})
    assert (made.layer, made.head, made.word) == (1, 1, 2)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_of_other_runs_are_numpys(show, seed):
    """Other layers, heads and lengths than the stored ones."""
    rng = np.random.default_rng(seed)
    words = [["[CLS]", *rng.choice(list("abcd"), n), "[SEP]"] for n in (1, 2, 3 + 2 * seed)]
    runs = own_runs(rng, [[str(word) for word in text] for text in words])
    page = show(EncoderHeads(runs))
    for n in range(3):
        widget = EncoderHeads(
            runs, sentence=n, layer=1, head=2, other_head=1, word=int(rng.integers(5)),
            beside=str(rng.choice(["head", "off", "rollout"])), order=str(rng.choice(kept.ORDERS)),
            residual=float(rng.random()),
        )  # fmt: skip
        found = page.evaluate(
            """async (state) => { const script = [...document.querySelectorAll('script[data-ac-once]')].find((s) => s.textContent.includes('toPython'));
                 const widget = await import(URL.createObjectURL(new Blob([script.textContent], { type: 'text/javascript' })));
                 return widget.compute(state); }""",
            widget.page_state(),
        )
        for name, value in widget.compute().items():
            np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("phone", [False, True])
def test_nothing_moves_under_the_hand(show, phone):
    """While one points at the words, the words and the maps stay where they are."""
    page = show(EncoderHeads(preset="it"), phone=phone)
    places = set()
    for at in range(12):
        word(page, at).focus()
        settle(page)
        page.evaluate("scrollTo(0, 0)")
        boxes = [page.locator(s).first.bounding_box() for s in (".words", ".overview", ".ablation")]
        places.add(tuple(round(box["y"]) for box in boxes))
    assert len(places) == 1, places


def test_pointing_and_sliding_leave_room_for_thirty_frames_a_second(show):
    """The work of a frame in time of the processor: over the words, and through the heads."""
    page = show(EncoderHeads(preset="rollout", order="turns"))
    page.wait_for_timeout(500)
    spent = stopwatch(page)

    def frames(step, count):
        before = spent()
        page.evaluate(
            f"""() => new Promise((done) => {{ let n = 0; const words = document.querySelectorAll('.words button');
                 const head = document.querySelector('[aria-label=Head]'), layer = document.querySelector('[aria-label=Layer]');
                 const next = () => {{ {step}; n += 1; if (n < {count}) requestAnimationFrame(next); else requestAnimationFrame(done); }};
                 requestAnimationFrame(next); }})"""
        )
        return (spent() - before) / count

    slide = "head.value = 1 + (n % 12); layer.value = 1 + (n % 6); for (const s of [head, layer]) s.dispatchEvent(new Event('input', { bubbles: true }))"
    pointing = frames(
        "words[n % 12].dispatchEvent(new PointerEvent('pointerenter', { pointerType: 'mouse' }))",
        48,
    )
    sliding = frames(slide, 48)
    page.get_by_label("Order the heads by").select_option("moved")  # all maps change places
    settle(page)
    ordering = frames(slide, 48)
    print(
        f"pointing {pointing:.1f}, sliding {sliding:.1f}, in an order of its own {ordering:.1f} ms a frame"
    )
    assert 0.1 < pointing < 1000 / 30
    assert 0.1 < sliding < 1000 / 30
    assert 0.1 < ordering < 1000 / 30


def test_the_book_leaves_a_widgets_table_a_table(show):
    """The site makes a table of long words a list on a phone; a widget lays out its own."""
    page = show(phone=True)
    page.set_viewport_size({"width": 340, "height": 800})
    page.evaluate("document.querySelector('main').classList.add('bd-article')")
    page.evaluate(
        """() => document.querySelector('main').insertAdjacentHTML('beforeend', `<table id="plain"><thead><tr><th>a</th><th>b</th><th>c</th></tr></thead>
             <tbody><tr><td style="width: 3rem">${'word '.repeat(30)}</td><td>1</td><td>2</td></tr></tbody></table>`)"""
    )
    page.add_script_tag(path=ROOT / "book/site/static/attncourse.js")
    page.evaluate("dispatchEvent(new Event('resize'))")
    settle(page)
    assert page.locator("#plain.att-stacked").count() == 1
    assert page.locator(".ac-kit .att-stacked").count() == 0
    box = page.locator(".ablation tbody th:visible").first.bounding_box()
    assert box["height"] > 60  # long enough that it would be one


def test_a_link_brings_head_word_and_order(show):
    page = show()
    preset(page, "pronoun")
    page.get_by_label("Order the heads by").select_option("turns")
    word(page, 7).hover()
    settle(page)
    said, order = sentence(page), names(page)
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("location.hash.startsWith('#w.heads.s')")
    fresh = show(fragment="#" + page.url.split("#")[1])
    assert sentence(fresh) == said
    assert names(fresh) == order


def test_without_javascript_a_table_has_the_numbers(show):
    widget = EncoderHeads(preset="pronoun")
    page = show(widget, javascript=False)
    shown = page.locator(".ac-fallback tbody tr").nth(10).locator("td").all_inner_texts()
    np.testing.assert_allclose([float(x) for x in shown], widget.weights[10], atol=0.005001)
