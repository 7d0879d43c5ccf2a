from tests.claims.case import Case

CASES = {
    "C18-classification": Case(
        measured={
            "attention": [76.1, 76.9, 75.8],
            "mean": [77.0, 76.8, 76.5],
            "counting": 78.1,
            "unsure": 1.8,
        },
        expected="does not hold",
        # Attention ahead of both by more than what seeds and texts explain.
        counterexample={
            "attention": [82.1, 82.9, 81.8],
            "mean": [77.0, 76.8, 76.5],
            "counting": 78.1,
            "unsure": 1.8,
        },
        flipped="holds",
    ),
}
