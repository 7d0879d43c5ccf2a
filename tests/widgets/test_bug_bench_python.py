"""The bench as a Python object: its bugs, where they hide, and assertions that are run as they read."""

import re

import numpy as np
import pytest
import traitlets

import attncourse.reference as ref
from attncourse.widgets import BugBench
from attncourse.widgets.bug_bench import assertions, layer, rows, situations
from attncourse.widgets.bug_bench.assertions import ASSERTIONS, CAUGHT, MISSED, REFUSED
from attncourse.widgets.bug_bench.bugs import BUGS
from attncourse.widgets.bug_bench.situations import SITUATIONS, START

MASKS = list(situations.MASKS)


def differing(bench):
    """How many numbers differ, by stage."""
    return dict(zip(layer.STAGES, bench.compute()["differ"], strict=True))


def verdicts(**situation):
    found = np.array(BugBench(**situation).compute()["caught"])
    return {name: dict(zip(BUGS, row.tolist(), strict=True)) for name, row in zip(ASSERTIONS, found, strict=True)}  # fmt: skip


def caught(by, **situation):
    return [bug for bug, verdict in verdicts(**situation)[by].items() if verdict == CAUGHT]


def test_there_are_two_dozen_and_each_has_its_situation():
    assert len(BUGS) == 24
    assert list(BUGS) == list(SITUATIONS)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("dropout", ["off", "on"])
def test_unbroken_it_is_the_reference_at_every_stage(mask, dropout):
    for q_len, kv_len in ((4, 6), (5, 3), (1, 6)):  # more queries than keys: rows without a key
        case = BugBench(mask=mask, dropout=dropout, q_len=q_len, kv_len=kv_len).case
        right, ours = assertions.reference(case), assertions.broken(case, {})
        for stage in layer.STAGES:
            np.testing.assert_allclose(ours[stage], right[stage], atol=1e-12, err_msg=stage)


@pytest.mark.parametrize("mask", MASKS)
def test_masks_are_those_of_the_reference(mask):
    right = assertions.reference(BugBench(mask=mask).case)
    hidden = {
        "none": np.zeros((4, 6), bool),
        "causal": ~ref.causal_mask(4, 6),
        "window": ~ref.sliding_window_mask(4, 6, 3),
        "padding": ~(ref.causal_mask(4, 6) & ref.padding_mask(np.array([4]), 6, side="left")[0, 0]),
    }[mask]
    np.testing.assert_array_equal(np.isneginf(right["masked"]), np.stack([hidden, hidden]))
    np.testing.assert_array_equal(right["weights"] == 0, np.stack([hidden, hidden]))


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_shows_where_it_shows_and_hides_where_it_hides(bug):
    where = SITUATIONS[bug]
    shown = BugBench(bug, **where.shows)
    assert differing(shown)["output"] > 0
    # A −1e9 stands among the scores, and does nothing while a key of the row is seen.
    hidden = differing(BugBench(bug, **{**where.shows, **where.hides}))
    assert hidden["output"] == 0, hidden
    if bug != "−1e9 in place of −∞":
        assert not any(hidden.values()), hidden
    column = list(BUGS).index(bug)
    assert not shown.compute()["quiet"][column]
    assert BugBench(bug, **{**where.shows, **where.hides}).compute()["quiet"][column]


@pytest.mark.parametrize(
    ("stage", "bugs"),
    [
        ("queries", {"heads split by reshape"}),
        ("scores", {bug for bug in BUGS if bug.startswith(("scores not", "scores divided", "keys reshaped"))}),
        ("weights", {"softmax over the queries", "softmax over the heads", "a row of −∞ not cared for", "maximum not taken off"}),
        ("kept", {"dropout not made up for", "one dropout for all queries"}),
        ("mixed", {"keys in place of the values"}),
        ("output", {"heads merged without transposing"}),
    ],
)  # fmt: skip
def test_the_first_number_that_differs_stands_at_the_step_that_is_broken(stage, bugs):
    first = {bug: layer.STAGES[BugBench(bug, **SITUATIONS[bug].shows).compute()["first"]] for bug in BUGS}  # fmt: skip
    assert {bug for bug, at in first.items() if at == stage} == bugs
    rest = {bug for bug, at in first.items() if at == "masked"}
    assert rest == {bug for bug, steps in BUGS.items() if {"causal", "window", "padding", "masked"} & steps.keys()}  # fmt: skip


