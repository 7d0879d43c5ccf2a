"""The painter as a Python object: its rules, what it finds in a mask, what it accepts."""

import numpy as np
import pytest
import traitlets

import attncourse.reference as ref
from attncourse.widgets import MaskPainter
from attncourse.widgets.mask_painter import rules


@pytest.mark.parametrize(("q_len", "kv_len"), [(4, 6), (3, 3), (5, 2), (1, 7)])
def test_rules_are_the_masks_of_the_reference(q_len, kv_len):
    for size in range(1, kv_len + 1):
        causal = ref.causal_mask(q_len, kv_len)
        lengths, documents = np.array([size]), (np.arange(kv_len) >= size).astype(int)
        expected = {
            "no mask": np.ones((q_len, kv_len), bool),
            "causal": causal,
            "causal top-left": np.tri(q_len, kv_len, dtype=bool),
            "window": ref.sliding_window_mask(q_len, kv_len, size),
            "prefix": ref.prefix_mask(q_len, kv_len, size),
            "padding right": np.tile(ref.padding_mask(lengths, kv_len)[0, 0], (q_len, 1)),
            "padding left": np.tile(
                ref.padding_mask(lengths, kv_len, side="left")[0, 0], (q_len, 1)
            ),
        }
        if q_len <= kv_len:
            expected["documents"] = ref.document_mask(documents[None], q_len)[0, 0] & causal
        for rule, mask in expected.items():
            np.testing.assert_array_equal(rules.lay_out(rule, size, q_len, kv_len), mask, rule)
        assert expected.keys() | {"documents"} == set(rules.RULES)


def test_the_default_tells_both_alignments_apart():
    bottom, top = MaskPainter(preset="causal"), MaskPainter(preset="causal top-left")
    assert [row.count(True) for row in bottom.mask] == [3, 4, 5, 6]
    assert [row.count(True) for row in top.mask] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("rule", "mask", "found"),
    [
        ("causal", np.tri(3, 3, 0), {}),
        ("causal", 1 - np.tri(3, 3, 0), {"inverted": True}),
        ("causal", np.tri(3, 3, 1), {"shifted": 1}),
        ("causal", np.tri(3, 3, -1), {"shifted": -1, "blind": [1, 1, 1], "empty": [1, 0, 0]}),
        ("window", [[1, 0, 0], [1, 1, 0], [1, 1, 1]], {"shifted": 1, "outside": [[0] * 3, [0] * 3, [1, 0, 0]]}),
        ("window", np.eye(3), {"shifted": -1}),
        ("causal", [[1, 0, 1], [1, 1, 0], [1, 1, 1]], {"future": [[0, 0, 1], [0] * 3, [0] * 3]}),
        ("causal", [[1, 1, 0], [1, 1, 0], [1, 1, 1]], {"future": [[0, 1, 0], [0] * 3, [0] * 3]}),
        ("causal", [[1, 0, 0], [1, 0, 0], [1, 1, 1]], {"blind": [0, 1, 0], "lost": [[0] * 3, [0, 1, 0], [0] * 3]}),
        ("prefix", [[1, 0, 0], [1, 1, 0], [1, 1, 1]], {"shifted": -1}),
        ("padding right", [[1, 1, 1]] * 3, {"shifted": 1, "outside": [[0, 0, 1]] * 3, "future": np.zeros((3, 3))}),
        ("padding left", [[0, 0, 1]] * 3, {"shifted": -1}),
        ("no mask", np.zeros((3, 3)), {"inverted": True, "shifted": 0, "empty": [1, 1, 1]}),
    ],
)  # fmt: skip
def test_traps_are_found(rule, mask, found):
    painter = MaskPainter(np.zeros((3, 3)), rule=rule, size=2, mask=np.array(mask, bool))
    got = painter.compute()
    for name, value in {"inverted": False, "misaligned": False, "shifted": 0, **found}.items():
        np.testing.assert_array_equal(got[name], value, name)


