"""What the deciding functions of chapters 3 and 4 tell apart, beyond one flip each."""

from __future__ import annotations

import numpy as np
import pytest

from attncourse.claims.ch03 import weighted_sum
from attncourse.claims.ch04 import contradictions, weight_by_activation
from attncourse.claims.ch04_costs import scaling_lowers_cost
from tests.claims.cases_ch03 import MATRIX, SQUARE, VECTOR
from tests.claims.cases_ch04 import ARTICLE, CASES, CONSISTENT

RIGHT = {
    "one_query": (VECTOR, VECTOR),
    "rectangular": (MATRIX, MATRIX),
    "square": (SQUARE, SQUARE),
}


@pytest.mark.parametrize(
    ("case", "computed", "outcome", "word"),
    [
        ("one_query", None, "does not hold", "raises"),
        ("one_query", VECTOR + 1e-3, "does not hold", "off by 0.001"),
        ("rectangular", None, "holds if", "raises"),
        ("rectangular", MATRIX + 1e-3, "holds if", "off by 0.001"),
        # Equal rows: subtracting would broadcast, so the shape has to decide.
        ("square", np.ones(5), "holds if", r"gives shape (5,) where (5, 5) is right"),
    ],
)
def test_each_case_counts(case, computed, outcome, word):
    wanted = np.ones((5, 5)) if case == "square" else RIGHT[case][1]
    verdict = weighted_sum(**RIGHT | {case: (computed, wanted)})
    assert verdict.outcome == outcome
    assert word in verdict.because


def test_a_consistent_example_has_no_contradiction():
    assert contradictions(CONSISTENT) == []


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("source_said", "says 5 source words, lists 6"),
        ("target_said", "says 3 target words, lists 4"),
        ("sum_stops_at", "leaves out: test"),
        ("outputs_written", "none for: example"),
        ("factors", "one number times Concat"),
        ("weight_in_definition", "sums with A, the example with softmax(A)"),
    ],
)
def test_each_slip_is_found_alone(field, words):
    (found,) = contradictions(CONSISTENT | {field: ARTICLE[field]})
    assert words in found


@pytest.mark.parametrize(
    ("matrix", "words"), [(np.ones((2, 4)), "2 rows"), (np.ones((1, 5)), "5 columns")]
)
def test_each_size_of_u_is_checked(matrix, words):
    (found,) = contradictions(CONSISTENT | {"U": matrix})
    assert words in found


def test_the_slips_are_told_once_and_what_cannot_be_computed_comes_first():
    found = contradictions(ARTICLE)
    assert len(found) == 6
    assert all("U has" in text or "Concat" in text for text in found[:3])


def test_the_solutions_decide_and_the_sums_are_told():
    """Nobody promised that the weights sum to 1, so sums alone refute nothing."""
    case = CASES["C08"]
    outcomes = {
        part: weight_by_activation(**case.counterexample | {part: case.measured[part]})
        for part in ("sigmoid_weights", "relu_weights", "solutions")
    }
    assert outcomes["solutions"].outcome == "does not hold"
    for part in ("sigmoid_weights", "relu_weights"):
        assert outcomes[part].outcome == "holds"
        assert "would sum to 1" in outcomes[part].because
    assert "would sum to 1" not in outcomes["solutions"].because


def test_a_solution_found_twice_counts_once_and_there_must_be_one_for_each_word():
    case = CASES["C08"].counterexample
    three_words = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3], [0.1, 0.1, 0.8]])
    measured = case | {"sigmoid_weights": three_words}
    assert weight_by_activation(**measured).outcome == "holds"
    twice = np.array([[1.0, 2.0], [3.0, 2.0], [1.0, 2.0]])
    verdict = weight_by_activation(**measured | {"solutions": twice})
    assert verdict.outcome == "does not hold"
    assert "2 solutions for 3 output words" in verdict.because


def test_a_factor_that_costs_nothing_lowers_nothing():
    """Folded into a matrix it takes as many operations as before: not fewer. Spread does not count."""
    same = {"matmul": 600, "exp": 20}
    verdict = scaling_lowers_cost(bare=same, scaled=dict(same), variances=(64.0, 1.0))
    assert verdict.outcome == "does not hold"
    assert "620 operations, with it 620" in verdict.because
    assert "from 64.00 to 1.00" in verdict.because
