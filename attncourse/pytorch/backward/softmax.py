"""The softmax's gradient, from its result alone."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks


def softmax_backward(
    grad: Float[Tensor, "*shape"],
    weights: Float[Tensor, "*shape"],
    *,
    axis: int = -1,
    temperature: float = 1.0,
) -> Float[Tensor, "*shape"]:
    r"""Give the gradient of :func:`softmax` with respect to its scores, from its result alone.

    .. math:: \frac{\partial p_i}{\partial x_j} = \frac{1}{T} \, p_i (\delta_{ij} - p_j), \qquad
        dx_j = \frac{p_j}{T} \Big( dp_j - \sum_i p_i \, dp_i \Big)

    where :math:`p` are the weights, :math:`x` the scores and :math:`T` the temperature. The
    Jacobian, n² entries a row, is never built. A row's gradients sum to zero.

    Source: Dao et al. (2022), FlashAttention, appendix B.2, arXiv:2205.14135.

    Parameters
    ----------
    grad : array of any shape, floating
        The gradient with respect to the weights.
    weights : array, floating
        What the softmax gave. Where it is zero (hidden by a mask), so is the gradient.
    axis, temperature
        Those of the forward pass.

    Examples
    --------
    >>> softmax_backward(torch.tensor([1.0, 0.0]), torch.tensor([0.25, 0.75]))
    tensor([ 0.1875, -0.1875])
    """
    _checks.floating(Tensor, grad=grad, weights=weights)
    _checks.axis(weights, axis)
    _checks.gradient(Tensor, grad, like=weights.shape, of="the weights", weights=weights)
    _checks.positive("temperature", temperature)
    dtype = torch.promote_types(grad.dtype, torch.float32)
    dp, p = grad.to(dtype), weights.to(dtype)
    dx = p * (dp - (p * dp).sum(axis, keepdim=True)) / temperature
    return dx.to(grad.dtype)
