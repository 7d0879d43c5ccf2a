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
    "C01": Case(
        measured={"changes": np.array([[0.2, 0.1, 0.3], [0.4, 0.2, 0.1]])},
        expected="does not hold",
        # A split that cuts the sequence: each position belongs to one head.
        counterexample={"changes": np.array([[0.2, 0.0, 0.0], [0.0, 0.0, 0.1]])},
        flipped="holds",
    ),
    "C11": Case(
        measured={"products": [800, 800, 800], "exponentials": [10, 40, 160]},
        expected="holds if",
        # Heads that are as wide as the layer, so that each adds products of its own.
        counterexample={"products": [800, 1600], "exponentials": [10, 40]},
        flipped="holds",
    ),
    "C14": Case(
        measured={"attention": 400, "beside": 800, "by_length": [400, 400]},
        expected="does not hold",
        # A layer with a matrix for each pair of positions.
        counterexample={"attention": 4000, "beside": 800, "by_length": [400, 4000]},
        flipped="holds",
    ),
    "C10": Case(
        measured={"by_way": {"plain": [6, 16, 30, 48, 70], "tiled": [4, 12, 24, 40, 60]}},
        expected="does not hold",
        # An implementation with a product of three sizes n: 1, 8, 27, …
        counterexample={"by_way": {"plain": [6, 16, 30, 48, 70], "odd": [1, 8, 27, 64, 125]}},
        flipped="holds",
    ),
    "C06": Case(
        measured={
            "lengths": [24, 48, 96],
            "alone": [True, True, True],
            "with_table": [True, True, False],
            "operations": [10, 40, 160],
        },
        expected="holds if",
        # Attention whose own parameters have one row for each position.
        counterexample={
            "lengths": [24, 48, 96],
            "alone": [True, True, False],
            "with_table": [True, True, False],
            "operations": [10, 40, 160],
        },
        flipped="does not hold",
    ),
    "C31": Case(
        measured={"pairs": {"attention": ((900, 300), (900, 20)), "scan": ((200, 200), (600, 14))}},
        expected="holds if",
        # A chain that no number of processors shortens.
        counterexample={"pairs": {"recurrent": ((900, 300), (900, 300))}},
        flipped="does not hold",
    ),
    "C12": Case(
        measured={
            "bare": {"matmul": 600, "exp": 20},
            "scaled": {"matmul": 600, "exp": 20, "multiply": 20},
            "variances": (63.7, 1.0),
        },
        expected="does not hold",
        # A factor that spares work: a scale of zero, say, after which nothing is left to compute.
        counterexample={
            "bare": {"matmul": 600, "exp": 20},
            "scaled": {"matmul": 300, "multiply": 20},
            "variances": (63.7, 0.0),
        },
        flipped="holds",
    ),
    "C13": Case(
        measured={
            "lengths": [256, 65_536],
            "plain": [100, 10_000],
            "parameters": [60, 9_960],
            "attention": [80, 800],
            "best_error": 0.1,
            "found_error": 0.6,
        },
        expected="holds if",
        # Weights in which every direction counts, so that no low rank is near them.
        counterexample={
            "lengths": [256, 65_536],
            "plain": [100, 10_000],
            "parameters": [60, 9_960],
            "attention": [80, 800],
            "best_error": 0.9,
            "found_error": 1.1,
        },
        flipped="does not hold",
    ),
}
