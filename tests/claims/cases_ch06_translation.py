from tests.claims.case import Case

CASES = {
    "C18-translation": Case(
        measured={
            "attention": {200: [20.0, 21.0, 22.0], 600: [40.0, 41.0, 42.0]},
            "one_vector": {200: [15.0, 16.0, 15.5], 600: [33.0, 34.0, 33.5]},
        },
        expected="holds",
        # The gap closes: after the longer training the seeds overlap.
        counterexample={
            "attention": {200: [20.0, 21.0, 22.0], 600: [40.0, 41.0, 42.0]},
            "one_vector": {200: [15.0, 16.0, 15.5], 600: [39.0, 41.5, 40.0]},
        },
        flipped="holds if",
    ),
    "C32": Case(
        measured={
            "few": {"attention": [30.0, 31.0, 33.0], "one vector": [10.0, 11.0, 12.0]},
            "more": {"attention": [60.0, 61.0, 62.0], "one vector": [50.0, 51.0, 52.0]},
            "copied": {"attention": [20.0, 21.0, 22.0]},
            "rule": {"attention": [27.0, 28.0, 27.0], "one vector": [25.0, 25.0, 26.0]},
        },
        expected="holds if",  # of words learned from a few examples; copying in order does better
        # The rule does as well without any weights, and few examples teach both as much.
        counterexample={
            "few": {"attention": [30.0, 31.0, 33.0], "one vector": [29.0, 31.0, 32.0]},
            "more": {"attention": [60.0, 61.0, 62.0], "one vector": [50.0, 51.0, 52.0]},
            "copied": {"attention": [20.0, 21.0, 22.0]},
            "rule": {"attention": [20.5, 21.0, 22.0], "one vector": [9.0, 9.0, 10.0]},
        },
        flipped="does not hold",
    ),
    "C33-translation": Case(
        measured={
            "short": {"attention": [50.0, 51.0, 52.0], "one vector": [45.0, 44.0, 46.0]},
            "long": {"attention": [40.0, 41.0, 42.0], "one vector": [25.0, 24.0, 26.0]},
        },
        expected="holds if",
        # Long strings are translated as well as short ones.
        counterexample={
            "short": {"attention": [50.0, 51.0, 52.0], "one vector": [45.0, 44.0, 46.0]},
            "long": {"attention": [50.0, 51.0, 53.0], "one vector": [25.0, 24.0, 26.0]},
        },
        flipped="does not hold",
    ),
    "C34-translation": Case(
        measured={"share": 0.03, "low_rank": 0.01, "together": 12.0},
        expected="holds if",
        # Documents of thousands of words, where the scores are most of the work.
        counterexample={"share": 0.8, "low_rank": 0.6, "together": 12.0},
        flipped="holds",
    ),
}
