"""Norms: each position's features brought to one size, whatever the other positions hold."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attncourse import _checks


def layer_norm(
    x: Float[np.ndarray, "*batch d_model"],
    weight: Float[np.ndarray, " d_model"] | None = None,
    bias: Float[np.ndarray, " d_model"] | None = None,
    *,
    eps: float = 1e-5,
) -> Float[np.ndarray, "*batch d_model"]:
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
    >>> layer_norm(np.array([1.0, 3.0]), weight=np.array([1.0, 10.0])).round(3)
    array([-1., 10.])
    """
    _checks.norm(np.ndarray, x, eps, weight=weight, bias=bias)
    dtype = np.promote_types(x.dtype, np.float32)
    centred = x.astype(dtype) - x.mean(-1, keepdims=True, dtype=dtype)
    y = centred / np.sqrt(np.square(centred).mean(-1, keepdims=True) + eps)
    if weight is not None:
        y = y * weight.astype(dtype)
    if bias is not None:
        y = y + bias.astype(dtype)
    return y.astype(x.dtype)


def rms_norm(
    x: Float[np.ndarray, "*batch d_model"],
    weight: Float[np.ndarray, " d_model"] | None = None,
    *,
    eps: float = 1e-6,
) -> Float[np.ndarray, "*batch d_model"]:
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
    >>> weight = np.array([5.0, 10.0])  # and the RMS is 5
    >>> rms_norm(np.array([1.0, 7.0]), weight).round(3)
    array([ 1., 14.])
    """
    _checks.norm(np.ndarray, x, eps, weight=weight)
    dtype = np.promote_types(x.dtype, np.float32)
    wide = x.astype(dtype)
    y = wide / np.sqrt(np.square(wide).mean(-1, keepdims=True) + eps)
    if weight is not None:
        y = y * weight.astype(dtype)
    return y.astype(x.dtype)
