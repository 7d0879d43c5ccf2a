"""Checks of ``contributions(weights, values)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch02_core_concepts import oracles

QUESTION = Question(
    "contributions",
    ("weights", "values"),
    read="02-core-concepts/queries-keys-values",
)
AXES = ("query", "key")


def suspects(weights: np.ndarray, values: np.ndarray) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    weights, values = weights.astype(np.float64), values.astype(np.float64)
    lengths = np.sqrt((values**2).sum(axis=-1))[..., None, :]
    arrives = weights * lengths

    def shares(parts: np.ndarray, axis: int = -1) -> np.ndarray:
        total = parts.sum(axis=axis, keepdims=True)
        return np.divide(
            parts, total, out=np.zeros(np.broadcast(parts, total).shape), where=total != 0
        )

    right = shares(arrives)
    terms = weights[..., None] * values[..., None, :, :]
    output = terms.sum(axis=-2, keepdims=True)
    found = [
        Suspect(
            "weights handed back",
            "These are the weights themselves. What arrives is weight times value, and a value "
            "may be long or short.",
            shares(weights),
        ),
        Suspect(
            "lengths without weights",
            "These are the shares of the values' lengths alone. What arrives is weight times "
            "length.",
            lambda: np.broadcast_to(shares(lengths), weights.shape),
        ),
        Suspect(
            "not divided",
            "These are the lengths that arrive. As shares, those of one query sum to 1: divide by "
            "their sum.",
            arrives,
        ),
        Suspect(
            "divided by the output's length",
            "You divide by the length of the output. Vectors that point apart cancel in it; the "
            "shares are of the sum of the lengths.",
            lambda: arrives / np.sqrt((output**2).sum(axis=-1)),
        ),
        Suspect(
            "squared length",
            "The root is missing: you use squared lengths, and long values count too much.",
            shares(weights * lengths**2),
        ),
        Suspect(
            "squared parts",
            "You take shares of the squares, weights and all. Shares of the lengths are asked for.",
            shares(arrives**2),
        ),
        Suspect(
            "absolute values",
            "You measure a value by the sum of its absolute numbers. Its length is the root of the "
            "sum of squares.",
            lambda: shares(weights * np.abs(values).sum(axis=-1)[..., None, :]),
        ),
        Suspect(
            "largest number",
            "You measure a value by its largest number. Its length is the root of the sum of "
            "squares.",
            lambda: shares(weights * np.abs(values).max(axis=-1)[..., None, :]),
        ),
        Suspect(
            "plain sum",
            "You add a value's numbers up, and a minus takes away from a plus. Its length is the "
            "root of the sum of squares.",
            lambda: shares(weights * values.sum(axis=-1)[..., None, :]),
        ),
        Suspect(
            "along the output",
            "You measure how far each term points along the output. That is another good question, "
            "with negative answers; here the terms' lengths are asked for.",
            lambda: shares((terms * output).sum(axis=-1)),
        ),
        Suspect(
            "wrong axis",
            "Your shares sum to 1 over the queries. Those of one query should: axis=-1.",
            shares(arrives, axis=-2),
        ),
        Suspect(
            "softmax",
            "You put the lengths through softmax. They are shares by a plain division: no exp.",
            lambda: shares(np.exp(arrives)),
        ),
        Suspect(
            "NaN where nothing arrives",
            "Where nothing arrives you divide 0 by 0. Such a query has no shares: zeros.",
            lambda: np.where(arrives.sum(axis=-1, keepdims=True) == 0, np.nan, right),
        ),
        Suspect(
            "equal shares of nothing",
            "Where nothing arrives you give equal shares. Such a query has none: zeros.",
            lambda: np.where(
                arrives.sum(axis=-1, keepdims=True) == 0, 1 / weights.shape[-1], right
            ),
        ),
        Suspect(
            "difference from the weight",
            "You take the weight away. The share itself is asked for.",
            lambda: right - weights,
        ),
        Suspect(
            "ratio to the weight",
            "You divide by the weight at the end. The share itself is asked for.",
            lambda: np.where(weights == 0, 0, right / weights),
        ),
        Suspect(
            "whole array",
            "All shares of the array together sum to 1. Those of one query should, by themselves: "
            "sum over axis=-1, with keepdims=True.",
            lambda: arrives / arrives.sum(),
        ),
        Suspect(
            "whole array",
            "All shares of one sequence together sum to 1. Those of one query should, by "
            "themselves: sum over axis=-1 alone, with keepdims=True.",
            lambda: arrives / arrives.sum(axis=(-1, -2), keepdims=True),
        ),
    ]
    for power in range(6, 17):
        found.append(
            Suspect(
                "small number in the denominator",
                "The small number that you add below the line is not small beside short values. "
                "Ask where the sum is 0, and divide by 1 there.",
                lambda power=power: arrives / (arrives.sum(-1, keepdims=True) + 10.0**-power),
            )
        )
    return found


def _draw(
    rng: np.random.Generator, *batch: int, q_len: int = 3, kv_len: int = 5, d_v: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Weights that sum to 1, and values of very different lengths."""
    powers = np.exp(rng.normal(size=(*batch, q_len, kv_len)))
    values = rng.normal(size=(*batch, kv_len, d_v))
    values = values * np.exp(rng.normal(size=(*batch, kv_len, 1)))
    return powers / powers.sum(axis=-1, keepdims=True), values


