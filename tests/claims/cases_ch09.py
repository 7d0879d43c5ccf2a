from __future__ import annotations

from tests.claims.case import Case

CASES = {
    "C23": Case(
        measured={
            "chosen": [1, 1, 1],
            "passed": {0.2: [2, 1, 1], 0.5: [0, 1, 0]},
            "drawn_best": 0.4,
            "support": [1, 3, 2],
        },
        expected="does not hold",
        # Weights so sure that one threshold always lets one pass, and a draw always takes it.
        counterexample={
            "chosen": [1, 1, 1],
            "passed": {0.2: [1, 2, 1], 0.5: [1, 1, 1]},
            "drawn_best": 1.0,
            "support": [1, 1, 1],
        },
        flipped="holds",
    ),
}
