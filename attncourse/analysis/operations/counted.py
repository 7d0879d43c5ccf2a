"""What is counted, and the arithmetic of counts."""

from __future__ import annotations

from typing import NamedTuple

from attncourse import _checks


class Operations(NamedTuple):
    """How much arithmetic a mechanism does: three counts that are never mixed.

    The first is what a matrix unit does and what PyTorch's own counter reports. The others cost far
    more a piece on a GPU, so a sum of the three says little.

    Attributes
    ----------
    matmul : int
        Floating-point operations inside matrix products: 2 for each multiply-add, so a product of
        (a, b) by (b, c) counts 2abc.
    elementwise : int
        Additions, multiplications, divisions and comparisons outside matrix products, one each.
        Masking, copying and changing the dtype count nothing.
    exponentials : int
        Evaluations of exp, tanh and the like, one each.
    """

    matmul: int
    elementwise: int = 0
    exponentials: int = 0


def add_operations(*parts: Operations, times: int = 1) -> Operations:
    r"""Add up what several parts do, and repeat the sum.

    .. math:: C = r \sum_i C_i

    where :math:`C_i` are the counts of part i, added kind by kind, and :math:`r` is how often it is
    all done.

    Source: Hoffmann et al. (2022), appendix F, counts in the same way, arXiv:2203.15556.

    Parameters
    ----------
    *parts : Operations
        The counts of each part.
    times : int
        How often: layers, say, or generated tokens.

    Examples
    --------
    >>> add_operations(Operations(matmul=6), Operations(matmul=4, exponentials=1), times=2)
    Operations(matmul=20, elementwise=0, exponentials=2)
    """
    _checks.count("times", times)
    for part in parts:
        if not isinstance(part, Operations):
            raise TypeError(f"parts: expected Operations, got {type(part).__name__}.")
    return Operations(*(times * sum(counts) for counts in zip((0, 0, 0), *parts, strict=True)))


def visible_pairs(
    q_len: int, kv_len: int, *, causal: bool = False, window: int | None = None
) -> int:
    r"""Count the pairs of a query and a key that a causal mask or a window lets through.

    .. math:: P = \sum_{i=0}^{m-1} \bigl|\{\, j : p_i - w < j \le p_i,\ 0 \le j < n \,\}\bigr|,
        \qquad p_i = i + n - m

    where :math:`m` is q_len, :math:`n` is kv_len and :math:`w` is the window, without limit if only
    ``causal`` is set. Without either, all :math:`mn` pairs count. It is the number of True entries
    of the mask, without the mask.

    Source: Beltagy et al. (2020), Longformer, section 3.1, counts n · w for a window of w,
    arXiv:2004.05150.

    Parameters
    ----------
    q_len, kv_len, causal, window
        What the mask is made of: the last query stands at the last key (bottom-right), and a window
        hides the future too.

    Examples
    --------
    >>> visible_pairs(4, 4), visible_pairs(4, 4, causal=True), visible_pairs(4, 4, window=2)
    (16, 10, 7)
    """
    _checks.count("q_len", q_len)
    _checks.count("kv_len", kv_len)
    if window is not None:
        _checks.count("window", window, minimum=1)
    if not causal and window is None:
        return q_len * kv_len
    # The queries are the last of kv_len, so leave out what those before them would see.
    return _seen(kv_len, window) - _seen(kv_len - q_len, window)


def _seen(n: int, window: int | None) -> int:
    """Count the pairs of the first n positions: 1, 2, 3 and so on up to the window."""
    n = max(n, 0)
    growing = n if window is None else min(n, window)
    return growing * (growing + 1) // 2 + (n - growing) * growing
