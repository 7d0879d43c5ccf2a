"""Checks of ``bahdanau_context(state, memory, mask, w_query, w_key, v)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import FAR_BELOW, Suspect, budget, compare
from attncourse.grading.exercises.ch01_background import oracles
from attncourse.grading.exercises.ch01_background.bahdanau_mistakes import mistakes
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_ATTENTION, READY_SOFTMAX

QUESTION = Question(
    "bahdanau_context",
    ("state", "memory", "mask", "w_query", "w_key", "v"),
    returns=("array", "array"),
    ready_made=(*READY_ATTENTION, *READY_SOFTMAX),
    read="01-background/why-attention",
)


def _hold(call: Call, inputs: list[np.ndarray]) -> None:
    given = call("bahdanau_context", *inputs)
    right = oracles.bahdanau_context(*inputs)
    known = mistakes(*inputs)
    tolerance = budget(np.abs(inputs[-1]).sum())

    # The weights first: where they are wrong, so is the context.
    for part, what in ((1, "the weights"), (0, "the context")):
        suspects = [
            Suspect(bug, message, lambda gives=gives, part=part: gives()[part])
            for bug, message, gives in known
        ]
        axes = ("batch", "place" if part else "feature")[-right[part].ndim :]
        compare(
            given[part], right[part], suspects=suspects, axes=axes, tolerance=tolerance, what=what
        )


def _draw(
    rng: np.random.Generator,
    *batch: int,
    src_len: int = 5,
    d_state: int = 3,
    d_memory: int = 4,
    d_hidden: int = 6,
) -> list[np.ndarray]:
    # Rank random numbers: rank 0 is open, the last is closed, chance decides between them.
    rank = rng.random((*batch, src_len)).argsort(axis=-1).argsort(axis=-1)
    mask = (rank <= 1) | ((rank < src_len - 1) & (rng.random(rank.shape) < 0.5))
    return [
        rng.normal(size=(*batch, d_state)),
        rng.normal(size=(*batch, src_len, d_memory)),
        mask,
        rng.normal(size=(d_state, d_hidden)),
        rng.normal(size=(d_memory, d_hidden)) * 0.8,
        rng.uniform(0.5, 1.5, size=d_hidden) * rng.choice([-1, 1], size=d_hidden),
    ]


@QUESTION.check(points=1, hint="With width 1, each score is v tanh(a s + b h).")
def two_places_by_hand(call: Call, rng: np.random.Generator) -> None:
    """Width 1 and two places: the weights are a sigmoid of the difference of the scores."""
    s, a, b, v = rng.uniform(0.5, 1, size=4)
    h = np.array([-1.0, 1.0]) * rng.uniform(0.5, 1, size=2)
    inputs = [np.array(x) for x in ([[s]], h[None, :, None], [[True, True]], [[a]], [[b]], [3 * v])]
    first, second = 3 * v * np.tanh(a * s + b * h)
    share = 1 / (1 + np.exp(second - first))
    given = call("bahdanau_context", *inputs)
    right = np.array([[share * h[0] + (1 - share) * h[1]]]), np.array([[share, 1 - share]])
    known = mistakes(*inputs)
    for part, what in ((1, "the weights"), (0, "the context")):
        suspects = [Suspect(bug, message, gives()[part]) for bug, message, gives in known]
        compare(given[part], right[part], suspects=suspects, what=what)


@QUESTION.check(points=2, hint="(…, 1, d_hidden) + (…, src_len, d_hidden), tanh, @ v, softmax.")
def everything_open(call: Call, rng: np.random.Generator) -> None:
    """Without padding: the same numbers as the definition, all sizes different."""
    inputs = _draw(rng, 2)
    inputs[2][:] = True
    _hold(call, inputs)


@QUESTION.check(
    points=2, hint="Closed scores become -∞ before softmax: np.where(mask, s, -np.inf)."
)
def padding_is_not_read(call: Call, rng: np.random.Generator) -> None:
    """Closed places have a weight of 0, whatever stands in them; the others share all of it."""
    inputs = _draw(rng, 3)
    inputs[1][~inputs[2]] *= 50
    _hold(call, inputs)


@QUESTION.check(points=1, hint="Where mask.any(axis=-1) is False there is nothing to read.")
def nothing_to_read(call: Call, rng: np.random.Generator) -> None:
    """A source of padding alone gives zeros, weights and context; the others do not suffer."""
    inputs = _draw(rng, 4)
    inputs[2][int(rng.integers(4))] = False
    _hold(call, inputs)


@QUESTION.check(points=1, hint="scores[~mask] = … writes; into arrays of your own it may.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, _draw(rng, 3))
    QUESTION.unchanged(call, "Right look")


@QUESTION.check(points=1, hidden=True, hint="The state goes through w_query, the memory w_key.")
def equal_widths(call: Call, rng: np.random.Generator) -> None:
    """All widths equal: what a wrong order would not notice."""
    _hold(call, _draw(rng, 2, src_len=4, d_state=4, d_memory=4, d_hidden=4))


@QUESTION.check(points=1, hidden=True, hint="Index from the end: scores of (…, src_len).")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """No axis in front or two of them, and arrays that are views of others."""
    _hold(call, _draw(rng))
    inputs = _draw(rng, 2, 3, src_len=6)
    inputs[1] = np.asfortranarray(inputs[1])
    _hold(call, inputs)


@QUESTION.check(points=1, hidden=True, hint="Does your softmax take each row's maximum away?")
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """A trained v may be large: scores of a thousand and more, or all far below zero; no NaN."""
    # One hidden unit is at its limits. It takes open scores down alike, and closed ones up.
    state, memory, mask, w_query, w_key, v = _draw(rng, 4)
    mask[int(rng.integers(4))] = False
    state[:, 0], w_query[:, 0], v[0] = 1, 40 * np.eye(3)[0], -FAR_BELOW
    w_key[:, 0] = 80 * np.eye(4)[0]
    memory[..., 0] = np.where(mask, 0, -1) + np.abs(memory[..., 0]) * np.where(mask, 1, -1)
    _hold(call, [state, 3 * memory, mask, w_query, w_key, v])
    inputs = _draw(rng, 3, src_len=4)
    inputs[-1] = inputs[-1] * 1200
    _hold(call, inputs)
