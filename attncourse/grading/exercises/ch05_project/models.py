"""Checks of ``language_model(tokens, embedding, layers, final_norm, …)``."""

from __future__ import annotations

from functools import partial

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_ATTENTION, READY_SOFTMAX
from attncourse.grading.exercises.ch05_project import oracles
from attncourse.grading.exercises.ch05_project.blocks import draw_layer
from attncourse.grading.exercises.ch05_project.model_mistakes import INSIDE, MISTAKES, compute

QUESTION = Question(
    "language_model",
    ("tokens", "embedding", "layers", "final_norm", "n_heads", "n_kv_heads", "base", "eps"),
    ready_made=READY_ATTENTION + READY_SOFTMAX,
    builds_on=("rms_norm", "block"),
    read="05-project/transformer-from-scratch",
)
AXES = ("position", "token")


def suspects(inputs: tuple) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    found = [
        Suspect(bug, text, partial(compute, *inputs, **change))
        for change, bug, text in (*MISTAKES, *INSIDE)
    ]
    found.append(
        Suspect(
            "last position only",
            "Only the last position is there. Logits are asked for at every position: training "
            "needs all of them.",
            lambda: compute(*inputs)[:, -1:],
        )
    )
    return found


def _draw(
    rng: np.random.Generator,
    *,
    batch: int = 2,
    seq: int = 5,
    n_layers: int = 3,
    n_tokens: int = 13,
    d_model: int = 8,
    n_heads: int = 6,
    n_kv_heads: int = 3,
    d_hidden: int = 7,
    d_k: int = 4,
) -> tuple:
    """Every argument of language_model(), small."""
    sizes = d_model, n_heads, n_kv_heads, d_hidden, d_k
    return (
        rng.integers(n_tokens, size=(batch, seq)),
        rng.normal(size=(n_tokens, d_model)),
        tuple(draw_layer(rng, *sizes) for _ in range(n_layers)),
        rng.uniform(0.3, 2, size=d_model),
        n_heads,
        n_kv_heads,
        float(rng.uniform(20, 90)),
        float(rng.uniform(0.05, 0.1)),
    )


def _hold(call: Call, inputs: tuple) -> np.ndarray:
    given = call("language_model", *inputs)
    compare(
        given,
        oracles.language_model(*inputs),
        suspects=suspects(inputs),
        axes=AXES,
        tolerance=3e-5,
    )
    return given


@QUESTION.check(points=3, hint="Look up, run the layers one after the other, norm, compare.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """Three layers, every size different."""
    _hold(call, _draw(rng))


@QUESTION.check(points=2, hint="Does any layer see more keys than there are tokens?")
def one_layer(call: Call, rng: np.random.Generator) -> None:
    """A model of a single layer: lookup, block, norm, table."""
    _hold(call, _draw(rng, n_layers=1))


@QUESTION.check(points=2, hint="A late token moves nothing before it: that is the causal mask.")
def the_past_stays(call: Call, rng: np.random.Generator) -> None:
    """Another last token changes the last row of the logits, and no row before it."""
    tokens, *others = _draw(rng, n_layers=2)
    _hold(call, (tokens, *others))
    tokens = tokens.copy()
    tokens[:, -1] = (tokens[:, -1] + 1 + rng.integers(12)) % 13
    _hold(call, (tokens, *others))


@QUESTION.check(points=1, hint="embedding[tokens] is a copy; what comes after must not write back.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """Weights and tokens are the same afterwards, and a second call says the same."""
    inputs = _draw(rng, n_layers=2, batch=1)
    _hold(call, inputs)
    QUESTION.unchanged(call, "Right logits")
    _hold(call, inputs)


@QUESTION.check(points=2, hidden=True, hint="Nothing may be built in: 30 layers, 9 heads, 64.")
def other_sizes(call: Call, rng: np.random.Generator) -> None:
    """One token alone; four layers; one head of keys for all."""
    _hold(call, _draw(rng, seq=1))
    _hold(call, _draw(rng, n_layers=4, n_heads=4, n_kv_heads=1, d_k=2, d_model=6, n_tokens=9))


@QUESTION.check(points=2, hidden=True, hint="Does anything ask for float64?")
def weights_in_float32(call: Call, rng: np.random.Generator) -> None:
    """Real weights are float32."""
    tokens, embedding, layers, final_norm, *sizes = _draw(rng, batch=1)
    layers = tuple(tuple(w.astype(np.float32) for w in layer) for layer in layers)
    inputs = (tokens, embedding.astype(np.float32), layers, final_norm.astype(np.float32), *sizes)
    _hold(call, inputs)
