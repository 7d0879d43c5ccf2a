"""Submissions that want what they have not earned, by kind, each with the score that is fair.

All are aimed at ``softmax(x)``. ``harm`` is what the attack does to a grader that runs it in its own
process and compares there (:mod:`tests.grading.corpus.naive`): ``forged`` (it scores), ``lost`` (no
score at all), ``hung``. Where it is empty, the attack needs another victim, which its file names.
"""

from dataclasses import dataclass

RIGHT = """def softmax(x):
    x = x.astype(np.promote_types(x.dtype, np.float32))
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
"""


@dataclass(frozen=True)
class Attack:
    """``answer`` is the question's cell, ``cells`` run before it. ``fair``: the part it is worth."""

    answer: str = "def softmax(x):\n    return x * 0\n"
    cells: tuple[str, ...] = ()
    fair: int = 0
    harm: str = ""


def cell(source, **more):
    """An attack from a cell, with a wrong answer."""
    return Attack(cells=(source,), **more)
