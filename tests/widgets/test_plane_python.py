"""The plane as a Python object: what it accepts, what it computes, what it sends to a page."""

import json
import re

import numpy as np
import pytest
import traitlets

from attncourse.widgets import AttentionPlane, share_once


def test_one_line_gives_a_widget_with_results():
    plane = AttentionPlane(
        preset="causal",
        queries=np.array([[1, 0], [0, 1], [1, 1]]),
        keys=[[1, 0], [0, 1], [1, 1]],
        values=[(1, 2), (3, 4), (5, 6)],
        labels=["a", "b", "c"],
    )
    assert plane.weights.shape == plane.scores.shape == (3, 3)
    assert plane.output.shape == (3, 2)
    np.testing.assert_array_equal(plane.weights[0], [1, 0, 0])
    np.testing.assert_array_equal(plane.output[0], [1, 2])
    # Scores are scaled by 1/√2.
    assert plane.scores[2, 2] == pytest.approx(2**0.5)


def test_causal_is_aligned_bottom_right():
    plane = AttentionPlane(np.eye(2), np.ones((4, 2)), np.ones((4, 2)), preset="causal")
    assert plane.mask == [[True, True, True, False], [True] * 4]
    more_queries = AttentionPlane(np.ones((3, 2)), np.eye(2), np.eye(2), preset="causal")
    np.testing.assert_array_equal(more_queries.weights[0], [0, 0])
    np.testing.assert_array_equal(more_queries.output[0], [0, 0])


def test_results_follow_the_traits():
    plane = AttentionPlane()
    before = plane.output
    plane.k = 2 * np.array(plane.k)
    assert not np.allclose(plane.output, before)
    plane.pins = {(0, 1): 0.25}
    assert plane.weights[0, 1] == 0.25
    plane.reset()
    np.testing.assert_array_equal(plane.output, before)


def test_rows_sum_to_one_or_zero():
    rng = np.random.default_rng(5)
    for _ in range(100):
        plane = AttentionPlane.random(rng)
        sums = plane.weights.sum(axis=1)
        assert np.all(np.isclose(sums, 1) | (sums == 0))
        assert (plane.weights >= 0).all()


@pytest.mark.parametrize(
    ("preset", "holds"),
    [
        ("causal", lambda plane: np.triu(plane.weights, 1).max() == 0),
        ("uniform", lambda plane: np.allclose(plane.weights, 0.25)),
        ("one-hot", lambda plane: np.allclose(plane.weights.max(axis=1), 1)),
        ("saturated", lambda plane: plane.weights.max(axis=1).min() > 0.9),
    ],
)
def test_presets(preset, holds):
    assert not holds(AttentionPlane())
    assert holds(AttentionPlane(preset=preset))
    plane = AttentionPlane(temperature=2.0)
    start = plane.weights
    plane.preset = preset
    assert holds(plane) or preset == "saturated"
    plane.reset()
    assert plane.preset == ""
    np.testing.assert_array_equal(plane.weights, start)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"queries": [[1, 2, 3]]}, r"queries: expected .* shape \(n, 2\), got shape \(1, 3\)"),
        ({"queries": np.ones((9, 2))}, r"queries: expected 1 to 8 vectors"),
        ({"queries": []}, r"queries: expected 1 to 8 vectors"),
        ({"queries": [[1, 2], [3]]}, r"queries: expected .* got \[\[1, 2\], \[3\]\]"),
        ({"keys": "north"}, r"keys: expected .* got 'north'"),
        ({"keys": [[1, 2]]}, r"values: expected 1, one for each key, got 4; give keys and values"),
        ({"values": [[np.nan, 0]] * 4}, r"values: expected finite numbers .* got nan"),
        (
            {"values": [[1e9, 0]] * 4},
            r"values: expected finite numbers from -100 to 100, got 1e\+09",
        ),
        (
            {"mask": np.ones((4, 4))},
            r"mask: expected booleans, True = may attend, got dtype float64",
        ),
        ({"mask": np.ones((3, 4), bool)}, r"mask: expected shape .* \(4, 4\), got \(3, 4\)"),
        ({"temperature": 0}, r"temperature: expected a number from 0.01 to 100, got 0"),
        ({"temperature": np.nan}, r"temperature: expected a number from 0.01"),
        ({"temperature": "hot"}, r"temperature: expected a number, got 'hot'"),
        ({"temperature": True}, r"temperature: expected a number, got True"),
        ({"scale": np.inf}, r"scale: expected a number from -100 to 100, got inf"),
        ({"pins": {(0, 0): 0.7, (0, 1): 0.6}}, r"pins: .* 1 at most, got \[0.7, 0.6\] for query 0"),
        ({"pins": {(0, 0): -0.1}}, r"pins: expected weights from 0 to 1"),
        ({"pins": {(0, 4): 0.1}}, r"pins: expected cells .* to \(3, 3\), got \(0, 4\)"),
        ({"pins": {0: 0.1}}, r"pins: expected cells \(query, key\)"),
        (
            {"score_edits": np.zeros((2, 2))},
            r"score_edits: expected shape .* \(4, 4\), got \(2, 2\)",
        ),
        ({"score_edits": {(0, 0): np.inf}}, r"score_edits: expected finite numbers"),
        ({"selected": 4}, r"selected: expected a number from 0 to 3, got 4"),
        ({"labels": ["a"]}, r"labels: expected 4 words, one a key, got \['a'\]"),
        ({"labels": "four"}, r"labels: expected 4 words"),
        ({"panels": ("plan",)}, r"panels: expected some of .*, got \('plan',\)"),
        ({"panels": "plane"}, r"panels: expected some of"),
        ({"height": 3}, r"height: expected a number from 120 to 2000, got 3"),
        ({"preset": "casual"}, r"preset: expected one of .*'causal'.* got 'casual'"),
        ({"name": "My plane"}, r"name: expected lower-case letters.* got 'My plane'"),
    ],
)
def test_bad_input_gets_one_clear_error(options, says):
    with pytest.raises(traitlets.TraitError, match=says):
        AttentionPlane(**options)


