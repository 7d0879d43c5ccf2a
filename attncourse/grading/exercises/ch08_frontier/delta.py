"""Checks of ``gated_delta_rule(q, k, v, beta, decay, state)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect
from attncourse.grading.exercises.ch08_frontier import oracles
from attncourse.grading.exercises.ch08_frontier.inputs import compare_parts

QUESTION = Question(
    "gated_delta_rule",
    ("q", "k", "v", "beta", "decay", "state"),
    returns=("array", "array"),
    read="04-mathematics/making-it-cheaper",
)
Inputs = tuple[np.ndarray, ...]
#: What each result is called, and the names of its last axes.
RESULTS = (("the output", ("token", "feature")), ("the state", ("key feature", "value feature")))


def _run(step, inputs: Inputs, late: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Token by token: ``step`` makes the next memory; ``late`` asks it before it is made."""
    q, k, v, beta, decay, memory = (x.astype(np.float64) for x in inputs)
    outputs = []
    for t in range(q.shape[-2]):
        key, value = k[..., t, :, None], v[..., t, None, :]
        before = memory
        memory = step(memory, key, value, beta[..., t, None, None], decay[..., t, None, None])
        outputs.append((q[..., t, None, :] @ (before if late else memory))[..., 0, :])
    return np.stack(outputs, axis=-2), memory


def _right(
    R: np.ndarray, k: np.ndarray, v: np.ndarray, b: np.ndarray | float, g: np.ndarray | float
) -> np.ndarray:
    return g * R + b * k * (v - k.swapaxes(-1, -2) @ (g * R))


#: Known mistakes as steps of the recurrence: R is the memory, g the decay, b the rate of writing.
STEPS = [
    (
        "adds",
        "This is linear attention: the value is added, whatever the memory already says to the "
        "key. Write the difference, v minus what the memory says.",
        lambda R, k, v, b, g: g * R + b * k * v,
    ),
    (
        "adds without a rate",
        "This is linear attention without beta: the whole value is added. Write beta times the "
        "difference between v and what the memory says.",
        lambda R, k, v, b, g: g * R + k * v,
    ),
    (
        "beta ignored",
        "beta has no effect: every correction is written in full.",
        lambda R, k, v, b, g: _right(R, k, v, 1.0, g),
    ),
    (
        "beta on the value only",
        "beta weighs the value, but not what the memory says. It weighs their difference.",
        lambda R, k, v, b, g: g * R + k * (b * v - k.swapaxes(-1, -2) @ (g * R)),
    ),
    (
        "beta on the memory only",
        "beta weighs what the memory says, but not the value. It weighs their difference.",
        lambda R, k, v, b, g: g * R + k * (v - b * (k.swapaxes(-1, -2) @ (g * R))),
    ),
    (
        "beta twice",
        "beta is applied twice. One of them belongs to the correction, the other is too many.",
        lambda R, k, v, b, g: _right(R, k, v, b * b, g),
    ),
    (
        "decay ignored",
        "decay has no effect: the memory never fades.",
        lambda R, k, v, b, g: _right(R, k, v, b, 1.0),
    ),
    (
        "decay after writing",
        "The memory fades after it is written, and the new value with it. Fade first.",
        lambda R, k, v, b, g: g * _right(R, k, v, b, 1.0),
    ),
    (
        "asked before fading",
        "The key asks the memory before it fades, so you take away more than is left. Fade first, "
        "then ask.",
        lambda R, k, v, b, g: g * R + b * k * (v - k.swapaxes(-1, -2) @ R),
    ),
    (
        "logarithm of decay",
        "You take exp of decay. Here decay is the factor itself, between 0 and 1.",
        lambda R, k, v, b, g: _right(R, k, v, b, np.exp(g)),
    ),
    (
        "forgets 1 - decay",
        "The memory keeps 1 - decay of itself. decay is what is left, not what is lost.",
        lambda R, k, v, b, g: _right(R, k, v, b, 1 - g),
    ),
    (
        "whole memory faded by beta",
        "You fade the whole memory by 1 - beta. Only what stands under this very key is replaced: "
        "take away what the memory says to the key.",
        lambda R, k, v, b, g: (1 - b) * g * R + b * k * v,
    ),
    (
        "sign",
        "What the memory says is added where it should be taken away.",
        lambda R, k, v, b, g: g * R + b * k * (v + k.swapaxes(-1, -2) @ (g * R)),
    ),
    (
        "memory replaced",
        "The memory is replaced by the correction. The correction is added to it.",
        lambda R, k, v, b, g: b * k * (v - k.swapaxes(-1, -2) @ (g * R)),
    ),
    (
        "asked the wrong way round",
        "The key asks the memory along the wrong axis (with equal widths no shape complains). The "
        "state has a row for each feature of the key: ask with k @ state.",
        lambda R, k, v, b, g: g * R + b * k * (v - (g * R @ k).swapaxes(-1, -2)),
    ),
    (
        "written the wrong way round",
        "The outer product is transposed (with equal widths no shape complains). Rows of the state "
        "belong to the key, columns to the value.",
        lambda R, k, v, b, g: g * R + b * (k * (v - k.swapaxes(-1, -2) @ (g * R))).swapaxes(-1, -2),
    ),
]


