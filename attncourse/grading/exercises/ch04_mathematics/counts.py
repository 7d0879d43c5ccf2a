"""Checks of ``multiply_adds(q_len, kv_len, d_model, n_heads, n_kv_heads)``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch04_mathematics import oracles

QUESTION = Question(
    "multiply_adds",
    ("q_len", "kv_len", "d_model", "n_heads", "n_kv_heads"),
    returns="number",
    read="04-mathematics/complexity",
)
Layer = tuple[int, int, int, int, int]
Count = Callable[[int, int, int, int, int], float]


def _count(
    m: int,
    n: int,
    d: int,
    h: int,
    few: int,
    *,
    asked: float = 2,
    kept: float = 2,
    pairs: float = 2,
    times: float = 1,
) -> float:
    """Count with each of the three kinds of product so many times: 2, 2 and 2 is right."""
    return times * (asked * m * d * d + kept * m * d * d * few / h + pairs * m * n * d)


#: Name, message and number of each known mistake.
KNOWN: list[tuple[str, str, Count]] = [
    (
        "operations",
        "That is twice as much: operations. A multiply-add is one multiplication together with "
        "its addition.",
        partial(_count, times=2),
    ),
    (
        "cache projected again",
        "You project keys and values for all kv_len positions. Those in the cache are there "
        "already: only the q_len new tokens are projected.",
        lambda m, n, d, h, few: _count(m, n, d, h, few, kept=2 * n / m),
    ),
    (
        "queries projected for the cache",
        "You project everything for all kv_len positions, queries and output too. Only the q_len "
        "new tokens pass through the layer.",
        lambda m, n, d, h, few: _count(m, n, d, h, few, asked=2 * n / m, kept=2 * n / m),
    ),
    (
        "groups ignored",
        "Keys and values are projected for all n_heads. There are only n_kv_heads of them, each "
        "d_model / n_heads wide.",
        lambda m, n, d, h, few: _count(m, n, d, h, h),
    ),
    (
        "groups in the pairs",
        "You count scores for n_kv_heads only. Every head of queries meets every key: sharing keys "
        "saves memory, not these products.",
        lambda m, n, d, h, few: _count(m, n, d, h, few, pairs=2 * few / h),
    ),
    (
        "keys or values missing",
        "Only one of keys and values is projected. Both are.",
        partial(_count, kept=1),
    ),
    (
        "keys and values missing",
        "The projections of keys and values are missing.",
        partial(_count, kept=0),
    ),
    (
        "one projection missing",
        "One product of q_len · d_model² is missing. Queries are projected on the way in, and the "
        "heads' results on the way out.",
        partial(_count, asked=1),
    ),
    (
        "projections missing",
        "Only the scores and the means are counted. The four projections are products too, and for "
        "short texts most of the work.",
        partial(_count, asked=0, kept=0),
    ),
    (
        "one product of pairs",
        "Each query meets each key twice: once for the score, once for the mean of the values. One "
        "of the two is missing.",
        partial(_count, pairs=1),
    ),
    (
        "pairs missing",
        "The two products that pair queries with keys are missing: scores, and means of values.",
        partial(_count, pairs=0),
    ),
    (
        "heads times the width",
        "You count d_model for every head. A head is d_model / n_heads wide, so all together cost "
        "as much as one of the whole width.",
        lambda m, n, d, h, few: _count(m, n, d, h, few, pairs=2 * h),
    ),
    (
        "one head's pairs",
        "Scores and means are counted for one head only. There are n_heads of them.",
        lambda m, n, d, h, few: _count(m, n, d, h, few, pairs=2 / h),
    ),
    (
        "new tokens only",
        "The pairs are q_len². The new queries also meet the keys in the cache: q_len · kv_len.",
        lambda m, n, d, h, few: _count(m, n, d, h, few, pairs=2 * m / n),
    ),
    (
        "square of the length",
        "The pairs are kv_len². Only the q_len new queries ask: q_len · kv_len.",
        lambda m, n, d, h, few: _count(m, n, d, h, few, pairs=2 * n / m),
    ),
    (
        "half the pairs",
        "You count half the pairs, as if the future were skipped. Asked for is every query with "
        "every key.",
        lambda m, n, d, h, few: _count(m, n, d, h, few, pairs=(2 * n - m + 1) / n),
    ),
    (
        "MLP counted",
        "An MLP of four times the width is in it, 8 q_len · d_model². Asked for is the attention "
        "layer alone.",
        partial(_count, asked=10),
    ),
]


def _hold(call: Call, layers: list[Layer]) -> None:
    # Shares of the right count: else the largest layer alone would decide.
    right = np.array([oracles.multiply_adds(*layer) for layer in layers], float)
    given = np.array([call("multiply_adds", *layer) for layer in layers], float)

    def count(known: Count) -> np.ndarray:
        return np.array([known(*layer) for layer in layers]) / right

    compare(
        given / right,
        np.ones(len(layers)),
        suspects=[Suspect(bug, says, partial(count, known)) for bug, says, known in KNOWN],
        axes=("layer",),
        what="your count, over the right one",
    )


def _layer(
    rng: np.random.Generator,
    *,
    new: tuple[int, int] = (20, 200),
    cached: tuple[int, int] = (0, 1),
    copies: int = 1,
    shared: int = 3,
) -> Layer:
    """A layer: ``copies`` heads of queries to each of ``shared`` heads of keys."""
    m = int(rng.integers(*new))
    width = int(rng.integers(5, 80))
    n_heads = copies * shared
    return m, m + int(rng.integers(*cached)), n_heads * width, n_heads, shared


@QUESTION.check(points=1, hint="One head, no cache: 4 products of n · d², 2 of n² · d.")
def one_head(call: Call, rng: np.random.Generator) -> None:
    """One head that reads a text: 4 n d² + 2 n² d."""
    _hold(call, [_layer(rng, shared=1) for _ in range(3)])


@QUESTION.check(points=2, hint="H heads of width d/H: what do they cost together?")
def many_heads(call: Call, rng: np.random.Generator) -> None:
    """Heads divide the work and add nothing to it."""
    _hold(call, [_layer(rng, shared=shared) for shared in (3, 4, 7)])


@QUESTION.check(points=2, hint="w_key has d_model rows and n_kv_heads · d_k columns.")
def grouped_heads(call: Call, rng: np.random.Generator) -> None:
    """Fewer heads of keys and values: two of the four projections shrink."""
    _hold(call, [_layer(rng, copies=copies, shared=2) for copies in (2, 4, 5)])


@QUESTION.check(points=2, hint="The cache holds kv_len - q_len keys and values, ready to use.")
def with_a_cache(call: Call, rng: np.random.Generator) -> None:
    """A few new tokens meet many cached ones."""
    _hold(call, [_layer(rng, new=(2, 40), cached=(200, 900), copies=c) for c in (1, 2, 3)])


@QUESTION.check(points=1, hidden=True, hint="q_len is 1: what is left of each product?")
def one_token_at_a_time(call: Call, rng: np.random.Generator) -> None:
    """Writing: a single new token and a long past."""
    _hold(call, [_layer(rng, new=(1, 2), cached=(500, 9000), copies=4) for _ in range(3)])


@QUESTION.check(points=1, hidden=True, hint="One head of keys: n_kv_heads is 1.")
def one_head_of_keys(call: Call, rng: np.random.Generator) -> None:
    """Multi-query attention over a short prompt."""
    _hold(call, [_layer(rng, cached=(1, 60), copies=copies, shared=1) for copies in (2, 8, 16)])


@QUESTION.check(points=1, hidden=True, hint="Python's whole numbers have no limit; int32 does.")
def large_models(call: Call, rng: np.random.Generator) -> None:
    """A long text in a wide model: more than 32 bits can count."""
    layers = []
    for _ in range(3):
        m = int(rng.integers(20_000, 90_000))
        layers.append((m, m + int(rng.integers(1, 40_000)), 128 * 40, 40, 8))
    _hold(call, layers)
