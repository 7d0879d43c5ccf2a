"""Checks of ``attention_layer(x, w_query, w_key, w_value, context=None, mask=None)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import FAR_BELOW, budget, compare
from attncourse.grading.exercises.ch02_core_concepts import oracles
from attncourse.grading.exercises.ch02_core_concepts.layer_mistakes import suspects
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_ATTENTION, READY_SOFTMAX

QUESTION = Question(
    "attention_layer",
    ("x", "w_query", "w_key", "w_value", "context", "mask"),
    ready_made=(*READY_ATTENTION, *READY_SOFTMAX),
    builds_on=("self_attention",),
    read="02-core-concepts/architecture",
)
AXES = ("query", "feature")


def _draw(
    rng: np.random.Generator,
    *batch: int,
    q_len: int = 3,
    kv_len: int = 5,
    d_model: int = 4,
    d_context: int = 6,
    d_k: int = 7,
    d_v: int = 2,
) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """What comes first in the call, and a context."""
    inputs = (
        rng.normal(size=(*batch, q_len, d_model)),
        rng.normal(size=(d_model, d_k)) * 0.8,
        rng.normal(size=(d_context, d_k)) * 0.8,
        rng.normal(size=(d_context, d_v)),
    )
    return inputs, rng.normal(size=(*batch, kv_len, d_context))


def _some(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """A random mask in which every query sees some keys and not others."""
    # Rank random numbers: ranks 0 and 1 are open, the last is closed, chance decides between them.
    rank = rng.random(shape).argsort(axis=-1).argsort(axis=-1)
    return (rank <= 1) | ((rank < shape[-1] - 1) & (rng.random(shape) < 0.5))


def _hold(call: Call, inputs: tuple[np.ndarray, ...], *more: Any, **options: Any) -> None:
    given = call("attention_layer", *inputs, *more, **options)
    names = dict(zip(("context", "mask"), more, strict=False)) | options
    right = oracles.attention_layer(*inputs, **names)
    x, w_query, w_key, _ = inputs
    read = x if names.get("context") is None else names["context"]
    sizes = np.abs(x @ w_query) @ np.abs(read @ w_key).swapaxes(-1, -2)
    seen = True if names.get("mask") is None else names["mask"]
    size = sizes.max(where=np.broadcast_to(seen, sizes.shape), initial=0)
    compare(given, right, suspects=suspects(*inputs, **names), axes=AXES, tolerance=budget(size))


@QUESTION.check(points=2, hint="Without a context, x is asked, answers and is read.")
def reads_itself(call: Call, rng: np.random.Generator) -> None:
    """Without a context and without a mask this is self-attention."""
    inputs, _ = _draw(rng, 2, d_model=6)
    _hold(call, inputs)


@QUESTION.check(points=2, hint="Queries come from x; keys and values, both, from the context.")
def reads_another(call: Call, rng: np.random.Generator) -> None:
    """With a context of another length and width this is cross-attention."""
    inputs, context = _draw(rng, 2)
    _hold(call, inputs, context)


@QUESTION.check(points=2, hint="Closed scores become -∞ before softmax.")
def with_a_mask(call: Call, rng: np.random.Generator) -> None:
    """A mask closes keys, for self- and for cross-attention."""
    inputs, context = _draw(rng, 2)
    _hold(call, inputs, context, _some(rng, 2, 3, 5))
    inputs, _ = _draw(rng, q_len=4, d_model=6)
    _hold(call, inputs, mask=np.tri(4, dtype=bool))


@QUESTION.check(points=1, hint="A query without any open key has zeros for an output.")
def blind_queries_get_zeros(call: Call, rng: np.random.Generator) -> None:
    """A query that may see no key gets zeros, and the others do not suffer."""
    inputs, context = _draw(rng, q_len=4)
    mask = _some(rng, 4, 5)
    mask[int(rng.integers(4))] = False
    _hold(call, inputs, context, mask)


@QUESTION.check(points=1, hint="np.where makes a new array; scores[~mask] = … writes.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    inputs, context = _draw(rng)
    _hold(call, inputs, context, _some(rng, 3, 5))
    QUESTION.unchanged(call, "Right output")


@QUESTION.check(points=1, hidden=True, hint="All sizes equal: only the numbers can tell.")
def equal_sizes(call: Call, rng: np.random.Generator) -> None:
    """All sizes equal: what no shape would notice."""
    inputs, context = _draw(rng, 2, q_len=4, kv_len=4, d_model=4, d_context=4, d_k=4, d_v=4)
    _hold(call, inputs, context)
    _hold(call, inputs, context, np.tri(4, dtype=bool))


@QUESTION.check(points=1, hidden=True, hint="np.where(mask, scores, -np.inf) broadcasts.")
def loud_padding(call: Call, rng: np.random.Generator) -> None:
    """One row of padding for all; what is closed has no say, be it loud or all others low."""
    inputs, context = _draw(rng, 2, 3)
    padding = np.arange(5) < np.array([3, 2])[:, None]
    # Of a vector and its opposite, one scores high, whoever asks.
    context[..., 3, :] *= 1e5
    context[..., 4, :] = -context[..., 3, :]
    _hold(call, inputs, np.asfortranarray(context), padding[:, None, None, :])
    # One coordinate takes all scores down alike; the others keep what lies between them.
    (x, w_query, w_key, w_value), context = _draw(rng, 2)
    down = np.sqrt(FAR_BELOW * np.sqrt(w_key.shape[-1]))
    x[..., 0], context[..., 0] = 1, 1
    w_query[:, 0], w_key[:, 0] = down * np.eye(4)[0], -down * np.eye(6)[0]
    mask = _some(rng, 2, 3, 5)
    mask[:, int(rng.integers(3))] = False
    _hold(call, (x, w_query, w_key, 3 * w_value), context, mask)


@QUESTION.check(points=1, hidden=True, hint="One query, many keys: the look-up of question 1.")
def one_query_large_scores(call: Call, rng: np.random.Generator) -> None:
    """A single query, and scores of a thousand and more: no NaN."""
    inputs, context = _draw(rng, 3, q_len=1, kv_len=8)
    # As long as they are, half of the scores are far above 709 and half far below.
    inputs = (inputs[0], inputs[1] * 40, inputs[2] * 40, inputs[3])
    _hold(call, inputs, context)
