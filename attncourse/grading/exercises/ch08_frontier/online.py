"""Checks of ``online_attention(scores, v, block_len)``."""

from __future__ import annotations

from typing import Any

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import FAR_BELOW, Suspect, all_of, budget, compare
from attncourse.grading.exercises.ch08_frontier import oracles

QUESTION = Question(
    "online_attention",
    ("scores", "v", "block_len"),
    ready_made=oracles.READY,
    read="04-mathematics/the-exact-one",
)
AXES = ("query", "feature")


def streamed(
    scores: np.ndarray,
    v: np.ndarray,
    block_len: int,
    *,
    top: str = "running",
    keep_sum: str = "right",
    keep_out: str = "right",
    ends: range | None = None,
    divide: bool = True,
    begin: float = -np.inf,
    empty: float = np.nan,
) -> np.ndarray:
    """The stream of tiles, with one of its lines changed."""
    m = np.full((*scores.shape[:-1], 1), begin)
    z, u = np.zeros_like(m), np.zeros((*scores.shape[:-1], v.shape[-1]))
    for start in ends or range(0, scores.shape[-1], block_len):
        s = scores[..., start : start + block_len]
        new = np.maximum(m, s.max(axis=-1, keepdims=True))
        if top == "tile":
            new = s.max(axis=-1, keepdims=True)
        elif top == "shared":
            new = np.maximum(m, s.max())
        elif top == "none":
            new = np.zeros_like(m)
        kept = np.exp(m - new) if top != "none" else np.ones_like(m)
        fresh = np.exp(s - new)
        inverse = np.where(kept > 0, 1 / np.where(kept > 0, kept, 1), 0)
        factor = {"right": kept, "never": 1.0, "inverse": inverse, "only last": 0.0}
        added_z, added_u = (
            fresh.sum(axis=-1, keepdims=True),
            fresh @ v[..., start : start + block_len, :],
        )
        if keep_sum == "late":
            z, u = (z + added_z) * kept, (u + added_u) * kept
        else:
            z, u = z * factor[keep_sum] + added_z, u * factor[keep_out] + added_u
        m = new
    out = u / z if divide else u
    return np.where(z == 0, empty, out) if begin > -np.inf else out


def suspects(scores: np.ndarray, v: np.ndarray, block_len: int) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    kv_len = scores.shape[-1]
    starts = range(0, kv_len, block_len)

    def tiles() -> list[np.ndarray]:
        parts = [(scores[..., a : a + block_len], v[..., a : a + block_len, :]) for a in starts]
        return [streamed(s, x, block_len) for s, x in parts]

    table: list[tuple[str, str, dict[str, Any]]] = [
        (
            "sum not rescaled",
            "The sum of exponentials keeps terms that were made with an older, smaller maximum. "
            "When the maximum rises, the old sum has to shrink by the same factor as the old "
            "output.",
            {"keep_sum": "never"},
        ),
        (
            "output not rescaled",
            "The sum shrinks when the maximum rises, but the output so far does not. Both were "
            "made with the old maximum, and both need the factor.",
            {"keep_out": "never"},
        ),
        (
            "nothing rescaled",
            "Neither the sum nor the output so far shrinks when the maximum rises.",
            {"keep_sum": "never", "keep_out": "never"},
        ),
        (
            "factor upside down",
            "The factor is upside down: exp(new - old). The old terms shrink when the maximum "
            "rises: exp(old - new).",
            {"keep_sum": "inverse", "keep_out": "inverse"},
        ),
        (
            "rescaled too late",
            "The new terms are added first, and then everything shrinks. The new terms already "
            "have the new maximum: rescale the old ones, then add.",
            {"keep_sum": "late", "keep_out": "late"},
        ),
        (
            "only the last tile",
            "Only the last tile is left. Is the new maximum kept for the next turn of the loop?",
            {"keep_sum": "only last", "keep_out": "only last"},
        ),
        (
            "no maximum",
            "There is no running maximum: exp of a large score is infinite.",
            {"top": "none"},
        ),
        (
            "maximum of the tile alone",
            "The maximum is that of the newest tile, not the largest so far. Where it falls, the "
            "factor for the old terms is exp of something positive, and that overflows.",
            {"top": "tile"},
        ),
        # Any number above all scores of a row does the same as this one.
        (
            "finite in place of -∞",
            "The running maximum begins at a number that all scores of a row can lie below; then "
            "every exponential is 0. Nothing is below -∞: begin there.",
            {"begin": -1e5},
        ),
        (
            "finite in place of -∞",
            "The running maximum begins at a number that all scores of a row can lie below; then "
            "every exponential is 0, and so is the output. Nothing is below -∞: begin there.",
            {"begin": -1e5, "empty": 0.0},
        ),
        (
            "one maximum for all rows",
            "All rows share one maximum. A row far below it has only zeros, and 0/0 is NaN: take "
            "the maximum over axis=-1.",
            {"top": "shared"},
        ),
        (
            "not divided",
            "The division by the sum of exponentials is missing at the end.",
            {"divide": False},
        ),
    ]
    found = [
        Suspect(bug, text, lambda how=how: streamed(scores, v, block_len, **how))
        for bug, text, how in table
    ]
    whole = range(0, kv_len - block_len + 1, block_len)
    if len(whole):
        found.append(
            Suspect(
                "last tile left out",
                "The keys at the end are left out: the last tile may be shorter than the others.",
                lambda: streamed(scores, v, block_len, ends=whole),
            )
        )
    return [
        *found,
        Suspect(
            "mean of tiles",
            "The outputs of the tiles are averaged. A tile counts by the sum of its exponentials.",
            lambda: np.mean(tiles(), axis=0),
        ),
        Suspect(
            "sum of tiles",
            "Each tile is divided by its own sum, and the results are added. Add first, and divide "
            "once at the end.",
            lambda: np.sum(tiles(), axis=0),
        ),
        Suspect(
            "plain mean",
            "This is the plain mean of the values: the scores have no say.",
            lambda: np.broadcast_to(
                v.mean(axis=-2, keepdims=True), (*scores.shape[:-1], v.shape[-1])
            ),
        ),
    ]


