"""Checks of ``last_states(x, lengths, w_x, w_h, b)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import compare
from attncourse.grading.exercises.ch01_background import oracles
from attncourse.grading.exercises.ch01_background.recurrent_mistakes import suspects

QUESTION = Question(
    "last_states",
    ("x", "lengths", "w_x", "w_h", "b"),
    ready_made=("torch.nn.RNN", "torch.nn.RNNCell", "torch.rnn_tanh", "keras.layers.SimpleRNN"),
    read="01-background/primer",
)
AXES = ("sequence", "unit")


def _draw(
    rng: np.random.Generator, *batch: int, seq: int = 6, d_in: int = 3, d_hidden: int = 4
) -> list[np.ndarray]:
    """Sequences of different lengths, all shorter than the array; padding holds large numbers."""
    lengths = rng.integers(2, seq - 1, size=batch)
    lengths.flat[0] = 2
    if lengths.size > 1:
        lengths.flat[1] = seq - 2
    x = rng.normal(size=(*batch, seq, d_in))
    seen = np.arange(seq) < lengths[..., None]
    noise = rng.uniform(1, 2, size=x.shape) * rng.choice([-1, 1], size=x.shape)
    return [
        np.where(seen[..., None], x, noise),
        lengths,
        rng.normal(size=(d_in, d_hidden)) * 0.6,
        # Near the identity in size: the state of long ago is still felt, and chaos is far.
        rng.normal(size=(d_hidden, d_hidden)) * 0.9 / np.sqrt(d_hidden),
        rng.uniform(0.3, 0.6, size=d_hidden) * rng.choice([-1, 1], size=d_hidden),
    ]


def _hold(call: Call, inputs: list[np.ndarray]) -> None:
    compare(
        call("last_states", *inputs),
        oracles.last_states(*inputs),
        suspects=suspects(*inputs),
        axes=AXES,
    )


@QUESTION.check(points=1, hint="The state before the first step is 0: tanh(x w + b) is left.")
def one_step_by_hand(call: Call, rng: np.random.Generator) -> None:
    """One token of width 1 gives tanh(x w + b)."""
    x, w, h, b = rng.uniform(0.6, 0.9, size=4)
    inputs = [np.array(a) for a in ([[[x]]], [1], [[w]], [[h]], [b])]
    given = call("last_states", *inputs)
    right = np.array([[np.tanh(x * w + b)]])
    compare(given, right, suspects=suspects(*inputs), axes=AXES)


@QUESTION.check(points=2, hint="A loop over the steps; each uses the state that the last one left.")
def no_padding_yet(call: Call, rng: np.random.Generator) -> None:
    """Two sequences that fill the array: the state after the last of 6 steps."""
    inputs = _draw(rng, 2)
    inputs[1] = np.array([6, 6])
    _hold(call, inputs)


@QUESTION.check(points=3, hint="Where a sequence has ended, keep its old state: np.where.")
def padding_does_not_move_it(call: Call, rng: np.random.Generator) -> None:
    """Five sequences of different lengths: each state is the one after its own last step."""
    inputs = _draw(rng, 5)
    _hold(call, inputs)
    # More padding, and other padding: the same states.
    x = np.concatenate([inputs[0], rng.uniform(-9, 9, size=(5, 3, 3))], axis=1)
    _hold(call, [x, *inputs[1:]])


@QUESTION.check(points=1, hint="state += … may write into what was handed to you.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, _draw(rng, 3))
    QUESTION.unchanged(call, "Right states")


@QUESTION.check(points=1, hidden=True, hint="Count axes from the end: x[..., t, :].")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Any number of axes in front, and arrays that are views of others."""
    inputs = _draw(rng, 2, 3, seq=7, d_in=5)
    inputs[0] = np.asfortranarray(inputs[0])
    _hold(call, inputs)


@QUESTION.check(points=1, hidden=True, hint="No step, no change: the state is still all zeros.")
def nothing_read(call: Call, rng: np.random.Generator) -> None:
    """A sequence without tokens leaves the zeros of the start; the next call begins there too."""
    inputs = _draw(rng, 4)
    inputs[1][2] = 0
    _hold(call, inputs)
    _hold(call, [a[::-1] if i < 2 else a for i, a in enumerate(inputs)])


@QUESTION.check(points=1, hidden=True, hint="Padding may hold anything: never multiply it by 0.")
def padding_may_hold_anything(call: Call, rng: np.random.Generator) -> None:
    """What stands in the padding has no say, be it NaN or infinity."""
    inputs = _draw(rng, 4)
    x, lengths = inputs[:2]
    x[np.arange(x.shape[1]) >= lengths[:, None]] = np.array([np.nan, np.inf, -np.inf])
    _hold(call, inputs)