def test_the_number_of_vectors_is_fixed():
    plane = AttentionPlane()
    with pytest.raises(traitlets.TraitError, match=r"k: expected 4 vectors, .* got 3; make a new"):
        plane.k = [[0, 1], [1, 0], [1, 1]]
    assert len(plane.k) == 4


def test_what_the_page_sends_arrives_and_what_python_sets_is_sent():
    plane = AttentionPlane()
    sent = []
    plane._send = lambda message, buffers=None: sent.append(message)
    # The message that the front-end sends when a point was dragged.
    moved = [[0.5, 0.5], *plane.k[1:]]
    plane._handle_msg(
        {
            "content": {
                "data": {
                    "method": "update",
                    "state": {"k": moved, "selected": 2, "preset": ""},
                    "buffer_paths": [],
                }
            },
            "buffers": [],
        }
    )
    assert plane.k == moved
    assert plane.selected == 2
    plane.temperature = 0.5
    plane.preset = "causal"
    states = [message["state"] for message in sent if message["method"] == "update"]
    merged = {key: value for state in states for key, value in state.items()}
    assert (
        merged["temperature"] == 1.0
    )  # set to 0.5, then by the preset to what it was at the start
    assert {"temperature": 0.5} in states
    assert merged["mask"] == np.tri(4, dtype=bool).tolist()


def test_a_message_that_does_not_fit_is_refused():
    plane = AttentionPlane()
    with pytest.raises(traitlets.TraitError, match="temperature"):
        plane.set_state({"temperature": -1})
    assert plane.temperature == 1.0


def test_a_notebook_gets_the_view_and_a_page_gets_html():
    data, _ = AttentionPlane()._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert data["text/html"].count('<div class="ac-widget"') == 1
    assert "text/plain" in data


def test_the_page_is_complete_alone_and_shares_with_others():
    one, other = AttentionPlane(), AttentionPlane(preset="causal")
    assert share_once(one._repr_html_()) == one._repr_html_()
    page = share_once("\n".join([one._repr_html_(), "<p>between</p>", other._repr_html_()]))
    for shared in ("export default", "--surface:", "window.attncourse ??="):
        assert page.count(shared) == 1, shared
    assert page.count('class="ac-widget"') == 2
    assert "<p>between</p>" in page


def test_the_state_on_the_page_is_the_widgets():
    plane = AttentionPlane(preset="causal", labels=["</script>", "b", "c", "d"])
    html = plane._repr_html_()
    spec = json.loads(
        re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)[1]
    )
    assert spec["state"] == json.loads(json.dumps(plane.page_state()))
    assert spec["state"]["labels"][0] == "</script>"
    assert not any(key.startswith("_") or key in ("layout", "comm") for key in spec["state"])
