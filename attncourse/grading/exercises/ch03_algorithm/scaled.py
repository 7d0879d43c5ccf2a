"""Checks of ``scaled_scores(q, k)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question, Wrong
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch03_algorithm import oracles

QUESTION = Question(
    "scaled_scores",
    ("q", "k"),
    ready_made=oracles.READY_ATTENTION,
    read="04-mathematics/scaling",
)
AXES = ("query", "key")


def suspects(q: np.ndarray, k: np.ndarray) -> list[Suspect]:
    """Known mistakes, with what they make of ``q`` and ``k``."""
    q, k = q.astype(np.float64), k.astype(np.float64)
    dots = q @ k.swapaxes(-1, -2)
    d_k, (q_len, kv_len) = q.shape[-1], dots.shape[-2:]
    right = dots / np.sqrt(d_k)
    lengths = np.linalg.norm(q, axis=-1)[..., None] * np.linalg.norm(k, axis=-1)[..., None, :]
    return [
        Suspect(
            "not scaled",
            "These are the plain dot products. Divide them by the square root of d_k: their spread "
            "grows with the width, and softmax would saturate.",
            dots,
        ),
        Suspect(
            "divided by d_k",
            "You divide by d_k, at once or by √d_k twice. Divide by its square root: a sum of d_k "
            "random terms has a spread of √d_k, not of d_k.",
            dots / d_k,
        ),
        Suspect(
            "multiplied",
            "You multiply by √d_k. The scores have to shrink: divide.",
            dots * np.sqrt(d_k),
        ),
        Suspect(
            "scaled by kv_len",
            "You divide by the square root of the number of keys. The width of one key counts: "
            "k.shape[-1], not k.shape[-2].",
            dots / np.sqrt(kv_len),
        ),
        Suspect(
            "scaled by q_len",
            "You divide by the square root of the number of queries. The width of one query "
            "counts: q.shape[-1], not q.shape[-2].",
            dots / np.sqrt(q_len),
        ),
        Suspect(
            "scaled by a leading axis",
            "You divide by the square root of the first axis, q.shape[0]. With leading axes, d_k "
            "is q.shape[-1].",
            dots / np.sqrt(q.shape[0]),
        ),
        Suspect(
            "rounded root",
            "The square root was rounded to an integer. Use np.sqrt(d_k) or d_k ** 0.5 as it is.",
            dots / int(np.sqrt(d_k)),
        ),
        Suspect(
            "softmax too early",
            "These are weights, not scores: each row sums to 1. Softmax comes later; this function "
            "stops before it.",
            lambda: oracles.softmax(right),
        ),
        Suspect(
            "cosine",
            "You divide by the lengths of the vectors, so this is their cosine. Dot-product "
            "attention keeps the lengths and divides by √d_k only.",
            dots / lengths,
        ),
        Suspect(
            "transposed",
            "Rows and columns are swapped: you have one row for each key. It should be one row for "
            "each query: q times the transpose of k.",
            right.swapaxes(-1, -2),
        ),
        Suspect(
            "transposed and not scaled",
            "Two things: there is one row for each key where each query should have one, and the "
            "division by √d_k is missing.",
            dots.swapaxes(-1, -2),
        ),
    ]


def _hold(call: Call, q: np.ndarray, k: np.ndarray, tolerance: float = 1e-5) -> None:
    compare(
        call("scaled_scores", q, k),
        oracles.scaled_scores(q, k),
        suspects=suspects(q, k),
        axes=AXES,
        tolerance=tolerance,
    )


@QUESTION.check(points=1, hint="q · k = d_k a b here, and d_k / √d_k = √d_k.")
def one_pair_by_hand(call: Call, rng: np.random.Generator) -> None:
    """One query (a, …, a) and one key (b, …, b) of width 9 give 3ab."""
    a, b = rng.uniform(1, 2, size=2)
    q, k = np.full((1, 9), a), np.full((1, 9), b)
    compare(
        call("scaled_scores", q, k), np.array([[3 * a * b]]), suspects=suspects(q, k), axes=AXES
    )


@QUESTION.check(
    points=2,
    hint="Write the shapes down: (q_len, d_k) times (d_k, kv_len) is (q_len, kv_len).",
)
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition, for 3 queries, 4 keys and d_k = 7."""
    _hold(call, rng.normal(size=(3, 7)), rng.normal(size=(4, 7)))


@QUESTION.check(
    points=2,
    hint="k.T turns all axes round. Swap the last two only: k.swapaxes(-1, -2).",
)
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along: (2, 3, 4, 6) with (2, 3, 5, 6)."""
    _hold(call, rng.normal(size=(2, 3, 4, 6)), rng.normal(size=(2, 3, 5, 6)))


@QUESTION.check(points=1, hint="The variance of a sum of d_k independent products is d_k.")
def spread_does_not_grow(call: Call, rng: np.random.Generator) -> None:
    """For random queries and keys of width 1024 the scores have a variance near 1."""
    q, k = rng.normal(size=(40, 1024)), rng.normal(size=(50, 1024))
    y = call("scaled_scores", q, k).astype(np.float64)
    with np.errstate(all="ignore"):
        variance = float(np.var(y))
    if y.shape != (40, 50) or not 0.7 < variance < 1.4:
        # 2000 scores: their variance is 1 to within a few hundredths.
        expected = q @ k.swapaxes(-1, -2) / 32
        compare(y, expected, suspects=suspects(q, k), axes=AXES)
        raise Wrong("The variance of the scores is not near 1.", bug="spread")


@QUESTION.check(points=1, hint="q /= c writes into the caller's array. q / c makes a new one.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, rng.normal(size=(3, 5)), rng.normal(size=(4, 5)))
    QUESTION.unchanged(call, "Right scores")


@QUESTION.check(points=1, hidden=True, hint="Nothing may depend on q_len and kv_len being equal.")
def one_query_many_keys(call: Call, rng: np.random.Generator) -> None:
    """A single query against many keys, as in text generation."""
    _hold(call, rng.normal(size=(2, 1, 3)), rng.normal(size=(2, 8, 3)))


@QUESTION.check(points=1, hidden=True, hint="The numbers may be called anything but d_k = 64.")
def any_width(call: Call, rng: np.random.Generator) -> None:
    """Right for widths 1, 2, 5 and 64."""
    for d_k in (1, 2, 5, 64):
        _hold(call, rng.normal(size=(2, d_k)), rng.normal(size=(3, d_k)))


@QUESTION.check(
    points=1, hidden=True, hint="q.astype(np.float32) first, where q has less precision than that."
)
def half_precision(call: Call, rng: np.random.Generator) -> None:
    """In float16 the products do not overflow on the way."""
    # Dot products near 100 000 do not fit; the scores, an eighth of them, do.
    q = (40 + rng.normal(size=(2, 64))).astype(np.float16)
    k = (40 + rng.normal(size=(3, 64))).astype(np.float16)
    overflow = Suspect(
        "half precision overflow",
        "In float16 the dot product overflows to infinity before you divide: nothing above 65504 "
        "fits. Compute in float32 at least.",
        np.full((2, 3), np.inf),
    )
    compare(
        call("scaled_scores", q, k),
        oracles.scaled_scores(q, k),
        suspects=[overflow, *suspects(q, k)],
        axes=AXES,
        tolerance=5e-3,
    )
