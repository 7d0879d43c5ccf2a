"""Checks of ``attention_backward(grad, q, k, v, mask)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import budget
from attncourse.grading.exercises.ch04_mathematics import oracles
from attncourse.grading.exercises.ch04_mathematics.attention_mistakes import Arrays, mistakes
from attncourse.grading.exercises.ch04_mathematics.common import Mistake, hold, some

QUESTION = Question(
    "attention_backward",
    ("grad", "q", "k", "v", "mask"),
    returns=("array", "array", "array"),
    ready_made=oracles.READY_ATTENTION + oracles.READY_SOFTMAX,
    builds_on=("softmax_backward",),
    read="04-mathematics/gradients",
)
WHAT = ("the gradient of q", "the gradient of k", "the gradient of v")
AXES = (("query", "feature"), ("key", "feature"), ("key", "feature"))


def _draw(
    rng: np.random.Generator,
    *batch: int,
    q_len: int = 3,
    kv_len: int = 5,
    d_k: int = 7,
    d_v: int = 6,
) -> Arrays:
    sizes = [(q_len, d_v), (q_len, d_k), (kv_len, d_k), (kv_len, d_v)]
    return tuple(rng.normal(size=(*batch, *size)) * 1.3 for size in sizes)


def _hold(call: Call, arrays: Arrays, mask: np.ndarray, largest: float = 1.0) -> None:
    inputs: Arrays = (*arrays, mask)
    hold(
        call("attention_backward", *inputs),
        oracles.attention_backward(*inputs),
        what=WHAT,
        mistakes=mistakes(*inputs),
        axes=AXES,
        tolerance=budget(largest),
    )


@QUESTION.check(points=2, hint="The output is weights @ v. So v's gradient is weightsᵀ @ grad.")
def values_first(call: Call, rng: np.random.Generator) -> None:
    """The gradient of v, the shortest way back; the other two are not looked at yet."""
    inputs: Arrays = (*_draw(rng), np.ones((3, 5), bool))
    given = call("attention_backward", *inputs)[2:]
    right = oracles.attention_backward(*inputs)[2:]
    found = [Mistake(m.bug, m.message, lambda m=m: m.gives()[2:]) for m in mistakes(*inputs)]
    hold(given, right, what=WHAT[2:], mistakes=found, axes=AXES[2:])


@QUESTION.check(
    points=2, hint="grad @ vᵀ, then softmax_backward, then / √d_k, then @ k for q and ᵀ @ q for k."
)
def queries_and_keys(call: Call, rng: np.random.Generator) -> None:
    """All three gradients, every size different, everything open."""
    _hold(call, _draw(rng), np.ones((3, 5), bool))


@QUESTION.check(points=2, hint="With the masked weights, closed keys need no further care.")
def under_a_mask(call: Call, rng: np.random.Generator) -> None:
    """A closed key is told nothing, and a query that sees no key tells nothing."""
    mask = some(rng, 4, 5)
    mask[int(rng.integers(4))] = False
    _hold(call, _draw(rng, q_len=4), mask)


@QUESTION.check(points=1, hint="Swap the last two axes only. Sum over none in front.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along."""
    _hold(call, _draw(rng, 2, 3, q_len=4), some(rng, 2, 3, 4, 5))


@QUESTION.check(points=1, hint="Each gradient foretells what its array does to grad · output.")
def foretells_the_loss(call: Call, rng: np.random.Generator) -> None:
    """A small step of q, of k or of v changes grad · output as the gradient says."""
    grad, *arrays = _draw(rng, q_len=4, kv_len=3)
    mask = some(rng, 4, 3)
    steps = [rng.normal(size=x.shape) for x in arrays]
    inputs: Arrays = (grad, *arrays, mask)

    def loss(which: int, step: float) -> float:
        q, k, v = (x + step * steps[i] * (i == which) for i, x in enumerate(arrays))
        return float((oracles.masked_attention(q, k, v, mask) * grad).sum())

    def foretold(gradients: Arrays) -> tuple[np.ndarray]:
        shapes_fit = [g.shape == s.shape for g, s in zip(gradients, steps, strict=True)]
        if not all(shapes_fit):
            return (np.full(3, np.nan),)
        with np.errstate(all="ignore"):
            return (np.array([(g * s).sum() for g, s in zip(gradients, steps, strict=True)]),)

    right = np.array([(loss(i, 1e-4) - loss(i, -1e-4)) / 2e-4 for i in range(3)])
    found = [Mistake(m.bug, m.message, lambda m=m: foretold(m.gives())) for m in mistakes(*inputs)]
    given = foretold(call("attention_backward", *inputs))
    what = ("the change that q, k and v are said to make",)
    hold(given, [right], what=what, mistakes=found, axes=[("array",)])


@QUESTION.check(points=1, hint="d_scores /= … is safe only in an array of your own.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, _draw(rng), some(rng, 3, 5))
    QUESTION.unchanged(call, "Right gradients")


@QUESTION.check(
    points=2, hidden=True, hint="Which product needs a transpose? With equal sizes, ask."
)
def all_sizes_equal(call: Call, rng: np.random.Generator) -> None:
    """Causal, with every size the same: what a wrong transpose would not notice."""
    _hold(call, _draw(rng, 2, q_len=4, kv_len=4, d_k=4, d_v=4), np.tri(4, dtype=bool))


@QUESTION.check(
    points=1, hidden=True, hint="The weights come from a softmax that does not overflow."
)
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores of a thousand, one query at a time: no NaN."""
    grad, q, k, v = _draw(rng, 2, q_len=1, kv_len=6)
    _hold(call, (grad, q * 15, k * 15, v), some(rng, 2, 1, 6), 2000.0)
