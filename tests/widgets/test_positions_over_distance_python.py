"""Positions over the distance as a Python object: each scheme by hand, and what training never met."""

import math

import numpy as np
import pytest
import traitlets

from attncourse.widgets import PositionsOverDistance

RELATIVE = ("shaw", "t5", "alibi", "rotary")


def test_a_rotary_score_worked_out_by_hand():
    # Two pairs that turn by 1 and 0.1; the query looks two places back and the key stands three.
    widget = PositionsOverDistance("rotary", d_k=4, base=100, ago=2, query=50, back=3, strength=1.5)
    wanted = 1.5 * 2 * (math.cos(3 - 2) + math.cos(0.3 - 0.2)) / math.sqrt(4)
    assert widget.compute()["score"] == pytest.approx(wanted)
    widget.silent = [0]
    wanted = 1.5 * 2 * math.cos(0.3 - 0.2) / math.sqrt(4)
    assert widget.compute()["score"] == pytest.approx(wanted)
    # Slowed down by 128 / 64, three places turn as far as one and a half did.
    widget.set_trait("silent", [])
    widget.trained, widget.scaling = 64, "interpolation"
    wanted = 1.5 * 2 * (math.cos(1.5 - 2) + math.cos(0.15 - 0.2)) / math.sqrt(4)
    assert widget.compute()["score"] == pytest.approx(wanted)


def test_a_clock_is_half_a_rotary_head():
    options = {"d_k": 8, "base": 500, "ago": 3, "query": 70, "back": 11, "silent": [2]}
    clock, turned = (
        PositionsOverDistance(name, **options).compute() for name in ("sinusoidal", "rotary")
    )
    np.testing.assert_allclose(2 * clock["scores"], turned["scores"], atol=1e-12)


def test_numbers_of_the_distance():
    alibi = PositionsOverDistance("alibi", n_heads=3, head=3, query=60, back=12).compute()
    assert alibi["score"] == -12 / 4  # slopes 1/16, 1/256, 1/4
    np.testing.assert_allclose(alibi["slopes"], [1 / 16, 1 / 256, 1 / 4])
    shaw = PositionsOverDistance("shaw", furthest=7, query=60).compute()["scores"]
    assert len(set(shaw[7:])) == 1
    assert len(set(shaw[:8])) == 8
    found = PositionsOverDistance("t5", n_buckets=8, max_distance=40, query=99).compute()
    # Four distances have a bucket each; the others begin at 4 · 10^(k/4).
    starts = [0, 1, 2, 3, 4, *(math.ceil(4 * 10 ** (k / 4)) for k in (1, 2, 3))]
    assert found["starts"].tolist() == starts
    steps = np.flatnonzero(np.diff(found["scores"])) + 1
    assert steps.tolist() == starts[1:]


def test_only_relative_schemes_are_the_same_from_every_place():
    for name in RELATIVE:
        found = PositionsOverDistance(name, query=90, back=17).compute()
        assert found["spread"] < 1e-12, name
        assert len(found["along"]) == 128 - 17
    clock = PositionsOverDistance("sinusoidal", query=90, back=17)
    assert clock.compute()["spread"] < 1e-12
    clock.between = "matrix"
    found = clock.compute()
    assert found["spread"] > 1
    assert found["along"][90 - 17] == pytest.approx(found["score"])
    table = PositionsOverDistance("learned", query=20, back=17, trained=30).compute()
    assert table["spread"] > 1
    assert np.isnan(table["along"]).tolist() == [False] * (30 - 17) + [True] * 98


@pytest.mark.parametrize("scaling", ["none", "interpolation", "ntk"])
def test_an_angle_is_new_where_no_trained_distance_comes_near(scaling):
    """By brute force: the trained angles in fine steps, on the circle."""
    for trained, base in ((32, 1e4), (20, 50.0), (48, 6.0)):
        for back in (0, trained - 1, trained, 77, 124, 127):
            widget = PositionsOverDistance(
                query=127, back=back, trained=trained, base=base, scaling=scaling, d_k=8
            )
            found = widget.compute()
            for r, step in enumerate(found["frequencies"]):
                plain = base ** (-2 * r / 8)
                seen = np.arange(0, trained, 1e-3) * plain  # the trained length itself is beyond
                apart = np.abs((seen - back * step + math.pi) % (2 * math.pi) - math.pi)
                assert found["new"][r] == (apart.min() > 0.75e-3 * plain), (trained, base, back, r)


def test_a_clock_is_new_where_a_place_is():
    # Two of eight hands come full circle in 32 places; of the key alone nothing may be new.
    for query, back, new in ((31, 0, 0), (31, 31, 0), (32, 0, 6), (32, 32, 6), (127, 3, 6)):
        found = PositionsOverDistance("sinusoidal", query=query, back=back).compute()
        assert found["new"].sum() == new, query


def test_weight_on_what_training_never_met():
    for name in RELATIVE:
        found = PositionsOverDistance(name, query=99, trained=40, strength=0.5).compute()
        exps = np.exp(found["scores"])
        np.testing.assert_allclose(found["weights"], exps / exps.sum())
        assert found["unseen_weight"] == pytest.approx(exps[40:].sum() / exps.sum())
    clock = PositionsOverDistance("sinusoidal", query=40, trained=40)
    assert clock.compute()["unseen_weight"] == pytest.approx(1)
    clock.query = 39
    assert clock.compute()["unseen_weight"] == 0
    heads = PositionsOverDistance("alibi", n_heads=2, query=99, trained=40).compute()["beyond"]
    for slope, beyond in zip((1 / 16, 1 / 256), heads, strict=True):
        exps = np.exp(-slope * np.arange(100))
        assert beyond == pytest.approx(exps[40:].sum() / exps.sum())


