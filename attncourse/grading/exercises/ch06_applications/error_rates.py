"""Checks of ``error_rate(said, right)``."""

from __future__ import annotations

from collections import Counter

import numpy as np

from attncourse.grading.checks import Call, Question, Wrong
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch06_applications import oracles

QUESTION = Question(
    "error_rate",
    ("said", "right"),
    returns="number",
    ready_made=oracles.READY_DISTANCE,
    read="06-applications/letters-to-sounds",
)


def _table(
    said: list[int],
    right: list[int],
    *,
    substitute: float = 1.0,
    same: float = 0.0,
    drop: float = 1.0,
    add: float = 1.0,
    free: str = "",
) -> float:
    """The cheapest edits under other prices; an infinite price is a way that was forgotten."""
    row = [0.0 if "top" in free else float(j) for j in range(len(right) + 1)]
    for i, x in enumerate(said, 1):
        above, row = row, [0.0 if "side" in free else float(i)]
        for j, y in enumerate(right, 1):
            swap = above[j - 1] + (same if x == y else substitute)
            row.append(min(swap, above[j] + drop, row[j - 1] + add))
    return row[-1]


def _with_exchanges(said: list[int], right: list[int]) -> int:
    """The fewest edits where two neighbours may also change places, at the price of one."""
    rows = [list(range(len(right) + 1))]
    for i, x in enumerate(said, 1):
        rows.append([i])
        for j, y in enumerate(right, 1):
            ways = [rows[i - 1][j - 1] + (x != y), rows[i - 1][j] + 1, rows[i][j - 1] + 1]
            if min(i, j) > 1 and (x, said[i - 2]) == (right[j - 2], y):
                ways.append(rows[i - 2][j - 2] + 1)
            rows[i].append(min(ways))
    return rows[-1][-1]


def _common(said: list[int], right: list[int]) -> int:
    """The length of the longest common sequence, gaps allowed."""
    swaps = _table(said, right, substitute=2.0)
    return round((len(said) + len(right) - swaps) / 2)


def suspects(said: np.ndarray, right: np.ndarray) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    a, b = said.tolist(), right.tolist()
    n = len(b)
    count = oracles.edits(a, b)
    apart = sum(x != y for x, y in zip(a, b, strict=False))
    bag = sum((Counter(b) - Counter(a)).values())
    inf = float("inf")

    def one(bug: str, message: str, number: float) -> Suspect:
        return Suspect(bug, message, np.array(float(number)))

    found = [
        one("not divided", "This is the count of edits. Divide it by the number of sounds that "
            "should have come.", count),
        one("divided by the longer", "You divide by the longer of the two, so a babbler can never "
            "exceed 1. Divide by the length of right.", count / max(len(a), n)),
        one("divided by both", "You divide by both lengths together. Divide by the length of "
            "right.", count / (len(a) + n)),
        one("never above 1", "You cap the rate at 1. Whoever inserts more sounds than there are "
            "makes more errors than there are sounds: leave it as it is.", min(1.0, count / n)),
        one("share right", "This is 1 minus the rate: how much is right. The rate of errors is "
            "asked for.", 1 - count / n),
        one("place by place", "You compare place by place. One sound too many at the start, and "
            "everything behind it counts as wrong. Look for the fewest edits.",
            (apart + abs(len(a) - n)) / n),
        one("place by place, the rest free", "You compare place by place and stop where the "
            "shorter ends. Shifted sounds are no errors, and what is missing at the end is one.",
            apart / n),
        one("no order", "You count which sounds are missing, wherever they stand. The order "
            "matters: eel is no way to say lee.", bag / n),
        one("only what is missing", "You count the sounds of right that are not said, by the "
            "longest common sequence. What was said too much costs nothing then.",
            (n - _common(a, b)) / n),
        one("substitution costs two", "A substitution costs you 2, as a deletion and an insertion. "
            "It is one edit and costs 1.", _table(a, b, substitute=2.0) / n),
        one("a match costs too", "A sound that is right costs you as much as a wrong one. The "
            "diagonal step is free where both sounds are the same.", _table(a, b, same=1.0) / n),
        one("wrong sounds are free", "The test is turned round: equal sounds cost 1 and different "
            "ones nothing.", _table(a, b, same=1.0, substitute=0.0) / n),
        one("no insertions", "One of three ways is missing: the step along right, for a sound that "
            "was left out (row[j - 1] + 1).", _table(a, b, add=inf) / n),
        one("no deletions", "One of three ways is missing: the step along said, for a sound too "
            "many (above[j] + 1).", _table(a, b, drop=inf) / n),
        one("free start", "Your first row is all zeros, so what is left out at the start is free. "
            "Against nothing said, j sounds of right are j errors.", _table(a, b, free="top") / n),
        one("free babble", "Your first column is all zeros, so any babble at the start is free. i "
            "sounds said where none is due are i errors.", _table(a, b, free="side") / n),
        one("free start of both", "Both borders of your table are zeros. Border entries count: i "
            "sounds against none are i errors.", _table(a, b, free="top side") / n),
    ]  # fmt: skip
    message = (
        "This is the length of what was said over that of right, and no symbol is compared. Count "
        "the edits."
    )
    found.append(one("lengths only", message, len(a) / n))
    message = (
        "Two neighbours that change places count as one error. Here only insertions, deletions and "
        "substitutions are edits, so they are two."
    )
    found.append(one("neighbours exchanged", message, _with_exchanges(a, b) / n))
    if a:
        message = "You divide by how much was said. Divide by how much should have been: right."
        found.append(one("divided by said", message, count / len(a)))
    return found


