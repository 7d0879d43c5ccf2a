"""Checks of ``merge_attention(outputs, log_sum_exps)``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import FAR_BELOW, budget
from attncourse.grading.exercises.ch04_mathematics import oracles
from attncourse.grading.exercises.ch04_mathematics.common import Mistake, hold
from attncourse.grading.exercises.ch04_mathematics.parts_mistakes import KNOWN, Arrays

QUESTION = Question(
    "merge_attention",
    ("outputs", "log_sum_exps"),
    returns=("array", "array"),
    ready_made=(*oracles.READY_ATTENTION, *oracles.READY_SOFTMAX, "numpy.logaddexp.reduce"),
    read="04-mathematics/the-exact-one",
)
WHAT = ("the output", "the log-sum-exp")
AXES = (("query", "feature"), ("query",))


def _mistakes(inputs: Arrays) -> list[Mistake]:
    return [Mistake(bug, says, partial(gives, *inputs)) for bug, says, gives in KNOWN]


def _parts(rng: np.random.Generator, *shape: int, d_v: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Outputs and log-sum-exps of parts, as any attention could have given them."""
    return rng.normal(size=(*shape, d_v)), 1 + rng.normal(size=shape) * 1.5


def _hold(call: Call, outputs: np.ndarray, lse: np.ndarray, largest: float = 10.0) -> None:
    hold(
        call("merge_attention", outputs, lse),
        oracles.merge_attention(outputs, lse),
        what=WHAT,
        mistakes=_mistakes((outputs, lse)),
        axes=AXES,
        tolerance=budget(largest),
    )


@QUESTION.check(
    points=1, hint="e to the power of log 3 is 3. So the parts count 3 to 1, or as drawn."
)
def keys_counted_by_hand(call: Call, rng: np.random.Generator) -> None:
    """Two parts of a and b equal keys: their values count a to b, and log(a + b) comes back."""
    a, b = (int(n) for n in rng.choice(np.arange(1, 9), size=2, replace=False))
    v = rng.normal(size=(2, 3))
    outputs, lse = v[:, None, :], np.log([[a], [b]])
    right = ((a * v[:1] + b * v[1:]) / (a + b), np.log([a + b]))
    mistakes = _mistakes((outputs, lse))
    hold(call("merge_attention", outputs, lse), right, what=WHAT, mistakes=mistakes, axes=AXES)


@QUESTION.check(points=2, hint="Weights: exp(lse), divided by their sum over the parts, axis 0.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """Three parts and four queries, one query at a time."""
    _hold(call, *_parts(rng, 3, 4))


@QUESTION.check(points=2, hint="What attention over all keys gives is your target, to rounding.")
def parts_make_the_whole(call: Call, rng: np.random.Generator) -> None:
    """Attention over 9 keys, cut into parts of 2, 3 and 4, comes back whole."""
    q, k, v = (rng.normal(size=(n, d)) * 1.3 for n, d in ((4, 7), (9, 7), (9, 5)))
    scores = oracles.scaled_scores(q, k)
    cuts = [slice(0, 2), slice(2, 5), slice(5, 9)]
    outputs = np.stack([oracles.softmax(scores[:, cut]) @ v[cut] for cut in cuts])
    lse = np.stack([np.log(np.exp(scores[:, cut]).sum(axis=-1)) for cut in cuts])
    right = (oracles.softmax(scores) @ v, np.log(np.exp(scores).sum(axis=-1)))
    given = call("merge_attention", outputs, lse)
    hold(given, right, what=WHAT, mistakes=_mistakes((outputs, lse)), axes=AXES)


@QUESTION.check(
    points=2, hint="exp(-∞) is 0: such a part has no say. If all are -∞, what is the top?"
)
def parts_that_saw_nothing(call: Call, rng: np.random.Generator) -> None:
    """A part with -∞ and zeros has no say; where all are so, zeros and -∞ come back."""
    outputs, lse = _parts(rng, 3, 5)
    blind = np.zeros((3, 5), bool)
    one, other = rng.choice(5, size=2, replace=False)
    blind[:, one] = True
    blind[int(rng.integers(3)), other] = True
    _hold(call, np.where(blind[..., None], 0, outputs), np.where(blind, -np.inf, lse))


@QUESTION.check(points=1, hint="Take each query's largest log-sum-exp off before exp.")
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """Log-sum-exps near 1000 and near -1000, side by side; then all of them far below zero."""
    outputs, lse = _parts(rng, 3, 4)
    _hold(call, outputs, lse + rng.permutation([1000.0, -1000.0, 0.0, 2000.0]), 2000.0)
    _hold(call, outputs, lse - FAR_BELOW, FAR_BELOW)


@QUESTION.check(points=1, hint="np.exp(x, out=x) and -= write into what you were lent.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, *_parts(rng, 2, 3))
    QUESTION.unchanged(call, "Right results")


@QUESTION.check(points=1, hidden=True, hint="The parts are axis 0, the features the last one.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads between parts and queries."""
    _hold(call, *_parts(rng, 4, 2, 3, 5))


@QUESTION.check(points=1, hidden=True, hint="Together they are one part again: hand both back.")
def in_two_steps(call: Call, rng: np.random.Generator) -> None:
    """Two parts first, then the result with a third: the same as all at once, in any order."""
    outputs, lse = _parts(rng, 3, 6)
    order = rng.permutation(3)

    def steps(merge: Callable[[np.ndarray, np.ndarray], Arrays]) -> Arrays:
        x, s = outputs[order], lse[order]
        joined = merge(x[:2], s[:2])
        if [np.shape(y) for y in joined] != [x.shape[1:], s.shape[1:]]:
            return joined
        return merge(np.stack([x[2], joined[0]]), np.stack([s[2], joined[1]]))

    found = [Mistake(bug, says, partial(steps, gives)) for bug, says, gives in KNOWN]
    right = oracles.merge_attention(outputs, lse)
    given = steps(partial(call, "merge_attention"))
    hold(given, right, what=WHAT, mistakes=found, axes=AXES, tolerance=budget(10))


@QUESTION.check(
    points=1, hidden=True, hint="Which axis do the parts stand on? With equal sizes, ask."
)
def all_sizes_equal(call: Call, rng: np.random.Generator) -> None:
    """As many parts as queries and features."""
    _hold(call, *_parts(rng, 4, 4, d_v=4))
