"""Checks of ``last_states(x, lengths, w_x, w_h, b)``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch01_background import oracles

QUESTION = Question(
    "last_states",
    ("x", "lengths", "w_x", "w_h", "b"),
    ready_made=("torch.nn.RNN", "torch.nn.RNNCell", "torch.rnn_tanh", "keras.layers.SimpleRNN"),
)
AXES = ("sequence", "unit")
Step = Callable[[np.ndarray, np.ndarray], np.ndarray]


def suspects(
    x: np.ndarray, lengths: np.ndarray, w_x: np.ndarray, w_h: np.ndarray, b: np.ndarray
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    seq = x.shape[-2]

    def step(word: np.ndarray, state: np.ndarray) -> np.ndarray:
        return np.tanh(word @ w_x + state @ w_h + b)

    def states(step: Step = step, words: np.ndarray = x) -> np.ndarray:
        """The start and the state after each step, (..., seq + 1, d_hidden)."""
        found = [np.zeros((*lengths.shape, len(b)))]
        for t in range(seq):
            found.append(step(words[..., t, :], found[-1]))
        return np.stack(found, axis=-2)

    def at(places: np.ndarray, step: Step = step, words: np.ndarray = x) -> np.ndarray:
        return np.take_along_axis(states(step, words), places[..., None, None], -2)[..., 0, :]

    def own(step: Step) -> Callable[[], np.ndarray]:
        return lambda: at(lengths, step)

    seen = np.arange(seq) < lengths[..., None]

    def erased() -> np.ndarray:
        state = np.zeros((*lengths.shape, len(b)))
        for t in range(seq):
            state = np.where(seen[..., t, None], step(x[..., t, :], state), 0)
        return state

    def backwards() -> np.ndarray:
        state = np.zeros((*lengths.shape, len(b)))
        for t in reversed(range(seq)):
            state = np.where(seen[..., t, None], step(x[..., t, :], state), state)
        return state

    return [
        Suspect(
            "padding read",
            "Your state went on through the padding: it is the one after the last step of the "
            "whole array. Take each sequence's state after its own last step.",
            lambda: at(np.full_like(lengths, seq)),
        ),
        Suspect(
            "padding set to zero",
            "You put zeros into the padding and went on. The state moves all the same: the old "
            "state and the bias still enter each step. Keep the state as it is there.",
            lambda: at(np.full_like(lengths, seq), words=np.where(seen[..., None], x, 0)),
        ),
        Suspect(
            "state erased",
            "In the padding you set the state to zero, and it stays so. Keep the state from the "
            "last real step: np.where(real, new, old).",
            erased,
        ),
        Suspect(
            "one step early",
            "Your state lacks each sequence's last token: you stop one step early. A sequence of "
            "length n takes n steps.",
            lambda: at(np.maximum(lengths - 1, 0)),
        ),
        Suspect(
            "one step late",
            "You take one step too many, into the padding. Counted from 0, the last token of n "
            "stands at n - 1.",
            lambda: at(np.minimum(lengths + 1, seq)),
        ),
        Suspect(
            "stopped at the shortest",
            "All sequences stop where the shortest one ends. Each has a length of its own.",
            lambda: at(np.full_like(lengths, lengths.min())),
        ),
        Suspect(
            "stopped at the longest",
            "All sequences run on until the longest one ends. Each has a length of its own.",
            lambda: at(np.full_like(lengths, lengths.max())),
        ),
        Suspect(
            "no tanh", "tanh is missing from the step.", own(lambda w, s: w @ w_x + s @ w_h + b)
        ),
        Suspect(
            "sigmoid",
            "You bend with a sigmoid. This network uses tanh, which is centred on 0.",
            own(lambda w, s: 1 / (1 + np.exp(-(w @ w_x + s @ w_h + b)))),
        ),
        Suspect(
            "relu",
            "You bend with max(0, ·). This network uses tanh: it is bounded on both sides.",
            own(lambda w, s: np.maximum(w @ w_x + s @ w_h + b, 0)),
        ),
        Suspect("no bias", "The bias b is missing.", own(lambda w, s: np.tanh(w @ w_x + s @ w_h))),
        Suspect(
            "bias outside",
            "The bias is added after tanh. It belongs inside, beside the two products.",
            own(lambda w, s: np.tanh(w @ w_x + s @ w_h) + b),
        ),
        Suspect(
            "w_h transposed",
            "w_h is used transposed. It is square, so no shape complains. A row vector goes in "
            "from the left: state @ w_h.",
            own(lambda w, s: np.tanh(w @ w_x + s @ w_h.T + b)),
        ),
        Suspect(
            "no memory",
            "Your answer depends on the last token only: the old state is missing from the step.",
            own(lambda w, s: np.tanh(w @ w_x + b)),
        ),
        Suspect(
            "tanh twice",
            "You bend the input's part and the state's part apart, then add. Add first, then bend "
            "once.",
            own(lambda w, s: np.tanh(w @ w_x + b) + np.tanh(s @ w_h)),
        ),
        Suspect(
            "state added",
            "You add the new state to the old one. That is a residual connection, and a good idea "
            "of a later time; here the new state replaces the old.",
            own(lambda w, s: s + step(w, s)),
        ),
        Suspect(
            "backwards",
            "You read each sequence from its end to its beginning.",
            backwards,
        ),
        Suspect(
            "mean of the states",
            "This is the mean of a sequence's states. The state after its last step is asked for.",
            lambda: (
                (states()[..., 1:, :] * seen[..., None]).sum(axis=-2)
                / np.maximum(lengths, 1)[..., None]
            ),
        ),
        Suspect(
            "first step again",
            "Your state never moves on: each step begins with zeros or with the first state. Hand "
            "the new state on to the next step.",
            lambda: step(x[..., 0, :], np.zeros((*lengths.shape, len(b)))),
        ),
    ]


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
