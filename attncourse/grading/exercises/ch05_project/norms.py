"""Checks of ``rms_norm(x, weight, eps)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch05_project import oracles
from attncourse.grading.exercises.ch05_project.variants import norm

QUESTION = Question(
    "rms_norm",
    ("x", "weight", "eps"),
    ready_made=(
        "torch.nn.RMSNorm",
        "torch.nn.functional.rms_norm",
        "torch.rms_norm",
        "jax.nn.standardize",
        "flax.linen.RMSNorm",
        "keras.layers.RMSNormalization",
    ),
    read="05-project/transformer-from-scratch",
)
AXES = ("position", "feature")


def suspects(x: np.ndarray, weight: np.ndarray, eps: float) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    x, weight = x.astype(np.float64), weight.astype(np.float64)
    square = (x * x).mean(-1, keepdims=True)
    right = norm(x, weight, eps)
    d = x.shape[-1]

    def change(kind: str) -> np.ndarray:
        return norm(x, weight, eps, kind)

    found = [
        Suspect(
            "layer norm",
            "You take the mean away: that is layer norm. RMS norm only divides.",
            lambda: change("layer"),
        ),
        Suspect(
            "standard deviation",
            "You divide by the standard deviation, which leaves the mean out of the size. "
            "Divide by "
            "the root of the mean square.",
            lambda: weight * x / np.sqrt(x.var(-1, keepdims=True) + eps),
        ),
        Suspect(
            "eps outside",
            "eps is added to the root. It belongs inside, to the mean square: √(mean + eps). A "
            "small "
            "vector shows the difference.",
            lambda: change("eps outside"),
        ),
        Suspect(
            "no eps",
            "eps is left out. A vector of zeros then gives 0/0, and a small one becomes too large.",
            lambda: change("no eps"),
        ),
        Suspect(
            "eps as a floor",
            "eps is used as the smallest size that is allowed. It is added to the mean square, "
            "always.",
            lambda: weight * x / np.maximum(np.sqrt(square), eps),
        ),
        Suspect(
            "length",
            "You divide by the vector's length, so its width decides how large the result is. The "
            "root mean square is the length over √d.",
            lambda: weight * x / (np.sqrt(square * d) + eps),
        ),
        Suspect(
            "eps squared",
            "eps is added as a square, √(mean + eps²). It is added to the mean square as it is.",
            lambda: weight * x / np.sqrt(square + eps**2),
        ),
        Suspect(
            "sum",
            "You divide by the root of the sum of squares, so the width d decides how large the "
            "result is. Take the mean of the squares.",
            lambda: weight * x / np.sqrt(square * d + eps),
        ),
        Suspect(
            "no root",
            "The root is missing: you divide by the mean square itself.",
            lambda: weight * x / (square + eps),
        ),
        Suspect(
            "mean of absolutes",
            "You divide by the mean of the absolute values. Square, take the mean, then the root.",
            lambda: weight * x / (np.abs(x).mean(-1, keepdims=True) + eps),
        ),
        Suspect(
            "no weight",
            "weight is missing: each feature is multiplied by its own learned factor in the end.",
            lambda: change("no weight"),
        ),
        Suspect(
            "one plus weight",
            "You multiply by 1 + weight. Gemma stores its weights so; here, as in Llama and "
            "SmolLM2, weight is the factor itself.",
            lambda: change("plus one"),
        ),
        Suspect(
            "divided by weight",
            "You divide by weight. It is a factor.",
            lambda: x / np.sqrt(square + eps) / weight,
        ),
        Suspect(
            "weight before",
            "weight is multiplied in before the size is measured. Bring the vector to its size "
            "first, then weigh its features.",
            lambda: norm(x * weight, np.ones(d), eps),
        ),
        Suspect(
            "weight added",
            "weight is added. It is a factor.",
            lambda: x / np.sqrt(square + eps) + weight,
        ),
        Suspect(
            "multiplied",
            "You multiply by the root mean square. Divide by it.",
            lambda: weight * x * np.sqrt(square + eps),
        ),
    ]
    if x.ndim > 1:
        found += [
            Suspect(
                "whole array",
                "One size is measured for the whole array, so a position depends on all others. "
                "Measure each vector by itself: axis=-1, keepdims=True.",
                lambda: weight * x / np.sqrt((x * x).mean() + eps),
            ),
            Suspect(
                "wrong axis",
                "The size is measured over the positions, not over the features of one position. "
                "Use axis=-1.",
                lambda: weight * x / np.sqrt((x * x).mean(-2, keepdims=True) + eps),
            ),
        ]
    return [s for s in found if right.size]


def _hold(
    call: Call, x: np.ndarray, weight: np.ndarray, eps: float, tolerance: float = 1e-5
) -> None:
    compare(
        call("rms_norm", x, weight, eps),
        oracles.rms_norm(x, weight, eps),
        suspects=suspects(x, weight, eps),
        axes=AXES[-x.ndim :],
        tolerance=tolerance,
    )


def _weight(rng: np.random.Generator, d: int) -> np.ndarray:
    """Learned factors as they are: not all near 1, some negative."""
    return rng.uniform(0.4, 2.5, size=d) * rng.choice([-1, 1], size=d)


@QUESTION.check(points=1, hint="The mean of 1² and 7² is 25, and its root is 5.")
def two_numbers_by_hand(call: Call, rng: np.random.Generator) -> None:
    """A vector (a, 7a) has the root mean square 5a, so it becomes (1/5, 7/5), times weight."""
    a, g, h = rng.uniform(1, 3, size=3)
    x, weight = np.array([a, 7 * a]), np.array([g, h])
    right = np.array([g / 5, 7 * h / 5])
    compare(
        call("rms_norm", x, weight, 1e-12),
        right,
        suspects=suspects(x, weight, 1e-12),
        axes=AXES[-x.ndim :],
    )


@QUESTION.check(points=2, hint="Square, mean over the last axis, plus eps, root; divide; multiply.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition, on vectors whose mean is far from zero."""
    x = rng.normal(size=(4, 7)) + rng.normal(size=7) * 2
    _hold(call, x, _weight(rng, 7), 0.1)


