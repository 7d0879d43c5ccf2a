"""Softmax: scores become weights that are positive and sum to one."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks


def softmax(
    x: Float[Tensor, "*shape"],
    *,
    axis: int = -1,
    mask: Bool[Tensor, "*#shape"] | None = None,
    temperature: float = 1.0,
) -> Float[Tensor, "*shape"]:
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
    >>> softmax(torch.tensor([0.0, 1.0, 1000.0]), mask=torch.tensor([True, True, False]))
    tensor([0.2689, 0.7311, 0.0000])
    """
    _checks.softmax(Tensor, x, axis, mask)
    _checks.positive("temperature", temperature)
    scores = x.to(torch.promote_types(x.dtype, torch.float32))
    if mask is not None:
        scores = torch.where(mask, scores, -torch.inf)
    top = scores.detach().amax(axis, keepdim=True)
    _checks.below_infinity(x=top)
    if temperature != 1:
        scores = (scores - finite(top)) / temperature
    # A row of -inf is opened, since its gradient would be NaN, and its weights are set to zero.
    empty = top == -torch.inf
    weights = torch.softmax(torch.where(empty, 0, scores), axis)
    return weights.masked_fill(empty, 0).to(x.dtype)


def below_zero(x: Tensor, axis: int, mask: Tensor | None) -> Tensor:
    """Take each row's maximum away, in at least float32; what the mask hides becomes -inf."""
    scores = x.to(torch.promote_types(x.dtype, torch.float32))
    if mask is not None:
        scores = torch.where(mask, scores, -torch.inf)
    # The weights are the same whatever is taken away: no gradient goes through the maximum.
    maximum = scores.detach().amax(axis, keepdim=True)
    _checks.below_infinity(x=maximum)
    return scores - finite(maximum)


def finite(maximum: Tensor) -> Tensor:
    """Replace the maximum of an empty row, -inf, by zero: -inf minus -inf would be NaN."""
    return torch.where(maximum == -torch.inf, 0, maximum)
