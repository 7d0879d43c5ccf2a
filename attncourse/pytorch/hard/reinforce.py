"""REINFORCE: how to learn from a draw that has no gradient, by what it turned out to be worth."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.softmax.stable import below_zero, softmax


def choice_log_prob(
    x: Float[Tensor, "*shape"],
    choice: Float[Tensor, "*shape"],
    *,
    axis: int = -1,
    mask: Bool[Tensor, "*#shape"] | None = None,
) -> Float[Tensor, "*choices"]:
    r"""Give the log-probability with which the softmax of the scores makes a choice.

    .. math:: \log p_c = x_c - \log \sum_j e^{x_j}

    where :math:`x` are the scores and :math:`c` is the chosen entry. It is zero where nothing could
    be chosen, and ``-inf`` for a choice that the mask forbids.

    Source: Williams (1992), https://doi.org/10.1007/BF00992696 (REINFORCE).

    Parameters
    ----------
    x, axis, mask
        As in :func:`softmax`.
    choice : array with the shape of x
        One-hot along ``axis``, as :func:`gumbel_hardmax` gives it; all zeros where nothing could be
        chosen.

    Examples
    --------
    >>> x, choice = torch.log(torch.tensor([1.0, 3.0])), torch.tensor([0.0, 1.0])
    >>> choice_log_prob(x, choice).exp()
    tensor([0.7500])
    """
    _checks.chosen(Tensor, x, choice, axis, mask)
    scores = below_zero(x, axis, mask)
    total = torch.exp(scores).sum(axis, keepdim=True)
    log_total = torch.log(torch.where(total == 0, 1, total))
    return torch.where(choice == 1, scores - log_total, 0).sum(axis, keepdim=True).to(x.dtype)


def reinforce_loss(
    x: Float[Tensor, "*shape"],
    choice: Float[Tensor, "*shape"],
    reward: Float[Tensor, "*#choices"],
    *,
    baseline: Float[Tensor, "*#choices"] | None = None,
    axis: int = -1,
    mask: Bool[Tensor, "*#shape"] | None = None,
) -> Float[Tensor, "*choices"]:
    r"""Give a loss whose gradient is minus the REINFORCE estimate (a surrogate).

    .. math:: \ell = -(R - b) \log p_c

    where :math:`p_c` is the probability of the choice, :math:`R` its reward and :math:`b` the
    baseline, both constants here. The value of :math:`\ell` means nothing; to descend its gradient
    is to climb the expected reward (:func:`reinforce_gradient`).

    Source: Williams (1992), https://doi.org/10.1007/BF00992696; Xu et al. (2015), arXiv:1502.03044.

    Parameters
    ----------
    x, choice, axis, mask
        As in :func:`choice_log_prob`.
    reward, baseline : arrays that broadcast to one number for each choice
        What the choice was worth (minus its loss), and what was expected, zero if left out.

    Examples
    --------
    >>> x, choice = torch.zeros(2), torch.tensor([0.0, 1.0])
    >>> reinforce_loss(x, choice, torch.tensor([5.0]), baseline=torch.tensor([3.0]))
    tensor([1.3863])
    """
    _checks.chosen(Tensor, x, choice, axis, mask, reward=reward, baseline=baseline)
    log_prob = choice_log_prob(x, choice, axis=axis, mask=mask)
    return (-_advantage(x, reward, baseline).detach() * log_prob).to(x.dtype)


def reinforce_gradient(
    x: Float[Tensor, "*shape"],
    choice: Float[Tensor, "*shape"],
    reward: Float[Tensor, "*#choices"],
    *,
    baseline: Float[Tensor, "*#choices"] | None = None,
    axis: int = -1,
    mask: Bool[Tensor, "*#shape"] | None = None,
) -> Float[Tensor, "*shape"]:
    r"""Estimate the gradient of the expected reward from one draw (REINFORCE).

    .. math:: \hat g = (R - b) \, \frac{\partial \log p_c}{\partial x} = (R - b)(e_c - p), \qquad
        E[\hat g] = \frac{\partial}{\partial x} \sum_c p_c R_c

    where :math:`p` are the weights, :math:`c` the choice drawn from them and :math:`e_c` its
    one-hot vector. It is right on average, since :math:`p \, \partial \log p = \partial p`. The
    baseline drops out, because :math:`\sum_c p_c (e_c - p) = 0`; it makes single estimates differ
    less.

    Source: Williams (1992), https://doi.org/10.1007/BF00992696; Xu et al. (2015), arXiv:1502.03044.

    Parameters
    ----------
    x, choice, reward, baseline, axis, mask
        As in :func:`reinforce_loss`.

    Examples
    --------
    >>> x, choice = torch.tensor([1.0, 3.0]).log(), torch.tensor([0.0, 1.0])  # weights 1/4, 3/4
    >>> reinforce_gradient(x, choice, torch.tensor([8.0]))
    tensor([-2.0000,  2.0000])
    """
    _checks.chosen(Tensor, x, choice, axis, mask, reward=reward, baseline=baseline)
    dtype = torch.promote_types(x.dtype, torch.float32)
    p = softmax(x.to(dtype), axis=axis, mask=mask)
    return (_advantage(x, reward, baseline) * (choice.to(dtype) - p)).to(x.dtype)


def _advantage(x: Tensor, reward: Tensor, baseline: Tensor | None) -> Tensor:
    """How much better than expected the choice was, in at least float32."""
    dtype = torch.promote_types(x.dtype, torch.float32)
    expected = 0 if baseline is None else baseline.to(dtype)
    return reward.to(dtype) - expected
