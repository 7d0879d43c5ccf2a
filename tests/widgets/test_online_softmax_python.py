"""Online softmax as a Python object: what it keeps tile by tile, and what it counts."""

import math

import numpy as np
import pytest
import traitlets

import attncourse.reference as ref
from attncourse.widgets import OnlineSoftmax


def test_three_scores_worked_out_by_hand():
    # Two scores of 0 with values 1 and 3, then one of log 4 with value 6: it counts four times.
    widget = OnlineSoftmax([0, 0, math.log(4)], [1, 3, 6], tile_len=2, step=2)
    found = widget.compute()
    np.testing.assert_allclose(found["maximum"], [0, math.log(4)])
    np.testing.assert_allclose(found["factor"], [0, 0.25])
    # 1 + 1, then a quarter of it and 1.
    np.testing.assert_allclose(found["normaliser"], [2, 1.5])
    # 1 + 3, then a quarter of it and 6.
    np.testing.assert_allclose(found["mixed"], [4, 7])
    np.testing.assert_allclose(found["output"], [2, 14 / 3])
    np.testing.assert_allclose(found["weights"], np.array([1, 1, 4]) / 6)
    assert found["ordinary"] == pytest.approx((1 + 3 + 4 * 6) / 6)


def test_what_is_kept_is_that_of_an_ordinary_softmax_over_what_was_read():
    rng = np.random.default_rng(0)
    for _ in range(100):
        widget = OnlineSoftmax.random(rng)
        scores, values, found = np.array(widget.scores), np.array(widget.values), widget.compute()
        assert len(found["output"]) == widget.n_tiles
        for tile in range(widget.n_tiles):
            read = slice(0, (tile + 1) * widget.tile_len)
            exps = np.exp(scores[read] - scores[read].max())
            assert found["maximum"][tile] == scores[read].max()
            assert found["normaliser"][tile] == pytest.approx(exps.sum())
            assert found["mixed"][tile] == pytest.approx(exps @ values[read])
            assert found["output"][tile] == pytest.approx(exps @ values[read] / exps.sum())
        # The steps themselves: what was kept, rescaled, and what the tile brings.
        for tile in range(1, widget.n_tiles):
            own = slice(tile * widget.tile_len, (tile + 1) * widget.tile_len)
            exps = np.exp(scores[own] - found["maximum"][tile])
            for name, brought in (("normaliser", exps.sum()), ("mixed", exps @ values[own])):
                kept = found[name][tile - 1] * found["factor"][tile]
                assert found[name][tile] == pytest.approx(kept + brought, abs=1e-12)


def test_the_end_is_the_ordinary_softmax_whatever_the_tiles():
    rng = np.random.default_rng(1)
    scores, values = rng.normal(size=11) * 8, rng.normal(size=11)
    whole = ref.scaled_dot_product_attention(
        np.ones((1, 1)), scores[:, None], values[:, None], scale=1.0
    )
    for tile_len in range(1, 12):
        widget = OnlineSoftmax(scores, values, tile_len=tile_len)
        found = widget.compute()
        assert found["output"][-1] == pytest.approx(whole.item(), rel=1e-12)
        assert found["ordinary"] == pytest.approx(whole.item(), rel=1e-12)
        assert found["difference"] < 1e-14


def test_shares_are_of_what_is_taken_in_and_weights_in_the_end():
    widget = OnlineSoftmax(tile_len=3)
    for step, taken in enumerate([0, 3, 6, 8]):
        widget.step = step
        shares = widget.compute()["shares"]
        assert widget.taken == taken
        assert (shares[taken:] == 0).all()
        assert shares.sum() == pytest.approx(min(taken, 1))
    np.testing.assert_allclose(shares, widget.weights)


def test_counts_of_memory():
    widget = OnlineSoftmax(tile_len=3)
    # Scores and values of each tile once, and one output when the last tile is in.
    for step, read, written in ((0, 0, 0), (1, 6, 0), (2, 12, 0), (3, 16, 1)):
        widget.step = step
        found = widget.compute()
        assert (found["read"], found["written"]) == (read, written)
    # Three passes over 8 scores, then 8 weights with 8 values; 8 weights and the output written.
    assert found["ordinary_read"] == 8 + 8 + 8 + 16
    assert found["ordinary_written"] == 8 + 1
    assert found["held"] == 3 + 3 + 3


