from tests.claims.case import Case

CASES = {
    "C17-accuracy": Case(
        # The better loss is attention's, and a name read before is worth as much to another.
        measured={
            "losses": {"attention": [1.9, 1.91], "GRU": [1.95, 1.94]},
            "gains": {"attention": [0.1, 0.0], "GRU": [0.0, 0.1]},
            "distance": 32,
        },
        expected="does not hold",
        counterexample={
            "losses": {"attention": [1.9, 1.91], "GRU": [1.95, 1.94]},
            "gains": {"attention": [1.1, 1.0], "GRU": [0.0, 0.1]},
            "distance": 32,
        },
        flipped="holds",
    ),
    "C17-cost": Case(
        measured={
            "lengths": [64, 512, 4096],
            "operations": {"attention": [220, 500, 4000], "GRU": [200, 200, 200], "x": [1, 1, 1]},
        },
        expected="holds if",
        # A mechanism that costs the same at every length.
        counterexample={
            "lengths": [64, 512, 4096],
            "operations": {"attention": [220, 220, 220], "GRU": [200, 200, 200], "x": [1, 1, 1]},
        },
        flipped="does not hold",
    ),
    "C17-robustness": Case(
        # Noise costs attention least, and in noise it is the worst all the same.
        measured={
            "noise": {"attention": [0.2, 0.21], "GRU": [0.3, 0.32], "table": [0.4]},
            "outlier": {"attention": [3.0, 3.1], "GRU": [3.5, 3.2], "table": [4.0]},
            "in_noise": {"attention": [2.6, 2.5], "GRU": [2.3, 2.4], "table": [2.4]},
        },
        expected="does not hold",
        # It is also the best in noise.
        counterexample={
            "noise": {"attention": [0.2, 0.21], "GRU": [0.3, 0.32], "table": [0.4]},
            "outlier": {"attention": [3.0, 3.1], "GRU": [3.5, 3.2], "table": [4.0]},
            "in_noise": {"attention": [2.0, 2.1], "GRU": [2.3, 2.4], "table": [2.4]},
        },
        flipped="holds",
    ),
}
