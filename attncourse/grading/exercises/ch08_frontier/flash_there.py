"""Checks of ``flash_forward(q, k, v, causal, block_len)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import budget
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
from attncourse.grading.exercises.ch08_frontier.suspects_there import suspects

QUESTION = Question(
    "flash_forward",
    ("q", "k", "v", "causal", "block_len"),
    returns=("tensor", "tensor"),
    ready_made=oracles.READY,
    read="04-mathematics/the-exact-one",
)
#: What each result is called, and the names of its last axes.
RESULTS = (("the output", ("query", "feature")), ("the log-sum-exp", ("query",)))


def _hold(call: Call, inputs: Inputs, causal: bool, block_len: int, named: bool = True) -> None:
    given = call("flash_forward", *tensors(*inputs), causal, block_len)
    forward = flash_oracles.flash_forward if named else flash_oracles.long_forward
    right = forward(*inputs, causal)
    q, k, _ = inputs
    compare_parts(
        given,
        right,
        RESULTS,
        lambda part: suspects(inputs, causal, block_len, part) if named else [],
        # An error of the scores is relative in the output and absolute in the log-sum-exp.
        budget(largest(q, k)) if named else 1e-4,
    )


@QUESTION.check(
    points=1, hint="One tile: softmax with its maximum m and its sum z; lse = m + ln z."
)
def one_tile(call: Call, rng: np.random.Generator) -> None:
    """All queries and keys in one tile: attention, and the log-sum-exp beside it."""
    _hold(call, draw(rng, q_len=4, kv_len=6), False, 8)


@QUESTION.check(points=2, hint="m, z and u live on from one tile of keys to the next.")
def many_tiles(call: Call, rng: np.random.Generator) -> None:
    """Tiles of 4 for 8 queries and 12 keys, scores that rise from tile to tile."""
    q, k, v = draw(rng, q_len=8, kv_len=12)
    _hold(call, (q, k, v), False, 4)
    along = (k.astype(np.float64) @ q.mean(axis=0)).argsort()
    _hold(call, (q, k[along], v), False, 4)


@QUESTION.check(points=1, hint="k[..., a : a + block_len, :] is shorter at the end. Let it be.")
def tiles_that_do_not_divide(call: Call, rng: np.random.Generator) -> None:
    """Lengths that are no multiple of the tile, for tiles of 1, 3, 4 and 50."""
    inputs = draw(rng, q_len=7, kv_len=11)
    for block_len in (1, 3, 4, 50):
        _hold(call, inputs, False, block_len)


@QUESTION.check(points=2, hint="Query i stands at kv_len - q_len + i, whatever tile it is in.")
def causal(call: Call, rng: np.random.Generator) -> None:
    """Causal, as many queries as keys, and then fewer: the last query sees all keys."""
    _hold(call, draw(rng, q_len=9, kv_len=9), True, 4)
    _hold(call, draw(rng, q_len=5, kv_len=12), True, 3)


@QUESTION.check(
    points=1, hint="Where the maximum is -∞, every exponent is -∞ + ∞. What if you take 0?"
)
def blind_queries(call: Call, rng: np.random.Generator) -> None:
    """Causal, more queries than keys: the first ones get zeros and a log-sum-exp of -∞."""
    _hold(call, draw(rng, q_len=10, kv_len=6), True, 4)


@QUESTION.check(points=2, hint="Neither the tile nor what you keep may grow with the length.")
def enough_memory(call: Call, rng: np.random.Generator) -> None:
    """3072 queries and keys within 18 MiB: a square of scores alone would take 36."""
    _hold(call, draw(rng, q_len=40, kv_len=40), True, 16)  # so that all libraries are there
    inputs = draw(rng, q_len=SQUARE, kv_len=SQUARE, d_k=8, d_v=8)
    frugal(QUESTION, call, lambda: _hold(call, inputs, True, 256, named=False), "Right output")


@QUESTION.check(points=1, hint="q *= scale writes into the caller's tensor. q * scale does not.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The tensors that were passed in are the same afterwards."""
    _hold(call, draw(rng, 2, q_len=6, kv_len=8), True, 4)
    QUESTION.unchanged(call, "Right output")


@QUESTION.check(points=1, hidden=True, hint="Index from the end: k[..., a:b, :], k.mT.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along, also in a view that is not contiguous."""
    q, k, v = draw(rng, 2, 3, q_len=5, kv_len=7)
    _hold(call, (q, k, v), True, 3)
    # (batch, seq, heads, dim), seen as (batch, heads, seq, dim).
    q, k, v = (np.ascontiguousarray(x.swapaxes(1, 2)).swapaxes(1, 2) for x in (q, k, v))
    _hold(call, (q, k, v), False, 4)


@QUESTION.check(points=2, hidden=True, hint="No exponent may ever be above zero.")
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores of hundreds, rising, falling, far apart from row to row, and all far below zero."""
    q, k, v = draw(rng, q_len=8, kv_len=14)
    _hold(call, (q * 14, k * 14, v), False, 4)
    # One direction: the scores of a row rise or fall, by its sign.
    k[:, 0] = np.sort(rng.uniform(1, 12, size=14))
    k[:, 1:] *= 0.1
    q[:, 0] = np.where(np.arange(8) % 2, 1, -1) * rng.uniform(90, 120, size=8)
    _hold(call, (q, k, v), False, 4)
    _hold(call, (q, k, v), True, 4)
    _hold(call, far_below(*draw(rng, q_len=9, kv_len=7)), True, 4)


@QUESTION.check(points=1, hidden=True, hint="Cutting the queries is not enough: cut the keys, too.")
def very_long(call: Call, rng: np.random.Generator) -> None:
    """A few queries and 98,304 keys, within 64 MiB: whole rows take more than 70."""
    _hold(call, draw(rng, q_len=40, kv_len=40), False, 16)
    inputs = draw(rng, q_len=SHORT, kv_len=LONG, d_k=4, d_v=4)
    frugal_once(
        QUESTION,
        call,
        lambda: _hold(call, inputs, False, 512, named=False),
        "Right output",
    )
