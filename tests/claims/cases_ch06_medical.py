from tests.claims.case import Case

SMALL = {"gated": [0.58, 0.98, 0.87, 0.64, 1.0], "plain": [0.96, 0.96, 1.0, 0.91, 1.0]}
LARGE = {"gated": [0.98, 0.99, 0.93, 0.99, 0.97], "plain": [0.84, 0.87, 0.99, 0.93, 0.99]}
REST = {"trained": [0.98, 1.0, 0.96, 0.98, 0.97], "untrained": [0.69, 0.59, 0.35, 0.61, 0.29]}
OTHERS = {"trained": [0.8, 0.94, 0.83, 0.8, 0.94], "untrained": [0.65, 0.53, 0.34, 0.7, 0.5]}
COARSER = {
    "the rest": {
        "trained": [0.33, 0.18, 0.73, 0.09, 0.99],
        "untrained": [0.76, 0.6, 0.52, 0.46, 0.28],
    },
    "other spots": {
        "trained": [0.32, 0.14, 0.72, 0.09, 0.97],
        "untrained": [0.62, 0.58, 0.54, 0.67, 0.48],
    },
}
PASSING = [0.017, 0.018, 0.519, 0.016, 0.281]
BARE = {
    "the rest": {
        "trained": [0.06, 0.61, 0.32, 0.09, 0.99],
        "untrained": [0.69, 0.88, 0.34, 0.98, 0.04],
    },
    "other spots": {
        "trained": [0.21, 0.69, 0.59, 0.08, 0.82],
        "untrained": [0.47, 0.78, 0.47, 0.66, 0.35],
    },
}

CASES = {
    "C18-medical": Case(
        measured={
            "dice": {"small spots": SMALL, "large spots": LARGE},
            "gates": {"the rest": REST, "other spots": OTHERS},
            "coarser": COARSER,
            "passing": PASSING,
            "bare": BARE,
        },
        expected="holds if",
        # One trained gate that an untrained one beats, on each comparison: then training made no focus.
        counterexample={
            "dice": {"small spots": SMALL, "large spots": LARGE},
            "gates": {
                "the rest": REST | {"untrained": [0.69, 0.97, 0.35, 0.61, 0.29]},
                "other spots": OTHERS | {"untrained": [0.65, 0.53, 0.81, 0.7, 0.5]},
            },
            "coarser": COARSER,
            "passing": PASSING,
            "bare": BARE,
        },
        flipped="does not hold",
    ),
}
