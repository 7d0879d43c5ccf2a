"""Known mistakes of ``kernel_regression``, with what they make of given inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.compare import Suspect
from attncourse.grading.exercises.ch01_background.whole import weights


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
        return lambda: weights(scores) @ values

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
            "city blocks",
            "You add up the differences without their signs. The bell needs the squared distance: "
            "square each difference, then add.",
            read(-np.abs(gaps).sum(axis=-1) / (2 * h * h)),
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
            lambda: weights(right, axis=-2) @ values,
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
