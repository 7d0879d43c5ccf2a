"""Checks of ``cached_attention(q, k, v, cache_k, cache_v)``."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import FAR_BELOW, Suspect, budget, compare
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_ATTENTION, READY_SOFTMAX
from attncourse.grading.exercises.ch05_project import oracles
from attncourse.grading.exercises.ch05_project.cache_mistakes import CACHES, OUTPUT
from attncourse.grading.exercises.ch05_project.variants import attend

QUESTION = Question(
    "cached_attention",
    ("q", "k", "v", "cache_k", "cache_v"),
    returns=("array", "array", "array"),
    ready_made=READY_ATTENTION + READY_SOFTMAX,
    builds_on=("causal_mask",),
    read="05-project/kv-cache",
)
AXES = ("query", "feature")


def output_suspects(*inputs: np.ndarray) -> list[Suspect]:
    """Known mistakes in the output."""

    def gives(change: dict[str, Any]) -> np.ndarray:
        return attend(*inputs, **change)[0]

    q, _, v, _, _ = inputs
    found = [Suspect(bug, text, partial(gives, change)) for change, bug, text in OUTPUT]
    for change in ({"scale": float(q.shape[-1])}, {"scale": np.sqrt(v.shape[-1])}):
        found.append(
            Suspect(
                "wrong scale",
                "The scores are divided by the wrong number: it is √d_k, d_k the width of a key.",
                partial(gives, change),
            )
        )
    return found


def cache_suspects(
    old: np.ndarray, new: np.ndarray, group: int, other: np.ndarray
) -> list[Suspect]:
    """Known mistakes in one of the two caches; ``other`` is the other one, as it should be."""
    both = np.concatenate([old, new], axis=-2).astype(np.float64)
    gives = {
        "old": old.astype(np.float64),
        "new": new.astype(np.float64),
        "in front": np.concatenate([new, old], axis=-2).astype(np.float64),
        "repeated": np.repeat(both, group, axis=-3),
        "exchanged": other,
    }
    return [Suspect(bug, text, gives[word]) for word, bug, text in CACHES]


def draw(
    rng: np.random.Generator,
    *batch: int,
    past: int = 4,
    new: int = 3,
    n_heads: int = 6,
    n_kv_heads: int = 3,
    spread: float = 1.0,
) -> tuple[np.ndarray, ...]:
    """Queries, new keys and values, and the two caches; keys of width 5, values of width 2."""
    return (
        rng.normal(size=(*batch, n_heads, new, 5)) * spread,
        rng.normal(size=(*batch, n_kv_heads, new, 5)) * spread,
        rng.normal(size=(*batch, n_kv_heads, new, 2)),
        rng.normal(size=(*batch, n_kv_heads, past, 5)) * spread,
        rng.normal(size=(*batch, n_kv_heads, past, 2)),
    )


def _hold(call: Call, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    q, k, v, cache_k, cache_v = inputs
    given = call("cached_attention", *inputs)
    out, keys, values = oracles.cached_attention(*inputs)
    group = q.shape[-3] // k.shape[-3]
    # Of every coordinate the largest product: their sum is the most that a score is made of.
    highest = (np.abs(a).reshape(-1, a.shape[-1]).max(axis=0) for a in (q, keys))
    largest = float(np.prod(list(highest), axis=0).sum())
    compare(
        given[0],
        out,
        suspects=output_suspects(*inputs),
        axes=AXES,
        tolerance=budget(largest),
        what="the output",
    )
    compare(
        given[1],
        keys,
        suspects=cache_suspects(cache_k, k, group, values),
        axes=("key", "feature"),
        what="the cache of keys",
    )
    compare(
        given[2],
        values,
        suspects=cache_suspects(cache_v, v, group, keys),
        axes=("key", "feature"),
        what="the cache of values",
    )
    return given


@QUESTION.check(points=2, hint="Append first, then attend to everything in the caches.")
def one_token(call: Call, rng: np.random.Generator) -> None:
    """One new token behind a cache of four: it sees all five."""
    _hold(call, *draw(rng, new=1))


@QUESTION.check(points=2, hint="Your causal_mask knows what to do with q_len < kv_len.")
def a_chunk(call: Call, rng: np.random.Generator) -> None:
    """Three new tokens behind a cache of four: each sees the cache, and no token behind it."""
    _hold(call, *draw(rng))


@QUESTION.check(points=1, hint="An array of length 0 is an array like any other.")
def an_empty_cache(call: Call, rng: np.random.Generator) -> None:
    """At the start the caches hold nothing, and this is plain causal attention."""
    _hold(call, *draw(rng, past=0, new=5))


@QUESTION.check(points=2, hint="Feed a text whole, then in pieces: the outputs are equal.")
def as_the_whole_text(call: Call, rng: np.random.Generator) -> None:
    """In three pieces, each with the caches that the last call gave back, as in one."""
    whole = draw(rng, past=0, new=6)
    q, k, v, cache_k, cache_v = whole
    for start, stop in ((0, 3), (3, 4), (4, 6)):
        part = (a[..., start:stop, :] for a in (q, k, v))
        _, cache_k, cache_v = _hold(call, *part, cache_k, cache_v)


@QUESTION.check(points=1, hint="np.concatenate makes a new array. cache_k[...] = … does not.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The caller's caches are the same afterwards: a second way on may start from them."""
    inputs = draw(rng, new=2)
    _hold(call, *inputs)
    QUESTION.unchanged(call, "Right output")
    _hold(call, *inputs)


@QUESTION.check(points=1, hidden=True, hint="Heads are axis -3, the sequence is axis -2.")
def batches_and_views(call: Call, rng: np.random.Generator) -> None:
    """A batch in front; eight heads that share two; arrays that are views."""
    q, k, v, cache_k, cache_v = draw(rng, 2, n_heads=8, n_kv_heads=2)
    q, k, v = (np.ascontiguousarray(a.swapaxes(1, 2)).swapaxes(1, 2) for a in (q, k, v))
    _hold(call, q, k, v, cache_k, cache_v)


@QUESTION.check(points=1, hidden=True, hint="One head of keys for all, or one for each: same code.")
def multi_query_and_multi_head(call: Call, rng: np.random.Generator) -> None:
    """One head of keys for five heads of queries; then as many of the one as of the other."""
    _hold(call, *draw(rng, n_heads=5, n_kv_heads=1))
    _hold(call, *draw(rng, n_heads=3, n_kv_heads=3))


@QUESTION.check(points=1, hidden=True, hint="Take each row's largest score away before exp.")
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores beyond a thousand, or all of them far below zero: no NaN, and no closed key."""
    _hold(call, *draw(rng, spread=40.0))
    q, k, v, cache_k, cache_v = draw(rng, spread=0.7)
    q[..., 0] = np.sqrt(FAR_BELOW * np.sqrt(q.shape[-1]))
    k[..., 0] = cache_k[..., 0] = -q[0, 0, 0]
    k[:, 1:, 0] *= -1  # the first query sees neither of these
    _hold(call, q, k, 3 * v, cache_k, 3 * cache_v)
