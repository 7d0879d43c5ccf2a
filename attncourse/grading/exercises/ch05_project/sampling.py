"""Checks of ``nucleus(logits, top_p, temperature)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import compare
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_SOFTMAX
from attncourse.grading.exercises.ch03_algorithm.oracles import softmax as oracle_softmax
from attncourse.grading.exercises.ch05_project import oracles
from attncourse.grading.exercises.ch05_project.nucleus_mistakes import suspects

QUESTION = Question(
    "nucleus",
    ("logits", "top_p", "temperature"),
    ready_made=READY_SOFTMAX,
    read="05-project/text-generation",
)
AXES = ("row", "token")


def _hold(call: Call, logits: np.ndarray, top_p: float, temperature: float) -> np.ndarray:
    given = call("nucleus", logits, top_p, temperature)
    compare(
        given,
        oracles.nucleus(logits, top_p, temperature),
        suspects=suspects(logits, top_p, temperature),
        axes=AXES[-logits.ndim :],
    )
    return given


def _clear(logits: np.ndarray, top_p: float, temperature: float) -> bool:
    """Whether no sum comes so near to top_p that rounding decides."""
    p = -np.sort(-oracle_softmax(logits.astype(np.float64) / temperature), axis=-1)
    return bool(np.abs(p.cumsum(-1) - top_p).min() > 1e-4)


def _draw(
    rng: np.random.Generator, *shape: int, spread: float = 1.5
) -> tuple[np.ndarray, float, float]:
    """Logits, top_p and a temperature, none of which stands on an edge."""
    while True:
        logits = rng.normal(size=shape) * spread
        top_p, temperature = float(rng.uniform(0.6, 0.9)), float(rng.uniform(0.5, 0.8))
        if _clear(logits, top_p, temperature):
            return logits, top_p, temperature


@QUESTION.check(points=1, hint="0.5 has not reached 0.6; with 0.3 it has. 0.5 / 0.8 is 0.625.")
def four_tokens_by_hand(call: Call, rng: np.random.Generator) -> None:
    """Of 0.1, 0.5, 0.3, 0.1 and a top_p between 0.5 and 0.8 two stay: 0.625 and 0.375."""
    logits = np.log(np.array([0.1, 0.5, 0.3, 0.1])) + rng.normal()
    top_p = float(rng.uniform(0.55, 0.75))
    given = call("nucleus", logits, top_p, 1.0)
    right = np.array([0, 0.625, 0.375, 0])
    compare(given, right, suspects=suspects(logits, top_p, 1.0), axes=AXES[-logits.ndim :])


@QUESTION.check(points=3, hint="Sort, add up, compare with top_p, and go back to the old order.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition, for five rows of eight tokens."""
    _hold(call, *_draw(rng, 5, 8))


@QUESTION.check(points=1, hint="A hot row keeps more tokens than a cold one.")
def temperature_first(call: Call, rng: np.random.Generator) -> None:
    """The same logits, cold and hot: the temperature decides how many tokens stay."""
    while True:
        logits = rng.normal(size=(4, 9)) * 2
        if all(_clear(logits, 0.8, t) for t in (0.4, 2.5)):
            break
    for temperature in (0.4, 2.5):
        _hold(call, logits, 0.8, temperature)


@QUESTION.check(points=1, hint="The likeliest stays, however small top_p is: it crosses alone.")
def never_empty(call: Call, rng: np.random.Generator) -> None:
    """With a tiny top_p, the likeliest token is left, with probability 1."""
    _hold(call, rng.normal(size=(3, 6)), float(rng.uniform(0.01, 0.05)), 1.0)


@QUESTION.check(points=1, hint="logits /= temperature writes into the caller's array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The logits are the same afterwards."""
    _hold(call, *_draw(rng, 3, 5))
    QUESTION.unchanged(call, "Right probabilities")


@QUESTION.check(points=1, hidden=True, hint="argsort(-p, kind='stable') keeps equal ones in order.")
def ties(call: Call, rng: np.random.Generator) -> None:
    """Equal logits: as many as it takes, and of equal ones the first."""
    logits = np.tile(rng.normal(size=(2, 1)), 8)
    logits[0, rng.permutation(8)[:3]] += 1
    logits[1, rng.permutation(8)[:4]] -= 3
    _hold(call, logits, 0.55, 1.0)


@QUESTION.check(points=1, hidden=True, hint="At top_p = 1 nothing is cut, whatever sums round to.")
def all_of_it(call: Call, rng: np.random.Generator) -> None:
    """With top_p = 1 every token stays, and tokens ruled out before stay out."""
    logits = rng.normal(size=(2, 7))
    logits[:, int(rng.integers(7))] = -np.inf
    _hold(call, logits, 1.0, 1.3)


@QUESTION.check(points=1, hidden=True, hint="Take each row's largest logit away before exp.")
def large_logits(call: Call, rng: np.random.Generator) -> None:
    """More axes in front, and logits near 3000: no NaN."""
    while True:
        # Multiples of 1/32: float32 holds these exactly, near 3000 too.
        logits = (rng.normal(size=(2, 3, 5)) * 64).round() / 32
        if _clear(logits, 0.7, 0.5):
            break
    _hold(call, logits + 3000, 0.7, 0.5)
