"""The score shapes as a Python object: their numbers, what they can show, what they accept."""

import math

import numpy as np
import pytest
import traitlets

import attncourse.reference as ref
from attncourse.widgets import ScoreShapes
from attncourse.widgets.score_shapes import arithmetic


def drawn(seed, count):
    rng = np.random.default_rng(seed)
    return [ScoreShapes.random(rng) for _ in range(count)]


def moved(shapes, name, at, step=1e-6):
    """The slopes of the scores for one vector, by moving one entry of it at a time."""
    old, found = getattr(shapes, name), []
    for shift in step * np.eye(2):
        both = []
        for sign in (1, -1):
            changed = np.array(old)
            changed[at] += sign * shift
            setattr(shapes, name, changed.tolist())
            both.append(shapes.scores)
        setattr(shapes, name, old)
        found.append((both[0] - both[1]) / (2 * step))
    return np.array(found).T


@pytest.mark.parametrize("score", arithmetic.SCORES)
def test_slopes_are_those_of_the_reference_moved_by_hand(score):
    rng = np.random.default_rng(3)
    for network in arithmetic.NETWORKS:
        shapes = ScoreShapes(
            rng.uniform(-2, 2, 2),
            rng.uniform(-2, 2, (4, 2)),
            score=score,
            factor=1.7,
            matrix=rng.normal(size=(2, 2)),
            network=network,
            gain=0.6,
            bias=0.4,
            places=rng.uniform(-2, 2, (4, 2)),
        )
        of_key, of_query = arithmetic.slopes_of(shapes)
        np.testing.assert_allclose(of_query, moved(shapes, "q", ...), atol=1e-7)
        for j in range(4):
            expected = np.zeros((4, 2))
            expected[j] = of_key[j]  # a key moves its own score and no other
            np.testing.assert_allclose(moved(shapes, "k", j), expected, atol=1e-7)


def test_steps_lead_down_the_loss():
    shapes = ScoreShapes(factor=1.7, right=2, score="additive", bias=0.3)
    found, step = shapes.compute(), 1e-6
    for name, at, expected in [("q", ..., found["query_step"]), ("k", 3, found["steps"][3])]:
        old = getattr(shapes, name)
        for axis in (0, 1):
            losses = []
            for sign in (1, -1):
                changed = np.array(old)
                changed[at] = changed[at] + sign * step * np.eye(2)[axis]
                setattr(shapes, name, changed.tolist())
                losses.append(shapes.compute()["loss"])
            setattr(shapes, name, old)
            assert (losses[1] - losses[0]) / (2 * step) == pytest.approx(expected[axis], abs=1e-7)


def test_the_five_scores_by_hand():
    shapes = ScoreShapes(
        [1.0, 2.0],
        [[3.0, 0.0], [0.0, -1.0], [2.0, 1.0]],
        matrix=[[0.0, 1.0], [2.0, 0.0]],
        network="step",
        gain=2.0,
        bias=0.5,
        factor=2.0,
        added=1.0,
        places=[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]],
    )
    root = math.sqrt(5)
    z = 2 * (0.5 + 0.6 + 0.5 + np.array([1.8, -1.0, 2.2]))
    expected = [
        [3, -2, 4],
        [12, -1, 9],  # q W = (4, 1)
        [1 / root, -2 / root, 4 / 5],
        2 * np.tanh(z),
        [1, 2, 3],
    ]
    found = shapes.compute()
    np.testing.assert_allclose(found["five_scores"], 2 * np.array(expected) + 1)
    np.testing.assert_allclose(found["five_weights"], ref.softmax(2 * np.array(expected)))
    assert found["bound"] == 4.0
    assert found["loss"] == pytest.approx(-math.log(found["weights"][0]))


def test_what_is_added_to_all_moves_no_weight_and_no_step():
    for shapes in drawn(4, 20):
        before = shapes.compute()
        shapes.added = 2.5 if shapes.added != 2.5 else 0.0
        after = shapes.compute()
        for name in ("weights", "five_weights", "steps", "query_step", "loss"):
            np.testing.assert_allclose(after[name], before[name], atol=1e-9)
        assert not np.allclose(after["scores"], before["scores"])


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([[0, 0], [2, 0], [0, 2], [0.5, 0.5]], [0, 0, 0, 1]),
        ([[0, 0], [2, 0], [1, 0]], [0, 0, 1]),  # on an edge no key is ever ahead of both its ends
        ([[0, 0], [2, 0], [1, -0.1]], [0, 0, 0]),
        ([[1, 1]], [0]),
        ([[1, 1], [1, 1]], [0, 0]),
        ([[0, 0], [2, 0], [0, 2], [0, 0]], [0, 0, 0, 0]),
    ],
)
def test_what_lies_inside_the_band(keys, found):
    np.testing.assert_array_equal(arithmetic.inside(np.array(keys, float)), found)


def test_a_longer_key_beats_the_copy_but_not_by_cosine():
    shapes = ScoreShapes(preset="long key")
    assert shapes.k[0] == shapes.q
    assert shapes.weights.argmax() == 1
    shapes.score = "cosine"
    assert shapes.weights.argmax() == 0


