"""Activations: what bends a layer, one number at a time."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks


def gelu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
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
    >>> gelu(torch.tensor([-1.0, 0.0, 1.0])).round(decimals=3)
    tensor([-0.1590,  0.0000,  0.8410])
    """
    _checks.floating(Tensor, x=x)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    return (wide / 2 * (1 + torch.erf(wide / math.sqrt(2)))).to(x.dtype)


def gelu_tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
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
    >>> gelu_tanh(torch.tensor([-1.0, 0.0, 1.0])).round(decimals=3)
    tensor([-0.1590,  0.0000,  0.8410])
    """
    _checks.floating(Tensor, x=x)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    inner = math.sqrt(2 / math.pi) * (wide + 0.044715 * wide * wide * wide)
    return (wide / 2 * (1 + torch.tanh(inner))).to(x.dtype)


def silu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
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
    >>> silu(torch.tensor([-1.0, 0.0, 1.0])).round(decimals=3)
    tensor([-0.2690,  0.0000,  0.7310])
    """
    _checks.floating(Tensor, x=x)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    # The logistic function by tanh: an exponential of a large number would overflow.
    return (wide / 2 * (1 + torch.tanh(wide / 2))).to(x.dtype)
