"""The gradients of the norms, derived by hand."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks


class NormGradients(NamedTuple):
    """The gradients of a norm, also of a weight and a bias that were left out as ones and zeros.

    Attributes
    ----------
    x : array
        Shaped as the features.
    weight : array
        Of shape (d_model,).
    bias : array or None
        Of shape (d_model,), or None for a norm that has no bias.
    """

    x: Float[Tensor, "*batch d_model"]
    weight: Float[Tensor, " d_model"]
    bias: Float[Tensor, " d_model"] | None


def layer_norm_backward(
    grad: Float[Tensor, "*batch d_model"],
    x: Float[Tensor, "*batch d_model"],
    weight: Float[Tensor, " d_model"] | None = None,
    *,
    eps: float = 1e-5,
) -> NormGradients:
    r"""Give the gradients of :func:`layer_norm` with respect to features, weight and bias.

    .. math:: db = \sum dy, \quad dg = \sum dy \circ n, \quad
        dx_i = \frac{1}{s} \Big( dn_i - \overline{dn} - n_i \, \overline{dn \circ n} \Big)

    where :math:`n = (x - \mu) / s` are the normalised features, :math:`s` is the root of variance
    plus ``eps``, :math:`dn = dy \circ g`, a bar is the mean over the features of one position, and
    the sums run over all positions. Through the mean and the root, a feature acts on all others:
    that takes the mean out of the gradient, and its component along :math:`n`.

    Source: Xu et al. (2019), Understanding and Improving Layer Normalization, arXiv:1911.07013.

    Parameters
    ----------
    grad : array, floating
        The gradient with respect to the output.
    x, weight, eps
        What the forward pass was given. The bias plays no part.

    Examples
    --------
    >>> grad, x = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([-1.0, 0.0, 1.0])
    >>> layer_norm_backward(grad, x, eps=1 / 3).x  # s = 1, n = x: less the mean, less n times -1/3
    tensor([ 0.3333, -0.3333,  0.0000])
    """
    _checks.norm(Tensor, x, eps, weight=weight)
    _checks.gradient(Tensor, grad, like=x.shape, of="x", x=x)
    dtype = torch.promote_types(x.dtype, torch.float32)
    dy, wide = grad.to(dtype), x.to(dtype)
    centred = wide - wide.mean(-1, keepdim=True)
    s = torch.sqrt(torch.square(centred).mean(-1, keepdim=True) + eps)
    n = centred / s
    dn = dy if weight is None else dy * weight.to(dtype)
    dx = (dn - dn.mean(-1, keepdim=True) - n * (dn * n).mean(-1, keepdim=True)) / s
    parameter = x.dtype if weight is None else weight.dtype
    return NormGradients(
        dx.to(x.dtype), _over_positions(dy * n, parameter), _over_positions(dy, parameter)
    )


def rms_norm_backward(
    grad: Float[Tensor, "*batch d_model"],
    x: Float[Tensor, "*batch d_model"],
    weight: Float[Tensor, " d_model"] | None = None,
    *,
    eps: float = 1e-6,
) -> NormGradients:
    r"""Give the gradients of :func:`rms_norm` with respect to features and weight; None for a bias.

    .. math:: dg = \sum dy \circ n, \qquad
        dx_i = \frac{1}{s} \Big( dn_i - n_i \, \overline{dn \circ n} \Big)

    where :math:`n = x / s` are the normalised features, :math:`s` is the root of mean square plus
    ``eps``, :math:`dn = dy \circ g` and a bar is the mean over one position's features.

    Source: Zhang and Sennrich (2019), section 4, arXiv:1910.07467.

    Parameters
    ----------
    grad : array, floating
        The gradient with respect to the output.
    x, weight, eps
        What the forward pass was given.

    Examples
    --------
    >>> grads = rms_norm_backward(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0]), eps=3.0)
    >>> grads.x  # s = 2, n = (1/2, 1/2): (1, 0) less n times 1/4, over 2
    tensor([ 0.4375, -0.0625])
    """
    _checks.norm(Tensor, x, eps, weight=weight)
    _checks.gradient(Tensor, grad, like=x.shape, of="x", x=x)
    dtype = torch.promote_types(x.dtype, torch.float32)
    dy, wide = grad.to(dtype), x.to(dtype)
    s = torch.sqrt(torch.square(wide).mean(-1, keepdim=True) + eps)
    n = wide / s
    dn = dy if weight is None else dy * weight.to(dtype)
    dx = (dn - n * (dn * n).mean(-1, keepdim=True)) / s
    parameter = x.dtype if weight is None else weight.dtype
    return NormGradients(dx.to(x.dtype), _over_positions(dy * n, parameter), None)


def _over_positions(grad: Tensor, dtype: torch.dtype) -> Tensor:
    """Sum over all positions: the gradient of what all of them share."""
    return grad.reshape(-1, grad.shape[-1]).sum(0).to(dtype)
