import numpy as np

from tests.claims.case import Case

CASES = {
    "C15": Case(
        measured={"undefined": ["batch_size"], "reach": np.eye(6), "error": 1.2},
        expected="does not hold",
        # A layer that runs, hears every position, and gives the definition's numbers.
        counterexample={"undefined": [], "reach": np.ones((6, 6)), "error": 1e-7},
        flipped="holds",
    ),
    "C16": Case(
        measured={
            "undefined": ["EncoderLayer", "DecoderLayer"],
            "losses": {"as printed": [9.0, 8.0, 9.5], "mask everywhere": [2.1, 2.2, 2.1]},
            "pairs": 2.5,
        },
        expected="does not hold",
        # A listing that is whole, and whose model beats the table as it stands.
        counterexample={
            "undefined": [],
            "losses": {"as printed": [2.2, 2.1, 2.3], "mask everywhere": [2.1, 2.2, 2.1]},
            "pairs": 2.5,
        },
        flipped="holds",
    ),
}