def test_some_bugs_by_hand():
    bench = BugBench("causal from the top left", q_len=2, kv_len=3)
    found = bench.compute()
    assert np.isfinite(found["right_masked"][0]).tolist() == [[True, True, False], [True] * 3]
    assert np.isfinite(found["wrong_masked"][0]).tolist() == [[True, False, False], [True, True, False]]  # fmt: skip
    found = BugBench("−1e9 in place of −∞", **SITUATIONS["−1e9 in place of −∞"].shows).compute()
    np.testing.assert_allclose(found["wrong_weights"][:, 0], 1 / 6)
    assert not found["right_weights"][:, 0].any()
    mean = found["right_values"].mean(axis=1).ravel()
    np.testing.assert_allclose(found["wrong_output"][0], mean)
    found = BugBench("scores divided by d_k").compute()
    np.testing.assert_allclose(found["wrong_scores"] * np.sqrt(5), found["right_scores"])
    found = BugBench("heads merged without transposing").compute()
    np.testing.assert_allclose(found["wrong_output"].ravel(), found["right_mixed"].ravel())
    assert np.isnan(BugBench("a row of −∞ not cared for", mask="padding", q_len=5).compute()["wrong_output"][0]).all()  # fmt: skip


@pytest.mark.parametrize("mask", MASKS)
def test_the_right_layer_passes_whatever_is_not_refused_and_only_that(mask):
    """The lines as they read, in Python itself: on the right layer, and on each bug."""
    bench = BugBench(mask=mask, q_len=5)
    case = bench.case
    right = assertions.reference(case)
    found = verdicts(mask=mask, q_len=5)
    for bug, steps in [("", {}), *BUGS.items()]:
        with np.errstate(all="ignore"):
            room = assertions.names_of(case, right, steps)
            for name, line in ASSERTIONS.items():
                try:
                    exec(f"assert {line}", room)
                    passes = True
                except (AssertionError, ValueError):
                    passes = False
                if not bug:
                    assert passes == (REFUSED not in found[name].values()), name
                elif found[name][bug] != REFUSED:
                    assert passes == (found[name][bug] == MISSED), (name, bug)


def test_the_usual_four_catch_five():
    table = verdicts()
    usual = list(ASSERTIONS)[: assertions.USUAL]
    assert usual == ["shape", "rows sum to one", "finite", "loss falls"]
    together = {bug for name in usual for bug, verdict in table[name].items() if verdict == CAUGHT}
    assert together == {
        "True and False swapped",
        "mask after the softmax",
        "softmax over the queries",
        "softmax over the heads",
        "keys in place of the values",
    }


def test_every_bug_is_caught_where_it_shows_and_by_more_than_a_second_implementation():
    for bug, where in SITUATIONS.items():
        table = verdicts(**where.shows)
        assert table["a second implementation"][bug] == CAUGHT, bug
        others = [name for name in ASSERTIONS if table[name][bug] == CAUGHT]
        assert len(others) > 1, bug


def test_what_a_second_implementation_catches_is_what_does_not_hide():
    for seed in range(6):
        bench = BugBench.random(np.random.default_rng(seed))
        found = bench.compute()
        last = np.array(found["caught"])[-1]
        assert (last == CAUGHT).tolist() == [not hides for hides in found["quiet"]]


@pytest.mark.parametrize(
    ("assertion", "bugs"),
    [
        ("a number by hand", {"scores not scaled", "scores divided by d_k", "scores divided by √d_model", "scores divided by √d_v"}),
        ("first head alone", {"heads split by reshape", "heads merged without transposing", "softmax over the heads"}),
        ("one query at a time", {"causal from the top left", "no mask once there is a cache", "causal, one too far"}),
        ("an empty row gives zeros", {"−1e9 in place of −∞", "a row of −∞ not cared for"}),
        ("hidden keys weigh nothing", {"scores times the mask", "causal, one too far"}),
        ("large queries, finite", {"maximum not taken off"}),
        ("two halves of a dropout", {"dropout not made up for"}),
        ("dropouts differ", {"one dropout for all queries"}),
    ],
)  # fmt: skip
def test_what_an_assertion_is_for(assertion, bugs):
    assert bugs <= set(caught(assertion))


def test_what_hides_from_an_assertion():
    # No property sees a wrong constant.
    table = verdicts()
    for bug in ("scores not scaled", "scores divided by √d_v"):
        seen = {name for name in ASSERTIONS if table[name][bug] == CAUGHT}
        assert seen == {"a number by hand", "a second implementation"}
    # Where both corners are one, only what asks for a single query sees a difference.
    square = verdicts(q_len=6)
    seen = {name for name in ASSERTIONS if square[name]["causal from the top left"] == CAUGHT}
    assert seen == {"one query at a time"}
    # The usual assertion refuses zeros and takes the average.
    padded = verdicts(mask="padding", q_len=5)
    assert set(padded["rows sum to one"].values()) == {REFUSED}
    # With one head there is nothing to merge.
    assert set(caught("first head alone", n_heads=1)).isdisjoint({"heads split by reshape", "heads merged without transposing"})  # fmt: skip


