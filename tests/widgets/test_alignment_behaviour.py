"""What a reader can do with an alignment on a page, by mouse, finger, keyboard and ear."""

import numpy as np
import pytest

from attncourse.widgets import Alignment
from tests.widgets.pages import settle, state, stopwatch
from tests.widgets.test_alignment_python import heard, read

WIDGET = Alignment
TURNED, MISHEARD = 0, 8

#: What the page's speakers are asked for, in place of sound: a clock that one can set, and calls.
SILENT = """
window.calls = [];
window.AudioContext = class {
  constructor() { this.currentTime = 0; window.audio = this; }
  async resume() {}
  async close() { calls.push(['close']); }
  createBuffer(channels, length, rate) {
    calls.push(['buffer', channels, length, rate]);
    return { copyToChannel: (data) => { window.samples = [...data]; } };
  }
  createBufferSource() {
    return window.source = { connect() {}, start: (...given) => calls.push(['start', ...given]), stop: () => calls.push(['stop']) };
  }
};
null
"""


def unit(page, side, at):
    return page.locator(f".units.{side} [role=radio]").nth(at)


def sentence(page):
    return page.locator(".sentence").inner_text().replace("\xa0", " ")


def amounts(page, side):
    texts = page.locator(f".units.{side} small").all_inner_texts()
    return np.array([float(t.removesuffix("%").strip() or 0) / 100 for t in texts])


def chosen_lines(page):
    return page.locator(".space .line.chosen")


def starts(page):
    return page.evaluate("calls.filter(([name]) => name === 'start').map(([, ...given]) => given)")


@pytest.fixture
def silent(show):
    """A page with speakers that only take notes."""

    def open_page(*widgets, **options):
        page = show(*widgets, **options)
        page.evaluate(SILENT)
        return page

    return open_page


def test_pointing_at_a_written_word_shows_what_it_looks_at(show):
    page, found = show(), Alignment(example=TURNED)
    unit(page, "target", 3).hover()
    settle(page)
    np.testing.assert_allclose(amounts(page, "source"), found.weights[3], atol=0.00501)
    assert sentence(page).startswith("“solar” looks most at “solar” with 84 %")
    n = int((found.weights[3] >= 0.05).sum())
    assert chosen_lines(page).count() == n
    widths = chosen_lines(page).evaluate_all("l => l.map(x => +x.getAttribute('stroke-width'))")
    drawn = found.weights[3][found.weights[3] >= 0.05]
    np.testing.assert_allclose(sorted(widths), sorted(np.maximum(0.5, 9 * drawn)), atol=0.006)
    # To look is no step, and leaving leaves the last one shown.
    assert page.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"
    page.mouse.move(5, 5)
    settle(page)
    assert sentence(page).startswith("“solar”")


def test_pointing_at_a_read_word_shows_who_looks_at_it(show):
    page, found = show(), Alignment(example=TURNED)
    unit(page, "source", 2).hover()
    settle(page)
    np.testing.assert_allclose(amounts(page, "target"), found.weights[:, 2], atol=0.00501)
    assert amounts(page, "source").tolist() == [0] * 4
    assert sentence(page).startswith("“production” is looked at by “producción” with 99.6 %")
    assert f"give it {found.weights[:, 2].sum():.2f} of 6" in sentence(page)


def test_a_line_joins_the_middles_of_its_words(show):
    page = show(Alignment([read()], unit=2))
    line = chosen_lines(page).first.bounding_box()
    from_, to = (unit(page, *at).bounding_box() for at in (("source", 0), ("target", 2)))
    ends = [box["y"] + box["height"] / 2 for box in (from_, to)]
    assert line["y"] == pytest.approx(ends[0], abs=5.5)
    assert line["y"] + line["height"] == pytest.approx(ends[1], abs=5.5)


def test_the_dictionary_is_held_against_the_look(show):
    gold = [[1], [], [], []]
    page = show(Alignment([read(gold=gold), read(gold=[[2], [], [], []])]))
    assert "The dictionary says “end”, which has 20 %." in sentence(page)
    assert page.locator(".map .gold").count() == 1
    page.get_by_label("Example", exact=True).select_option("1")
    settle(page)
    assert "The dictionary says “time”, too." in sentence(page)


def test_arrows_go_from_word_to_word(show):
    page = show()
    unit(page, "target", 0).focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    settle(page)
    assert state(page)["unit"] == 2
    assert sentence(page).startswith("“energía”")
    page.keyboard.press("Shift+Tab")
    settle(page)
    assert state(page)["side"] == "source"
    assert page.locator(".units [tabindex='0']").count() == 2


def test_a_finger_taps_a_word(show):
    page = show(phone=True)
    unit(page, "target", 4).tap()
    settle(page)
    assert sentence(page).startswith("“hoy”")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert unit(page, "target", 4).bounding_box()["height"] >= 32


