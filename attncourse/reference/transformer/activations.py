"""Activations: what bends a layer, one number at a time."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from attncourse import _checks

_erf = np.frompyfunc(math.erf, 1, 1)


def gelu(x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    r"""Let each number through by the chance that a normal variable lies below it.

    .. math:: \text{GELU}(x) = x \, \Phi(x) = \frac{x}{2}
        \left(1 + \text{erf}\!\left(\frac{x}{\sqrt 2}\right)\right)

    where :math:`\Phi` is the distribution function of the standard normal distribution.

    Source: Hendrycks and Gimpel (2016), Gaussian Error Linear Units, section 2, arXiv:1606.08415.

    Parameters
    ----------
    x : array of any shape, floating
        What is bent.

    Examples
    --------
    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(3)
    array([-0.159,  0.   ,  0.841])
    """
    _checks.floating(np.ndarray, x=x)
    wide = x.astype(np.promote_types(x.dtype, np.float32))
    erf = np.asarray(_erf(wide / math.sqrt(2)), dtype=wide.dtype)
    return (wide / 2 * (1 + erf)).astype(x.dtype)


def gelu_tanh(x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    r"""Bend as :func:`gelu` does, by an approximation that needs no error function.

    .. math:: \frac{x}{2} \left(1 + \tanh\!\left(
        \sqrt{\frac{2}{\pi}} \left(x + 0.044715 \, x^3\right)\right)\right)

    where the constant was fitted. It lies within 0.0005 of the exact one. GPT-2 and Gemma were
    trained with it, BERT with the exact one.

    Source: Hendrycks and Gimpel (2016), Gaussian Error Linear Units, section 2, arXiv:1606.08415.

    Parameters
    ----------
    x : array of any shape, floating
        What is bent.

    Examples
    --------
    >>> gelu_tanh(np.array([-1.0, 0.0, 1.0])).round(3)
    array([-0.159,  0.   ,  0.841])
    """
    _checks.floating(np.ndarray, x=x)
    wide = x.astype(np.promote_types(x.dtype, np.float32))
    inner = math.sqrt(2 / math.pi) * (wide + 0.044715 * wide * wide * wide)
    return (wide / 2 * (1 + np.tanh(inner))).astype(x.dtype)


def silu(x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    r"""Let each number through by its own logistic function (also called Swish).

    .. math:: \text{SiLU}(x) = x \, \sigma(x) = \frac{x}{1 + e^{-x}}

    where :math:`\sigma` is the logistic function.

    Source: Hendrycks and Gimpel (2016), Gaussian Error Linear Units, section 2, arXiv:1606.08415;
    Ramachandran et al. (2017), arXiv:1710.05941.

    Parameters
    ----------
    x : array of any shape, floating
        What is bent.

    Examples
    --------
    >>> silu(np.array([-1.0, 0.0, 1.0])).round(3)
    array([-0.269,  0.   ,  0.731])
    """
    _checks.floating(np.ndarray, x=x)
    wide = x.astype(np.promote_types(x.dtype, np.float32))
    # The logistic function by tanh: an exponential of a large number would overflow.
    return (wide / 2 * (1 + np.tanh(wide / 2))).astype(x.dtype)