def test_each_preset_shows_its_surprise():
    def found(preset, **changes):
        widget = PositionsOverDistance(preset=preset)
        for name, value in changes.items():
            setattr(widget, name, value)
        return widget.compute()

    alike = found("look-alike")
    assert alike["score"] > alike["scores"][6]
    assert (alike["scores"][32:] > alike["scores"][6]).sum() == 2
    # The fourth hand tells them apart.
    four = found("look-alike", silent=[4, 5, 6, 7])["scores"]
    assert four[32:].max() < four[6]
    assert found("interpolated")["peak"] == 20
    assert not found("interpolated")["new"].any()
    assert found("interpolated", scaling="none")["peak"] == 5
    assert found("interpolated", scaling="ntk")["peak"] == 5
    assert found("interpolated", scaling="yarn")["peak"] == 11
    circle = found("full circle")
    assert (circle["turns"] >= 1).all()
    assert not circle["new"].any()
    assert circle["scores"][32:].argmax() + 32 == 124
    assert found("through a matrix")["spread"] > 1
    assert found("through a matrix", between="nothing")["spread"] < 1e-12
    assert found("flat head")["unseen_weight"] == pytest.approx(0.7, abs=0.01)
    assert found("flat head", head=1)["unseen_weight"] < 0.001
    assert found("untouched")["touched"].tolist() == [True] * 22 + [False] * 10
    missing = found("no row")
    assert math.isnan(missing["score"])
    assert missing["peak"] == -1
    assert not math.isnan(found("no row", query=31)["score"])


def test_a_key_stands_no_further_than_the_first_place():
    widget = PositionsOverDistance(query=10, back=100)
    assert (widget.key, widget.distance) == (0, 10)
    assert len(widget.scores) == 11
    widget.query = 120
    assert (widget.key, widget.distance) == (20, 100)


def test_pairs_are_switched_off_once_each_and_in_order():
    widget = PositionsOverDistance(silent=(5, 1, 5), d_k=8)
    assert widget.silent == [1, 5]
    assert PositionsOverDistance(silent=range(4), d_k=8).compute()["scores"].tolist() == [0] * 97


def test_without_javascript_the_table_has_each_pair_or_some_distances():
    html = PositionsOverDistance("rotary", d_k=8, base=100, trained=30).fallback_html()
    assert "Rotary positions, base 100" in html
    assert html.count('scope="row"') == 4
    # 100^(-1/2) radians a step: full circle after 20π places, 30 / 20π turns.
    assert "<td>0.1000</td><td>63 places</td><td>0.477</td>" in html
    html = PositionsOverDistance("alibi", n_heads=2, head=1, query=40).fallback_html()
    assert '<th scope="row">32</th><td>-2.00</td>' in html
    assert "nan" in PositionsOverDistance("learned", query=40).fallback_html()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "rope"}, r"method: expected one of .*'rotary'.* got 'rope'"),
        ({"query": 128}, r"query: expected a number from 0 to 127, got 128"),
        ({"back": 2.5}, r"back: expected a whole number from 0 to 127, got 2.5"),
        ({"trained": 1}, r"trained: expected a number from 2 to 128, got 1"),
        ({"d_k": 12}, r"d_k: expected one of \(4, 8, 16, 32\), got 12"),
        ({"base": 1}, r"base: expected a number from 2 to 1e\+06, got 1"),
        ({"scaling": "linear"}, r"scaling: expected one of .*'interpolation'"),
        ({"silent": [16]}, r"silent: expected pairs to switch off, whole numbers from 0 to 15"),
        ({"silent": "all"}, r"silent: expected a list of pairs to switch off, .* got 'all'"),
        ({"between": "layers"}, r"between: expected one of"),
        ({"n_heads": 9}, r"n_heads: expected a number from 1 to 8, got 9"),
        ({"n_buckets": 7}, r"n_buckets: expected one of \(8, 16, 32\), got 7"),
        ({"max_distance": 16}, r"max_distance: expected a number from 17 to 128"),
        ({"furthest": 0}, r"furthest: expected a number from 1 to 32"),
        ({"preset": "full-circle"}, r"preset: expected one of .*'full circle'"),
    ],
)
def test_bad_input_gets_one_clear_error(options, says):
    with pytest.raises(traitlets.TraitError, match=says):
        PositionsOverDistance(**options)


def test_random_states_are_of_all_kinds():
    """What the comparison with NumPy over random states rests on."""
    rng = np.random.default_rng(0)
    kinds = ("no row", "new", "slowed", "yarn", "matrix", "silent", "untouched", "own place")
    seen = dict.fromkeys((*kinds, "heads between"), 0)
    for _ in range(200):
        widget = PositionsOverDistance.random(rng)
        found, rotary = widget.compute(), widget.method == "rotary"
        seen["no row"] += math.isnan(found["score"])
        seen["new"] += bool(found["new"].any())
        seen["slowed"] += rotary and widget.scaling != "none"
        seen["yarn"] += rotary and widget.scaling == "yarn"
        seen["matrix"] += widget.method == "sinusoidal" and widget.between == "matrix"
        seen["silent"] += bool(found["new"].size) and bool(widget.silent)
        seen["untouched"] += not found["touched"].all()
        seen["own place"] += widget.distance == 0
        seen["heads between"] += widget.method == "alibi" and widget.n_heads in (3, 5, 6, 7)
    assert min(seen.values()) >= 3, seen
