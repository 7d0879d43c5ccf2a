from tests.claims.case import Case

ALONE = {
    "found": [1.0, 0.99, 1.0],
    "accuracy": [0.9, 0.89, 0.91],
    "mean": [0.5, 0.52, 0.49],
    "first": [0.1, 0.11, 0.1],
    "second": [0.9, 0.89, 0.9],
}
#: By its look no frame stands out: the weight is anywhere, and the mean is no worse.
BLIND = {
    "found": [0.15, 0.13, 0.14],
    "accuracy": [0.2, 0.21, 0.22],
    "mean": [0.28, 0.27, 0.28],
    "first": [0.19, 0.2, 0.2],
    "second": [0.19, 0.21, 0.2],
}
#: The digit is read, from every seed; where the weight lies, differs from seed to seed.
LOOKED_AROUND = {
    "found": [0.32, 0.83, 0.13],
    "accuracy": [0.94, 0.96, 0.96],
    "mean": [0.27, 0.26, 0.28],
    "first": [0.17, 0.13, 0.25],
    "second": [0.8, 0.73, 0.8],
}

CASES = {
    "C18-video": Case(
        measured={
            "cases": {
                "its look tells it": ALONE,
                "another frame tells it": BLIND,
                "it has looked around": LOOKED_AROUND,
            }
        },
        expected="holds if",
        # Weight on the key frame that is not used: hiding it changes nothing.
        counterexample={
            "cases": {
                "its look tells it": ALONE | {"first": ALONE["second"]},
                "another frame tells it": BLIND,
            }
        },
        flipped="does not hold",
    ),
}
