"""The numbers of the front-end are those of the NumPy reference, in a real browser."""

import numpy as np
import pytest

import attncourse.reference as ref
from attncourse.widgets import AttentionPlane
from tests.widgets.pages import write_page


def test_random_states_are_of_all_kinds():
    """What the comparison with NumPy over random states rests on."""
    rng = np.random.default_rng(0)
    seen = {"masked row": 0, "pins": 0, "pins with nobody free": 0, "edits": 0, "hottest": 0}
    for _ in range(200):
        plane = AttentionPlane.random(rng)
        mask, pins = np.array(plane.mask), ~np.isnan(np.array(plane.pins, dtype=float))
        seen["masked row"] += (~mask).all(axis=1).any()
        seen["pins"] += (mask & pins).any()
        seen["pins with nobody free"] += (mask.any(axis=1) & (~mask | pins).all(axis=1)).any()
        seen["edits"] += not np.isnan(np.array(plane.score_edits, dtype=float)).all()
        seen["hottest"] += plane.temperature == 0.01
    assert min(seen.values()) >= 15, seen


@pytest.fixture
def module(chromium_page):
    """Call an exported function of the widget's module: ``module("compute", state)``."""
    page = chromium_page("about:blank")
    page.evaluate(
        """async (text) => {
             const blob = new Blob([text], { type: "text/javascript" });
             window.plane = await import(URL.createObjectURL(blob));
           }""",
        str(AttentionPlane._esm),
    )
    return lambda name, *arguments: page.evaluate(
        "([name, given]) => window.plane[name](...given)", [name, list(arguments)]
    )


def test_exponentials_and_their_sum_give_the_free_weights(module):
    plane = AttentionPlane(pins={(1, 2): 0.4})
    got = module("compute", plane.page_state())
    exps = np.array(got["exps"][1])
    assert exps.max() == 1
    assert exps[2] == 0
    np.testing.assert_allclose(plane.weights[1][[0, 1, 3]], 0.6 * exps[[0, 1, 3]] / exps.sum())


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        # e / (1 + e) by hand: scores 1 and 0.
        ({"queries": [[1, 0]], "keys": [[1, 0], [0, 1]], "scale": 1.0}, [[0.731059, 0.268941]]),
        # Scores 0 and 0, one of three weights held: the other two share what is left.
        (
            {"queries": [[0, 0]], "keys": [[1, 0], [0, 1], [2, 2]], "pins": {(0, 1): 0.5}},
            [[0.25, 0.5, 0.25]],
        ),
        # The pinned key's score is so high that an ordinary softmax leaves the others nothing.
        (
            {
                "queries": [[0, 0]],
                "keys": [[1, 0], [0, 1], [2, 2]],
                "pins": {(0, 1): 0.2},
                "score_edits": {(0, 1): 5000},
            },
            [[0.4, 0.2, 0.4]],
        ),
        # Nobody free: 0.1 and 0.3 keep their ratio.
        ({"queries": [[1, 1]], "keys": [[1, 0], [0, 1]], "pins": [[0.1, 0.3]]}, [[0.25, 0.75]]),
        # Nobody free, and nothing pinned above zero.
        ({"queries": [[1, 1]], "keys": [[1, 0], [0, 1]], "pins": [[0, 0]]}, [[0.0, 0.0]]),
        # A masked pin holds nothing.
        (
            {
                "queries": [[0, 0]],
                "keys": [[1, 0], [0, 1], [2, 2]],
                "pins": {(0, 1): 0.5},
                "mask": [[True, False, True]],
            },
            [[0.5, 0.0, 0.5]],
        ),
        # Fully masked: zeros, not an average.
        ({"queries": [[1, 1]], "keys": [[1, 0], [0, 1]], "mask": [[False, False]]}, [[0.0, 0.0]]),
    ],
)
def test_weights_worked_out_by_hand(module, options, weights):
    plane = AttentionPlane(values=[[1, 2], [3, 4], [5, 6]][: len(options["keys"])], **options)
    np.testing.assert_allclose(plane.weights, weights, atol=1e-6)
    np.testing.assert_allclose(module("compute", plane.page_state())["weights"], weights, atol=1e-6)


def test_without_edits_and_pins_it_is_scaled_dot_product_attention():
    rng = np.random.default_rng(1)
    q, k, v = rng.normal(size=(3, 2)), rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    mask = rng.random((3, 5)) < 0.6
    plane = AttentionPlane(q, k, v, mask=mask)
    output, weights = ref.scaled_dot_product_attention(q, k, v, mask=mask, return_weights=True)
    np.testing.assert_allclose(plane.weights, weights)
    np.testing.assert_allclose(plane.output, output)


def test_outputs_lie_in_the_hull_that_is_drawn(module):
    rng = np.random.default_rng(2)
    for _ in range(40):
        plane = AttentionPlane.random(rng)
        corners = np.array(module("hull", plane.v))
        for point, row in zip(plane.output, plane.weights, strict=True):
            if row.sum() > 0 and len(corners) > 2:
                after = np.roll(corners, -1, axis=0) - corners
                inside = point - corners
                assert (after[:, 0] * inside[:, 1] - after[:, 1] * inside[:, 0] >= -1e-9).all()


def test_the_page_shows_the_numbers_of_the_reference(chromium_page, tmp_path):
    rng = np.random.default_rng(4)
    planes = [AttentionPlane.random(rng) for _ in range(12)]
    page = chromium_page(write_page(tmp_path / "page.html", *planes))
    page.wait_for_function(
        "n => document.querySelectorAll('.ac-plane').length === n", arg=len(planes)
    )
    for n, plane in enumerate(planes):
        shown = page.locator(".ac-plane").nth(n)
        cells = [
            [0.0 if cell == "–" else float(cell.replace("−", "-")) for cell in row]
            for row in shown.locator(".all-weights tbody tr").evaluate_all(
                "rows => rows.map(r => [...r.querySelectorAll('.cell')].map(c => c.textContent))"
            )
        ]
        # Two decimals are shown.
        np.testing.assert_allclose(cells, plane.weights, atol=0.005001)
        i = plane.selected
        fields = shown.locator(".one-query tbody tr").evaluate_all(
            "rows => rows.map(r => [...r.querySelectorAll('input[type=number]')].map(f => +f.value))"
        )
        np.testing.assert_allclose(
            fields, np.stack([plane.scores[i], plane.weights[i]], 1), atol=0.005001
        )
        result = shown.locator(".sum strong").inner_text().replace("−", "-").strip("()").split(", ")
        np.testing.assert_allclose([float(x) for x in result], plane.output[i], atol=0.005001)
