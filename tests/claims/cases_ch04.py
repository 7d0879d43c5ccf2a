from __future__ import annotations

import numpy as np

from tests.claims.case import Case

ARTICLE = {
    "source_words": ["hello", "world", "this", "is", "a", "test"],
    "source_said": 5,
    "target_words": ["welcome", "to", "the", "example"],
    "target_said": 3,
    "sum_stops_at": 5,
    "outputs_written": 3,
    "U": [[0.1, 0.2, 0.3, 0.4, 0.5], [0.6, 0.7, 0.8, 0.9, 1.0]],
    "factors": {("hello", "welcome"): 0.1, ("test", "example"): 0.5},
    "weight_in_definition": "A",
    "weight_in_example": "softmax(A)",
}
CONSISTENT = ARTICLE | {
    "source_said": 6,
    "target_said": 4,
    "sum_stops_at": 6,
    "outputs_written": 4,
    "U": [[0.1, 0.2, 0.3, 0.4]],
    "factors": {("hello", "welcome"): [0.1, 0.2, 0.3, 0.4]},
    "weight_in_definition": "softmax(A)",
}

CASES = {
    "C08": Case(
        measured={
            "sigmoid_weights": np.array([[0.6, 0.5, 0.9], [0.4, 0.3, 0.2]]),
            "relu_weights": np.array([[0.0, 0.5, 1.9], [0.0, 0.0, 0.0]]),
            "solutions": np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]),
        },
        expected="does not hold",
        # A world in which there is a solution for every word.
        counterexample={
            "sigmoid_weights": np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]]),
            "relu_weights": np.array([[0.0, 0.1, 0.9], [0.5, 0.5, 0.0]]),
            "solutions": np.array([[1.0, 2.0], [3.0, 2.0], [0.0, 1.0]]),
        },
        flipped="holds",
    ),
    "C09": Case(
        measured={"example": ARTICLE},
        expected="does not hold",
        counterexample={"example": CONSISTENT},
        flipped="holds",
    ),
}
