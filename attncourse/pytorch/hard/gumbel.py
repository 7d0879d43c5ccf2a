"""Gumbel noise: a draw from the softmax as an arg max, and its smooth stand-in."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.hard.best import hardmax
from attncourse.pytorch.softmax import softmax


def gumbel_noise(uniform: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    r"""Turn uniform noise into Gumbel noise.

    .. math:: g = -\log(-\log u)

    where :math:`u` is uniform between zero and one. Then :math:`g` is distributed as the largest
    of many independent draws is: :math:`P(g \le t) = e^{-e^{-t}}`.

    Source: Jang et al. (2017), Gumbel-Softmax, arXiv:1611.01144, section 2.

    Parameters
    ----------
    uniform : array of any shape
        Independent uniform draws. Zero and one are taken as the nearest numbers between them.

    Examples
    --------
    >>> gumbel_noise(torch.tensor([0.5, 0.9]))
    tensor([0.3665, 2.2504])
    """
    _checks.uniform(Tensor, uniform=uniform)
    dtype = torch.promote_types(uniform.dtype, torch.float32)
    limits = torch.finfo(dtype)
    inside = uniform.to(dtype).clip(limits.tiny, 1 - limits.eps / 2)
    return (-torch.log(-torch.log(inside))).to(uniform.dtype)


def gumbel_hardmax(
    x: Float[Tensor, "*shape"],
    noise: Float[Tensor, "*shape"],
    *,
    axis: int = -1,
    mask: Bool[Tensor, "*#shape"] | None = None,
) -> Float[Tensor, "*shape"]:
    r"""Draw one entry with the probabilities of the softmax (the Gumbel-max trick).

    .. math:: p_i = [\, i = \arg\max_j (x_j + g_j) \,], \qquad
        P(p_i = 1) = \frac{e^{x_i}}{\sum_j e^{x_j}}

    where :math:`x` are the scores and :math:`g` is independent Gumbel noise. The same noise gives
    the same draw.

    Source: Maddison et al. (2014), A* Sampling, arXiv:1411.0030.

    Parameters
    ----------
    x, axis, mask
        As in :func:`softmax`. A row that is masked altogether gives zeros.
    noise : array with the shape of x
        Gumbel noise, as :func:`gumbel_noise` gives it.

    Examples
    --------
    >>> gumbel_hardmax(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 0.0]))
    tensor([1., 0.])
    """
    return hardmax(_noisy(x, noise, axis, mask), axis=axis, mask=mask).to(x.dtype)


def gumbel_softmax(
    x: Float[Tensor, "*shape"],
    noise: Float[Tensor, "*shape"],
    *,
    temperature: float = 1.0,
    axis: int = -1,
    mask: Bool[Tensor, "*#shape"] | None = None,
) -> Float[Tensor, "*shape"]:
    r"""Draw weights that are nearly one-hot, and that have a gradient (the Concrete distribution).

    .. math:: p_i = \frac{e^{(x_i + g_i) / T}}{\sum_j e^{(x_j + g_j) / T}}

    where :math:`g` is independent Gumbel noise and :math:`T` the temperature. As :math:`T \to 0` it
    becomes a draw, :func:`gumbel_hardmax`, while its gradients grow without bound.

    Source: Jang et al. (2017), arXiv:1611.01144; Maddison et al. (2017), arXiv:1611.00712.

    Parameters
    ----------
    x, axis, mask
        As in :func:`softmax`.
    noise : array with the shape of x
        Gumbel noise, as :func:`gumbel_noise` gives it.
    temperature : float
        How far from one-hot the weights are.

    Examples
    --------
    >>> x, noise = torch.tensor([1.0, 2.0]), torch.tensor([1.5, 0.0])
    >>> gumbel_softmax(x, noise, temperature=0.1)
    tensor([0.9933, 0.0067])
    """
    noisy = _noisy(x, noise, axis, mask)
    return softmax(noisy, axis=axis, mask=mask, temperature=temperature).to(x.dtype)


def straight_through_gumbel(
    x: Float[Tensor, "*shape"],
    noise: Float[Tensor, "*shape"],
    *,
    temperature: float = 1.0,
    axis: int = -1,
    mask: Bool[Tensor, "*#shape"] | None = None,
) -> Float[Tensor, "*shape"]:
    r"""Draw one entry going forward, and go back as if it had been the soft draw.

    .. math:: p = \text{onehot}\big(\arg\max_i (x_i + g_i)\big), \qquad
        dx := \Big(\frac{\partial \tilde p}{\partial x}\Big)^{\!\top} dp, \qquad
        \tilde p = \text{softmax}\big((x + g) / T\big)

    where :math:`dp` is the gradient at the draw. The true gradient of the arg max is zero; this one
    is biased, and often good enough. By hand: :func:`softmax_backward` of :func:`gumbel_softmax`.

    Source: Jang et al. (2017), Gumbel-Softmax, arXiv:1611.01144, section 2.2.

    Parameters
    ----------
    x, noise, axis, mask
        As in :func:`gumbel_softmax`.
    temperature : float
        Of the soft draw, for the way back; it does not change the result.

    Examples
    --------
    >>> straight_through_gumbel(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 0.0]))
    tensor([1., 0.])
    """
    _checks.positive("temperature", temperature)
    hard = gumbel_hardmax(x, noise, axis=axis, mask=mask)
    soft = gumbel_softmax(x, noise, temperature=temperature, axis=axis, mask=mask)
    return hard + (soft - soft.detach())  # plus zero, which has the soft draw's gradient


def _noisy(x: Tensor, noise: Tensor, axis: int, mask: Tensor | None) -> Tensor:
    """Add the noise to the scores, in at least float32."""
    _checks.noisy(Tensor, x, noise, axis, mask)
    dtype = torch.promote_types(x.dtype, torch.float32)
    return x.to(dtype) + noise.to(dtype)
