"""Sparse softmaxes: scores become weights of which some are exactly zero."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.softmax.stable import below_zero


def sparsemax(
    x: Float[np.ndarray, "*shape"],
    *,
    axis: int = -1,
    mask: Bool[np.ndarray, "*#shape"] | None = None,
) -> Float[np.ndarray, "*shape"]:
    r"""Turn scores into the nearest weights, of which those far below the best are exactly zero.

    .. math:: p = \arg\min_{p \in \Delta} \lVert p - x \rVert^2, \qquad
        p_i = \max(x_i - \tau, 0), \qquad \tau = \frac{\sum_{j \in S} x_j - 1}{|S|}

    where :math:`\Delta` are all vectors of weights (not negative, sum one), :math:`S` is the
    support, the entries above the threshold :math:`\tau`. It is found by sorting: with
    :math:`x_{(1)} \ge x_{(2)} \ge \dots`, the support is the longest start of the row with
    :math:`1 + k \, x_{(k)} > \sum_{j \le k} x_{(j)}`. Its Jacobian is
    :math:`\text{diag}(s) - s s^\top / |S|`, with :math:`s_i = 1` in the support and zero outside.

    Source: Martins and Astudillo (2016), From Softmax to Sparsemax, algorithm 1, arXiv:1602.02068.

    Parameters
    ----------
    x : array of any shape, floating
        The scores. ``-inf`` is a score that gets no weight. An entry more than one below the
        largest never gets any.
    axis : int
        The axis whose entries share one unit of weight.
    mask : boolean array that broadcasts to x, optional
        True = may have weight.

    Returns
    -------
    array with the shape and dtype of x
        Sums to one along ``axis``, or is all zeros where the mask lets nothing in. Computed in at
        least float32.

    Examples
    --------
    >>> sparsemax(np.array([1.0, 0.5, -1.0]))
    array([0.75, 0.25, 0.  ])
    """
    _checks.softmax(np.ndarray, x, axis, mask)
    scores = np.moveaxis(below_zero(x, axis, mask), axis, -1)
    # What lies one below the largest or more is out: cut there, and no sum can overflow.
    ordered = np.sort(scores, axis=-1)[..., ::-1].clip(min=-1)
    k = np.arange(1, x.shape[axis] + 1, dtype=scores.dtype)
    size = (1 + k * ordered > np.cumsum(ordered, axis=-1)).sum(-1, keepdims=True)
    smallest = np.take_along_axis(ordered, size - 1, axis=-1)
    support = (scores >= smallest) & (scores > -1)
    inside = np.where(support, scores, 0)
    n_inside = support.sum(-1, keepdims=True).clip(min=1)  # one, in an empty row
    threshold = (inside.sum(-1, keepdims=True) - 1) / n_inside
    weights = np.where(support, (inside - threshold).clip(min=0), 0)
    return np.moveaxis(weights, -1, axis).astype(x.dtype)


def entmax(
    x: Float[np.ndarray, "*shape"],
    *,
    alpha: float = 1.5,
    axis: int = -1,
    mask: Bool[np.ndarray, "*#shape"] | None = None,
) -> Float[np.ndarray, "*shape"]:
    r"""Turn scores into weights somewhere between the softmax and the sparsemax.

    .. math:: p = \arg\max_{p \in \Delta} \; p^\top x + H_\alpha(p), \qquad
        H_\alpha(p) = \frac{1}{\alpha (\alpha - 1)} \sum_i (p_i - p_i^\alpha), \qquad
        p_i = \max\big((\alpha - 1) x_i - \tau, \, 0\big)^{1 / (\alpha - 1)}

    where :math:`\Delta` are all vectors of weights (not negative, sum one), :math:`H_\alpha` is
    Tsallis's entropy, and the threshold :math:`\tau` makes the weights sum to one. At
    :math:`\alpha = 2` this is :func:`sparsemax`; towards :math:`\alpha = 1` it becomes
    :func:`softmax`, which has no zeros. Its Jacobian is
    :math:`\text{diag}(s) - s s^\top / \sum_i s_i`, with :math:`s_i = p_i^{2 - \alpha}` in the
    support and zero outside.

    Source: Peters et al. (2019), section 3, arXiv:1905.05702. Search by halving: Blondel et al.
    (2020), arXiv:1901.02324. Learning alpha: Correia et al. (2019), arXiv:1909.00015.

    Parameters
    ----------
    x : array of any shape, floating
        The scores. ``-inf`` is a score that gets no weight. An entry more than
        ``1 / (alpha - 1)`` below the largest never gets any.
    alpha : float
        Above one. The larger, the fewer entries keep a weight.
    axis : int
        The axis whose entries share one unit of weight.
    mask : boolean array that broadcasts to x, optional
        True = may have weight.

    Returns
    -------
    array with the shape and dtype of x
        Sums to one along ``axis``, or is all zeros where the mask lets nothing in. Computed in at
        least float32.

    Notes
    -----
    Cost: 64 halvings of the interval that holds the threshold and two steps of Newton's method,
    each a pass over n entries with n powers.

    Examples
    --------
    >>> entmax(np.array([0.0, 0.0, -3.0]), alpha=1.5)  # the last lies below the threshold
    array([0.5, 0.5, 0. ])
    """
    _checks.softmax(np.ndarray, x, axis, mask)
    _checks.above_one("alpha", alpha)
    exponent = 1 / (alpha - 1)
    scores = (alpha - 1) * below_zero(x, axis, mask)
    # The largest score is zero: at a threshold of -1 it alone weighs one, at 0 it weighs nothing.
    high = np.zeros_like(scores.max(axis, keepdims=True))
    low = high - 1
    for _ in range(64):
        middle = (low + high) / 2
        heavy = _powers(scores, middle, exponent).sum(axis, keepdims=True) > 1
        low, high = np.where(heavy, middle, low), np.where(heavy, high, middle)
    if alpha > 2:
        last = np.where(scores >= high, scores, np.inf).min(axis, keepdims=True)
        inside = np.where(scores >= high, scores - last, -np.inf)
        return _from_the_smallest(inside, alpha, axis).astype(x.dtype)
    threshold = low
    for _ in range(2):
        excess = _powers(scores, threshold, exponent).sum(axis, keepdims=True) - 1
        slope = exponent * _powers(scores, threshold, exponent - 1).sum(axis, keepdims=True)
        threshold = threshold + excess / np.where(slope == 0, 1, slope)  # zero: an empty row
    return _powers(scores, threshold, exponent).astype(x.dtype)


def _powers(scores: np.ndarray, threshold: np.ndarray, exponent: float) -> np.ndarray:
    """Raise what stands above the threshold to a power; the rest gives zero, also at power 0."""
    gap = scores - threshold
    return np.where(gap > 0, np.where(gap > 0, gap, 1) ** exponent, 0)


def _from_the_smallest(inside: np.ndarray, alpha: float, axis: int) -> np.ndarray:
    """Find the weights by the smallest one, which is above zero where ``inside`` is zero.

    Above alpha = 2 that weight is a root of its distance from the threshold, and so narrow a
    distance is lost in the threshold's rounding. The weight itself is not.
    """
    exponent = 1 / (alpha - 1)

    def weigh(smallest: np.ndarray) -> np.ndarray:
        gap = smallest ** (alpha - 1)
        weights = _powers(inside, -gap, exponent)
        return np.where((inside == 0) & (gap == 0), smallest, weights)  # a power too small to write

    low = np.zeros_like(inside.max(axis, keepdims=True))
    high = low + 1
    for _ in range(64):
        middle = (low + high) / 2
        heavy = weigh(middle).sum(axis, keepdims=True) > 1
        low, high = np.where(heavy, low, middle), np.where(heavy, middle, high)
    smallest = low
    for _ in range(2):
        weights = weigh(smallest)
        excess = weights.sum(axis, keepdims=True) - 1
        gap = smallest ** (alpha - 1)
        slope = np.where(weights > 0, weights / np.where(inside > -gap, inside + gap, 1), 0).sum(
            axis, keepdims=True
        )
        slope = slope * smallest ** (alpha - 2)
        smallest = smallest - excess / np.where(slope == 0, 1, slope)
    return weigh(smallest)
