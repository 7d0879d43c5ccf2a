from __future__ import annotations

import numpy as np

from tests.claims.case import Case

VECTOR, MATRIX = np.arange(5.0), np.arange(30.0).reshape(6, 5)
SQUARE = MATRIX[:5]

CASES = {
    "C07": Case(
        measured={
            "one_query": (VECTOR, VECTOR),
            "rectangular": (None, MATRIX),
            "square": (VECTOR, SQUARE),
        },
        expected="holds if",
        # A world in which the product is a matrix product.
        counterexample={
            "one_query": (VECTOR, VECTOR),
            "rectangular": (MATRIX, MATRIX),
            "square": (SQUARE, SQUARE),
        },
        flipped="holds",
    ),
}
