"""Checks of ``grouped_attention(q, k, v, mask)``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch04_mathematics import oracles
from attncourse.grading.exercises.ch04_mathematics.common import shares, some, turned

QUESTION = Question(
    "grouped_attention",
    ("q", "k", "v", "mask"),
    ready_made=oracles.READY_ATTENTION + oracles.READY_SOFTMAX,
    read="04-mathematics/multi-head",
)
AXES = ("head", "query", "feature")


def suspects(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    n_heads, few = q.shape[-3], k.shape[-3]
    copies = n_heads // few
    repeated = np.arange(n_heads) // copies
    tiled = np.arange(n_heads) % few
    root = np.sqrt(q.shape[-1])

    def attend(
        of_k: Sequence[int] | np.ndarray,
        of_v: Sequence[int] | np.ndarray | None = None,
        open_: np.ndarray = mask,
        scale: float = root,
    ) -> np.ndarray:
        keys = np.take(k, np.asarray(of_k), axis=-3)
        values = np.take(v, np.asarray(of_k if of_v is None else of_v), axis=-3)
        return shares(q @ turned(keys) / scale, open_) @ values

    def alike(x: np.ndarray) -> np.ndarray:
        return np.broadcast_to(
            x.mean(axis=-3, keepdims=True), (*x.shape[:-3], n_heads, *x.shape[-2:])
        )

    found = [
        Suspect(
            "tiled",
            "The keys' heads are dealt out in turn, 0 1 0 1, as np.tile does. Neighbours share: "
            "0 0 1 1, as np.repeat does. The shapes are the same, the model is another.",
            lambda: attend(tiled),
        ),
        Suspect(
            "values tiled",
            "The keys are repeated, the values are tiled. Both belong to the same group: repeat "
            "both.",
            lambda: attend(repeated, tiled),
        ),
        Suspect(
            "keys tiled",
            "The values are repeated, the keys are tiled. Both belong to the same group: repeat "
            "both.",
            lambda: attend(tiled, repeated),
        ),
        Suspect(
            "first head for all",
            "All queries meet the first head of keys and values. Each group has its own.",
            lambda: attend(np.zeros(n_heads, int)),
        ),
        Suspect(
            "heads averaged",
            "All queries meet the mean of the keys' heads. Heads are shared, not mixed: each group "
            "has its own.",
            lambda: shares(q @ turned(alike(k)) / root, mask) @ alike(v),
        ),
        Suspect(
            "groups reversed",
            "The groups are in reverse order: the first queries meet the last head of keys.",
            lambda: attend(repeated[::-1]),
        ),
        Suspect(
            "wrong group size",
            "You divide a query head's number by n_kv_heads. It is divided by the size of a group, "
            "n_heads // n_kv_heads.",
            lambda: attend(np.minimum(np.arange(n_heads) // few, few - 1)),
        ),
        Suspect(
            "one output a group",
            "You give one head for each head of keys. Every head of queries has an output of its "
            "own; only keys and values are shared.",
            lambda: attend(repeated)[..., ::copies, :, :],
        ),
        Suspect(
            "queries averaged",
            "The queries of a group are averaged before they ask. Each asks for itself: that is "
            "what grouping keeps.",
            lambda: _averaged(q, k, v, mask, copies),
        ),
        Suspect(
            "mask ignored",
            "The groups are right, but the mask is not used: hand it on to attention_weights.",
            lambda: attend(repeated, open_=np.ones_like(mask)),
        ),
        Suspect(
            "mask inverted",
            "The mask is inverted. True means: may attend.",
            lambda: attend(repeated, open_=~mask),
        ),
        Suspect(
            "not scaled",
            "The groups are right; the scores are not divided by √d_k.",
            lambda: attend(repeated, scale=1.0),
        ),
        Suspect(
            "empty row averaged",
            "A query that may see no key gets the mean of all values. Its output should be zeros; "
            "attention_weights does that.",
            lambda: np.where(
                mask.any(axis=-1, keepdims=True),
                attend(repeated),
                attend(repeated, open_=np.ones_like(mask), scale=1e9),
            ),
        ),
    ]
    return found


def _averaged(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray, copies: int
) -> np.ndarray:
    *batch, n_heads, q_len, d_k = q.shape
    mean = q.reshape(*batch, n_heads // copies, copies, q_len, d_k).mean(axis=-3)
    asked = np.repeat(mean, copies, axis=-3)
    keys, values = np.repeat(k, copies, axis=-3), np.repeat(v, copies, axis=-3)
    return shares(asked @ turned(keys) / np.sqrt(d_k), mask) @ values


def _draw(
    rng: np.random.Generator,
    *batch: int,
    n_heads: int = 6,
    n_kv_heads: int = 2,
    q_len: int = 3,
    kv_len: int = 5,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        rng.normal(size=(*batch, n_heads, q_len, 7)) * 1.3,
        rng.normal(size=(*batch, n_kv_heads, kv_len, 7)) * 1.3,
        rng.normal(size=(*batch, n_kv_heads, kv_len, 4)),
    )


def _hold(call: Call, q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> None:
    compare(
        call("grouped_attention", q, k, v, mask),
        oracles.grouped_attention(q, k, v, mask),
        suspects=suspects(q, k, v, mask),
        axes=AXES,
    )


@QUESTION.check(points=1, hint="Groups of one head: repeat each once.")
def a_head_each(call: Call, rng: np.random.Generator) -> None:
    """With as many heads of keys as of queries, this is plain multi-head attention."""
    _hold(call, *_draw(rng, n_heads=3, n_kv_heads=3), some(rng, 3, 5))


@QUESTION.check(points=2, hint="Query heads 0, 1, 2 meet head 0 of the keys; 3, 4, 5 meet head 1.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """Six heads of queries on two of keys and values, one head at a time."""
    _hold(call, *_draw(rng), np.ones((3, 5), bool))


@QUESTION.check(points=2, hint="Values that are the head's own number say which head was heard.")
def who_hears_whom(call: Call, rng: np.random.Generator) -> None:
    """Where every value of a head is one number, a query head gives back its own group's."""
    q, k, v = _draw(rng, n_heads=8, n_kv_heads=4)
    said = rng.permutation(4) + rng.uniform(0.1, 0.9)
    v = np.broadcast_to(said[:, None, None], v.shape).copy()
    _hold(call, q, k, v, np.ones((3, 5), bool))


