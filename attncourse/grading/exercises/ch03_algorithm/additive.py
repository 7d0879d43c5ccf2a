"""Checks of ``additive_scores(q, k, w_query, w_key, v)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch03_algorithm import oracles

QUESTION = Question(
    "additive_scores",
    ("q", "k", "w_query", "w_key", "v"),
    ready_made=oracles.READY_ATTENTION,
    read="03-algorithm/scores",
)
AXES = ("query", "key")


def suspects(
    q: np.ndarray, k: np.ndarray, w_query: np.ndarray, w_key: np.ndarray, v: np.ndarray
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""

    def sums(left: np.ndarray = w_query, right: np.ndarray = w_key) -> np.ndarray:
        return (q @ left)[..., :, None, :] + (k @ right)[..., None, :, :]

    def parts() -> tuple[np.ndarray, np.ndarray]:
        return (q @ w_query)[..., :, None, :], (k @ w_key)[..., None, :, :]

    right = np.tanh(sums()) @ v
    found = [
        Suspect(
            "no tanh",
            "tanh is missing. Without it the score is a number for the query plus a number for the "
            "key, and softmax over the keys forgets the query altogether.",
            lambda: sums() @ v,
        ),
        Suspect(
            "sigmoid",
            "You use a sigmoid. Bahdanau's score uses tanh, which is centred on 0.",
            lambda: 1 / (1 + np.exp(-sums())) @ v,
        ),
        Suspect(
            "relu",
            "You use max(0, ·). Bahdanau's score uses tanh: it is bounded on both sides.",
            lambda: np.maximum(sums(), 0) @ v,
        ),
        Suspect(
            "no v",
            "v is missing: you add the hidden units up. Weigh each by its entry of v: tanh(…) @ v.",
            lambda: np.tanh(sums()).sum(axis=-1),
        ),
        Suspect(
            "no v",
            "v is missing: you average the hidden units. Weigh each by its entry of v: "
            "tanh(…) @ v.",
            lambda: np.tanh(sums()).mean(axis=-1),
        ),
        Suspect(
            "tanh too late",
            "tanh stands outside: tanh(v · h). It belongs inside, on hidden units: v · tanh(h).",
            lambda: np.tanh(sums() @ v),
        ),
        Suspect(
            "tanh twice",
            "You take tanh of the query's part and of the key's part apart, then add. Add first: "
            "tanh(q W + k W).",
            lambda: (np.tanh(parts()[0]) + np.tanh(parts()[1])) @ v,
        ),
        Suspect(
            "product",
            "You multiply the two projections. The additive score adds them: that is its name.",
            lambda: np.tanh(parts()[0] * parts()[1]) @ v,
        ),
        Suspect(
            "dot product",
            "This is the dot product of the two projections. The additive score is v · tanh(sum).",
            lambda: (q @ w_query) @ (k @ w_key).swapaxes(-1, -2),
        ),
        Suspect(
            "query ignored",
            "The result does not depend on the query: its projection is missing from the sum.",
            lambda: np.broadcast_to(np.tanh(parts()[1]) @ v, right.shape),
        ),
        Suspect(
            "key ignored",
            "The result does not depend on the key: its projection is missing from the sum.",
            lambda: np.broadcast_to(np.tanh(parts()[0]) @ v, right.shape),
        ),
        Suspect(
            "difference",
            "You take the key's projection away. The additive score adds it.",
            lambda: np.tanh(parts()[0] - parts()[1]) @ v,
        ),
        Suspect(
            "softmax too early",
            "These are weights, not scores: each row sums to 1. Softmax comes later; this function "
            "stops before it.",
            lambda: oracles.softmax(right),
        ),
        Suspect(
            "scaled",
            "The scores are divided by √d_hidden. Additive scores are not: tanh bounds them.",
            right / np.sqrt(v.size),
        ),
        Suspect(
            "scaled",
            "The scores are divided by √d_k. Only dot products need that: tanh bounds these.",
            right / np.sqrt(k.shape[-1]),
        ),
        Suspect(
            "transposed",
            "Rows and columns are swapped: you have one row for each key. The query's new axis "
            "goes behind its length, the key's before: q[..., :, None, :] + k[..., None, :, :].",
            right.swapaxes(-1, -2),
        ),
        Suspect(
            "paired off",
            "Query i met key i only. Every query meets every key: give each side an axis of its "
            "own, q[..., :, None, :] + k[..., None, :, :].",
            lambda: np.tanh(q @ w_query + k @ w_key) @ v,
        ),
    ]
    if q.shape[-1] == k.shape[-1]:
        found.append(
            Suspect(
                "matrices swapped",
                "w_query and w_key are swapped: the query has to go through w_query. With equal "
                "widths no shape complains.",
                lambda: np.tanh(sums(w_key, w_query)) @ v,
            )
        )
    if w_query.shape[0] == w_query.shape[1] and w_key.shape[0] == w_key.shape[1]:
        found.append(
            Suspect(
                "matrices transposed",
                "The matrices are used transposed. A row vector goes in from the left: q @ "
                "w_query. With square matrices no shape complains.",
                lambda: np.tanh(sums(w_query.T, w_key.T)) @ v,
            )
        )
    return found


def _draw(
    rng: np.random.Generator,
    *batch: int,
    q_len: int = 3,
    kv_len: int = 4,
    d_q: int = 5,
    d_k: int = 6,
    d_hidden: int = 7,
    spread: float = 1.0,
) -> tuple[np.ndarray, ...]:
    return (
        rng.normal(size=(*batch, q_len, d_q)) * spread,
        rng.normal(size=(*batch, kv_len, d_k)) * spread,
        rng.normal(size=(d_q, d_hidden)),
        rng.normal(size=(d_k, d_hidden)),
        rng.normal(size=d_hidden),
    )


def _hold(call: Call, inputs: tuple[np.ndarray, ...]) -> None:
    given = call("additive_scores", *inputs)
    right = oracles.additive_scores(*inputs)
    # The hidden units are of the inputs' size before tanh bends them.
    q, k, w_query, w_key, _ = inputs
    hidden = max(np.abs(q @ w_query).max(), np.abs(k @ w_key).max())
    compare(given, right, suspects=suspects(*inputs), axes=AXES, tolerance=budget(hidden))


@QUESTION.check(points=1, hint="With width 1 everything is a plain number: v tanh(a q + b k).")
def one_pair_by_hand(call: Call, rng: np.random.Generator) -> None:
    """With width 1 everywhere, the score is v tanh(a q + b k)."""
    q, k, a, b, v = rng.uniform(0.3, 0.9, size=5)
    inputs = tuple(np.array(x) for x in ([[q]], [[k]], [[a]], [[b]], [v]))
    given = call("additive_scores", *inputs)
    right = np.array([[v * np.tanh(a * q + b * k)]])
    compare(given, right, suspects=suspects(*inputs), axes=AXES)


@QUESTION.check(
    points=2,
    hint="(q_len, 1, d_hidden) + (1, kv_len, d_hidden) is (q_len, kv_len, d_hidden). Then @ v.",
)
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition, all six sizes different."""
    _hold(call, _draw(rng))


