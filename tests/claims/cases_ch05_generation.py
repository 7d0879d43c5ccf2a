from tests.claims.case import Case

CASES = {
    "C18-writing": Case(
        measured={
            "losses": {"counts": 1.533, "Transformer": 1.528},
            "ahead": (-0.01, 0.02),
            "names": {"counts": 25.5, "memory": 14.0, "Transformer": 27.1},
            "saved": (-0.14, 0.08),
        },
        expected="does not hold",
        # Ahead of counts, and it reads names off the text so far, better than a memory does.
        counterexample={
            "losses": {"counts": 1.53, "Transformer": 1.40},
            "ahead": (0.11, 0.15),
            "names": {"counts": 25.5, "memory": 14.0, "Transformer": 9.0},
            "saved": (8.0, 12.0),
        },
        flipped="holds",
    ),
}