def test_the_map_is_pointed_at_too(show):
    page = show(Alignment([read()]))
    frame = page.locator(".map .frame").bounding_box()
    page.mouse.move(frame["x"] + 5, frame["y"] + 2.5 * frame["height"] / 4)
    settle(page)
    assert (state(page)["side"], state(page)["unit"]) == ("target", 2)
    page.mouse.move(frame["x"] + 1.5 * frame["width"] / 3, frame["y"] - 8)  # a column's name
    settle(page)
    assert (state(page)["side"], state(page)["unit"]) == ("source", 1)
    chosen = page.locator(".map .chosen").bounding_box()
    assert chosen["x"] == pytest.approx(frame["x"] + frame["width"] / 3, abs=2)


def test_thin_lines_can_be_left_out(show):
    page, weights = show(), Alignment().weights
    slider = page.get_by_role("slider", name="Lines from")
    for key, least in (("End", 0.5), ("Home", 1e-9)):
        slider.press(key)
        settle(page)
        assert page.locator(".space .line").count() == int((weights >= least).sum())
    page.keyboard.press("Control+z")
    settle(page)
    assert page.locator(".space .line").count() == int((weights >= 0.5).sum())


def test_another_example_begins_at_its_first_word(show):
    page = show(Alignment(unit=3))
    page.get_by_label("Example", exact=True).select_option("7")
    settle(page)
    assert sentence(page).startswith("“3” looks from 0.00 to 0.09 s")
    assert page.locator(".wave").is_visible()
    page.get_by_label("Example", exact=True).press("Control+z")
    settle(page)
    assert sentence(page).startswith("“solar”")
    assert not page.locator(".play").first.is_visible()


def test_pointing_at_the_wave_shows_which_digits_look(show):
    page, found = show(Alignment(example=MISHEARD)), Alignment(example=MISHEARD)
    box = page.locator(".wave").bounding_box()
    page.mouse.move(box["x"] + 8.5 * box["width"] / 23, box["y"] + 20)
    settle(page)
    assert (state(page)["side"], state(page)["unit"]) == ("source", 8)
    np.testing.assert_allclose(amounts(page, "target"), found.weights[:, 8], atol=0.00501)
    assert "The frame at 0.79 s is looked at by “7” (second) with 69 %" in sentence(page)
    # The same by keys.
    time = page.get_by_role("slider", name="Frame")
    time.press("ArrowRight")
    settle(page)
    assert state(page)["unit"] == 9
    assert time.get_attribute("aria-valuetext") == "0.84 to 0.93 s"


def test_the_whole_sound_plays_with_a_mark_that_moves(silent):
    page = silent(Alignment([heard()]))
    hand = page.locator(".hand")
    assert hand.evaluate("e => getComputedStyle(e).display") == "none"
    page.get_by_role("button", name="Whole sound").click()
    page.wait_for_function("calls.some(([name]) => name === 'start')")
    assert page.evaluate("calls[0]") == ["buffer", 1, 8000, 8000]
    assert starts(page) == [[0, 0, 1]]
    for seconds in (0.25, 0.75):
        page.evaluate("t => { audio.currentTime = t; }", seconds)
        settle(page)
        assert float(hand.get_attribute("x1")) == pytest.approx(10 * seconds)
    assert page.get_by_role("button", name="Stop").count() == 1
    page.evaluate("source.onended()")
    settle(page)
    assert hand.evaluate("e => getComputedStyle(e).display") == "none"
    assert page.get_by_role("button", name="Stop").count() == 0
    # What is played is what Python keeps.
    samples = np.array(page.evaluate("samples"))
    time = np.arange(8000) / 8000
    expected = 0.9 * np.sin(2 * np.pi * 440 * time) * np.where(time < 0.5, 1, 0.1)
    assert np.corrcoef(samples, expected)[0, 1] > 0.999


def test_the_stretch_that_a_digit_looks_at_plays_alone(silent):
    page = silent(Alignment(example=6))
    first, last = Alignment(example=6).compute()["stretch"][2]
    unit(page, "target", 2).click()
    page.get_by_role("button", name="What “7” looks at").click()
    page.wait_for_function("calls.some(([name]) => name === 'start')")
    ((when, begins, lasts),) = starts(page)
    frame = Alignment(example=6).shown["frame"]
    assert when == 0
    assert (begins, begins + lasts) == pytest.approx((first * frame, (last + 1) * frame))
    # Another press stops it, and another example does.
    page.get_by_role("button", name="Stop").click()
    settle(page)
    assert page.evaluate("calls.at(-1)") == ["stop"]
    page.get_by_role("button", name="Whole sound").click()
    page.wait_for_function("calls.filter(([name]) => name === 'start').length === 2")
    page.get_by_label("Example", exact=True).select_option("7")
    settle(page)
    assert page.evaluate("calls.at(-1)") == ["stop"]


def test_a_browser_without_sound_says_so(show):
    page = show(Alignment(example=6))
    page.evaluate("() => { window.AudioContext = undefined; }")
    page.get_by_role("button", name="Whole sound").click()
    page.wait_for_function("document.querySelector('.remark').textContent.includes('not play')")


