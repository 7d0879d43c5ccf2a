"""Checks of ``block(x, layer, cache_k, cache_v, n_heads, base, eps)``."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch03_algorithm.oracles import READY_ATTENTION, READY_SOFTMAX
from attncourse.grading.exercises.ch05_project import oracles, variants
from attncourse.grading.exercises.ch05_project.block_mistakes import MISTAKES

QUESTION = Question(
    "block",
    ("x", "layer", "cache_k", "cache_v", "n_heads", "base", "eps"),
    returns=("array", "array", "array"),
    ready_made=READY_ATTENTION + READY_SOFTMAX,
    builds_on=("rms_norm", "swiglu_mlp", "rotary", "cached_attention"),
    read="05-project/transformer-from-scratch",
)
AXES = ("position", "feature")


def suspects(place: int, inputs: tuple) -> list[Suspect]:
    """Known mistakes in one of the three results: 0 the output, 1 the keys, 2 the values."""

    def gives(change: dict[str, Any]) -> np.ndarray:
        return variants.block(*inputs, **change)[place]

    found = [Suspect(bug, text, partial(gives, change)) for change, bug, text in MISTAKES]
    if place:
        old = inputs[1 + place].astype(np.float64)
        past = old.shape[-2]
        found.append(
            Suspect(
                "old cache back",
                "You give back a cache as it was. The next step needs it with the new keys and "
                "values "
                "behind it.",
                old,
            )
        )
        found.append(
            Suspect(
                "new alone",
                "You give back the new keys and values alone. The next step needs the old ones "
                "too.",
                lambda: gives({})[..., past:, :],
            )
        )
    return found


def draw_layer(
    rng: np.random.Generator,
    d_model: int,
    n_heads: int,
    n_kv_heads: int,
    d_hidden: int,
    d_k: int,
) -> tuple[np.ndarray, ...]:
    """Nine arrays, in the order of the contract."""

    def matrix(rows: int, cols: int) -> np.ndarray:
        return rng.normal(size=(rows, cols)) / np.sqrt(rows)

    def weight() -> np.ndarray:
        return rng.uniform(0.5, 1.5, size=d_model)

    return (
        weight(),
        matrix(d_model, n_heads * d_k) * 1.4,
        matrix(d_model, n_kv_heads * d_k) * 1.4,
        matrix(d_model, n_kv_heads * d_k),
        matrix(n_heads * d_k, d_model),
        weight(),
        matrix(d_model, d_hidden),
        matrix(d_model, d_hidden),
        matrix(d_hidden, d_model),
    )


def _draw(
    rng: np.random.Generator,
    *,
    batch: int = 2,
    seq: int = 5,
    past: int = 3,
    d_model: int = 10,
    n_heads: int = 6,
    n_kv_heads: int = 3,
    d_hidden: int = 7,
    d_k: int = 4,
) -> tuple:
    """Every argument of block(); the stream is larger than 1, as in a real model."""
    return (
        rng.normal(size=(batch, seq, d_model)) * 2,
        draw_layer(rng, d_model, n_heads, n_kv_heads, d_hidden, d_k),
        rng.normal(size=(batch, n_kv_heads, past, d_k)),
        rng.normal(size=(batch, n_kv_heads, past, d_k)),
        n_heads,
        float(rng.uniform(20, 90)),
        float(rng.uniform(0.05, 0.1)),
    )


def _hold(call: Call, inputs: tuple) -> tuple[np.ndarray, ...]:
    given = call("block", *inputs)
    names = ("the output", "the cache of keys", "the cache of values")
    for place, (right, what) in enumerate(zip(oracles.block(*inputs), names, strict=True)):
        compare(
            given[place],
            right,
            suspects=suspects(place, inputs),
            axes=AXES if place == 0 else ("key", "feature"),
            tolerance=2e-5,
            what=what,
        )
    return given


@QUESTION.check(points=3, hint="Print the shape after every line, and compare with the contract.")
def a_text_from_its_beginning(call: Call, rng: np.random.Generator) -> None:
    """Empty caches, five positions, every size different."""
    _hold(call, _draw(rng, past=0))


@QUESTION.check(points=3, hint="past = cache_k.shape[-2] is the position of the first new token.")
def behind_a_cache(call: Call, rng: np.random.Generator) -> None:
    """Two new tokens behind a cache of three: their positions are 3 and 4."""
    _hold(call, _draw(rng, seq=2))


@QUESTION.check(points=2, hint="Keys are turned once, before they go into the cache, never again.")
def piece_by_piece(call: Call, rng: np.random.Generator) -> None:
    """A text in three pieces, with the caches that came back, as in one."""
    x, layer, cache_k, cache_v, *sizes = _draw(rng, past=0, batch=1)
    for start, stop in ((0, 2), (2, 3), (3, 5)):
        inputs = (x[:, start:stop], layer, cache_k, cache_v, *sizes)
        _, cache_k, cache_v = _hold(call, inputs)


@QUESTION.check(points=1, hint="x += … writes into the caller's array. x = x + … does not.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in, weights and caches among them, are the same afterwards."""
    inputs = _draw(rng, seq=2, past=2)
    _hold(call, inputs)
    QUESTION.unchanged(call, "Right output")
    _hold(call, inputs)


@QUESTION.check(points=2, hidden=True, hint="The caches tell how many heads of keys there are.")
def other_sizes(call: Call, rng: np.random.Generator) -> None:
    """Four heads that share one, four that share none, of another width."""
    _hold(call, _draw(rng, n_heads=4, n_kv_heads=1, d_k=6, d_model=9, d_hidden=11))
    _hold(call, _draw(rng, n_heads=4, n_kv_heads=4, d_k=2, d_model=8, d_hidden=5))


@QUESTION.check(points=1, hidden=True, hint="Nothing may be as wide as something else by chance.")
def all_sizes_equal(call: Call, rng: np.random.Generator) -> None:
    """Square matrices and as many positions as heads: what a wrong axis would not notice."""
    _hold(call, _draw(rng, batch=1, seq=4, d_model=8, n_heads=4, n_kv_heads=2, d_k=2, d_hidden=8))
