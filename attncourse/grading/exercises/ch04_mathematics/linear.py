"""Checks of ``linear_attention_recurrent(q, k, v, key_value_sum, key_sum)``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.exercises.ch04_mathematics import oracles
from attncourse.grading.exercises.ch04_mathematics.common import Mistake, hold, turned
from attncourse.grading.exercises.ch04_mathematics.linear_mistakes import KNOWN, Arrays, Reader

QUESTION = Question(
    "linear_attention_recurrent",
    ("q", "k", "v", "key_value_sum", "key_sum"),
    returns=("array", "array", "array"),
    ready_made=oracles.READY_ATTENTION + oracles.READY_SOFTMAX,
    read="04-mathematics/making-it-cheaper",
)
WHAT = ("the output", "key_value_sum", "key_sum")
AXES = (("position", "feature"), ("key feature", "value feature"), ("key feature",))


def _mistakes(inputs: Arrays, reader: Callable[[Reader], Reader] = lambda f: f) -> list[Mistake]:
    return [Mistake(bug, says, partial(reader(f), *inputs)) for bug, says, f in KNOWN]


def _draw(
    rng: np.random.Generator,
    *batch: int,
    seq: int = 5,
    d_k: int = 4,
    d_v: int = 3,
    read: bool = True,
) -> Arrays:
    """Features that are not negative, and the state of some text that was read before."""
    q, k = rng.exponential(size=(2, *batch, seq, d_k))
    v = rng.normal(size=(*batch, seq, d_v))
    old_k, old_v = rng.exponential(size=(*batch, 3, d_k)), rng.normal(size=(*batch, 3, d_v))
    return q, k, v, read * (turned(old_k) @ old_v), read * old_k.sum(axis=-2)


def _hold(call: Call, inputs: Arrays) -> None:
    hold(
        call("linear_attention_recurrent", *inputs),
        oracles.linear_attention_recurrent(*inputs),
        what=WHAT,
        mistakes=_mistakes(inputs),
        axes=AXES,
    )


@QUESTION.check(points=1, hint="All weights are equal here. What is a mean with equal weights?")
def equal_keys_give_means(call: Call, rng: np.random.Generator) -> None:
    """Where all keys are alike, the outputs are the means of the values so far."""
    a, b = rng.uniform(0.5, 2, size=2)
    v = rng.normal(size=(4, 3))
    inputs = (np.full((4, 1), a), np.full((4, 1), b), v, np.zeros((1, 3)), np.zeros(1))
    means = np.array([v[: t + 1].mean(axis=0) for t in range(4)])
    right = (means, b * v.sum(axis=0, keepdims=True), np.array([4 * b]))
    given = call("linear_attention_recurrent", *inputs)
    hold(given, right, what=WHAT, mistakes=_mistakes(inputs), axes=AXES)


@QUESTION.check(
    points=2, hint="For each t: write k_t and v_t into the sums, then ask them with q_t."
)
def agrees_with_all_pairs(call: Call, rng: np.random.Generator) -> None:
    """From an empty state, the same numbers as by all pairs of a query and a key before it."""
    _hold(call, _draw(rng, read=False))


@QUESTION.check(points=2, hint="key_value_sum and key_sum: start from those that came in.")
def goes_on_where_it_was(call: Call, rng: np.random.Generator) -> None:
    """From the state of a text that was read before."""
    _hold(call, _draw(rng, seq=6))


@QUESTION.check(points=2, hint="Hand back the sums after the last token.")
def two_pieces_make_a_whole(call: Call, rng: np.random.Generator) -> None:
    """A text read in two pieces, the state handed on, gives what it gives in one."""
    inputs = _draw(rng, 2, seq=7)
    cut = int(rng.integers(2, 6))

    def twice(read: Reader) -> Reader:
        def both(*inputs: np.ndarray) -> Arrays:
            texts, state = inputs[:3], inputs[3:]
            first, *state = read(*(x[..., :cut, :] for x in texts), *state)
            # What has another shape cannot be read on with, or laid side by side.
            if [np.shape(s) for s in (first, *state)] != [(2, cut, 3), (2, 4, 3), (2, 4)]:
                return first, *state
            second, *state = read(*(x[..., cut:, :] for x in texts), *state)
            if np.shape(second) != (2, 7 - cut, 3):
                return second, *state
            return np.concatenate([first, second], axis=-2), *state

        return both

    given = twice(partial(call, "linear_attention_recurrent"))(*inputs)
    right = oracles.linear_attention_recurrent(*inputs)
    hold(given, right, what=WHAT, mistakes=_mistakes(inputs, twice), axes=AXES)


@QUESTION.check(
    points=1, hint="Where the sum of weights is 0, divide by 1: 0 / 1 is what you want."
)
def no_weight_no_output(call: Call, rng: np.random.Generator) -> None:
    """Where a query's features meet none of the keys so far, the output is zeros."""
    q, k, v, S, z = _draw(rng, read=False)
    k[:2] = 0
    q[int(rng.integers(3, 5))] = 0
    _hold(call, (q, k, v, S, z))


@QUESTION.check(
    points=1, hint="s += … writes into the array that came in. s = s + … makes a new one."
)
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards, the state above all."""
    _hold(call, _draw(rng, seq=3))
    QUESTION.unchanged(call, "Right results")


@QUESTION.check(points=1, hidden=True, hint="Count axes from the end: k[..., t, :, None].")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front, each with a state of its own."""
    _hold(call, _draw(rng, 2, 3, seq=4))


@QUESTION.check(points=1, hidden=True, hint="The state's rows are features of keys.")
def all_sizes_equal(call: Call, rng: np.random.Generator) -> None:
    """Every size the same: what a transposed state would not notice."""
    _hold(call, _draw(rng, 3, seq=3, d_k=3, d_v=3))


@QUESTION.check(points=1, hidden=True, hint="One step at a time is how it writes.")
def one_token(call: Call, rng: np.random.Generator) -> None:
    """A single new token after a text, with features of any size: it cancels in the output."""
    _hold(call, _draw(rng, 4, seq=1, d_k=6))
    q, k, v, S, z = _draw(rng, 4, seq=1, d_k=6)
    _hold(call, (q * 1e-9, k * 1e-9, v, S * 1e-9, z * 1e-9))
