"""Checks of ``longest_context(query_norm, key_norm, d_k, weight)``."""

from __future__ import annotations

import math

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch02_core_concepts import oracles

QUESTION = Question(
    "longest_context",
    ("query_norm", "key_norm", "d_k", "weight"),
    returns="number",
    read="02-core-concepts/what-attention-buys",
)


def suspects(query_norm: float, key_norm: float, d_k: int, weight: float) -> list[Suspect]:
    """Known mistakes, with what they give for these inputs."""
    dot = query_norm * key_norm
    gap = 2 * dot / math.sqrt(d_k)
    odds = (1 - weight) / weight

    def crowd(gap: float, odds: float = odds) -> np.ndarray:
        return 1 + np.exp(np.float64(gap)) * odds

    right = crowd(gap)
    known = [
        (
            "others at zero",
            "Your crowd has the score 0. It can score lower: a key that points against the query "
            "has minus the largest score. The gap is twice as large.",
            crowd(gap / 2),
        ),
        (
            "not scaled",
            "The scores are not divided by √d_k. A layer does that, so the gap is smaller.",
            crowd(2 * dot),
        ),
        (
            "divided by d_k",
            "You divide by d_k. The scores of a layer are divided by its root.",
            crowd(2 * dot / d_k),
        ),
        (
            "others at zero, not scaled",
            "Two things: the crowd can score lower than 0, and the scores are divided by √d_k.",
            crowd(dot),
        ),
        (
            "the one left out",
            "You count the crowd alone. The key that stands out is a key, too: one more.",
            right - 1,
        ),
        (
            "one too many",
            "You count one key too many: n = 1 + the crowd.",
            right + 1,
        ),
        (
            "odds upside down",
            "The odds are upside down: for a weight w, what is left for the crowd is 1 - w.",
            crowd(gap, 1 / odds),
        ),
        (
            "weight as odds",
            "You take e^gap / w. The one key keeps w, and the crowd gets only what is left: 1 - w.",
            crowd(gap, 1 / weight) - 1,
        ),
        (
            "weight as odds",
            "You take 1 + e^gap / w. The one key keeps w, and the crowd gets only what is left: 1 "
            "- w.",
            crowd(gap, 1 / weight),
        ),
        (
            "weight ignored",
            "The weight changes nothing in your answer: this is the result for w = 1/2.",
            crowd(gap, 1.0),
        ),
        (
            "weight ignored",
            "The weight changes nothing in your answer: this is e^gap.",
            crowd(gap, 1.0) - 1,
        ),
        (
            "share forgotten",
            "You take e^gap (1 - w), and lack the division by w.",
            crowd(gap, 1 - weight),
        ),
        (
            "the gap itself",
            "This is the gap between the largest and the smallest score. How many keys can it "
            "outweigh?",
            np.float64(gap),
        ),
        (
            "the logarithm",
            "This is the logarithm of the number of keys. One exp is missing.",
            np.log(right),
        ),
        (
            "no power",
            "You use the gap where its power belongs: softmax compares e^score.",
            1 + gap * odds,
        ),
        (
            "powers of two",
            "The base of your powers is 2. Softmax uses e.",
            crowd(gap * math.log(2)),
        ),
        (
            "rounded",
            "You rounded down to a whole number. Give the number as it is.",
            np.floor(right),
        ),
        (
            "rounded",
            "You rounded up to a whole number. Give the number as it is.",
            np.ceil(right),
        ),
    ]
    return [Suspect(bug, message, np.asarray(gives)) for bug, message, gives in known]


def _hold(call: Call, query_norm: float, key_norm: float, d_k: int, weight: float) -> None:
    given = call("longest_context", query_norm, key_norm, d_k, weight)
    expected = oracles.longest_context(query_norm, key_norm, d_k, weight)
    # As ratios: a number of keys may have any order of magnitude.
    compare(
        np.float64(min(max(given, -1e300), 1e300)) / expected,
        np.array(1.0),
        suspects=[
            Suspect(s.bug, s.message, np.asarray(s.gives) / expected)
            for s in suspects(query_norm, key_norm, d_k, weight)
        ],
        tolerance=1e-6,
        what="the ratio of your number to the right one",
    )


def _draw(rng: np.random.Generator, d_k: int) -> tuple[float, float, int, float]:
    return (
        float(rng.uniform(2, 3)),
        float(rng.uniform(1, 1.5)),
        d_k,
        float(rng.uniform(0.2, 0.4)),
    )


@QUESTION.check(points=1, hint="Without any gap all weights are equal, 1/n each.")
def no_gap_no_choice(call: Call, rng: np.random.Generator) -> None:
    """Keys of length 0: all n weights are 1/n, so n is 1/weight."""
    _hold(
        call, float(rng.uniform(2, 9)), 0.0, int(rng.integers(5, 90)), float(rng.uniform(0.1, 0.3))
    )


@QUESTION.check(points=2, hint="A = e^g / (e^g + n - 1). Solve for n.")
def by_hand(call: Call, rng: np.random.Generator) -> None:
    """A gap of ln m: n is 1 + m (1 - w) / w."""
    m = float(rng.uniform(5, 50))
    length = math.sqrt(3 * math.log(m) / 2)  # two such vectors over √9: half of the gap
    _hold(call, length, length, 9, float(rng.uniform(0.55, 0.8)))


@QUESTION.check(points=2, hint="The best case: one key along the query, all others against it.")
def agrees_with_a_search(call: Call, rng: np.random.Generator) -> None:
    """The number at which the largest weight, searched for step by step, is the one wanted."""
    for d_k in (2, 7):
        _hold(call, *_draw(rng, d_k))


@QUESTION.check(
    points=1, hint="The gap goes with the product of the lengths, and stands in a power."
)
def twice_the_length(call: Call, rng: np.random.Generator) -> None:
    """Query and key twice as long: the gap is four times as large."""
    query, key, d_k, weight = _draw(rng, 5)
    _hold(call, query, key, d_k, weight)
    _hold(call, 2 * query, 2 * key, d_k, weight)


@QUESTION.check(points=1, hidden=True, hint="√d_k, whatever d_k is.")
def any_width(call: Call, rng: np.random.Generator) -> None:
    """Heads of width 1, 64 and 256."""
    for d_k in (1, 64, 256):
        query, key, _, weight = _draw(rng, d_k)
        _hold(call, query * d_k**0.25, key * d_k**0.25, d_k, weight)


@QUESTION.check(points=1, hidden=True, hint="The crowd has 1 - w, the one key w.")
def modest_and_strict(call: Call, rng: np.random.Generator) -> None:
    """A weight of nearly nothing, and of nearly all."""
    query, key, d_k, _ = _draw(rng, 4)
    _hold(call, query, key, d_k, float(rng.uniform(0.001, 0.002)))
    _hold(call, query, key, d_k, float(rng.uniform(0.998, 0.999)))


@QUESTION.check(points=1, hidden=True, hint="Python's floats go up to 10^308: nothing to round.")
def any_order_of_magnitude(call: Call, rng: np.random.Generator) -> None:
    """A gap of 60 and more: more keys than grains of sand, and still a number."""
    query, key = (float(a) for a in rng.uniform(11, 12, size=2))
    _hold(call, query, key, 16, float(rng.uniform(0.2, 0.4)))
