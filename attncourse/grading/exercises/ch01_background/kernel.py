"""Checks of ``kernel_regression(queries, keys, values, bandwidth)``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch01_background import oracles
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
)
AXES = ("query", "feature")


def _softmax(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def suspects(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, bandwidth: float
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    gaps = queries[..., :, None, :] - keys[..., None, :, :]
    squares = (gaps**2).sum(axis=-1)
    h = bandwidth
    right = -squares / (2 * h * h)
    bells = np.exp(right)
    total = bells.sum(axis=-1, keepdims=True)

    def read(scores: np.ndarray) -> Callable[[], np.ndarray]:
        return lambda: _softmax(scores) @ values

    found = [
        Suspect(
            "unstable",
            "Far from all keys every bell is 0 in the computer, and 0/0 is NaN. The nearest key "
            "should win there: take each row's largest score away before exp.",
            lambda: bells / total @ values,
        ),
        Suspect(
            "not normalised",
            "You add up the bells times the values, and never divide. Divide each row of bells by "
            "its sum.",
            lambda: bells @ values,
        ),
        Suspect(
            "divided by the number of keys",
            "You divide by how many keys there are. A mean with weights divides by the sum of the "
            "weights.",
            lambda: bells @ values / keys.shape[-2],
        ),
        Suspect(
            "no half",
            "The exponent lacks its 2: it is -d²/(2h²), and you have -d²/h².",
            read(2 * right),
        ),
        Suspect(
            "bandwidth not squared",
            "The squared distance has to be divided by the squared bandwidth: -d²/(2h²). You "
            "divide by 2h, and the width of the bell then depends on the unit of length.",
            read(-squares / (2 * h)),
        ),
        Suspect(
            "bandwidth ignored",
            "The bandwidth changes nothing in your answer: this is the result for h = 1.",
            read(-squares / 2),
        ),
        Suspect(
            "bandwidth multiplied",
            "A larger bandwidth makes your bell narrower. Divide by h², do not multiply.",
            read(-squares * h * h / 2),
        ),
        Suspect(
            "distance not squared",
            "The distance itself stands in the exponent, not its square. Leave the square root "
            "out: the bell needs d², which is the sum you have before it.",
            read(-np.sqrt(squares) / (2 * h * h)),
        ),
        Suspect(
            "sign",
            "The farthest key has the largest weight. The exponent needs a minus.",
            read(-right),
        ),
        Suspect(
            "dot product",
            "You score by dot products. This estimate of 1964 scores by distance: two points far "
            "from the origin are near to each other all the same.",
            read(queries @ keys.swapaxes(-1, -2) / (2 * h * h)),
        ),
        Suspect(
            "dot product",
            "You score by dot products over h². This estimate of 1964 scores by distance: two "
            "points far from the origin are near to each other all the same.",
            read(queries @ keys.swapaxes(-1, -2) / (h * h)),
        ),
        Suspect(
            "averaged over the coordinates",
            "You take the mean of the squared differences over the coordinates. A squared "
            "distance is their sum.",
            read(right / queries.shape[-1]),
        ),
        Suspect(
            "scaled by √d",
            "You divide by √d, as scores of dot products are. A distance has the bandwidth for "
            "that, and needs nothing more.",
            read(right / np.sqrt(queries.shape[-1])),
        ),
        Suspect(
            "city blocks",
            "You add up the differences without their signs, and then square. Square each first, "
            "then add.",
            read(-(np.abs(gaps).sum(axis=-1) ** 2) / (2 * h * h)),
        ),
        Suspect(
            "signs cancel",
            "You add the differences up and square their sum, so that a plus takes away a minus. "
            "Square each first, then add.",
            read(-(gaps.sum(axis=-1) ** 2) / (2 * h * h)),
        ),
        Suspect(
            "wrong axis",
            "The weights sum to 1 over the queries. Each query shares its weight among the keys: "
            "axis=-1.",
            lambda: _softmax(right, axis=-2) @ values,
        ),
        Suspect(
            "nearest key only",
            "Each query takes the value of its nearest key, and of no other. Here all keys have a "
            "say, the near ones more.",
            lambda: np.take_along_axis(
                values,
                np.broadcast_to(squares.argmin(axis=-1)[..., None], _shape(queries, values)),
                -2,
            ),
        ),
    ]
    for power in range(6, 13):
        found.append(
            Suspect(
                "small number in the denominator",
                "A small number added to the sum keeps NaN away and gives zeros instead, far from "
                "all keys. The nearest key should win there: take each row's largest score away "
                "before exp.",
                lambda power=power: bells / (total + 10.0**-power) @ values,
            )
        )
    return found


def _shape(queries: np.ndarray, values: np.ndarray) -> tuple[int, ...]:
    return (*queries.shape[:-1], values.shape[-1])


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
