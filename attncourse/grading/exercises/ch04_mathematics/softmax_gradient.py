"""Checks of ``softmax_backward(grad, weights)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch04_mathematics import oracles
from attncourse.grading.exercises.ch04_mathematics.common import shares, some

QUESTION = Question(
    "softmax_backward",
    ("grad", "weights"),
    ready_made=oracles.READY_SOFTMAX,
    read="04-mathematics/gradients",
)
AXES = ("query", "key")


def suspects(grad: np.ndarray, weights: np.ndarray) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    g, p = grad.astype(np.float64), weights.astype(np.float64)
    mean = (p * g).sum(axis=-1, keepdims=True)
    right = p * (g - mean)
    found = [
        Suspect(
            "row's mean missing",
            "You multiply grad by the weights and stop there. A score moves every weight of its "
            "row, so the row's weighted mean of grad comes off first: weights * (grad - mean).",
            p * g,
        ),
        Suspect(
            "diagonal only",
            "You use p (1 - p), the slope of a weight with respect to its own score. The other "
            "weights of the row move too, by -p_i p_j: the Jacobian is more than its diagonal.",
            p * (1 - p) * g,
        ),
        Suspect(
            "diagonal missing",
            "Only the fall of the others is there, -p_i p_j. A weight's own score also lifts it: "
            "add p_j grad_j.",
            -p * mean,
        ),
        Suspect(
            "weights missing outside",
            "The row's mean is off, but the factor in front is missing. The result is "
            "weights * (grad - mean): a key that gets no weight is told nothing.",
            g - mean,
        ),
        Suspect(
            "plain mean",
            "You take off the plain mean of grad. It has to be the mean under the weights: "
            "(weights * grad).sum(axis=-1, keepdims=True).",
            p * (g - g.mean(axis=-1, keepdims=True)),
        ),
        Suspect(
            "plain sum",
            "You take off the sum of grad. Weigh it: (weights * grad).sum(axis=-1, keepdims=True).",
            p * (g - g.sum(axis=-1, keepdims=True)),
        ),
        Suspect(
            "divided by the length",
            "You divide the weighted sum by the number of keys. The weights sum to 1 already, so "
            "their sum is the mean: .sum, not .mean.",
            p * (g - (p * g).mean(axis=-1, keepdims=True)),
        ),
        Suspect(
            "sign inside",
            "The row's mean is added. It comes off: weights * (grad - mean).",
            p * (g + mean),
        ),
        Suspect(
            "negated",
            "Every sign is turned round. It is grad minus the mean, not the mean minus grad: a key "
            "whose slope is above the mean has a positive slope itself.",
            -right,
        ),
        Suspect(
            "arguments swapped",
            "grad and weights have changed places: you computed grad * (weights - mean). "
            "The first argument is the gradient at the weights.",
            g * (p - mean),
        ),
        Suspect(
            "softmax again",
            "You take a softmax of what is one already. weights are the forward pass's result; "
            "use them as they are.",
            lambda: _of(g, shares(p)),
        ),
        Suspect(
            "row normalised",
            "You divide by the row's sum of weights. It is 1, or 0 for a query that saw no key: "
            "then you divide 0 by 0. Such a row's gradient is zero.",
            lambda: right / p.sum(axis=-1, keepdims=True),
        ),
    ]
    for axis in range(p.ndim - 1):
        found.append(
            Suspect(
                "wrong axis",
                f"Your sum runs over axis {axis}. The weights of one query compete along the last "
                "axis: .sum(axis=-1, keepdims=True).",
                p * (g - (p * g).sum(axis=axis, keepdims=True)),
            )
        )
    if p.ndim > 1:
        found.append(
            Suspect(
                "whole array",
                "One sum over the whole array comes off. Every row has its own: "
                ".sum(axis=-1, keepdims=True).",
                p * (g - (p * g).sum()),
            )
        )
    return found


def _of(grad: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights * (grad - (weights * grad).sum(axis=-1, keepdims=True))


def _draw(rng: np.random.Generator, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=shape) * 2, shares(rng.normal(size=shape) * 1.5)


def _hold(call: Call, grad: np.ndarray, weights: np.ndarray, tolerance: float = 1e-5) -> None:
    compare(
        call("softmax_backward", grad, weights),
        oracles.softmax_backward(grad, weights),
        suspects=suspects(grad, weights),
        axes=AXES[-min(grad.ndim, 2) :],
        tolerance=tolerance,
    )


@QUESTION.check(points=1, hint="p (1 - p) grad for the first key. What the first gains, who loses?")
def two_keys_by_hand(call: Call, rng: np.random.Generator) -> None:
    """Weights (p, 1 - p) and a slope g at the first alone give p (1 - p) g and its negative."""
    p, g = rng.uniform(0.1, 0.4), rng.uniform(1, 3)
    grad, weights = np.array([g, 0.0]), np.array([p, 1 - p])
    told = p * (1 - p) * g
    compare(
        call("softmax_backward", grad, weights),
        np.array([told, -told]),
        suspects=suspects(grad, weights),
        axes=AXES[-1:],
    )


@QUESTION.check(points=2, hint="One row: weights * (grad - (weights * grad).sum()). Then all rows.")
def agrees_with_the_jacobian(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as by the whole Jacobian, for 3 queries and 5 keys."""
    _hold(call, *_draw(rng, 3, 5))