@QUESTION.check(points=2, hint="mean(axis=-1, keepdims=True): one number for each vector.")
def each_position_alone(call: Call, rng: np.random.Generator) -> None:
    """Batch and positions in front; a huge neighbour changes nothing."""
    x = rng.normal(size=(2, 3, 6)) * 10.0 ** rng.uniform(-1, 3, size=(2, 3, 1))
    _hold(call, x, _weight(rng, 6), 0.01)


@QUESTION.check(points=2, hint="√(m + eps) and √m + eps differ most where m is small.")
def small_vectors(call: Call, rng: np.random.Generator) -> None:
    """Where a vector is small, eps decides; a vector of zeros stays one."""
    x = rng.normal(size=(5, 4)) * np.array([0.001, 0.01, 0.03, 0.1, 0])[:, None]
    _hold(call, x, _weight(rng, 4), float(rng.uniform(1e-3, 2e-3)))


@QUESTION.check(points=1, hint="x /= … writes into the caller's array. x / … makes a new one.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards: x is still needed, to be added to."""
    _hold(call, rng.normal(size=(3, 5)), _weight(rng, 5), 1e-3)
    QUESTION.unchanged(call, "Right numbers")


@QUESTION.check(points=1, hidden=True, hint="x.astype(np.float32) before you square.")
def half_precision(call: Call, rng: np.random.Generator) -> None:
    """In float16 the squares do not overflow: 300² is more than 65504."""
    x = (rng.normal(size=(3, 8)) * 1000 + 300).astype(np.float16)
    weight = _weight(rng, 8).astype(np.float16)
    overflow = Suspect(
        "half precision overflow",
        "In float16 the squares overflow to infinity, and dividing by it gives 0: nothing above "
        "65504 fits. Compute in float32 at least.",
        np.zeros(x.shape),
    )
    compare(
        call("rms_norm", x, weight, 1e-5),
        oracles.rms_norm(x, weight, 1e-5),
        suspects=[overflow, *suspects(x, weight, 1e-5)],
        axes=AXES[-x.ndim :],
        tolerance=5e-3,
    )


@QUESTION.check(points=1, hidden=True, hint="Nothing may depend on how the array lies in memory.")
def any_layout(call: Call, rng: np.random.Generator) -> None:
    """One vector alone; a view with its axes swapped."""
    _hold(call, rng.normal(size=9), _weight(rng, 9), 0.2)
    _hold(call, rng.normal(size=(5, 3, 4)).swapaxes(0, 2), _weight(rng, 5), 0.2)