def _hold(call: Call, said: np.ndarray, right: np.ndarray) -> None:
    expected = oracles.edits(said.tolist(), right.tolist()) / len(right)
    compare(call("error_rate", said, right), np.array(expected), suspects=suspects(said, right))


def _word(rng: np.random.Generator, n: int, sounds: int = 4) -> np.ndarray:
    return rng.integers(sounds, size=n)


# The first of all: later, a function that remembers gives nothing that could be recognised.
@QUESTION.check(points=1, hint="Nothing may survive a call: memo={} as a default does.")
def one_word_after_the_other(call: Call, rng: np.random.Generator) -> None:
    """Two words of one length: three sounds wrong in the first, one in the second."""
    # Of one length for all time, and no other check's: what is remembered of it is known.
    n = 11
    right = rng.permutation(39)[:n]
    wrong = right.copy()
    wrong[[1, 3, 4]] += 50
    almost = np.where(np.arange(n) == int(rng.integers(n)), 90, right)
    first, second = call("error_rate", wrong, right), call("error_rate", almost, right)
    if abs(first - 3 / n) < 1e-5 and second == first:
        raise Wrong(
            "The second of two words got the rate of the first, since both have one length. Your "
            "function remembers what it was asked before: a default memo={}, or a cache by "
            "lengths. Begin each call anew.",
            bug="remembers",
        )
    for given, said, count in ((first, wrong, 3), (second, almost, 1)):
        compare(given, np.array(count / n), suspects=suspects(said, right))


@QUESTION.check(points=2, hint="Each of the three is one edit: 1 over the length of right.")
def one_edit_of_each_kind(call: Call, rng: np.random.Generator) -> None:
    """A sound too many, a sound too few, another sound: one error each."""
    n = int(rng.integers(5, 9))
    right = rng.permutation(39)[:n]
    at = int(rng.integers(1, n - 1))
    _hold(call, np.insert(right, at, 50), right)
    _hold(call, np.delete(right, at), right)
    _hold(call, np.where(np.arange(n) == at, 50, right), right)


@QUESTION.check(
    points=2, hint="Fill a table: edits between the first i sounds said and the first j of right."
)
def the_fewest_edits(call: Call, rng: np.random.Generator) -> None:
    """The fewest edits for words of 7 and 8 sounds, out of four different ones."""
    for n_said, n_right in ((7, 8), (8, 6), (8, 7)):
        _hold(call, _word(rng, n_said), _word(rng, n_right))


@QUESTION.check(points=1, hint="Divide by the length of right, and by nothing else.")
def more_errors_than_sounds(call: Call, rng: np.random.Generator) -> None:
    """Whoever babbles makes more errors than there are sounds: the rate exceeds 1."""
    for n in (2, 3):
        _hold(call, 10 + _word(rng, int(rng.integers(6, 10))), _word(rng, n))
    _hold(call, _word(rng, 9), _word(rng, 3))


@QUESTION.check(points=1, hint="The loop over said may run no time at all. What is the row then?")
def silence(call: Call, rng: np.random.Generator) -> None:
    """Nothing said: every sound is missing. One sound said: all but one, if it is right."""
    right = rng.permutation(39)[: int(rng.integers(4, 9))]
    _hold(call, right[:0], right)
    _hold(call, right[2:3], right)


@QUESTION.check(points=1, hint="Which steps of the table go forward in both words at once?")
def order_counts(call: Call, rng: np.random.Generator) -> None:
    """The right sounds in another order are not right."""
    right = rng.permutation(39)[: int(rng.integers(6, 9))]
    _hold(call, right[::-1], right)
    _hold(call, np.roll(right, 1), right)
    i = int(rng.integers(len(right) - 1))
    _hold(call, right[np.r_[0:i, i + 1, i, i + 2 : len(right)]], right)


@QUESTION.check(points=1, hidden=True, hint="Each pair of prefixes once: a table, not three calls.")
def long_words(call: Call, rng: np.random.Generator) -> None:
    """Fifty sounds take no longer than a moment."""
    _hold(call, _word(rng, 45), _word(rng, 52))


@QUESTION.check(points=1, hidden=True, hint="The count is the same both ways; what you divide by?")
def said_and_right_change_places(call: Call, rng: np.random.Generator) -> None:
    """With said and right exchanged the count stays and the rate does not."""
    a, b = _word(rng, 8, 5), _word(rng, int(rng.integers(4, 6)), 5)
    _hold(call, a, b)
    _hold(call, b, a)
