"""Checks of ``multi_head_attention``, of which the learner gets a broken version to mend."""

from __future__ import annotations

from typing import Any

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch04_mathematics import oracles
from attncourse.grading.exercises.ch04_mathematics.common import shares, some, turned

QUESTION = Question(
    "multi_head_attention",
    ("x", "w_query", "w_key", "w_value", "w_out", "mask", "n_heads"),
    ready_made=oracles.READY_ATTENTION + oracles.READY_SOFTMAX,
    read="04-mathematics/multi-head",
)
AXES = ("position", "feature")


def _split(y: np.ndarray, n_heads: int) -> np.ndarray:
    return y.reshape(*y.shape[:-1], n_heads, -1).swapaxes(-3, -2)


def _flat(y: np.ndarray, n_heads: int) -> np.ndarray:
    return y.reshape(*y.shape[:-2], n_heads, y.shape[-2], -1)


def _every_other(y: np.ndarray, n_heads: int) -> np.ndarray:
    return np.moveaxis(y.reshape(*y.shape[:-1], -1, n_heads), -1, -3)


def _merge(heads: np.ndarray) -> np.ndarray:
    rows = heads.swapaxes(-3, -2)
    return rows.reshape(*rows.shape[:-2], -1)


def _stack(heads: np.ndarray) -> np.ndarray:
    return heads.reshape(*heads.shape[:-3], heads.shape[-2], -1)


def _woven(heads: np.ndarray) -> np.ndarray:
    rows = np.moveaxis(heads, -3, -1)
    return rows.reshape(*rows.shape[:-2], -1)


