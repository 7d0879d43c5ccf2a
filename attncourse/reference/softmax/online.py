"""Online softmax: the maximum and the normaliser in one pass, tile by tile."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.softmax.stable import finite


def online_softmax_step(
    maximum: Float[np.ndarray, "*state"],
    normaliser: Float[np.ndarray, "*state"],
    tile: Float[np.ndarray, "*tile"],
    *,
    axis: int = -1,
) -> tuple[Float[np.ndarray, "*state"], Float[np.ndarray, "*state"]]:
    r"""Take in the next tile of scores: one step of the running maximum and normaliser.

    .. math:: m' = \max(m, \max_j x_j), \qquad
        d' = d \, e^{m - m'} + \sum_j e^{x_j - m'}

    where :math:`x` is the tile, :math:`m` the maximum and :math:`d` the sum of exponentials of all
    that came before it. The factor :math:`e^{m - m'}` moves the old sum to the new maximum. Start
    with :math:`m = -\infty` and :math:`d = 0`.

    Source: Milakov and Gimelshein (2018), algorithm 3, arXiv:1805.02867.

    Parameters
    ----------
    maximum, normaliser : arrays, floating
        The state so far, of size one along ``axis``, otherwise shaped as the tile.
    tile : array, floating
        The next scores along ``axis``, one or many.
    axis : int
        The axis that the tiles divide.

    Returns
    -------
    maximum, normaliser : arrays
        The new state, in at least float32. ``maximum + log(normaliser)`` is the log-sum-exp of
        all scores seen.

    Notes
    -----
    Cost: one pass over the tile, and constant memory beside it. Steps over neighbouring tiles may
    be taken in any order: the state forgets it.

    Examples
    --------
    >>> m, d = np.array([-np.inf]), np.array([0.0])
    >>> m, d = online_softmax_step(m, d, np.array([2.0, 2.0]))
    >>> m, d = online_softmax_step(m, d, np.array([5.0]))
    >>> print(m, d.round(3))  # two terms of e^(2-5), and one of e^0
    [5.] [1.1]
    """
    for name, array in (("tile", tile), ("maximum", maximum), ("normaliser", normaliser)):
        _checks.floating(np.ndarray, **{name: array})
    _checks.axis(tile, axis)
    _checks.size_one_along("maximum", maximum, tile, axis)
    _checks.size_one_along("normaliser", normaliser, tile, axis)
    _checks.one_device(maximum=maximum, normaliser=normaliser, tile=tile)
    tile = tile.astype(np.promote_types(tile.dtype, np.float32))
    new_maximum = np.maximum(maximum, tile.max(axis, keepdims=True))
    _checks.below_infinity(tile=new_maximum)
    shift = finite(new_maximum)
    kept = normaliser * np.exp(maximum - shift)
    return new_maximum, kept + np.exp(tile - shift).sum(axis, keepdims=True)


def online_softmax(
    x: Float[np.ndarray, "*shape"],
    *,
    axis: int = -1,
    mask: Bool[np.ndarray, "*#shape"] | None = None,
    tile_len: int = 1,
) -> Float[np.ndarray, "*shape"]:
    r"""Softmax whose maximum and normaliser are found together, in one pass over tiles.

    .. math:: p_i = e^{x_i - m} / d

    where :math:`m` and :math:`d` are the state of :func:`online_softmax_step` after the last tile.
    The result is that of :func:`softmax`. What is gained: the scores are read once for the
    normaliser, and never have to be in memory all at once. FlashAttention rests on this.

    Source: Milakov and Gimelshein (2018), algorithm 3, arXiv:1805.02867.

    Parameters
    ----------
    x : array of any shape, floating
        The scores.
    axis : int
        The axis whose entries share one unit of weight.
    mask : boolean array that broadcasts to x, optional
        True = may have weight.
    tile_len : int
        How many entries each step takes in; the last tile may be shorter.

    Returns
    -------
    array with the shape and dtype of x
        Sums to one along ``axis``, or is all zeros where the mask lets nothing in.

    Notes
    -----
    Cost: two passes over n entries instead of three, 2n exponentials and one more for each tile.

    Examples
    --------
    >>> x = np.array([1.0, 3.0, 2.0])
    >>> exponentials = np.exp(x)
    >>> np.allclose(online_softmax(x, tile_len=2), exponentials / exponentials.sum())
    True
    """
    _checks.softmax(np.ndarray, x, axis, mask)
    _checks.count("tile_len", tile_len, minimum=1)
    scores = x.astype(np.promote_types(x.dtype, np.float32))
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    scores = np.moveaxis(scores, axis, -1)
    maximum = np.full_like(scores[..., :1], -np.inf)
    normaliser = np.zeros_like(maximum)
    for start in range(0, scores.shape[-1], tile_len):
        tile = scores[..., start : start + tile_len]
        maximum, normaliser = online_softmax_step(maximum, normaliser, tile)
    weights = np.exp(scores - finite(maximum)) / np.where(normaliser == 0, 1, normaliser)
    return np.moveaxis(weights, -1, axis).astype(x.dtype)