def test_a_real_sound_ends_by_itself(show):
    page = show(Alignment([heard(seconds=0.3)]))
    page.get_by_role("button", name="Whole sound").click()
    page.wait_for_function(
        "[...document.querySelectorAll('.play')].some(b => b.textContent.includes('Stop'))"
    )
    page.wait_for_function(
        "![...document.querySelectorAll('.play')].some(b => b.textContent.includes('Stop'))"
    )


@pytest.mark.parametrize("name", list(Alignment().presets))
def test_presets_are_those_of_python(show, name):
    page, found = show(), Alignment(preset=name)
    page.locator(f"[data-preset='{name}']").click()
    settle(page)
    assert state(page)["example"] == found.example
    assert page.get_by_role("radio", checked=True).inner_text().startswith(
        found.shown["target"][found.unit]
    )  # fmt: skip
    # To look elsewhere leaves the preset what it is.
    unit(page, "target", 0).hover()
    settle(page)
    assert page.locator("[data-preset][aria-pressed=true]").inner_text().lower() == name


def test_a_link_brings_example_word_and_lines(show):
    page = show(Alignment(least=0.2))
    page.get_by_label("Example", exact=True).select_option("2")
    unit(page, "source", 2).hover()
    settle(page)
    said, lines = sentence(page), page.locator(".space .line").count()
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("location.hash.startsWith('#w.alignment.s')")
    fresh = show(fragment="#" + page.url.split("#")[1])
    assert sentence(fresh) == said
    assert fresh.locator(".space .line").count() == lines


@pytest.mark.parametrize("seed", range(2))
def test_numbers_of_other_examples_are_numpys(show, seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 18))
    words = read(source=[f"w{j}" for j in range(n)], weights=rng.dirichlet(np.full(n, 0.3), 4),
                 gold=[[0, n - 1], [], [1], []])  # fmt: skip
    sound = heard(seconds=1.3, frame=0.0929, wave=rng.normal(size=20_000), rate=15_384)
    page = show(Alignment([words, sound]))
    for example, side, at in (
        (0, "source", n - 1),
        (0, "target", 1),
        (1, "source", 3),
        (1, "target", 1),
    ):
        widget = Alignment([words, sound], example=example, side=side, unit=at)
        found = page.evaluate(
            """async (state) => { const script = [...document.querySelectorAll('script[data-ac-once]')].find((s) => s.textContent.includes('toPython'));
                 const widget = await import(URL.createObjectURL(new Blob([script.textContent], { type: 'text/javascript' })));
                 return [widget.compute(state), widget.toPython(state)]; }""",
            widget.page_state(),
        )
        for name, value in widget.compute().items():
            np.testing.assert_allclose(found[0][name], value, rtol=1e-9, atol=1e-9, err_msg=name)
        made = eval(found[1], {"Alignment": Alignment, "examples": [words, sound]})
        assert (made.example, made.side, made.unit) == (example, side, at)


@pytest.mark.parametrize("example", [1, 8])
def test_nothing_moves_under_the_hand(show, example):
    page = show(Alignment(example=example), phone=True)
    places = set()
    for at in range(6):
        unit(page, "target", at).focus()
        settle(page)
        page.evaluate("scrollTo(0, 0)")
        boxes = [page.locator(s).first.bounding_box() for s in (".sides", ".map")]
        places.add(tuple(round(box["y"]) for box in boxes))
    assert len(places) == 1, places


def test_pointing_leaves_room_for_thirty_frames_a_second(show):
    """The work of a frame in time of the processor: over digits, and over frames."""
    page = show(Alignment(example=MISHEARD, least=0))
    page.wait_for_timeout(500)
    spent = stopwatch(page)

    def frames(step, count=48):
        before = spent()
        page.evaluate(
            f"""() => new Promise((done) => {{ let n = 0; const words = document.querySelectorAll('.units.target button');
                 const time = document.querySelector('[aria-label=Frame]');
                 const next = () => {{ {step}; n += 1; if (n < {count}) requestAnimationFrame(next); else requestAnimationFrame(done); }};
                 requestAnimationFrame(next); }})"""
        )
        return (spent() - before) / count

    over = frames(
        "words[n % 6].dispatchEvent(new PointerEvent('pointerenter', { pointerType: 'mouse' }))"
    )
    along = frames("time.value = n % 23; time.dispatchEvent(new Event('input', { bubbles: true }))")
    print(f"over digits {over:.1f}, along the sound {along:.1f} ms a frame")
    assert 0.1 < over < 1000 / 30
    assert 0.1 < along < 1000 / 30


@pytest.mark.parametrize("example", [1, 8])
def test_without_javascript_a_table_has_the_numbers(show, example):
    widget = Alignment(example=example)
    page = show(widget, javascript=False)
    shown = [
        float(x)
        for x in page.locator(".ac-fallback tbody tr").nth(2).locator("td").all_inner_texts()
    ]
    if example == 1:
        np.testing.assert_allclose(shown, widget.weights[2], atol=0.005001)
    assert sum(shown) == pytest.approx(1, abs=0.05)
