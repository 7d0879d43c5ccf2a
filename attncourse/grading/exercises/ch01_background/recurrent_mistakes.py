"""Known mistakes of ``last_states``, with what they make of given inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.compare import Suspect

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
            "padding multiplied",
            "0 times NaN is NaN: you multiply the padding away, and what stands there still gets "
            "in. np.where(real, new, old) chooses and does not multiply.",
            lambda: np.where((lengths < seq)[..., None] & np.isnan(x).any(), np.nan, at(lengths)),
        ),
        Suspect(
            "counted from behind",
            "A sequence of length 0 gets the state at place -1, which is the last of the array. "
            "It should leave the zeros of the start.",
            lambda: at(np.where(lengths == 0, seq, lengths)),
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
