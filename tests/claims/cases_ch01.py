from tests.claims.case import Case

TRAINED = {
    "lengths": [1, 4, 8, 12],
    "widths": [64] * 8,
    "right_with": {500: 99, 1500: 100, 6000: 100},
    "right_without": {500: 1, 1500: 17, 6000: 85, 15000: 99},
}

CASES = {
    "C02": Case(
        measured=TRAINED | {"vectors_with": [1, 4, 8, 12], "vectors_without": [1, 1, 1, 1]},
        expected="holds if",
        # A world in which the encoder hands over one vector in either model.
        counterexample=TRAINED | {"vectors_with": [1, 1, 1, 1], "vectors_without": [1, 1, 1, 1]},
        flipped="holds",
    ),
}