def _hold(call: Call, weights: np.ndarray, values: np.ndarray, tolerance: float = 1e-5) -> None:
    compare(
        call("contributions", weights, values),
        oracles.contributions(weights, values),
        suspects=suspects(weights, values),
        axes=AXES,
        tolerance=tolerance,
    )


@QUESTION.check(points=1, hint="0.8 · 1 beside 0.2 · 12: a quarter against three.")
def a_loud_call_that_says_little(call: Call, rng: np.random.Generator) -> None:
    """Four times the weight on a value a twelfth as long: shares of 1/4 and 3/4."""
    turn = rng.uniform(0.5, 1)
    weights = np.array([[0.8, 0.2]])
    first = np.array([np.cos(turn), np.sin(turn)])
    values = float(rng.uniform(0.5, 2)) * np.stack([first, 12 * first[::-1] * [-1, 1]])
    compare(
        call("contributions", weights, values),
        np.array([[0.25, 0.75]]),
        suspects=suspects(weights, values),
        axes=AXES,
    )


@QUESTION.check(
    points=2, hint="One length for each value: (…, 1, kv_len) beside (…, q_len, kv_len)."
)
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition: 3 queries, 5 values of width 4."""
    _hold(call, *_draw(rng))


@QUESTION.check(points=2, hint="Count axes from the end; lengths[..., None, :].")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along, and as many queries as keys."""
    _hold(call, *_draw(rng, 2, 3, q_len=4, kv_len=4, d_v=6))


@QUESTION.check(points=1, hint="Where the sum is 0 there is nothing to divide. Write zeros.")
def nothing_arrives(call: Call, rng: np.random.Generator) -> None:
    """A blind query, or one that reads values of zeros alone, has no shares."""
    weights, values = _draw(rng, q_len=4)
    weights[int(rng.integers(4))] = 0
    _hold(call, weights, values)
    silent = rng.permutation(5)[:2]
    values[silent] = 0
    weights[:] = np.eye(5)[rng.integers(5, size=4)]
    weights[1] = np.isin(np.arange(5), silent) / 2
    _hold(call, weights, values)


@QUESTION.check(points=1, hint="weights *= … writes into the caller's array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, *_draw(rng))
    QUESTION.unchanged(call, "Right shares")


@QUESTION.check(points=1, hidden=True, hint="A unit for all values cancels in the shares.")
def no_unit(call: Call, rng: np.random.Generator) -> None:
    """Make every value a million times longer, or far shorter still, and no share changes."""
    weights, values = _draw(rng, 2, kv_len=6)
    _hold(call, weights, values * 1e6)
    _hold(call, weights, values * 1e-9)
    _hold(call, weights, values * 1e-14)


@QUESTION.check(points=1, hidden=True, hint="A view of an array is an array.")
def views(call: Call, rng: np.random.Generator) -> None:
    """Arrays that are views of others: heads split without a copy, a window of the keys."""
    weights, values = _draw(rng, 2, q_len=7, kv_len=9, d_v=8)
    values = np.swapaxes(values.reshape(2, 9, 2, 4), 1, 2)
    _hold(call, np.stack([weights, weights[..., ::-1]], axis=1)[..., ::2, 2:8], values[..., 2:8, :])


@QUESTION.check(
    points=1, hidden=True, hint="values.astype(np.float32) first: 300² fits in no float16."
)
def half_precision(call: Call, rng: np.random.Generator) -> None:
    """In float16 the squares do not overflow on the way."""
    weights, values = _draw(rng)
    values = (
        values / np.abs(values).max(axis=-1, keepdims=True) * rng.uniform(300, 900, size=(5, 1))
    )
    weights, values = weights.astype(np.float16), values.astype(np.float16)
    overflow = Suspect(
        "half precision overflow",
        "In float16 the squares overflow to infinity: nothing above 65504 fits, and 300² is more. "
        "Compute in float32 at least.",
        np.full((3, 5), np.nan),
    )
    compare(
        call("contributions", weights, values),
        oracles.contributions(weights, values),
        suspects=[overflow, *suspects(weights, values)],
        axes=AXES,
        tolerance=3e-3,
    )
