"""Checks of ``merge_attention(outputs, log_sum_exps)``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import budget
from attncourse.grading.exercises.ch04_mathematics import oracles
from attncourse.grading.exercises.ch04_mathematics.common import Mistake, hold

QUESTION = Question(
    "merge_attention",
    ("outputs", "log_sum_exps"),
    returns=("array", "array"),
    ready_made=(*oracles.READY_ATTENTION, *oracles.READY_SOFTMAX, "numpy.logaddexp.reduce"),
)
WHAT = ("the output", "the log-sum-exp")
AXES = (("query", "feature"), ("query",))
Arrays = tuple[np.ndarray, ...]


def _powers(lse: np.ndarray) -> Arrays:
    top = lse.max(axis=0)
    top = np.where(np.isfinite(top), top, 0)
    return np.exp(lse - top), top


def _right(outputs: np.ndarray, lse: np.ndarray) -> Arrays:
    powers, top = _powers(lse)
    total = powers.sum(axis=0)
    out = (powers[..., None] * outputs).sum(axis=0) / np.where(total == 0, 1, total)[..., None]
    return out, top + np.log(total)


def _weighed(weights: Callable[[np.ndarray], np.ndarray], outputs: np.ndarray, lse: np.ndarray):
    return (weights(lse)[..., None] * outputs).sum(axis=0), _right(outputs, lse)[1]


def _with(summary: Callable[[np.ndarray], np.ndarray], outputs: np.ndarray, lse: np.ndarray):
    return _right(outputs, lse)[0], summary(lse)


def _unstable(outputs: np.ndarray, lse: np.ndarray) -> Arrays:
    powers = np.exp(lse)
    total = powers.sum(axis=0)
    return (powers[..., None] * outputs).sum(axis=0) / total[..., None], np.log(total)


def _safe_sum(outputs: np.ndarray, lse: np.ndarray) -> Arrays:
    """Overflow and underflow as above, but no NaN for a query that saw nothing."""
    powers = np.exp(lse)
    total = powers.sum(axis=0)
    shared = np.where(total == 0, 1, total)
    return (powers[..., None] * outputs).sum(axis=0) / shared[..., None], np.log(total)


def _nan(outputs: np.ndarray, lse: np.ndarray) -> Arrays:
    powers = np.exp(lse - lse.max(axis=0))
    total = powers.sum(axis=0)
    return (powers[..., None] * outputs).sum(axis=0) / total[..., None], lse.max(axis=0) + np.log(
        total
    )


def _best_only(outputs: np.ndarray, lse: np.ndarray) -> Arrays:
    best = lse.argmax(axis=0)
    chosen = np.take_along_axis(outputs, best[None, ..., None], axis=0)[0]
    return chosen, lse.max(axis=0)


def _first(outputs: np.ndarray, lse: np.ndarray) -> Arrays:
    return outputs[0], lse[0]


def _over_queries(lse: np.ndarray) -> np.ndarray:
    powers = np.exp(lse - lse.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _signed(lse: np.ndarray, factor: float) -> np.ndarray:
    powers = _powers(np.where(np.isfinite(lse), factor * lse, -np.inf))[0]
    return powers / np.maximum(powers.sum(axis=0), 1e-300)


def _seen(lse: np.ndarray) -> np.ndarray:
    open_ = np.isfinite(lse)
    return open_ / np.maximum(open_.sum(axis=0), 1)


#: Name, message and both results of each known mistake.
KNOWN: list[tuple[str, str, Callable[[np.ndarray, np.ndarray], Arrays]]] = [
    (
        "outputs averaged",
        "You take the plain mean of the outputs. A part with larger scores counts for more: weigh "
        "them by e to the power of their log-sum-exp.",
        partial(_weighed, lambda s: np.full(s.shape, 1 / len(s))),
    ),
    (
        "seen parts averaged",
        "You take the plain mean over the parts that saw something. A part with larger scores "
        "counts for more: weigh them by e to the power of their log-sum-exp.",
        partial(_weighed, _seen),
    ),
    (
        "outputs added",
        "You add the outputs up. Each is a mean already: their weights have to sum to 1.",
        partial(_weighed, np.ones_like),
    ),
    (
        "not normalised",
        "The outputs are weighed, but by powers that do not sum to 1. Divide by their sum.",
        partial(_weighed, lambda s: _powers(s)[0]),
    ),
    (
        "not normalised",
        "The outputs are weighed, but by exp(log_sum_exp) as it is. Divide by the sum of these.",
        partial(_weighed, np.exp),
    ),
    (
        "weighed by logarithms",
        "You weigh by the logarithms themselves. They have to go through exp first.",
        partial(_weighed, lambda s: s / s.sum(axis=0)),
    ),
    (
        "signs turned",
        "The part with the smallest log-sum-exp counts most. There is a minus too many before exp.",
        partial(_weighed, partial(_signed, factor=-1.0)),
    ),
    (
        "base 2",
        "The base of the powers is 2 here. The logarithms are natural ones: np.exp.",
        partial(_weighed, partial(_signed, factor=float(np.log(2)))),
    ),
    (
        "wrong axis",
        "Your weights sum to 1 over the queries. It is the parts that compete: axis 0.",
        partial(_weighed, _over_queries),
    ),
    (
        "best part only",
        "You take the part with the largest log-sum-exp and drop the others. All count, by e to "
        "the power of theirs.",
        _best_only,
    ),
    (
        "first part only",
        "You give back the first part. The others hold keys too.",
        _first,
    ),
    (
        "log-sum-exps added",
        "The new log-sum-exp is the sum of the old ones. Not the logarithms add up but what they "
        "are logarithms of: log(exp + exp).",
        partial(_with, lambda s: s.sum(axis=0)),
    ),
    (
        "largest log-sum-exp",
        "The new log-sum-exp is the largest of the old ones. The others add to it: log(exp + exp).",
        partial(_with, lambda s: s.max(axis=0)),
    ),
    (
        "log-sum-exps averaged",
        "The new log-sum-exp is the mean of the old ones. It is log(exp + exp), above each of "
        "them.",
        partial(_with, lambda s: s.mean(axis=0)),
    ),
    (
        "maximum not given back",
        "You took the maximum off before exp, and did not add it again after log. The new "
        "log-sum-exp is too small by it.",
        partial(_with, lambda s: np.log(_powers(s)[0].sum(axis=0))),
    ),
    (
        "logarithm forgotten",
        "The second result is the sum of powers, not its logarithm.",
        partial(_with, lambda s: np.exp(s).sum(axis=0)),
    ),
    (
        "unstable",
        "Overflow: exp of a large number is infinite, and of a very negative one is 0. Take the "
        "largest log-sum-exp of each query away before exp.",
        _unstable,
    ),
    (
        "unstable",
        "exp of a large log-sum-exp is infinite, and of a very negative one is 0. Take the largest "
        "of each query away before exp.",
        _safe_sum,
    ),
    (
        "NaN where nothing was seen",
        "A query that saw no key in any part gets NaN, from -∞ - (-∞). It should get zeros, and "
        "-∞ again: take a maximum off only where it is finite.",
        _nan,
    ),
]


def _mistakes(inputs: Arrays) -> list[Mistake]:
    return [Mistake(bug, says, partial(gives, *inputs)) for bug, says, gives in KNOWN]


def _parts(rng: np.random.Generator, *shape: int, d_v: int = 5, spread: float = 1.5) -> Arrays:
    """Outputs and log-sum-exps of parts, as any attention could have given them."""
    return rng.normal(size=(*shape, d_v)), 1 + rng.normal(size=shape) * spread


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
    """Log-sum-exps near 1000 and near -1000, side by side."""
    outputs, lse = _parts(rng, 3, 4)
    _hold(call, outputs, lse + rng.permutation([1000.0, -1000.0, 0.0, 2000.0]), 2000.0)


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
