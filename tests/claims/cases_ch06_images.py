from tests.claims.case import Case

LOW, HIGH = [0.92, 0.93, 0.925], [0.97, 0.975, 0.972]

CASES = {
    "C18-images": Case(
        measured={
            "attention": LOW,
            "without": {"convolutions": HIGH, "two dense layers": [0.90, 0.93, 0.91]},
        },
        expected="does not hold",  # the dense layers' best seed is no worse than its worst
        counterexample={
            "attention": LOW,
            "without": {"convolutions": HIGH, "two dense layers": [0.90, 0.91, 0.915]},
        },
        flipped="holds if",
    ),
    "C33-images": Case(
        measured={
            "attention": {28: 1_000_000, 224: 200_000_000},
            "convolutions": {28: 350_000, 224: 22_000_000},
        },
        expected="holds",
        # Windows of attention grow with the pixels, and may be cheaper than filters.
        counterexample={
            "attention": {28: 300_000, 224: 19_200_000},
            "convolutions": {28: 350_000, 224: 22_000_000},
        },
        flipped="does not hold",
    ),
    "C34-images": Case(
        measured={
            "remedies": {
                "convolutions first": {"before": LOW, "after": HIGH},
                "more images": {"before": [0.7, 0.71, 0.72], "after": LOW},
            }
        },
        expected="holds",
        # A remedy whose worst seed is below the best without it has not been shown to help.
        counterexample={
            "remedies": {
                "convolutions first": {"before": LOW, "after": [0.97, 0.92, 0.98]},
                "more images": {"before": [0.7, 0.71, 0.72], "after": LOW},
            }
        },
        flipped="holds if",
    ),
    "C40": Case(
        measured={
            "damaged": {
                "black square": {"attention": [0.6, 0.61, 0.62], "convolutions": [0.7, 0.71, 0.7]},
                "blur": {"attention": [0.5, 0.51, 0.52], "convolutions": [0.6, 0.7, 0.65]},
            },
            "usual": LOW,
            "enlarged": [0.91, 0.93, 0.92],
        },
        expected="does not hold",
        counterexample={
            "damaged": {
                "black square": {"attention": [0.8, 0.81, 0.82], "convolutions": [0.7, 0.71, 0.7]},
                "blur": {"attention": [0.8, 0.81, 0.82], "convolutions": [0.6, 0.7, 0.65]},
            },
            "usual": LOW,
            "enlarged": [0.8, 0.85, 0.83],
        },
        flipped="holds",
    ),
}
