"""Checks of ``soft_lookup(query, keys, values, temperature)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch02_core_concepts import oracles
from attncourse.grading.exercises.ch02_core_concepts.lookup_mistakes import suspects
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_ATTENTION, READY_SOFTMAX

QUESTION = Question(
    "soft_lookup",
    ("query", "keys", "values", "temperature"),
    ready_made=(*READY_SOFTMAX, *READY_ATTENTION),
    read="02-core-concepts/queries-keys-values",
)
AXES = ("feature",)


def _draw(
    rng: np.random.Generator, *batch: int, n: int = 5, width: int = 3
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    tau = float(rng.choice([rng.uniform(0.4, 0.6), rng.uniform(1.7, 2.2)]))
    return (
        rng.normal(size=(*batch, width)),
        rng.normal(size=(*batch, n, width)),
        rng.normal(size=(*batch, n, 4)) + 0.5,
        tau,
    )


def _hold(
    call: Call, query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float
) -> None:
    largest = np.abs(keys * query[..., None, :]).sum(axis=-1).max() / max(temperature, 0.01)
    compare(
        call("soft_lookup", query, keys, values, temperature),
        oracles.soft_lookup(query, keys, values, temperature),
        suspects=suspects(query, keys, values, temperature),
        axes=AXES,
        tolerance=budget(largest),
    )


@QUESTION.check(points=1, hint="A lead of τ ln 3 makes one weight three times the other.")
def two_keys_by_hand(call: Call, rng: np.random.Generator) -> None:
    """Two scores that are τ ln 3 apart: the weights are 3/4 and 1/4."""
    tau = float(rng.uniform(1.5, 2.5))
    query, keys = np.array([tau]), np.array([[np.log(3) + 0.5], [0.5]])
    values = rng.normal(size=(2, 3)) + np.array([[2], [-3]])
    compare(
        call("soft_lookup", query, keys, values, tau),
        (3 * values[0] + values[1]) / 4,
        suspects=suspects(query, keys, values, tau),
        axes=AXES,
    )


@QUESTION.check(points=2, hint="keys @ query is one score for each key.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition: 5 keys of width 3, values of width 4."""
    _hold(call, *_draw(rng))


@QUESTION.check(points=1, hint="τ → ∞ makes all scores 0, and the answer the plain mean.")
def hot_and_cold(call: Call, rng: np.random.Generator) -> None:
    """Very hot is the plain mean; very cold is the best key's value, without an overflow."""
    query, keys, values, _ = _draw(rng)
    # Scores of well-known distance, so that cold means decided.
    keys = rng.permutation(np.array([-2.0, -1.0, 0.5, 1.5, 3.0]))[:, None] * query / (query @ query)
    _hold(call, query, keys, values, float(rng.uniform(1e5, 2e5)))
    _hold(call, query, keys, values, float(rng.uniform(1e-3, 2e-3)))


@QUESTION.check(
    points=2, hint="scores == scores.max() says which keys are best. How many are there?"
)
def a_dictionary_at_zero(call: Call, rng: np.random.Generator) -> None:
    """At temperature 0 the best keys share the weight, be it one or several."""
    query, keys, values, _ = _draw(rng)
    _hold(call, query, keys, values, 0.0)
    # Whole numbers: equal scores are equal, in whatever order they are added up.
    query = rng.integers(1, 5, size=3).astype(float)
    keys = rng.integers(-3, 2, size=(5, 3)).astype(float)
    keys[rng.permutation(5)[:2]] = 2 * query
    _hold(call, query, keys, values, 0.0)
    # A power of two: as exact as before, and every score less than a thousand-millionth.
    _hold(call, query * 2.0**-40, keys, values, 0.0)


@QUESTION.check(points=1, hint="scores /= … writes; make new arrays.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, *_draw(rng))
    QUESTION.unchanged(call, "Right look-up")


@QUESTION.check(
    points=1, hidden=True, hint="(keys * query[..., None, :]).sum(-1) has no fixed axes."
)
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Axes in front are carried along, and arrays may be views of others."""
    query, keys, values, tau = _draw(rng, 2, 3, n=6, width=5)
    _hold(call, query, np.asfortranarray(keys), values[..., ::-1], tau)
    _hold(call, query, keys, values, 0.0)


@QUESTION.check(
    points=1, hidden=True, hint="A key of length 0 has the score 0, and that is no 0/0."
)
def a_key_of_zeros(call: Call, rng: np.random.Generator) -> None:
    """A key of zeros is a key like any other."""
    query, keys, values, tau = _draw(rng, n=4)
    keys[int(rng.integers(4))] = 0
    _hold(call, query, keys, values, tau)


@QUESTION.check(points=1, hidden=True, hint="First take the maximum away, then divide by τ.")
def next_to_zero(call: Call, rng: np.random.Generator) -> None:
    """In float32, at a temperature so small that score / τ overflows, the best key still wins."""
    query, keys, values, _ = _draw(rng)
    keys = keys + 200 * query / (query @ query)
    query, keys, values = (a.astype(np.float32) for a in (query, keys, values))
    tau = float(rng.uniform(1e-37, 2e-37))
    overflow = Suspect(
        "overflow before the maximum",
        "A score over a very small temperature is itself infinite, and ∞ - ∞ is NaN. Take the "
        "largest score away first, then divide: nothing overflows upwards that way round.",
        np.full(4, np.nan),
    )
    compare(
        call("soft_lookup", query, keys, values, tau),
        oracles.soft_lookup(query, keys, values, tau),
        suspects=[overflow, *suspects(query, keys, values, tau)],
        axes=AXES,
    )
