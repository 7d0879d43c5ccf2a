"""What a reader can do with the score shapes on a page, by mouse, finger and keyboard."""

import re

import numpy as np
import pytest

from attncourse.widgets import ScoreShapes
from tests.widgets.pages import centre, drag, finger, sentence, settle, watched_drag
from tests.widgets.pages import click as press

WIDGET = ScoreShapes


ROWS = ["dot", "multiplicative", "cosine", "additive", "location"]


def numbers(page, column):
    """One column of the table of keys as the page shows it."""
    texts = page.locator(f".by-key tbody tr td:nth-of-type({column})").all_inner_texts()
    return np.array([float(text.replace("−", "-")) for text in texts])


def scores(page):
    return numbers(page, 2)


def weights(page):
    return numbers(page, 4)


def lengths(page):
    return numbers(page, 5)


def five(page):
    rows = page.locator(".five tbody tr").evaluate_all(
        "rows => rows.map(r => [...r.querySelectorAll('.shade')].map(c => Number(c.textContent)))"
    )
    return np.array(rows)


def choose(page, name):
    page.get_by_role("radio", name=name, exact=True).check(force=True)
    settle(page)


def paths(page, selector):
    return page.locator(selector).evaluate_all("nodes => nodes.map(n => n.getAttribute('d') ?? '')")


def arrows(page):
    """From where to where each arrow goes, x to the right and y up; None where there is none."""
    found = []
    for d in paths(page, ".arrow:not(.under)"):
        points = [float(x) for x in re.findall(r"-?[\d.]+", d)[:4]]
        found.append(np.array([points[2] - points[0], points[1] - points[3]]) if points else None)
    return found


@pytest.mark.parametrize("name", ROWS)
def test_choosing_a_score_shows_its_numbers(show, name):
    page = show()
    choose(page, {"dot": "dot product"}.get(name, name))
    shapes = ScoreShapes(score=name)
    found = shapes.compute()
    np.testing.assert_allclose(scores(page), found["scores"], atol=0.005001)
    np.testing.assert_allclose(weights(page), found["weights"], atol=0.005001)
    np.testing.assert_allclose(five(page), found["five_weights"], atol=0.005001)
    long = np.linalg.norm(found["slopes"], axis=1)
    np.testing.assert_allclose(lengths(page), long, atol=0.005001)
    assert page.locator(".five tr.chosen th").inner_text().lower().startswith(name)
    assert sentence(page).lower().startswith(name)


@pytest.mark.parametrize("preset", list(ScoreShapes().presets))
def test_presets_are_those_of_python(show, preset):
    page = show()
    page.locator(f"[data-preset='{preset}']").click()
    settle(page)
    found = ScoreShapes(preset=preset).compute()
    np.testing.assert_allclose(scores(page), found["scores"], atol=0.005001)
    assert f"loss {found['loss']:.3f}" in page.locator(".measured").inner_text()


def test_dragging_a_key_changes_its_score_and_no_other(show):
    page = show()
    before = scores(page)
    drag(page, "k3", 40, -30)
    after = scores(page)
    assert after[3] != before[3]
    np.testing.assert_array_equal(np.delete(after, 3), np.delete(before, 3))


def test_a_product_moves_along_its_line_without_a_change(show):
    """The lines of the dot product stand at a right angle to the query (1, 0.5)."""
    page = show()
    before = scores(page)
    drag(page, "k3", 30, 60)  # on the screen y grows downwards
    np.testing.assert_allclose(scores(page), before, atol=0.02)


def test_by_place_a_key_may_stand_anywhere(show):
    page = show(ScoreShapes(preset="by place"))
    before = scores(page)
    drag(page, "k2", 90, 60)
    np.testing.assert_array_equal(scores(page), before)
    assert paths(page, ".lines") == [""]
    assert page.locator(".places").is_visible()
    drag(page, "q", -90, 60)
    assert (scores(page) != before).all()


