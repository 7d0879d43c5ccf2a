"""Checks of ``kernel_regression(queries, keys, values, bandwidth)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import budget, compare
from attncourse.grading.exercises.ch01_background import oracles
from attncourse.grading.exercises.ch01_background.kernel_mistakes import suspects
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_SOFTMAX

QUESTION = Question(
    "kernel_regression",
    ("queries", "keys", "values", "bandwidth"),
    ready_made=(
        *READY_SOFTMAX,
        "statsmodels.nonparametric.kernel_regression.KernelReg",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.metrics.pairwise.rbf_kernel",
    ),
    read="01-background/history",
)
AXES = ("query", "feature")


def _draw(
    rng: np.random.Generator, *batch: int, q_len: int = 3, kv_len: int = 5, width: int = 4
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    h = float(rng.choice([rng.uniform(0.6, 0.8), rng.uniform(1.3, 1.6)]))
    return (
        rng.normal(size=(*batch, q_len, width)),
        rng.normal(size=(*batch, kv_len, width)),
        rng.normal(size=(*batch, kv_len, 2)),
        h,
    )


def _hold(
    call: Call, queries: np.ndarray, keys: np.ndarray, values: np.ndarray, bandwidth: float
) -> None:
    gaps = queries[..., :, None, :] - keys[..., None, :, :]
    largest = (gaps**2).sum(axis=-1).max() / (2 * bandwidth**2)
    compare(
        call("kernel_regression", queries, keys, values, bandwidth),
        oracles.kernel_regression(queries, keys, values, bandwidth),
        suspects=suspects(queries, keys, values, bandwidth),
        axes=AXES,
        tolerance=budget(largest),
    )


@QUESTION.check(points=1, hint="At that distance, e to the power -d²/(2h²) is 1/3.")
def two_keys_by_hand(call: Call, rng: np.random.Generator) -> None:
    """On one key, and h√(2 ln 3) away from the other: the weights are 3/4 and 1/4."""
    here, h = float(rng.normal()), float(rng.uniform(1.3, 1.9))
    keys = np.array([[here], [here + h * np.sqrt(2 * np.log(3))]])
    queries, values = keys[:1].copy(), rng.normal(size=(2, 2)) + np.array([[2], [-3]])
    compare(
        call("kernel_regression", queries, keys, values, h),
        (3 * values[:1] + values[1:]) / 4,
        suspects=suspects(queries, keys, values, h),
        axes=AXES,
    )


@QUESTION.check(
    points=2,
    hint="queries[:, None, :] - keys[None, :, :] holds every difference, in the shape "
    "(q_len, kv_len, d).",
)
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition: 3 queries, 5 keys of width 4, values of width 2."""
    _hold(call, *_draw(rng))


@QUESTION.check(
    points=2, hint="Only differences of scores matter. Take each row's largest score away first."
)
def far_from_all_keys(call: Call, rng: np.random.Generator) -> None:
    """Where every bell is 0 in the computer, the nearest keys still decide."""
    queries, keys, values, _ = _draw(rng, q_len=4)
    queries[1] += 25.0
    queries[2] -= 40.0
    _hold(call, queries, keys, values, float(rng.uniform(0.55, 0.75)))


@QUESTION.check(points=1, hint="h → 0 is the nearest key's value, h → ∞ the mean of all values.")
def narrow_and_wide(call: Call, rng: np.random.Generator) -> None:
    """A very narrow bell takes the nearest key's value, a very wide one the plain mean."""
    queries, keys, values, _ = _draw(rng)
    keys = rng.permutation(np.arange(5.0))[:, None] * 3 + 0.1 * keys
    queries = keys[[1, 3, 0]] + 0.2 * queries
    _hold(call, queries, keys, values, float(rng.uniform(0.2, 0.3)))
    _hold(call, queries, keys, values, float(rng.uniform(3000, 4000)))


@QUESTION.check(
    points=1, hint="keys -= … writes into the caller's array. keys - … makes a new one."
)
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, *_draw(rng))
    QUESTION.unchanged(call, "Right estimate")


@QUESTION.check(points=1, hidden=True, hint="Index from the end: queries[..., :, None, :].")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Axes in front are carried along, and arrays may be views of others."""
    queries, keys, values, h = _draw(rng, 2, 3, q_len=4, kv_len=6, width=5)
    keys = np.asfortranarray(keys)
    _hold(call, queries[..., ::-1, :], keys, values, h)


@QUESTION.check(points=1, hidden=True, hint="q - k does not change when both move.")
def no_origin(call: Call, rng: np.random.Generator) -> None:
    """Move queries and keys alike, and nothing changes."""
    queries, keys, values, h = _draw(rng, 2, q_len=1)
    far = rng.uniform(10, 20, size=4)
    _hold(call, queries + far, keys + far, values, h)


@QUESTION.check(points=1, hidden=True, hint="The bandwidth has the keys' unit: metres, say.")
def no_unit(call: Call, rng: np.random.Generator) -> None:
    """Measure everything in a unit a thousand times smaller, and nothing changes."""
    queries, keys, values, h = _draw(rng, kv_len=4)
    _hold(call, queries * 1000, keys * 1000, values, h * 1000)
