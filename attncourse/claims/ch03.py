"""Claims of the article's section 3 on the algorithm (chapter 3 of the course)."""

from __future__ import annotations

import numpy as np

from attncourse.claims.core import Verdict, by_run


def _fate(computed: np.ndarray | None, wanted: np.ndarray, tolerance: float) -> tuple[bool, str]:
    """Say whether the result is the weighted sum, and in words what came instead."""
    wanted = np.asarray(wanted)
    if computed is None:
        return False, "raises an error"
    computed = np.asarray(computed)
    if computed.shape != wanted.shape:
        return False, f"runs and gives shape {computed.shape} where {wanted.shape} is right"
    error = float(np.abs(computed - wanted).max())
    if error <= tolerance:
        return True, "is right"
    return False, f"runs and is off by {error:.2g}"


@by_run(
    "C07",
    sections="3.2, 3.3",
    says="Step 4, the weighted sum, is sum(attention_weights * encoded_sequence).",
    chinese="根据注意力权重加权求和输入序列",
    reading="The words, a comment above the line, say which sum is meant (over what, is C05's "
    "question). The line is called pseudo-code "
    "(伪代码) and is written in Python, so it is read as Python: * multiplies entry by entry, sum "
    "adds up rows.",
)
def weighted_sum(
    *,
    one_query: tuple[np.ndarray | None, np.ndarray],
    rectangular: tuple[np.ndarray | None, np.ndarray],
    square: tuple[np.ndarray | None, np.ndarray],
    tolerance: float = 1e-9,
) -> Verdict:
    """Compare what the line computes with the weighted sum, in three cases.

    Parameters
    ----------
    one_query, rectangular, square
        ``(computed, wanted)``; computed is ``None`` where the line raised an error. The weights of
        one query as a column (n, 1); an (n, n) matrix with n ≠ d; an (n, n) matrix with n = d.
    tolerance
        The largest difference that counts as equal.
    """
    alone, fate_alone = _fate(*one_query, tolerance)
    matrix, fate_matrix = _fate(*rectangular, tolerance)
    even, fate_even = _fate(*square, tolerance)
    because = (
        f"With one query it {fate_alone}; with a weight matrix and n ≠ d it {fate_matrix}; "
        f"with n = d it {fate_even}."
    )
    if alone and matrix and even:
        return Verdict("holds", because)
    if alone:
        return Verdict(
            "holds if", because, "there is one query, and its weights stand in a column (n, 1)"
        )
    return Verdict("does not hold", because)