@QUESTION.check(points=1, hint="The heads are axis -3, whatever stands in front.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Two batch axes in front; a mask for each sequence, that all its heads share."""
    _hold(call, *_draw(rng, 2, 3), some(rng, 2, 3, 1, 3, 5))


@QUESTION.check(points=1, hint="attention_weights(…, mask) @ values gives zeros there by itself.")
def blind_queries_get_zeros(call: Call, rng: np.random.Generator) -> None:
    """A query that may see no key gets zeros in every head."""
    mask = some(rng, 4, 5)
    mask[int(rng.integers(4))] = False
    _hold(call, *_draw(rng, 2, q_len=4), mask)


@QUESTION.check(points=1, hint="k *= … writes into the cache that you were lent.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, *_draw(rng), some(rng, 3, 5))
    QUESTION.unchanged(call, "Right output")


@QUESTION.check(points=1, hidden=True, hint="A slice of a larger array: reshape what you like.")
def out_of_a_cache(call: Call, rng: np.random.Generator) -> None:
    """One query; keys and values are the filled part of a larger cache."""
    q, k, v = _draw(rng, 2, q_len=1, kv_len=9)
    _hold(call, q, k[..., :6, :], v[..., :6, :], np.ones((1, 6), bool))


@QUESTION.check(points=1, hidden=True, hint="One head of keys for all: groups of n_heads.")
def one_head_of_keys(call: Call, rng: np.random.Generator) -> None:
    """Multi-query attention: all heads of queries share one head of keys and values."""
    _hold(call, *_draw(rng, n_heads=4, n_kv_heads=1), some(rng, 3, 5))
