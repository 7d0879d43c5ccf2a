"""Checks of ``self_attention(x, w_query, w_key, w_value)``, in which a bug has to be found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch01_background.whole import weights as softmax
from attncourse.grading.exercises.ch02_core_concepts import oracles
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_ATTENTION, READY_SOFTMAX

QUESTION = Question(
    "self_attention",
    ("x", "w_query", "w_key", "w_value"),
    ready_made=(*READY_ATTENTION, *READY_SOFTMAX),
    read="02-core-concepts/architecture",
)
AXES = ("token", "feature")


def suspects(
    x: np.ndarray, w_query: np.ndarray, w_key: np.ndarray, w_value: np.ndarray
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    q, k, v = x @ w_query, x @ w_key, x @ w_value
    d_k = q.shape[-1]
    dots = q @ k.swapaxes(-1, -2)
    scores = dots / np.sqrt(d_k)
    turned = scores.swapaxes(-1, -2)

    def soft(scores: np.ndarray, v: np.ndarray = v) -> Callable[[], np.ndarray]:
        return lambda: softmax(scores) @ v

    return [
        Suspect(
            "roles swapped",
            "Queries and keys have changed places: each row of your scores belongs to a key. Both "
            "are as many, so no shape complains. A row belongs to the token that asks: q times "
            "the transpose of k.",
            soft(turned),
        ),
        Suspect(
            "wrong axis",
            "The weights sum to 1 over the tokens that ask. Each token shares its weight among "
            "those that it reads: axis=-1.",
            lambda: softmax(scores, axis=-2) @ v,
        ),
        Suspect(
            "weights turned round",
            "Your weights are the transpose of the right ones: each token gets what it gives to "
            "the others. Does softmax run down the columns of scores that have a row for each "
            "key? Turn the scores, not the softmax: rows are the tokens that ask, and sum to 1.",
            lambda: softmax(scores).swapaxes(-1, -2) @ v,
        ),
        Suspect("not scaled", "The scores are not divided by √d_k any more.", soft(dots)),
        Suspect(
            "divided by d_k",
            "The scores are divided by d_k. It should be its root.",
            soft(dots / d_k),
        ),
        Suspect(
            "scaled by √d_model",
            "The scores are divided by √d_model, the width of x. What grows is the dot product of "
            "query and key: divide by the root of their width.",
            soft(dots / np.sqrt(x.shape[-1])),
        ),
        Suspect(
            "scaled by √seq",
            "The scores are divided by the root of the number of tokens. Divide by √d_k.",
            soft(dots / np.sqrt(x.shape[-2])),
        ),
        Suspect(
            "no values",
            "You mix the inputs themselves. The sum runs over the values, x @ w_value.",
            soft(scores, x),
        ),
        Suspect(
            "keys read",
            "You mix the keys. Keys say how much is read; what is read are the values.",
            soft(scores, k),
        ),
        Suspect(
            "queries alone",
            "Your keys are queries, too: w_key is not used, and tokens find their like.",
            soft(q @ q.swapaxes(-1, -2) / np.sqrt(d_k)),
        ),
        Suspect(
            "keys alone",
            "Your queries are keys, too: w_query is not used, and tokens find their like.",
            soft(k @ k.swapaxes(-1, -2) / np.sqrt(d_k)),
        ),
        Suspect(
            "causal",
            "Your tokens see the past alone. No mask is asked for here: each sees all.",
            soft(np.where(np.tri(x.shape[-2], dtype=bool), scores, -np.inf)),
        ),
        Suspect(
            "residual",
            "You add the values, or the input, to the result. That comes after the layer.",
            lambda: softmax(scores) @ v + (x if x.shape == v.shape else v),
        ),
        Suspect(
            "unstable",
            "Overflow: exp of a large score is infinite, and ∞/∞ is NaN. The line that takes each "
            "row's largest score away was there for that.",
            lambda: np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True) @ v,
        ),
    ]


def _draw(
    rng: np.random.Generator,
    *batch: int,
    seq: int = 5,
    d_model: int = 6,
    d_k: int = 3,
    d_v: int = 4,
    spread: float = 1.0,
) -> tuple[np.ndarray, ...]:
    return (
        rng.normal(size=(*batch, seq, d_model)),
        rng.normal(size=(d_model, d_k)) * spread * 0.7,
        rng.normal(size=(d_model, d_k)) * spread * 0.7,
        rng.normal(size=(d_model, d_v)),
    )


def _hold(call: Call, inputs: tuple[np.ndarray, ...]) -> None:
    x, w_query, w_key, _ = inputs
    size = np.abs(x @ w_query).max() * np.abs(x @ w_key).max() * w_key.shape[-1]
    compare(
        call("self_attention", *inputs),
        oracles.attention_layer(*inputs),
        suspects=suspects(*inputs),
        axes=AXES,
        tolerance=budget(size),
    )


@QUESTION.check(points=2, hint="Who asks has a row. In which line is it decided what a row is?")
def one_asks_one_answers(call: Call, rng: np.random.Generator) -> None:
    """Two tokens, of which one asks and the other answers: the first row alone is uneven."""
    a, b, c = rng.uniform(1, 2, size=3)
    x = np.eye(2)
    w_query, w_key = np.array([[a], [0.0]]), np.array([[0.0], [b]])
    w_value = np.array([[c, 0.0, 1.0], [0.0, c, 2.0]])
    share = 1 / (1 + np.exp(a * b))  # what the first keeps for itself
    right = np.array([share * w_value[0] + (1 - share) * w_value[1], w_value.mean(axis=0)])
    inputs = (x, w_query, w_key, w_value)
    compare(call("self_attention", *inputs), right, suspects=suspects(*inputs), axes=AXES)


@QUESTION.check(points=2, hint="Compute the first row by itself: one query, all keys.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition: 5 tokens, four different widths."""
    _hold(call, _draw(rng))


@QUESTION.check(points=1, hint="k.T turns all axes round; k.swapaxes(-1, -2) the last two.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along."""
    _hold(call, _draw(rng, 2, 3, seq=4))


@QUESTION.check(points=1, hint="Take each row's largest score away, with keepdims=True.")
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores of a thousand and more give no NaN."""
    x, w_query, w_key, w_value = _draw(rng, 2, spread=30.0)
    # One token that answers to itself, for certain.
    w_key = w_key + w_query * 2
    _hold(call, (x, w_query, w_key, w_value))


@QUESTION.check(points=1, hint="scores -= … may stay: that array is your own. x is not.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, _draw(rng))
    QUESTION.unchanged(call, "Right output")


@QUESTION.check(points=1, hidden=True, hint="Shuffle the rows of x, and the output's follow.")
def order_is_not_read(call: Call, rng: np.random.Generator) -> None:
    """Shuffle the tokens, and the outputs are shuffled alike."""
    x, *matrices = _draw(rng, 2, seq=7, d_k=5)
    _hold(call, (x, *matrices))
    _hold(call, (np.asfortranarray(x[:, rng.permutation(7)]), *matrices))


@QUESTION.check(points=1, hidden=True, hint="All sizes equal: only the numbers can tell.")
def equal_sizes(call: Call, rng: np.random.Generator) -> None:
    """All sizes equal: what no shape would notice."""
    _hold(call, _draw(rng, 4, seq=4, d_model=4, d_k=4, d_v=4))


@QUESTION.check(points=1, hidden=True, hint="A softmax over one score is 1.")
def a_token_alone(call: Call, rng: np.random.Generator) -> None:
    """A token alone reads itself: the output is its value."""
    _hold(call, _draw(rng, 3, seq=1))