def test_dragging_by_touch_and_by_keys(show):
    page = show(phone=True)
    before = page.locator("[data-point=k4]").get_attribute("aria-valuetext")
    x, y = centre(page, "k4")
    send = finger(page)
    send("touchStart", (x, y))
    for step in range(1, 6):
        send("touchMove", (x + 2 * step, y - 8 * step))
    send("touchEnd")
    settle(page)
    assert page.locator("[data-point=k4]").get_attribute("aria-valuetext") != before
    assert page.evaluate("scrollY") == 0
    query = page.locator("[data-point=q]")
    query.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    settle(page)
    assert query.get_attribute("aria-valuetext") == "x 1.05, y 0.25"


def test_of_query_and_copy_the_query_is_taken_and_both_can_be_told_apart(show):
    page = show()
    drag(page, "q", 30, 0)
    assert page.locator("[data-point=q]").get_attribute("aria-valuetext") != "x 1.00, y 0.50"
    assert (
        page.locator("[data-point=k0]").get_attribute("aria-valuetext").startswith("x 1.00, y 0.50")
    )


def test_slopes_point_where_the_score_rises(show):
    page = show()
    for arrow in arrows(page)[:5]:  # all along the query (1, 0.5)
        assert arrow[0] == pytest.approx(2 * arrow[1], rel=0.01)
    assert arrows(page)[5] is None
    choose(page, "cosine")
    keys = ScoreShapes().k
    assert arrows(page)[0] is None  # the copy is as good as it can be
    for arrow, key in zip(arrows(page)[1:5], keys[1:], strict=True):
        assert abs(arrow @ np.array(key)) < 0.02 * np.linalg.norm(arrow) * np.linalg.norm(key)


def test_steps_push_the_right_key_up_and_the_others_down(show):
    page = show()
    choose(page, "step down the loss")
    choose(page, "Key 5 is the right one")
    found = arrows(page)
    assert found[4] @ [1, 0.5] > 0
    assert all(found[j] is None or found[j] @ [1, 0.5] < 0 for j in range(4))
    assert found[5] is not None
    steps = np.linalg.norm(ScoreShapes(right=4, arrows="loss").compute()["steps"], axis=1)
    np.testing.assert_allclose(lengths(page), steps, atol=0.005001)


@pytest.mark.parametrize("name", ROWS)
def test_ten_steps_are_those_of_python(show, name):
    page = show(ScoreShapes(right=3, score=name))
    press(page, "10 steps")
    shapes = ScoreShapes(right=3, score=name)
    shapes.learn(10)
    np.testing.assert_allclose(scores(page), shapes.scores, atol=0.006)
    for _ in range(2):  # the steps are one step back
        page.keyboard.press("Control+z")
        settle(page)
    np.testing.assert_allclose(scores(page), ScoreShapes(score=name).scores, atol=0.005001)


def test_one_step_ten_times_is_ten_steps(show):
    page = show(ScoreShapes(right=3))
    for _ in range(10):
        press(page, "One step")
    shapes = ScoreShapes(right=3)
    shapes.learn(10)
    np.testing.assert_allclose(scores(page), shapes.scores, atol=0.01)


def test_saturated_nothing_moves_and_it_says_so(show):
    page = show(ScoreShapes(preset="saturated"))
    assert "neither keys nor query move" in sentence(page)
    assert arrows(page) == [None] * 6
    press(page, "10 steps")
    assert page.locator(".remark").inner_text().startswith("10 steps moved nothing")
    choose(page, "dot product")
    press(page, "10 steps")
    assert weights(page)[0] > 0.8


def test_what_is_added_moves_scores_and_no_weight(show):
    page = show()
    before = scores(page), weights(page), paths(page, ".lines")
    page.get_by_role("slider", name="Added to all").fill("3")
    settle(page)
    np.testing.assert_allclose(scores(page), before[0] + 3, atol=0.005001)
    np.testing.assert_array_equal(weights(page), before[1])
    assert paths(page, ".lines") == before[2]
    page.get_by_role("slider", name="Factor β").fill("1")  # the slider is in powers of ten
    settle(page)
    np.testing.assert_allclose(scores(page), 10 * before[0] + 3, atol=0.06)
    assert weights(page).max() == 1.0


