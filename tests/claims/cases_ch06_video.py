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

CASES = {
    "C18-video": Case(
        measured={"cases": {"its look tells it": ALONE, "another frame tells it": BLIND}},
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
