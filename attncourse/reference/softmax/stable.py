"""Softmax: scores become weights that are positive and sum to one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks


def softmax(
    x: Float[np.ndarray, "*shape"],
    *,
    axis: int = -1,
    mask: Bool[np.ndarray, "*#shape"] | None = None,
    temperature: float = 1.0,
) -> Float[np.ndarray, "*shape"]:
    r"""Turn scores into weights, without overflow and without NaN on an empty row.

    .. math:: p_i = \frac{e^{(x_i - m) / T}}{\sum_j e^{(x_j - m) / T}},
        \qquad m = \max_j x_j

    where :math:`x` are the scores along one axis, :math:`T` is the temperature, and the sum and
    the maximum :math:`m` run over the entries that the mask lets in. Taking :math:`m` away changes
    nothing in exact arithmetic and keeps every exponent at or below zero.

    Source: Milakov and Gimelshein (2018), algorithm 2, arXiv:1805.02867.

    Parameters
    ----------
    x : array of any shape, floating
        The scores. ``-inf`` is a score that gets no weight.
    axis : int
        The axis whose entries share one unit of weight.
    mask : boolean array that broadcasts to x, optional
        True = may have weight. An entry with False gets exactly zero.
    temperature : float
        Above one flattens the weights, below one sharpens them.

    Returns
    -------
    array with the shape and dtype of x
        Sums to one along ``axis``, or is all zeros where the mask lets nothing in. Computed in at
        least float32.

    Notes
    -----
    Cost: three passes over n entries (maximum, sum, division), n exponentials.

    Examples
    --------
    >>> softmax(np.array([0.0, 1.0, 1000.0]), mask=np.array([True, True, False])).round(3)
    array([0.269, 0.731, 0.   ])
    """
    _checks.softmax(np.ndarray, x, axis, mask)
    _checks.positive("temperature", temperature)
    exponentials = np.exp(below_zero(x, axis, mask) / temperature)
    total = exponentials.sum(axis, keepdims=True)
    # An empty row has total zero: divide its zeros by one.
    return (exponentials / np.where(total == 0, 1, total)).astype(x.dtype)


def below_zero(x: np.ndarray, axis: int, mask: np.ndarray | None) -> np.ndarray:
    """Take each row's maximum away, in at least float32; what the mask hides becomes -inf."""
    scores = x.astype(np.promote_types(x.dtype, np.float32))
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    maximum = scores.max(axis, keepdims=True)
    _checks.below_infinity(x=maximum)
    return scores - finite(maximum)


def finite(maximum: np.ndarray) -> np.ndarray:
    """Replace the maximum of an empty row, -inf, by zero: -inf minus -inf would be NaN."""
    return np.where(maximum == -np.inf, 0, maximum)