def test_a_row_keeps_its_numbers_when_another_joins_it():
    few = rows.draw(rows.Sizes(2, 3, 2, 4, 1), "random", 7)
    many = rows.draw(rows.Sizes(5, 6, 2, 5, 3), "random", 7)
    np.testing.assert_array_equal(few.q, many.q[:2, [0, 1, 2, 3, 5, 6, 7, 8]])
    np.testing.assert_array_equal(few.k, many.k[:3, [0, 1, 2, 3, 5, 6, 7, 8]])
    np.testing.assert_array_equal(few.v, many.v[:3, [0, 3]])
    np.testing.assert_array_equal(few.keep, many.keep[:, :2, :3])
    assert not np.array_equal(few.q[:, :4], few.q[:, 4:])


def test_numbers_are_spread_out():
    drawn = np.concatenate([rows.draw(rows.Sizes(6, 6, 2, 5, 3), "random", seed).k.ravel() for seed in range(1, 60)])  # fmt: skip
    assert set(np.round(drawn, 1)) == set(np.round(np.arange(-20, 21) / 10, 1))
    assert abs(drawn.mean()) < 0.06
    assert drawn.std() == pytest.approx(np.sqrt((41**2 - 1) / 12) / 10, rel=0.03)
    large = rows.draw(rows.Sizes(2, 3, 1, 4, 2), "large", 7)
    plain = rows.draw(rows.Sizes(2, 3, 1, 4, 2), "random", 7)
    np.testing.assert_array_equal(large.q, 1000 * plain.q)
    np.testing.assert_array_equal(large.k, plain.k)


def test_a_line_that_is_shown_is_the_line_that_runs():
    for tell in BugBench().limits["bugs"]:
        for step, (right, wrong) in tell["steps"].items():
            assert layer.line(layer.RIGHT[step]) == right
            assert layer.line(BUGS[tell["name"]][step]) == wrong != right
            for line in (right, wrong):
                compile(line, tell["name"], "eval")
                assert len(line) < 100


def test_helpers_of_the_lines_are_all_explained():
    known = {
        "np",
        "attention",
        "q",
        "k",
        "v",
        "output",
        "weights",
        "all",
        "any",
        "len",
        "i",
        "p",
        "in",
        "for",
        "not",
    }
    known |= set(rows.Sizes._fields)
    for name, line in ASSERTIONS.items():
        words = set(re.findall(r"(?<![.\w])[a-z_]+\b(?!=)", line))
        assert words <= known | set(assertions.HELPERS), name


@pytest.mark.parametrize("preset", BugBench().presets)
def test_presets(preset):
    bench = BugBench(preset=preset)
    found = bench.compute()
    quiet = found["quiet"][list(BUGS).index(bench.bug)]
    assert quiet == (preset in ("square", "one new token", "all ones"))
    if preset == "all ones":
        assert sum(found["quiet"]) > 18
    if preset == "a riddle":
        assert (bench.mode, bench.guess) == ("diagnose", "")
    bench.reset()
    assert {name: getattr(bench, name) for name in START} == START


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"bug": "softmax"}, r"bug: expected one of .*'softmax over the heads'.* got 'softmax'"),
        ({"q_len": 7}, r"q_len: expected a number from 1 to 6, got 7"),
        ({"kv_len": 1.5}, r"kv_len: expected a whole number from 1 to 6, got 1.5"),
        ({"mask": "causl"}, r"mask: expected one of .*'causal'"),
        ({"dropout": 0.5}, r"dropout: expected one of \('off', 'on'\), got 0.5"),
        ({"numbers": "zeros"}, r"numbers: expected one of"),
        ({"seed": 0}, r"seed: expected a number from 1 to 999"),
        ({"guess": "none"}, r"guess: expected one of"),
        ({"head": 2}, r"head: expected a number from 0 to 1"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_clear_error(options, says):
    with pytest.raises(traitlets.TraitError, match=says):
        BugBench(**options)


def test_random_states_are_of_all_kinds():
    """What the comparison with NumPy over random states rests on."""
    rng = np.random.default_rng(0)
    seen = {
        "quiet": 0,
        "shown": 0,
        "other shape": 0,
        "not a number": 0,
        "refused": 0,
        "empty row": 0,
    }
    bugs = set()
    for _ in range(200):
        bench = BugBench.random(rng)
        found = bench.compute()
        bugs.add(bench.bug)
        seen["quiet"] += found["first"] < 0
        seen["shown"] += found["first"] >= 0
        seen["other shape"] += found["wrong_output"].shape != found["right_output"].shape
        seen["not a number"] += bool(np.isnan(found["wrong_output"]).any())
        seen["refused"] += bool((np.array(found["caught"]) == REFUSED).any())
        seen["empty row"] += bool(np.isnan(found["right_masked"]).all(axis=-1).any())
    assert min(seen.values()) >= 2, seen
    assert bugs == set(BUGS)
