"""What goes wrong in ``merge_attention``, with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

Arrays = tuple[np.ndarray, ...]


def _powers(lse: np.ndarray) -> Arrays:
    top = lse.max(axis=0)
    top = np.where(np.isfinite(top), top, 0)
    return np.exp(lse - top), top


def _logs(lse: np.ndarray) -> np.ndarray:
    powers, top = _powers(lse)
    return top + np.log(powers.sum(axis=0))


def _right(outputs: np.ndarray, lse: np.ndarray) -> Arrays:
    powers, _ = _powers(lse)
    total = powers.sum(axis=0)
    out = (powers[..., None] * outputs).sum(axis=0) / np.where(total == 0, 1, total)[..., None]
    return out, _logs(lse)


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


def _one_top(outputs: np.ndarray, lse: np.ndarray) -> Arrays:
    powers = np.exp(lse - lse.max())
    total = powers.sum(axis=0)
    shared = np.where(total == 0, 1, total)
    return (powers[..., None] * outputs).sum(axis=0) / shared[..., None], lse.max() + np.log(total)


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
        "one maximum for all queries",
        "You take one maximum of the whole array away. A query far below it is left with powers of "
        "0. Each query has its own: max(axis=0).",
        _one_top,
    ),
    (
        "zero where nothing was seen",
        "A query that saw no key in any part gets the log-sum-exp 0, as if it had seen one key of "
        "score 0. The logarithm of an empty sum is -∞.",
        partial(_with, lambda s: np.where(np.isfinite(s).any(axis=0), _logs(s), 0)),
    ),
    (
        "NaN where nothing was seen",
        "A query that saw no key in any part gets NaN, from -∞ - (-∞). It should get zeros, and "
        "-∞ again: take a maximum off only where it is finite.",
        _nan,
    ),
]
