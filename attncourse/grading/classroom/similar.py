"""Answers that are alike, for a person to look at. What copydetect finds proves nothing.

Short answers to one question look alike when they are right. So each answer is compared with what
the exercise gave, which counts for nothing, and only what is long enough to differ is compared.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from attncourse.grading import exercises
from attncourse.grading.classroom.hand_ins import HandIn
from attncourse.grading.reading import NotANotebook, read
from attncourse.grading.submission import Submission, guess

#: Tokens: shorter pieces are not compared, and a piece so long is always found.
NOISE, SURE = 20, 25


@dataclass(frozen=True)
class Pair:
    """Two submissions of one exercise, and what share of the shorter one stands in the other."""

    share: float
    exercise: str
    first: str
    second: str


def alike(hand_ins: Sequence[HandIn], least: float = 0.8) -> list[Pair]:
    """Compare the answers of every two learners.

    Parameters
    ----------
    hand_ins
        The submissions; those that cannot be read are left out.
    least
        Only pairs with at least this share in common.

    Returns
    -------
    list of Pair
        The most alike first. Two submissions of one learner are no pair.
    """
    import ast

    from copydetect import CodeFingerprint, compare_files

    answers: dict[str, list[tuple[HandIn, Any]]] = {}
    known = [exercises.load(name) for name in exercises.names()]
    for hand_in in hand_ins:
        if hand_in.refused:
            continue
        try:
            submission = Submission(hand_in.path, read(hand_in.path))
        except (NotANotebook, OSError):
            continue
        exercise = guess(submission, known)
        if exercise is None:
            continue
        code = []
        for question in exercise.questions:
            found = submission.definition(question.name)
            if found and not submission.is_stub(question.name):
                # As the tree writes it: comments and white space are nobody's idea.
                code.append(ast.unparse(found[1]))
        text = "\n\n".join(code)
        if text:
            mark = CodeFingerprint(
                f"{hand_in.name}.py",
                NOISE,
                SURE - NOISE + 1,
                language="python",
                fp=io.StringIO(text),
            )
            answers.setdefault(exercise.name, []).append((hand_in, mark))
    pairs = []
    for name, found in answers.items():
        for (first, a), (second, b) in combinations(found, 2):
            if first.learner == second.learner:
                continue
            _, shares, _ = compare_files(a, b)
            if max(shares) >= least:
                pairs.append(Pair(float(max(shares)), name, first.name, second.name))
    return sorted(pairs, key=lambda pair: (-pair.share, pair.exercise, pair.first, pair.second))


def rows(pairs: Sequence[Pair]) -> list[list[Any]]:
    """The pairs as a table."""
    body = [[round(p.share, 2), p.exercise, p.first, p.second] for p in pairs]
    return [["share", "exercise", "first", "second"], *body]


def write(path: Path, pairs: Sequence[Pair]) -> None:
    """Write the pairs as a table."""
    from attncourse.grading.classroom import tables

    tables.write(path, rows(pairs))