def suspects(
    x: np.ndarray,
    w_query: np.ndarray,
    w_key: np.ndarray,
    w_value: np.ndarray,
    w_out: np.ndarray,
    mask: np.ndarray,
    n_heads: int,
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    weights_of_columns = w_query, w_key, w_value

    def heads(split: Any = _split, open_: np.ndarray = mask, scale: float = 1.0, of: Any = None):
        q, k, v = ((x if of is None else of) @ w for w in weights_of_columns)
        q, k, v = (split(y, n_heads) for y in (q, k, v))
        scores = q @ turned(k) / np.sqrt(q.shape[-1]) * scale
        return shares(scores, open_) @ v

    def each(head: int) -> np.ndarray:
        return heads()[..., head, :, :]

    width = w_value.shape[1] // n_heads
    d_k, all_k = w_query.shape[1] // n_heads, w_query.shape[1]
    return [
        Suspect(
            "split and merged flat",
            "reshape alone cuts the sequence, not the features: a head gets a stretch of "
            "positions, and the merge hides it by undoing the same cut. Heads divide the features: "
            "(seq, n_heads, width) first, then swap the two axes in front; merge in reverse.",
            lambda: _stack(heads(_flat)) @ w_out,
        ),
        Suspect(
            "split flat",
            "The split leaves out an exchange of two axes and so cuts the sequence, not the "
            "features. Reshape to (seq, n_heads, width), then swap the first two of these. The "
            "merge is right.",
            lambda: _merge(heads(_flat)) @ w_out,
        ),
        Suspect(
            "merged flat",
            "The split is right; the merge is a bare reshape, so a row of the result collects "
            "numbers of several positions. Swap heads and positions back before you reshape.",
            lambda: _stack(heads()) @ w_out,
        ),
        Suspect(
            "every other feature",
            "You split to (width, n_heads): a head gets every n_heads-th feature. A head's columns "
            "stand side by side: (n_heads, width).",
            lambda: _woven(heads(_every_other)) @ w_out,
        ),
        Suspect(
            "split woven",
            "The split takes every n_heads-th feature for a head, the merge lays heads side by "
            "side. A head's columns stand side by side in both: (n_heads, width).",
            lambda: _merge(heads(_every_other)) @ w_out,
        ),
        Suspect(
            "merged woven",
            "The merge weaves the heads' features into each other. Head 1's stand first, then "
            "those of head 2: (seq, n_heads, width) before the last reshape.",
            lambda: _woven(heads()) @ w_out,
        ),
        Suspect(
            "heads reversed",
            "The heads are merged in reverse order. Head 1 meets the first rows of w_out.",
            lambda: _merge(heads()[..., ::-1, :, :]) @ w_out,
        ),
        Suspect(
            "one head",
            "This is attention with one wide head: n_heads has no effect. Each head scores with "
            "its own columns and has a softmax of its own.",
            lambda: (
                shares((x @ w_query) @ turned(x @ w_key) / np.sqrt(all_k), mask)
                @ (x @ w_value)
                @ w_out
            ),
        ),
        Suspect(
            "w_out missing",
            "The heads' results stand side by side, but w_out is missing. It mixes what they bring "
            "back.",
            lambda: _merge(heads()),
        ),
        Suspect(
            "heads averaged",
            "Each head's result is there, but you take the mean over the heads and repeat it. They "
            "stand side by side, and w_out mixes them.",
            lambda: np.concatenate([heads().mean(axis=-3)] * n_heads, axis=-1) @ w_out,
        ),
        Suspect(
            "first head only",
            "Only the first head reaches the result. All stand side by side before w_out.",
            lambda: each(0) @ w_out[:width],
        ),
        Suspect(
            "scaled by all heads",
            "The scores are divided by the root of all columns together. Each head's dot product "
            "has d_k terms, its own width: divide by √d_k.",
            lambda: _merge(heads(scale=np.sqrt(d_k / all_k))) @ w_out,
        ),
        Suspect(
            "not scaled",
            "The scores are not divided by √d_k, a head's width.",
            lambda: _merge(heads(scale=np.sqrt(d_k))) @ w_out,
        ),
        Suspect(
            "mask ignored",
            "The heads are right, but the mask is not used: hand it on to attention_weights.",
            lambda: _merge(heads(open_=np.ones_like(mask))) @ w_out,
        ),
        Suspect(
            "mask inverted",
            "The mask is inverted. True means: may attend.",
            lambda: _merge(heads(open_=~mask)) @ w_out,
        ),
        Suspect(
            "mask transposed",
            "The mask is used transposed: rows are queries, columns are keys.",
            lambda: _merge(heads(open_=turned(mask))) @ w_out,
        ),
    ]


def _draw(
    rng: np.random.Generator,
    *batch: int,
    seq: int = 4,
    n_heads: int = 3,
    d_k: int = 2,
    d_v: int = 5,
    d_model: int = 7,
    d_out: int = 8,
) -> list[np.ndarray]:
    columns = (n_heads * d_k, n_heads * d_k, n_heads * d_v)
    x = rng.normal(size=(*batch, seq, d_model))
    into = [rng.normal(size=(d_model, n)) / np.sqrt(d_model) * 1.5 for n in columns]
    return [x, *into, rng.normal(size=(n_heads * d_v, d_out)) / np.sqrt(n_heads * d_v)]


def _hold(call: Call, arrays: list[np.ndarray], mask: np.ndarray, n_heads: int) -> None:
    inputs: tuple[Any, ...] = (*arrays, mask, n_heads)
    compare(
        call("multi_head_attention", *inputs),
        oracles.multi_head_attention(*inputs),
        suspects=suspects(*inputs),
        axes=AXES,
    )


@QUESTION.check(points=1, hint="With one head there is nothing to divide. What is new with two?")
def one_head(call: Call, rng: np.random.Generator) -> None:
    """With a single head this is attention between projections, and w_out behind it."""
    _hold(call, _draw(rng, n_heads=1, d_k=6), some(rng, 4, 4), 1)


@QUESTION.check(points=2, hint="Print the features of position 0 before the split, and head 0's.")
def agrees_with_each_head_alone(call: Call, rng: np.random.Generator) -> None:
    """Three heads give what each gives with its own columns and its own rows of w_out."""
    _hold(call, _draw(rng), np.ones((4, 4), bool), 3)


@QUESTION.check(points=2, hint="Which heads may a changed column of w_query reach?")
def heads_do_not_mix(call: Call, rng: np.random.Generator) -> None:
    """Behind a w_out that keeps all apart, another w_query for one head changes that head only."""
    inputs = _draw(rng, seq=6)
    inputs[4] = np.eye(15)
    mask = np.ones((6, 6), bool)
    _hold(call, inputs, mask, 3)
    inputs[1] = inputs[1].copy()
    head = int(rng.integers(3))
    inputs[1][:, 2 * head : 2 * head + 2] = rng.normal(size=(7, 2))
    _hold(call, inputs, mask, 3)


@QUESTION.check(points=2, hint="Change the first word and print which rows move. All should.")
def the_past_is_seen_the_future_is_not(call: Call, rng: np.random.Generator) -> None:
    """Under a causal mask the last word changes the last row only, and the first changes all."""
    inputs, mask = _draw(rng, 2, seq=6), np.tri(6, dtype=bool)
    _hold(call, inputs, mask, 3)
    for word in (-1, 0):
        inputs[0] = inputs[0].copy()
        inputs[0][:, word] = rng.normal(size=(2, 7)) * 3
        _hold(call, inputs, mask, 3)


@QUESTION.check(points=1, hint="Operators such as += and /= write into what they were given.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, _draw(rng, seq=5), some(rng, 5, 5), 3)
    QUESTION.unchanged(call, "Right output")


@QUESTION.check(points=1, hidden=True, hint="Count axes from the end: heads are -3, positions -2.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Two batch axes in front, and a query that sees nothing."""
    mask = some(rng, 4, 4)
    mask[int(rng.integers(4))] = False
    _hold(call, _draw(rng, 2, 3), mask, 3)


@QUESTION.check(
    points=1, hidden=True, hint="With equal sizes every reshape fits, the wrong ones too."
)
def all_sizes_equal(call: Call, rng: np.random.Generator) -> None:
    """As many heads as positions, and as wide: what a wrong order of axes would not notice."""
    inputs = _draw(rng, 3, seq=3, n_heads=3, d_k=3, d_v=3, d_model=9, d_out=9)
    _hold(call, inputs, np.tri(3, dtype=bool), 3)
