"""The softmax's gradient, from its result alone."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attncourse import _checks


def softmax_backward(
    grad: Float[np.ndarray, "*shape"],
    weights: Float[np.ndarray, "*shape"],
    *,
    axis: int = -1,
    temperature: float = 1.0,
) -> Float[np.ndarray, "*shape"]:
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
    >>> softmax_backward(np.array([1.0, 0.0]), np.array([0.25, 0.75]))
    array([ 0.1875, -0.1875])
    """
    _checks.floating(np.ndarray, grad=grad, weights=weights)
    _checks.axis(weights, axis)
    _checks.gradient(np.ndarray, grad, like=weights.shape, of="the weights", weights=weights)
    _checks.positive("temperature", temperature)
    dtype = np.promote_types(grad.dtype, np.float32)
    dp, p = grad.astype(dtype), weights.astype(dtype)
    dx = p * (dp - (p * dp).sum(axis, keepdims=True)) / temperature
    return dx.astype(grad.dtype)