def _draw(
    rng: np.random.Generator, *batch: int, q_len: int = 3, kv_len: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=(*batch, q_len, kv_len)) * 2, rng.normal(size=(*batch, kv_len, 4))


def _hold(call: Call, scores: np.ndarray, v: np.ndarray, block_len: int) -> None:
    compare(
        call("online_attention", scores, v, block_len),
        oracles.online_attention(scores, v),
        suspects=suspects(scores, v, block_len),
        axes=AXES,
        tolerance=budget(np.abs(scores).max()),
    )


@QUESTION.check(points=1, hint="Falling scores: the maximum never changes after the first tile.")
def falling_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores that fall: the maximum is found in the first tile."""
    scores, v = _draw(rng)
    _hold(call, -np.sort(-scores, axis=-1), v, 3)


@QUESTION.check(points=2, hint="Follow m, z and u by hand, for the scores 0 and 1 in tiles of 1.")
def rising_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores that rise: every tile brings a new maximum."""
    scores, v = _draw(rng)
    _hold(call, np.sort(scores, axis=-1), v, 3)


@QUESTION.check(points=1, hint="A weighted mean of ones is one. What is yours?")
def values_of_one(call: Call, rng: np.random.Generator) -> None:
    """Where all values of a feature are equal, the output is that value."""
    scores, v = _draw(rng)
    _hold(call, scores, 0 * v + rng.normal(size=4), 2)


@QUESTION.check(points=1, hint="Tiles of one key, tiles that do not divide, one tile for all.")
def any_tile(call: Call, rng: np.random.Generator) -> None:
    """The same numbers for tiles of 1, 4, 5 and 99 keys."""
    scores, v = _draw(rng, kv_len=11)
    for block_len in (1, 4, 5, 99):
        _hold(call, scores, v, block_len)


@QUESTION.check(points=1, hint="scores -= … writes into the caller's array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    scores, v = _draw(rng, 2)
    _hold(call, scores, v, 4)
    QUESTION.unchanged(call, "Right output")


@QUESTION.check(points=2, hidden=True, hint="No exponent may ever be above zero.")
def large_scores(call: Call, rng: np.random.Generator) -> None:
    """Scores of a thousand and more, rising, falling, far apart, and whole rows far below zero."""
    low, _ = _draw(rng, kv_len=12)
    scores, v = _draw(rng, kv_len=12)
    scores[0] = np.sort(scores[0]) * 400
    scores[1] = -np.sort(scores[1]) * 400
    scores[2] -= 5000
    all_of(lambda: _hold(call, scores, v, 5), lambda: _hold(call, low - FAR_BELOW, v, 5))


@QUESTION.check(points=2, hidden=True, hint="Keep an axis of length 1: keepdims=True.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along."""
    scores, v = _draw(rng, 2, 3, q_len=4, kv_len=9)
    _hold(call, np.sort(scores, axis=-1), v, 4)