def test_under_rank_one_the_lines_stay_until_the_matrix_changes(show):
    page = show(ScoreShapes(preset="rank one"))
    assert "no query turns the lines" in sentence(page)

    def direction():
        points = np.array([float(x) for x in re.findall(r"[\d.]+", paths(page, ".lines")[0])])
        ends = points[: len(points) // 4 * 4].reshape(-1, 2, 2)
        across = ends[:, 1] - ends[:, 0]
        across = across[np.abs(across).max(axis=1) > 2]
        return np.sort(np.arctan2(across[:, 1], across[:, 0]) % np.pi)

    before = direction()
    np.testing.assert_allclose(before, np.pi / 4, atol=0.05)  # down the screen
    drag(page, "q", -20, -70)
    np.testing.assert_allclose(direction(), np.pi / 4, atol=0.05)
    field = page.get_by_role("spinbutton", name="W, row 2, column 2")
    field.fill("-0.8")
    settle(page)
    assert "rank one" not in sentence(page)
    assert np.abs(direction() - np.pi / 4).min() > 0.2


@pytest.mark.parametrize(("row", "column"), [(1, 2), (2, 1)])
def test_each_entry_of_the_matrix_has_its_field(show, row, column):
    page = show(ScoreShapes(score="multiplicative"))
    page.get_by_role("spinbutton", name=f"W, row {row}, column {column}").fill("2.5")
    settle(page)
    matrix = np.array(ScoreShapes().matrix)
    matrix[row - 1, column - 1] = 2.5
    expected = ScoreShapes(score="multiplicative", matrix=matrix).scores
    np.testing.assert_allclose(scores(page), expected, atol=0.005001)


@pytest.mark.parametrize("name", ["dot product", "multiplicative", "cosine", "additive"])
def test_the_map_follows_the_query_and_no_key(show, name):
    page = show()
    choose(page, name)
    before = paths(page, ".lines")
    drag(page, "k3", 20, 20)
    assert paths(page, ".lines") == before
    drag(page, "q", 10, 50)
    assert paths(page, ".lines") != before


@pytest.mark.parametrize(
    ("shapes", "says"),
    [
        (ScoreShapes(), "Dot product: key 2 leads with 70 %: longer than key 1, which points more the query’s way."),
        (ScoreShapes(right=4), "Dot product: key 5 lies inside the hull, so a corner is ahead: key 2, with 70 %."),
        (ScoreShapes(keys=[[1, 0.5], [-1, 0]]), "Dot product: key 1 leads with 90 %."),
        (ScoreShapes([0, 0]), "Dot product: all keys score alike, so each gets 20 %."),
        (ScoreShapes(keys=[[1, 1]]), "Dot product: the only key gets all the weight, whatever its score."),
        (ScoreShapes(score="cosine"), "Cosine: key 1 points most nearly the query’s way and gets 39 %; no length counts."),
        (ScoreShapes(score="additive"), "Additive: key 4 leads with 67 %; no score leaves ±4.10."),
        (ScoreShapes(preset="by place"), "Location: place 3 gets 71 %, whatever key stands there."),
    ],
    ids=range(8),
)  # fmt: skip
def test_the_sentence_says_who_leads_and_why(show, shapes, says):
    assert sentence(show(shapes)) == says


def test_inside_is_found_by_units_with_a_bias_alone(show):
    page = show(ScoreShapes(preset="inside"))
    assert "inside the hull" in sentence(page)
    choose(page, "additive")
    np.testing.assert_array_equal(scores(page), np.zeros(5))
    page.get_by_role("slider", name="Bias b").fill("1")
    settle(page)
    assert weights(page).argmax() == 4
    assert five(page)[3].argmax() == 4
    assert five(page)[0].argmax() != 4


def test_mirrored_the_additive_score_turns_around(show):
    page = show(ScoreShapes(score="additive"))
    before = scores(page)
    press(page, "Mirror query and keys")
    np.testing.assert_allclose(scores(page), -before, atol=0.005001)
    choose(page, "dot product")
    np.testing.assert_allclose(scores(page), ScoreShapes().scores, atol=0.005001)


def test_only_what_a_score_has_can_be_set(show):
    page = show()
    shown = {
        "dot product": (False, False),
        "multiplicative": (True, False),
        "additive": (False, True),
    }
    for name, (matrix, units) in shown.items():
        choose(page, name)
        assert page.get_by_role("group", name="The matrix W").is_visible() == matrix
        assert page.get_by_role("radiogroup", name="Units").is_visible() == units
        assert page.get_by_role("slider", name="Gain g").is_visible() == units


def test_the_map_is_drawn_where_the_score_is_high(show):
    """The areas of the regions, by the winding of their paths, are those of a fine grid."""
    page = show()
    areas = """async (state) => {
      const heights = Array.from({ length: 41 }, (_, row) => Array.from({ length: 41 }, (__, column) =>
        Math.hypot(column - 20, row - 20)));
      const { contour } = await import(URL.createObjectURL(new Blob(
        [document.querySelector('script[data-ac-once][type="text/plain"]').textContent], { type: 'text/javascript' })));
      return [5, 10, 15].map((level) => {
        const { region, border } = contour(heights.map((row) => row.map((h) => -h)), -level, (x) => 10 * x, (y) => 10 * y);
        let area = 0;
        for (const part of region.split('M').slice(1)) {
          const at = [];
          let [x, y] = [0, 0];
          for (const [, letter, first, second] of part.replace(/^/, 'L').matchAll(/([LHV])([\\d.]+)(?: ([\\d.]+))?/g)) {
            if (letter === 'L') [x, y] = [Number(first), Number(second)];
            else if (letter === 'H') x = Number(first);
            else y = Number(first);
            at.push([x, y]);
          }
          area += Math.abs(at.reduce((sum, [a, b], n) => { const [c, d] = at[(n + 1) % at.length]; return sum + a * d - b * c; }, 0)) / 2;
        }
        const ends = [...border.matchAll(/([\\d.]+) ([\\d.]+)/g)].map(([, a, b]) => Math.hypot(a - 200, b - 200) / 10);
        return [area / 100, Math.min(...ends), Math.max(...ends)];
      });
    }"""
    for level, (area, least, most) in zip((5, 10, 15), page.evaluate(areas), strict=True):
        assert area == pytest.approx(np.pi * level**2, rel=0.01)
        assert least == pytest.approx(level, abs=0.05)
        assert most == pytest.approx(level, abs=0.05)


def test_a_link_brings_what_was_moved(show):
    page = show()
    choose(page, "additive")
    drag(page, "k2", 50, 20)
    shown = scores(page)
    press(page, "Copy link")
    page.wait_for_function("location.hash.startsWith('#w.scores.s')")
    fresh = show(fragment="#" + page.url.split("#")[1])
    np.testing.assert_array_equal(scores(fresh), shown)


@pytest.mark.parametrize("phone", [False, True])
def test_the_plane_stays_where_it_is_whatever_is_said(show, phone):
    page = show(phone=phone)
    if phone:
        page.set_viewport_size({"width": 340, "height": 844})
    places = set()
    for preset in ScoreShapes().presets:
        page.locator(f"[data-preset='{preset}']").click()
        settle(page)
        for name in ("dot product", "multiplicative", "cosine", "additive", "location"):
            choose(page, name)
            page.evaluate("scrollTo(0, 0)")
            settle(page)
            places.add(page.locator("svg").first.bounding_box()["y"])
    assert len(places) == 1, places


def test_dragging_leaves_room_for_thirty_frames_a_second(show):
    """The query under four units, where the whole map changes: work of a frame, in processor time.

    Not by the clock: how long a frame waits on a busy machine says nothing about the widget.
    """
    page = show(ScoreShapes(score="additive", network="ring", bias=0.5))
    page.wait_for_timeout(500)  # the sentence has been spoken
    start = scores(page)
    way = "n => [60 * Math.sin(n / 6), 60 * (1 - Math.cos(n / 6))]"
    _, a_frame = watched_drag(page, "q", way)
    assert 0.1 < a_frame < 20, f"{a_frame:.1f} ms a frame"
    settle(page)
    assert (scores(page) != start).any()


def test_without_javascript_a_table_has_the_numbers(show):
    shapes = ScoreShapes()
    page = show(shapes, javascript=False)
    rows = page.locator(".ac-fallback tbody tr")
    shown = [cell.split()[0] for cell in rows.nth(2).locator("td").all_inner_texts()]
    expected = shapes.compute()["five_scores"][2]
    np.testing.assert_allclose(np.array(shown, float), expected, atol=0.005001)