@QUESTION.check(points=1, hint="keepdims=True, so that each row meets its own mean.")
def rows_of_a_square(call: Call, rng: np.random.Generator) -> None:
    """As many queries as keys: the mean still runs along a row."""
    _hold(call, *_draw(rng, 4, 4))


@QUESTION.check(points=1, hint="Count axes from the end: the keys are axis -1.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along, and nothing is summed over them."""
    _hold(call, *_draw(rng, 2, 3, 4, 5))


@QUESTION.check(points=1, hint="A weight of 0 is the factor in front. What does it leave?")
def nothing_seen_nothing_told(call: Call, rng: np.random.Generator) -> None:
    """A closed key is told nothing, and a query that saw no key tells nothing at all."""
    mask = some(rng, 4, 5)
    mask[int(rng.integers(4))] = False
    grad = rng.normal(size=(4, 5)) * 3
    _hold(call, grad, shares(rng.normal(size=(4, 5)), mask))


@QUESTION.check(points=1, hint="grad -= … writes into what may be the caller's array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, *_draw(rng, 3, 6))
    QUESTION.unchanged(call, "Right gradients")


@QUESTION.check(
    points=1, hidden=True, hint="Raise a row's grad by one amount: the mean rises with it."
)
def what_all_keys_share_is_not_felt(call: Call, rng: np.random.Generator) -> None:
    """A large slope that all keys of a row share changes nothing."""
    grad, weights = _draw(rng, 2, 3, 5)
    shared = rng.uniform(200, 300, size=(2, 3, 1))
    _hold(call, grad + shared, weights, budget(300))


@QUESTION.check(points=1, hidden=True, hint="Nothing may depend on how many axes there are.")
def any_number_of_axes(call: Call, rng: np.random.Generator) -> None:
    """One query alone, or five axes."""
    _hold(call, *_draw(rng, 7))
    _hold(call, *_draw(rng, 2, 1, 3, 2, 4))


@QUESTION.check(points=1, hidden=True, hint="grad.astype(np.float32), where it has less than that.")
def half_precision(call: Call, rng: np.random.Generator) -> None:
    """In float16 the differences do not overflow on the way."""
    p = rng.uniform(0.85, 0.95, size=(3, 1))
    g = rng.uniform(45_000, 50_000, size=(3, 1))
    weights = np.concatenate([p, 1 - p], axis=-1).astype(np.float16)
    grad = np.concatenate([g, -g], axis=-1).astype(np.float16)
    with np.errstate(all="ignore"):
        narrow = _of(grad, weights).astype(np.float64)
    overflow = Suspect(
        "half precision overflow",
        "In float16 grad minus its mean overflows to infinity: nothing above 65504 fits. Compute "
        "in float32 at least.",
        narrow,
    )
    compare(
        call("softmax_backward", grad, weights),
        oracles.softmax_backward(grad, weights),
        suspects=[overflow, *suspects(grad, weights)],
        axes=AXES,
        tolerance=0.02,
    )
