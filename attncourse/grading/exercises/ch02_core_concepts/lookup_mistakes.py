"""Known mistakes of ``soft_lookup``, with what they make of given inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.compare import Suspect
from attncourse.grading.exercises.ch01_background.whole import weights as softmax


def suspects(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    scores = (keys * query[..., None, :]).sum(axis=-1)
    top = scores.max(axis=-1, keepdims=True)
    tau = np.float64(temperature)
    lengths = np.linalg.norm(keys, axis=-1)

    def read(weights: np.ndarray) -> np.ndarray:
        return (weights[..., None] * values).sum(axis=-2)

    def soft(over: Callable[[np.float64], np.ndarray]) -> Callable[[], np.ndarray]:
        def gives() -> np.ndarray:
            if tau == 0:
                raise ValueError("nobody knows what this mistake does at 0")
            return read(softmax(over(tau)))

        return gives

    def winners(scores: np.ndarray) -> np.ndarray:
        best = scores == scores.max(axis=-1, keepdims=True)
        return best / best.sum(axis=-1, keepdims=True)

    def right() -> np.ndarray:
        return winners(scores) if tau == 0 else softmax((scores - top) / tau)

    found = [
        Suspect(
            "temperature ignored",
            "The temperature changes nothing in your answer. Divide the scores by it before "
            "softmax.",
            lambda: read(softmax(scores)),
        ),
        Suspect(
            "temperature multiplied",
            "You multiply by the temperature: hot makes your look-up sharp. Divide the scores by "
            "it.",
            lambda: read(softmax(scores * tau)),
        ),
        Suspect(
            "temperature after softmax",
            "You divide the weights by the temperature, and not the scores. After softmax it only "
            "makes the answer longer or shorter.",
            lambda: read(softmax(scores)) / tau,
        ),
        Suspect(
            "NaN at temperature 0",
            "At temperature 0 you divide 0 by 0. It is a case of its own: the best keys share the "
            "weight, all others get none.",
            lambda: read(np.full(scores.shape, np.nan) if tau == 0 else softmax(scores / tau)),
        ),
        Suspect(
            "ties broken",
            "Where several keys are best at temperature 0, you take the first of them. They share "
            "the weight alike: that is what ever smaller temperatures lead to.",
            lambda: read(np.eye(scores.shape[-1])[scores.argmax(-1)] if tau == 0 else right()),
        ),
        Suspect(
            "always the best key",
            "You take the best key's value at every temperature. Above 0 all keys have a say.",
            lambda: read(winners(scores)),
        ),
        Suspect(
            "unstable",
            "Overflow: a score over a small temperature is large, exp of it is infinite, and ∞/∞ "
            "is NaN. Take the largest score away first.",
            lambda: read(
                winners(scores)
                if tau == 0
                else np.exp(scores / tau) / np.exp(scores / tau).sum(axis=-1, keepdims=True)
            ),
        ),
        Suspect(
            "scaled by √d",
            "You divide by √d as well. Here the temperature is the whole scale.",
            soft(lambda t: (scores - top) / t / np.sqrt(keys.shape[-1])),
        ),
        Suspect(
            "cosine",
            "You divide by the vectors' lengths, so this is their cosine. A look-up by dot product "
            "keeps them: a long query is a decided one.",
            soft(lambda t: scores / lengths / np.linalg.norm(query, axis=-1)[..., None] / t),
        ),
        Suspect(
            "sign",
            "The key that fits worst has the largest weight. There is a minus too many.",
            soft(lambda t: -scores / t),
        ),
        Suspect(
            "not normalised",
            "Your weights do not sum to 1: these are the powers times the values. Divide by the "
            "sum.",
            lambda: read(winners(scores) if tau == 0 else np.exp((scores - top) / tau)),
        ),
        Suspect(
            "keys read",
            "You mix the keys. Keys say how much of each value is read; what is read are the "
            "values.",
            lambda: (right()[..., None] * keys).sum(axis=-2),
        ),
        Suspect(
            "plain mean",
            "This is the plain mean of the values: the query is not used.",
            lambda: values.mean(axis=-2),
        ),
        Suspect(
            "wrong axis",
            "The weights sum to 1 over the batch. Each query shares its weight among its own keys: "
            "axis=-1.",
            lambda: read(softmax(scores / tau, axis=0) if tau and scores.ndim > 1 else right()),
        ),
        Suspect(
            "distance",
            "You look up by distance. Here the score is the dot product of query and key.",
            soft(lambda t: -((keys - query[..., None, :]) ** 2).sum(axis=-1) / t),
        ),
    ]
    for power in range(4, 13):
        found.append(
            Suspect(
                "small number in place of 0",
                "You put a small number in place of temperature 0. Scores may be smaller still, "
                "and then all keys look alike: at 0, ask which scores are equal to the largest.",
                lambda power=power: read(softmax((scores - top) / (tau or 10.0**-power))),
            )
        )
    return found