def test_the_other_corner_is_found_where_it_differs():
    for rule, other in (("causal", "causal top-left"), ("causal top-left", "causal")):
        mask = rules.lay_out(other, 1, 4, 6)
        assert MaskPainter(rule=rule, mask=mask).compute()["misaligned"]
        assert not MaskPainter(rule=other, mask=mask).compute()["misaligned"]
    assert not MaskPainter(np.zeros((4, 4)), rule="causal top-left").compute()["misaligned"]


def test_weights_are_attention_s_and_an_empty_row_is_zero():
    rng = np.random.default_rng(0)
    scores, mask = rng.normal(size=(3, 5)), rng.random((3, 5)) < 0.5
    mask[1] = False
    weights = MaskPainter(scores, mask=mask, strength=2.0).weights
    e = np.exp(2 * scores) * mask
    for i in (0, 2):
        np.testing.assert_allclose(weights[i], e[i] / e[i].sum())
    assert (weights[1] == 0).all()


def test_at_strength_zero_it_is_the_probe():
    weights = MaskPainter(strength=0.0).weights
    np.testing.assert_allclose(weights.max(axis=1), [1 / 3, 1 / 4, 1 / 5, 1 / 6])


def test_moved_is_told_from_no_mask_or_from_the_rule():
    painter = MaskPainter()
    assert (np.abs(painter.compute()["moved"]).max(axis=1) > 0).tolist() == [True] * 3 + [False]
    painter.against = "rule"
    assert not painter.compute()["moved"].any()
    mask = np.array(painter.mask)
    mask[1, 0] = False
    painter.mask = mask
    moved = painter.compute()["moved"]
    assert moved[1, 0] < 0
    assert (moved[1, 1:4] > 0).all()
    assert not moved[[0, 2, 3]].any()


def test_presets_keep_the_size_that_the_widget_was_made_with():
    painter = MaskPainter(size=2)
    painter.preset = "window"
    assert [row.count(True) for row in painter.mask] == [2] * 4
    assert (painter.rule, painter.size) == ("window", 2)
    painter.reset()
    assert painter.rule == "causal"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scores": np.zeros((9, 2))}, r"scores: expected shape .* from \(1, 1\) to \(8, 8\), got \(9, 2\)"),
        ({"scores": np.zeros(3)}, r"scores: expected shape .* got \(3,\)"),
        ({"scores": [[np.nan]]}, r"scores: expected finite numbers"),
        ({"scores": "high"}, r"scores: expected a number for each query and key"),
        ({"rule": "casual"}, r"rule: expected one of .*'causal'.* got 'casual'"),
        ({"size": 7}, r"size: expected a number from 1 to 6, got 7"),
        ({"mask": np.ones((4, 6))}, r"mask: expected booleans, True = may attend"),
        ({"mask": np.ones((6, 4), bool)}, r"mask: expected shape .* \(4, 6\), got \(6, 4\)"),
        ({"strength": -1}, r"strength: expected a number from 0 to 4"),
        ({"against": "last"}, r"against: expected one of"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_clear_error(options, says):
    with pytest.raises(traitlets.TraitError, match=says):
        MaskPainter(**options)


def test_the_size_of_the_scores_is_fixed():
    painter = MaskPainter()
    with pytest.raises(
        traitlets.TraitError, match=r"scores: .* \(4, 6\), got \(2, 2\); make a new"
    ):
        painter.scores = np.zeros((2, 2))


def test_random_states_are_of_all_kinds():
    """What the comparison with NumPy over random states rests on."""
    rng = np.random.default_rng(0)
    seen = dict.fromkeys(("empty", "inverted", "misaligned", "shifted", "future", "blind"), 0)
    for _ in range(200):
        found = MaskPainter.random(rng).compute()
        for name in seen:
            seen[name] += bool(np.any(found[name]))
    assert min(seen.values()) >= 5, seen