def suspects(inputs: Inputs, part: int) -> list[Suspect]:
    """Known mistakes, with what they make of the output (0) or of the last state (1)."""
    q, k, v, beta, decay, state = inputs
    found = [
        Suspect(bug, message, lambda step=step: _run(step, inputs)[part])
        for bug, message, step in STEPS
    ]
    start = (q, k, v, beta, decay, np.zeros_like(state))
    ones = np.ones(k.shape[-1])
    more = [
        (
            "state ignored",
            "The state that was passed in is ignored: you begin with an empty memory. A long text "
            "comes in pieces.",
            lambda: _run(_right, start)[part],
        ),
        (
            "read before written",
            "The output is read before the token is written. A token reads what it wrote itself.",
            lambda: _run(_right, inputs, late=True)[part],
        ),
        (
            "first state returned",
            "The outputs are right, and the state that comes back is the one that went in. Return "
            "the last one.",
            lambda: (_run(_right, inputs)[0], state)[part],
        ),
        (
            "scaled",
            "The outputs are divided by √d_k. There is no scale here.",
            lambda: (
                _run(_right, inputs)[0] / np.sqrt(ones.size),
                _run(_right, inputs)[1],
            )[part],
        ),
        (
            "read with the key",
            "The output is read with the key. The key writes, the query reads.",
            lambda: _run(_right, (k, k, v, beta, decay, state))[part],
        ),
        (
            "written with the query",
            "The query writes and asks. That is the key's work; the query only reads at the end.",
            lambda: _run(_right, (q, q, v, beta, decay, state))[part],
        ),
    ]
    return [*found, *(Suspect(*one) for one in more)]


def _draw(
    rng: np.random.Generator, *batch: int, seq: int = 7, d_k: int = 4, d_v: int = 3
) -> Inputs:
    q, k = rng.normal(size=(2, *batch, seq, d_k))
    return (
        q,
        k / np.linalg.norm(k, axis=-1, keepdims=True),
        rng.normal(size=(*batch, seq, d_v)) * 2,
        rng.uniform(0.2, 0.9, size=(*batch, seq)),
        rng.uniform(0.5, 0.95, size=(*batch, seq)),
        rng.normal(size=(*batch, d_k, d_v)),
    )


def _hold(call: Call, inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    given = call("gated_delta_rule", *inputs)
    right = oracles.gated_delta_rule(*inputs)
    compare_parts(given, right, RESULTS, lambda part: suspects(inputs, part), 2e-5)
    return given


@QUESTION.check(
    points=1, hint="beta = 1 and decay = 1: the memory says to the key exactly what came last."
)
def a_key_written_twice(call: Call, rng: np.random.Generator) -> None:
    """With beta and decay of 1, the second value under a key takes the place of the first."""
    _, k, v, beta, decay, state = _draw(rng, seq=2)
    k[1] = k[0]
    _hold(call, (k, k, v, np.ones_like(beta), np.ones_like(decay), 0 * state))


@QUESTION.check(points=2, hint="Fade, ask, correct, read. Write the four lines for one token.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition, all sizes different."""
    _hold(call, _draw(rng))


@QUESTION.check(points=1, hint="The decay multiplies the old memory, before anything is asked.")
def fading_alone(call: Call, rng: np.random.Generator) -> None:
    """With beta = 0 nothing is written, and the state only fades."""
    q, k, v, beta, decay, state = _draw(rng, seq=5)
    _hold(call, (q, k, v, 0 * beta, decay, state))


@QUESTION.check(points=2, hint="Begin with the state that you get, and return the last one.")
def in_two_pieces(call: Call, rng: np.random.Generator) -> None:
    """A text in two pieces, the state handed on, gives what the whole text gives."""
    inputs = _draw(rng, seq=8)
    *sequences, state = inputs
    cut = int(rng.integers(3, 6))
    _, state = _hold(call, (*(x[:cut] for x in sequences), state))
    _hold(call, (*(x[cut:] for x in sequences), np.array(state, np.float64)))


@QUESTION.check(points=1, hint="state += … writes into the caller's array. state = state + … not.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The state and all else that was passed in are the same afterwards."""
    _hold(call, _draw(rng, 2))
    QUESTION.unchanged(call, "Right output")


@QUESTION.check(points=1, hidden=True, hint="Index from the end: k[..., t, :].")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along, each with a memory of its own."""
    _hold(call, _draw(rng, 2, 3, seq=5, d_k=6, d_v=4))


@QUESTION.check(points=1, hidden=True, hint="Rows of the state belong to the key's features.")
def equal_widths(call: Call, rng: np.random.Generator) -> None:
    """Keys as wide as values: what a transposed state would not notice."""
    _hold(call, _draw(rng, seq=6, d_k=3, d_v=3))


@QUESTION.check(points=1, hidden=True, hint="One token is still a sequence: shape (1, d_k).")
def one_token_at_a_time(call: Call, rng: np.random.Generator) -> None:
    """A decoder that comes with one token, twice."""
    for _ in range(2):
        _hold(call, _draw(rng, 2, seq=1))
