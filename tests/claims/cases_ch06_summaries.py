from tests.claims.case import Case

LOW, HIGH = [0.21, 0.22, 0.23], [0.29, 0.30, 0.31]

CASES = {
    "C18-summaries": Case(
        measured={
            "attention": [0.22, 0.24, 0.24],
            "vector": LOW,
            "copies": [0.22, 0.30, 0.30],
            "longest": HIGH,
            "without": {"the name": 0.25, "the first ten words": 0.16},
            "fluent": [0.80, 0.81, 0.82],
            "vector_fluent": [0.95, 0.96, 0.97],
        },
        # After a longer training copying is above the name in every seed; the rest is mixed.
        expected="holds if",
        counterexample={
            "attention": [0.22, 0.24, 0.24],
            "vector": LOW,
            "copies": [0.22, 0.30, 0.30],
            "longest": [0.24, 0.31, 0.32],
            "without": {"the name": 0.25, "the first ten words": 0.16},
            "fluent": [0.80, 0.81, 0.82],
            "vector_fluent": [0.95, 0.96, 0.97],
        },
        # A seed of each falls among the others', and the name alone is better than one of each.
        flipped="does not hold",
    ),
    "C33-summaries": Case(
        measured={
            "short": HIGH,
            "long": LOW,
            "copies": {"short": HIGH, "long": HIGH},
            "name_short": 0.26,
            "name_long": 0.25,
            "recall": {4: 0.2, 20: 0.3},
        },
        expected="holds if",  # with copying nothing is lost
        # The longer ones have harder summaries for everybody, and the last words said are no loss.
        counterexample={
            "short": HIGH,
            "long": LOW,
            "copies": {"short": HIGH, "long": LOW},
            "name_short": 0.32,
            "name_long": 0.20,
            "recall": {4: 0.29, 20: 0.3},
        },
        flipped="does not hold",
    ),
    "C34-summaries": Case(
        measured={
            "rounds": {"before": HIGH, "after": [0.30, 0.31, 0.29]},
            "names": {"before": [0.0, 0.0, 0.0], "after": [0.2, 0.3, 0.25]},
        },
        expected="does not hold",  # rare words that are copied are no entities
        counterexample={
            "rounds": {"before": LOW, "after": HIGH},
            "names": {"before": [0.0, 0.0, 0.0], "after": [0.2, 0.3, 0.25]},
        },
        flipped="holds",
    ),
}
