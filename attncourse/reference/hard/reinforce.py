"""REINFORCE: how to learn from a draw that has no gradient, by what it turned out to be worth."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.softmax.stable import below_zero, softmax


def choice_log_prob(
    x: Float[np.ndarray, "*shape"],
    choice: Float[np.ndarray, "*shape"],
    *,
    axis: int = -1,
    mask: Bool[np.ndarray, "*#shape"] | None = None,
) -> Float[np.ndarray, "*choices"]:
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
    >>> x, choice = np.log(np.array([1.0, 3.0])), np.array([0.0, 1.0])
    >>> np.exp(choice_log_prob(x, choice)).round(9)
    array([0.75])
    """
    _checks.chosen(np.ndarray, x, choice, axis, mask)
    scores = below_zero(x, axis, mask)
    total = np.exp(scores).sum(axis, keepdims=True)
    log_total = np.log(np.where(total == 0, 1, total))
    return np.where(choice == 1, scores - log_total, 0).sum(axis, keepdims=True).astype(x.dtype)


def reinforce_loss(
    x: Float[np.ndarray, "*shape"],
    choice: Float[np.ndarray, "*shape"],
    reward: Float[np.ndarray, "*#choices"],
    *,
    baseline: Float[np.ndarray, "*#choices"] | None = None,
    axis: int = -1,
    mask: Bool[np.ndarray, "*#shape"] | None = None,
) -> Float[np.ndarray, "*choices"]:
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
    >>> x, choice = np.zeros(2), np.array([0.0, 1.0])
    >>> reinforce_loss(x, choice, np.array([5.0]), baseline=np.array([3.0])).round(3)  # 2 log 2
    array([1.386])
    """
    _checks.chosen(np.ndarray, x, choice, axis, mask, reward=reward, baseline=baseline)
    log_prob = choice_log_prob(x, choice, axis=axis, mask=mask)
    return (-_advantage(x, reward, baseline) * log_prob).astype(x.dtype)


def reinforce_gradient(
    x: Float[np.ndarray, "*shape"],
    choice: Float[np.ndarray, "*shape"],
    reward: Float[np.ndarray, "*#choices"],
    *,
    baseline: Float[np.ndarray, "*#choices"] | None = None,
    axis: int = -1,
    mask: Bool[np.ndarray, "*#shape"] | None = None,
) -> Float[np.ndarray, "*shape"]:
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
    >>> x, choice = np.log(np.array([1.0, 3.0])), np.array([0.0, 1.0])  # weights 1/4 and 3/4
    >>> reinforce_gradient(x, choice, np.array([8.0])).round(9)
    array([-2.,  2.])
    """
    _checks.chosen(np.ndarray, x, choice, axis, mask, reward=reward, baseline=baseline)
    dtype = np.promote_types(x.dtype, np.float32)
    p = softmax(x.astype(dtype), axis=axis, mask=mask)
    return (_advantage(x, reward, baseline) * (choice.astype(dtype) - p)).astype(x.dtype)


def _advantage(x: np.ndarray, reward: np.ndarray, baseline: np.ndarray | None) -> np.ndarray:
    """How much better than expected the choice was, in at least float32."""
    dtype = np.promote_types(x.dtype, np.float32)
    expected = 0 if baseline is None else baseline.astype(dtype)
    return reward.astype(dtype) - expected
