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

    .. math:: y_i = g_i \, n_i + b_i, \qquad n_i = \frac{x_i - \mu}{s}, \qquad
        s = \sqrt{\sigma^2 + \varepsilon}

    .. math:: db = \sum dy, \qquad dg = \sum dy \circ n, \qquad dn = dy \circ g, \qquad
        dx_i = \frac{1}{s} \Big( dn_i - \overline{dn} - n_i \, \overline{dn \circ n} \Big)

    where :math:`dx` is the gradient of one loss with respect to :math:`x`, a bar is the mean over
    the features of one position, :math:`\circ` multiplies entry by entry, and the sums run over
    all positions. A feature acts on the result in three ways: by itself, through the mean
    (:math:`\partial \mu / \partial x_i = 1/d`) and through the root
    (:math:`\partial s / \partial x_i = n_i / d`). The last two take the mean out of the gradient,
    and its component along :math:`n`.

    Parameters
    ----------
    grad : array, floating
        The gradient with respect to the output.
    x : array, floating
        The features of the forward pass.
    weight : array, floating, optional
        The weight of the forward pass; ones if left out. The bias plays no part in the gradients.
    eps : float
        That of the forward pass.

    Returns
    -------
    NormGradients
        The gradients of ``x``, of the weight and of the bias. Computed in at least float32.

    Raises
    ------
    TypeError
        If an array is not floating, or ``eps`` not a number.
    ValueError
        If ``grad`` has not the shape of ``x``, ``weight`` does not fit the last axis, that axis is
        missing or empty, devices differ, or ``eps`` is not above zero.

    Notes
    -----
    Cost: about 16 · d_model operations a position.

    References
    ----------
    Xu et al. (2019), Understanding and Improving Layer Normalization, arXiv:1911.07013.

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
    r"""Give the gradients of :func:`rms_norm` with respect to features and weight.

    .. math:: y_i = g_i \, n_i, \qquad n_i = \frac{x_i}{s}, \qquad
        s = \sqrt{\frac{1}{d} \sum_j x_j^2 + \varepsilon}

    .. math:: dg = \sum dy \circ n, \qquad dn = dy \circ g, \qquad
        dx_i = \frac{1}{s} \Big( dn_i - n_i \, \overline{dn \circ n} \Big)

    where :math:`dx` is the gradient of one loss with respect to :math:`x`, a bar is the mean over
    the :math:`d` features of one position, :math:`\circ` multiplies entry by entry, and the sum
    runs over all positions. It is :func:`layer_norm_backward` without the mean: the root,
    :math:`\partial s / \partial x_i = n_i / d`, takes the gradient's component along :math:`n`
    out.

    Parameters
    ----------
    grad : array, floating
        The gradient with respect to the output.
    x : array, floating
        The features of the forward pass.
    weight : array, floating, optional
        The weight of the forward pass; ones if left out.
    eps : float
        That of the forward pass.

    Returns
    -------
    NormGradients
        The gradients of ``x`` and of the weight; None for the bias. Computed in at least float32.

    Raises
    ------
    TypeError
        If an array is not floating, or ``eps`` not a number.
    ValueError
        If ``grad`` has not the shape of ``x``, ``weight`` does not fit the last axis, that axis is
        missing or empty, devices differ, or ``eps`` is not above zero.

    Notes
    -----
    Cost: about 10 · d_model operations a position.

    References
    ----------
    Zhang and Sennrich (2019), Root Mean Square Layer Normalization, section 4, arXiv:1910.07467.

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
