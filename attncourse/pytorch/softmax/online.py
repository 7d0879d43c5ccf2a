"""Online softmax: the maximum and the normaliser in one pass, tile by tile."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.softmax.stable import finite


def online_softmax_step(
    maximum: Float[Tensor, "*state"],
    normaliser: Float[Tensor, "*state"],
    tile: Float[Tensor, "*tile"],
    *,
    axis: int = -1,
) -> tuple[Float[Tensor, "*state"], Float[Tensor, "*state"]]:
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
    >>> m, d = torch.tensor([-torch.inf]), torch.tensor([0.0])
    >>> m, d = online_softmax_step(m, d, torch.tensor([2.0, 2.0]))
    >>> m, d = online_softmax_step(m, d, torch.tensor([5.0]))
    >>> m, d  # two terms of e^(2-5), and one of e^0
    (tensor([5.]), tensor([1.0996]))
    """
    for name, array in (("tile", tile), ("maximum", maximum), ("normaliser", normaliser)):
        _checks.floating(Tensor, **{name: array})
    _checks.axis(tile, axis)
    _checks.size_one_along("maximum", maximum, tile, axis)
    _checks.size_one_along("normaliser", normaliser, tile, axis)
    _checks.one_device(maximum=maximum, normaliser=normaliser, tile=tile)
    tile = tile.to(torch.promote_types(tile.dtype, torch.float32))
    new_maximum = torch.maximum(maximum, tile.amax(axis, keepdim=True))
    _checks.below_infinity(tile=new_maximum)
    shift = finite(new_maximum)
    kept = normaliser * torch.exp(maximum - shift)
    return new_maximum, kept + torch.exp(tile - shift).sum(axis, keepdim=True)


def online_softmax(
    x: Float[Tensor, "*shape"],
    *,
    axis: int = -1,
    mask: Bool[Tensor, "*#shape"] | None = None,
    tile_len: int = 1,
) -> Float[Tensor, "*shape"]:
    """Softmax whose maximum and normaliser are found together, in one pass over tiles.

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
    >>> x = torch.tensor([1.0, 3.0, 2.0])
    >>> torch.allclose(online_softmax(x, tile_len=2), torch.softmax(x, dim=-1))
    True
    """
    _checks.softmax(Tensor, x, axis, mask)
    _checks.count("tile_len", tile_len, minimum=1)
    scores = x.to(torch.promote_types(x.dtype, torch.float32))
    if mask is not None:
        scores = torch.where(mask, scores, -torch.inf)
    scores = torch.movedim(scores, axis, -1)
    maximum = torch.full_like(scores[..., :1], -torch.inf)
    normaliser = torch.zeros_like(maximum)
    for start in range(0, scores.shape[-1], tile_len):
        tile = scores[..., start : start + tile_len]
        maximum, normaliser = online_softmax_step(maximum, normaliser, tile)
    weights = torch.exp(scores - finite(maximum)) / torch.where(normaliser == 0, 1, normaliser)
    return torch.movedim(weights, -1, axis).to(x.dtype)