@pytest.mark.parametrize(
    ("preset", "holds"),
    [
        ("rising", lambda found: (found["factor"] < 1).all()),
        ("falling", lambda found: (found["factor"][1:] == 1).all()),
        ("large", lambda found: found["maximum"].min() > 710),
        ("one-by-one", lambda found: len(found["factor"]) == 8),
        ("whole-row", lambda found: found["taken"] == 8 and len(found["factor"]) == 1),
    ],
)
def test_presets(preset, holds):
    widget = OnlineSoftmax()
    start = widget.compute()
    assert not holds(start)
    widget.preset = preset
    found = widget.compute()
    assert holds(found)
    assert np.isfinite(found["output"]).all()
    if preset not in ("rising", "falling"):
        assert found["ordinary"] == pytest.approx(start["ordinary"])
    widget.reset()
    assert widget.preset == ""
    assert widget.scores == widget.start["scores"]


def test_large_scores_stay_inside_the_limits():
    widget = OnlineSoftmax([-1000, 1000], [1, 2], tile_len=1, preset="large")
    assert widget.scores == [-1000, 900]


def test_more_steps_than_tiles_is_all_of_them():
    widget = OnlineSoftmax(step=7)
    assert widget.taken == 8
    widget.tile_len = 1
    assert widget.taken == 7


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scores": [1]}, r"scores: expected 2 to 12 numbers in a row, got shape \(1,\)"),
        ({"scores": np.ones(13)}, r"scores: expected 2 to 12 numbers in a row, got shape \(13,\)"),
        ({"scores": [[1, 2]]}, r"scores: expected 2 to 12 numbers in a row, got shape \(1, 2\)"),
        ({"scores": "high"}, r"scores: expected 2 to 12 numbers, .* got 'high'"),
        ({"scores": [1, 2]}, r"values: expected 2, one for each score, got 8; give scores and"),
        ({"scores": [np.inf] * 8}, r"scores: expected finite numbers from -1000 to 1000, got inf"),
        ({"values": [101] * 8}, r"values: expected finite numbers from -100 to 100, got 101"),
        ({"tile_len": 0}, r"tile_len: expected a number from 1 to 8, got 0"),
        ({"tile_len": 9}, r"tile_len: expected a number from 1 to 8, got 9"),
        ({"tile_len": 1.5}, r"tile_len: expected a whole number from 1 to 8, got 1.5"),
        ({"step": -1}, r"step: expected a number from 0 to 8, got -1"),
        ({"step": 9}, r"step: expected a number from 0 to 8, got 9"),
        ({"preset": "raising"}, r"preset: expected one of .*'rising'.* got 'raising'"),
    ],
)
def test_bad_input_gets_one_clear_error(options, says):
    with pytest.raises(traitlets.TraitError, match=says):
        OnlineSoftmax(**options)


def test_the_count_is_fixed():
    widget = OnlineSoftmax()
    with pytest.raises(traitlets.TraitError, match=r"scores: expected 8 numbers, .* got 2; make a"):
        widget.scores = [1, 2]
    assert len(widget.scores) == 8


def test_random_states_are_of_all_kinds():
    """What the comparison with NumPy over random states rests on."""
    rng = np.random.default_rng(0)
    seen = dict.fromkeys(("nothing read", "all read", "short last tile", "overflow", "ties"), 0)
    for _ in range(200):
        widget = OnlineSoftmax.random(rng)
        n = len(widget.scores)
        seen["nothing read"] += widget.taken == 0
        seen["all read"] += widget.taken == n
        seen["short last tile"] += n % widget.tile_len > 0
        seen["overflow"] += max(widget.scores) > 710
        seen["ties"] += len(set(widget.scores)) == 1
    assert min(seen.values()) >= 10, seen
