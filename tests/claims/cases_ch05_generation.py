from tests.claims.case import Case

CASES = {
    "C18-writing": Case(
        measured={
            "table": 1.53,
            "losses": {1000: [1.55, 1.56, 1.55], 3000: [1.45]},
            "names": {"counts": 25.5, "memory": 14.0, "Transformer": 12.0},
            "saved": (1.0, 2.0),
            "lost": 1.2,
            "lost_other": 0.2,
        },
        expected="holds if",
        # Ahead at last, but of what stands far back it makes nothing: what it gains is local.
        counterexample={
            "table": 1.53,
            "losses": {1000: [1.55, 1.56, 1.55], 3000: [1.45]},
            "names": {"counts": 25.5, "memory": 14.0, "Transformer": 12.0},
            "saved": (-0.3, 0.4),
            "lost": 0.0,
            "lost_other": 0.1,
        },
        flipped="does not hold",
    ),
}
