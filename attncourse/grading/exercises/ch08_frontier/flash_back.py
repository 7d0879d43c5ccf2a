"""Checks of ``flash_backward(q, k, v, out, lse, d_out, causal, block_len)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import FAR_BELOW, budget
from attncourse.grading.exercises.ch08_frontier import flash_oracles, oracles
from attncourse.grading.exercises.ch08_frontier.inputs import (
    LONG,
    SHORT,
    SQUARE,
    Inputs,
    compare_parts,
    draw,
    far_below,
    frugal,
    frugal_once,
    largest,
    tensors,
)
from attncourse.grading.exercises.ch08_frontier.suspects_back import suspects

QUESTION = Question(
    "flash_backward",
    ("q", "k", "v", "out", "lse", "d_out", "causal", "block_len"),
    returns=("tensor", "tensor", "tensor"),
    ready_made=oracles.READY,
    read="04-mathematics/the-exact-one",
)
#: What each result is called, and the names of its last axes.
RESULTS = (
    ("the gradient of q", ("query", "feature")),
    ("the gradient of k", ("key", "feature")),
    ("the gradient of v", ("key", "feature")),
)


def _hold(
    call: Call,
    inputs: Inputs,
    causal: bool,
    block_len: int,
    rng: np.random.Generator,
    named: bool = True,
    size: float | None = None,
) -> None:
    q, k, v = inputs
    forward = flash_oracles.flash_forward if named else flash_oracles.long_forward
    backward = flash_oracles.flash_backward if named else flash_oracles.long_backward
    # What the forward pass saved, rounded as it would have been.
    out, lse = (x.astype(np.float32) for x in forward(*inputs, causal))
    d_out = rng.normal(size=out.shape).astype(np.float32)
    given = call("flash_backward", *tensors(q, k, v, out, lse, d_out), causal, block_len)
    right = backward(*inputs, d_out, causal)
    compare_parts(
        given,
        right,
        RESULTS,
        lambda part: (
            suspects(inputs, lse, d_out, causal, block_len, part, given[part]) if named else []
        ),
        4 * budget(largest(q, k) if size is None else size) if named else 2e-4,
    )


@QUESTION.check(points=1, hint="One tile: P = exp(S - lse), dV = Pᵀ dO, dP = dO Vᵀ, and then dS.")
def one_tile(call: Call, rng: np.random.Generator) -> None:
    """All queries and keys in one tile: the three gradients of attention."""
    _hold(call, draw(rng, q_len=4, kv_len=6), False, 8, rng)


@QUESTION.check(points=2, hint="dq gathers over tiles of keys, dk and dv over tiles of queries.")
def many_tiles(call: Call, rng: np.random.Generator) -> None:
    """Tiles of 4 for 8 queries and 12 keys: each gradient is a sum over tiles."""
    _hold(call, draw(rng, q_len=8, kv_len=12), False, 4, rng)


@QUESTION.check(points=1, hint="k[..., a : a + block_len, :] is shorter at the end. Let it be.")
def tiles_that_do_not_divide(call: Call, rng: np.random.Generator) -> None:
    """Lengths that are no multiple of the tile, for tiles of 1, 3, 4 and 50."""
    for block_len in (1, 3, 4, 50):
        _hold(call, draw(rng, q_len=7, kv_len=11), False, block_len, rng)


@QUESTION.check(points=2, hint="A closed pair has no weight in the forward pass, and no gradient.")
def causal(call: Call, rng: np.random.Generator) -> None:
    """Causal, as many queries as keys, and then fewer: the last query sees all keys."""
    _hold(call, draw(rng, q_len=9, kv_len=9), True, 4, rng)
    _hold(call, draw(rng, q_len=5, kv_len=12), True, 3, rng)


@QUESTION.check(points=1, hint="Their lse is -∞, and exp(-∞ - (-∞)) is NaN. Which weight is right?")
def blind_queries(call: Call, rng: np.random.Generator) -> None:
    """Causal, more queries than keys: no gradient through those that see nothing."""
    _hold(call, draw(rng, q_len=10, kv_len=6), True, 4, rng)


@QUESTION.check(points=2, hint="Make each tile of weights again, use it, and let it go.")
def enough_memory(call: Call, rng: np.random.Generator) -> None:
    """3072 queries and keys within 18 MiB: a square of weights alone would take 36."""
    _hold(call, draw(rng, q_len=40, kv_len=40), True, 16, rng)  # so that all libraries are there
    inputs = draw(rng, q_len=SQUARE, kv_len=SQUARE, d_k=8, d_v=8)
    frugal(
        QUESTION,
        call,
        lambda: _hold(call, inputs, True, 256, rng, named=False),
        "Right gradients",
    )


@QUESTION.check(points=1, hint="q *= scale and d_out *= out write into the caller's tensors.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The tensors that were passed in are the same afterwards."""
    _hold(call, draw(rng, 2, q_len=6, kv_len=8), True, 4, rng)
    QUESTION.unchanged(call, "Right gradients")


@QUESTION.check(points=1, hidden=True, hint="Index from the end: k[..., a:b, :], k.mT.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along; and keys as wide as values."""
    _hold(call, draw(rng, 2, 3, q_len=5, kv_len=7), True, 3, rng)
    _hold(call, draw(rng, 2, q_len=6, kv_len=6, d_k=4, d_v=4), False, 4, rng)


@QUESTION.check(
    points=1, hidden=True, hint="exp(S) / exp(lse) overflows. exp(S - lse) is at most 1."
)
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores of a hundred and more, or all far below zero: no NaN, no infinity."""
    q, k, v = draw(rng, q_len=8, kv_len=14)
    _hold(call, (q * 8, k * 8, v), False, 4, rng)
    _hold(call, (q * 8, k * 8, v), True, 5, rng)
    _hold(call, far_below(*draw(rng, q_len=9, kv_len=7)), True, 4, rng, size=FAR_BELOW)


@QUESTION.check(points=1, hidden=True, hint="Cutting the queries is not enough: cut the keys, too.")
def very_long(call: Call, rng: np.random.Generator) -> None:
    """A few queries and 98,304 keys, within 64 MiB: whole rows take more than 70."""
    _hold(call, draw(rng, q_len=40, kv_len=40), False, 16, rng)
    inputs = draw(rng, q_len=SHORT, kv_len=LONG, d_k=4, d_v=4)
    frugal_once(
        QUESTION,
        call,
        lambda: _hold(call, inputs, False, 512, rng, named=False),
        "Right gradients",
    )