@QUESTION.check(points=2, hint="Index from the end: q[..., :, None, :], never q[:, None].")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along."""
    _hold(call, _draw(rng, 2, 3, q_len=4, kv_len=5))


@QUESTION.check(points=1, hint="tanh lies between -1 and 1, so no score exceeds the sum of |v|.")
def scores_are_bounded(call: Call, rng: np.random.Generator) -> None:
    """However large the vectors, no score is larger than the sum of |v|."""
    _hold(call, _draw(rng, spread=100.0))


@QUESTION.check(points=1, hint="hidden += … writes into what may be the caller's array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, _draw(rng))
    QUESTION.unchanged(call, "Right scores")


@QUESTION.check(
    points=2, hidden=True, hint="The query goes through w_query, the key through w_key."
)
def equal_widths(call: Call, rng: np.random.Generator) -> None:
    """All sizes equal: what a wrong order would not notice."""
    _hold(call, _draw(rng, q_len=3, kv_len=3, d_q=3, d_k=3, d_hidden=3))


@QUESTION.check(points=1, hidden=True, hint="One query is still a row: shape (1, d_q).")
def one_query_at_a_time(call: Call, rng: np.random.Generator) -> None:
    """A decoder asks with one query a step."""
    _hold(call, _draw(rng, 2, q_len=1, kv_len=6))