def test_under_rank_one_no_query_turns_the_lines():
    shapes = ScoreShapes(preset="rank one")
    for angle in np.linspace(0, 6, 9):
        shapes.q = [math.cos(angle), math.sin(angle)]
        slopes = shapes.compute()["slopes"]
        np.testing.assert_allclose(slopes[:, 0], slopes[:, 1])


def test_inside_no_matrix_finds_the_key_and_units_with_a_bias_do():
    shapes = ScoreShapes(preset="inside")
    for matrix in np.random.default_rng(0).uniform(-5, 5, (100, 2, 2)):
        shapes.matrix = matrix
        assert shapes.weights.argmax() != shapes.right
    shapes.score = "additive"
    assert not shapes.scores.any()
    shapes.bias = 0.5
    assert shapes.weights.argmax() == shapes.right
    # A product that may move the key takes it out of the band.
    shapes = ScoreShapes(preset="inside")
    shapes.learn(10)
    assert not shapes.compute()["inside"][shapes.right]
    assert shapes.weights.argmax() == shapes.right


def test_saturated_units_learn_nothing_and_a_product_does():
    shapes = ScoreShapes(preset="saturated")
    before = shapes.compute()["loss"]
    assert before > math.log(5)
    shapes.learn(10)
    assert shapes.compute()["loss"] == pytest.approx(before, abs=1e-6)
    shapes.score = "dot"
    shapes.learn(10)
    assert shapes.compute()["loss"] < 0.5


def test_by_place_only_the_query_learns():
    shapes = ScoreShapes(preset="by place", right=4)
    keys, query = shapes.k, shapes.q
    shapes.learn(3)
    assert shapes.k == keys
    assert shapes.q != query
    assert shapes.weights[shapes.right] > ScoreShapes(preset="by place").weights[4]


def test_steps_stop_at_the_end_of_the_plane():
    shapes = ScoreShapes([3.0, 0.0], [[3.0, 0.1], [2.9, 0.0]], right=0, factor=20.0)
    shapes.learn(50)
    assert np.abs([shapes.q, *shapes.k]).max() <= arithmetic.LIMITS["coordinate"]


def test_mirrored_an_odd_score_turns_around_and_a_product_stays():
    for shapes in drawn(5, 30):
        shapes.added = shapes.bias = 0.0
        before = shapes.compute()["five_scores"]
        shapes.q, shapes.k = (-np.array(shapes.q)).tolist(), (-np.array(shapes.k)).tolist()
        sign = np.array([[1.0], [1.0], [1.0], [-1.0], [-1.0]])
        np.testing.assert_allclose(shapes.compute()["five_scores"], sign * before, atol=1e-12)


def test_presets_that_need_five_keys_are_those_of_five_keys():
    assert {"inside", "saturated"} <= ScoreShapes().presets.keys()
    assert not {"inside", "saturated"} & ScoreShapes(keys=[[1.0, 0.0], [0.0, 1.0]]).presets.keys()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"query": [1.0]}, r"q: expected two numbers, shape \(2,\), got shape \(1,\)"),
        ({"query": [9.0, 0.0]}, r"q: expected finite numbers from -3 to 3, got 9"),
        ({"keys": np.zeros((7, 2))}, r"keys: expected 1 to 6 vectors .* got shape \(7, 2\)"),
        ({"keys": [[4.0, 0.0]]}, r"keys: expected finite numbers from -3 to 3"),
        ({"score": "concat"}, r"score: expected one of .*'location'"),
        ({"factor": 0.0}, r"factor: expected a number from 0.1 to 20"),
        ({"added": 6.0}, r"added: expected a number from -5 to 5"),
        ({"matrix": np.eye(3)}, r"matrix: expected 2 vectors"),
        ({"network": "deep"}, r"network: expected one of \('step', 'bend', 'ring'\)"),
        ({"gain": 11.0}, r"gain: expected a number from 0.1 to 10"),
        ({"bias": -1.0}, r"bias: expected a number from 0 to 2"),
        ({"right": 5}, r"right: expected a number from 0 to 4, got 5"),
        ({"arrows": "none"}, r"arrows: expected one of \('score', 'loss'\)"),
        ({"places": [[1.0, 0.0]]}, r"places: expected 5 vectors"),
    ],
)
def test_bad_input_gets_one_clear_error(options, says):
    with pytest.raises(traitlets.TraitError, match=says):
        ScoreShapes(**options)


def test_random_states_are_of_all_kinds():
    """What the comparison with NumPy over random states rests on."""
    states = drawn(0, 200)
    found = [shapes.compute() for shapes in states]
    assert {s.score for s in states} == set(arithmetic.SCORES)
    assert {s.network for s in states} == set(arithmetic.NETWORKS)
    assert sum(not np.any(s.q) for s in states) >= 5
    assert sum((np.array(s.k) == 0).all(axis=1).any() for s in states) >= 5
    assert sum(len(np.unique(s.k, axis=0)) < len(s.k) for s in states) >= 5
    assert sum(each["inside"].any() for each in found) >= 20
