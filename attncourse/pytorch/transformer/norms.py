"""Norms: each position's features brought to one size, whatever the other positions hold."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks


def layer_norm(
    x: Float[Tensor, "*batch d_model"],
    weight: Float[Tensor, " d_model"] | None = None,
    bias: Float[Tensor, " d_model"] | None = None,
    *,
    eps: float = 1e-5,
) -> Float[Tensor, "*batch d_model"]:
    r"""Bring each vector of features to mean zero and variance one, then rescale and shift it.

    .. math:: y_i = g_i \, \frac{x_i - \mu}{\sqrt{\sigma^2 + \varepsilon}} + b_i, \qquad
        \mu = \frac{1}{d} \sum_i x_i, \qquad \sigma^2 = \frac{1}{d} \sum_i (x_i - \mu)^2

    where :math:`x` is one vector of :math:`d` features, :math:`g` the weight, :math:`b` the bias,
    and :math:`\varepsilon` keeps the root away from zero. The mean and the variance are of one
    position alone: no position of the sequence and no other sequence of the batch takes part.

    Source: Ba et al. (2016), Layer Normalization, section 3, arXiv:1607.06450.

    Parameters
    ----------
    x : array, floating
        The features along the last axis.
    weight, bias : arrays, floating, optional
        What is learned: one factor and one summand for each feature. One and zero if left out.
    eps : float
        Added to the variance.

    Notes
    -----
    Cost: about 8 · d_model operations a position. 2 · d_model parameters.

    Examples
    --------
    >>> layer_norm(torch.tensor([1.0, 3.0]), weight=torch.tensor([1.0, 10.0])).round(decimals=3)
    tensor([-1., 10.])
    """
    _checks.norm(Tensor, x, eps, weight=weight, bias=bias)
    dtype = torch.promote_types(x.dtype, torch.float32)
    centred = x.to(dtype) - x.mean(-1, keepdim=True, dtype=dtype)
    y = centred / torch.sqrt(torch.square(centred).mean(-1, keepdim=True) + eps)
    if weight is not None:
        y = y * weight.to(dtype)
    if bias is not None:
        y = y + bias.to(dtype)
    return y.to(x.dtype)


def rms_norm(
    x: Float[Tensor, "*batch d_model"],
    weight: Float[Tensor, " d_model"] | None = None,
    *,
    eps: float = 1e-6,
) -> Float[Tensor, "*batch d_model"]:
    r"""Bring each vector of features to root mean square one, then rescale it.

    .. math:: y_i = g_i \, \frac{x_i}{\sqrt{\frac{1}{d} \sum_j x_j^2 + \varepsilon}}

    where :math:`x` is a vector of :math:`d` features and :math:`g` the weight: :func:`layer_norm`
    without the mean. The direction stays until the weight, a factor a feature, turns it.

    Source: Zhang and Sennrich (2019), equation 4, arXiv:1910.07467.

    Parameters
    ----------
    x : array, floating
        The features along the last axis.
    weight : array, floating, optional
        What is learned: a factor a feature (some models store it minus one). One if left out.
    eps : float
        Added to the mean square.

    Examples
    --------
    >>> weight = torch.tensor([5.0, 10.0])  # and the RMS is 5
    >>> rms_norm(torch.tensor([1.0, 7.0]), weight).round(decimals=3)
    tensor([ 1., 14.])
    """
    _checks.norm(Tensor, x, eps, weight=weight)
    dtype = torch.promote_types(x.dtype, torch.float32)
    wide = x.to(dtype)
    y = wide / torch.sqrt(torch.square(wide).mean(-1, keepdim=True) + eps)
    if weight is not None:
        y = y * weight.to(dtype)
    return y.to(x.dtype)
