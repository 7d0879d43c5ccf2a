"""Rollout: attention followed through the layers, back to the input."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attncourse import _checks
from attncourse.analysis._weights import checked


def attention_rollout(
    weights: Float[np.ndarray, "n_layers *batch n_heads seq seq"], *, residual: float = 0.5
) -> Float[np.ndarray, "n_layers *batch seq seq"]:
    r"""Estimate how much of each input position is in each position of each layer.

    .. math:: R^{(l)} = \tilde A^{(l)} R^{(l-1)}, \qquad R^{(0)} = I, \qquad
        \tilde A^{(l)} \propto (1 - \rho) \bar A^{(l)} + \rho I

    where :math:`\bar A^{(l)}` is the mean over the heads of layer l, and :math:`\rho` is the share
    that the residual connection passes by; rows of :math:`\tilde A` and of the result sum to one.
    It takes attention for the only mixing between positions and values for equal: a picture of the
    routes, not a proof of influence.

    Source: Abnar and Zuidema (2020), section 3 and equation 1, arXiv:2005.00928.

    Parameters
    ----------
    weights : array, floating
        The weights of all layers, the first layer first.
    residual : float
        The share of a position's own vector, from 0 (attention alone) to 1 (nothing mixes).

    Examples
    --------
    >>> back = np.array([[[[1.0, 0], [1, 0]]]])  # one layer, one head: all look at the first
    >>> attention_rollout(back)
    array([[[1. , 0. ],
            [0.5, 0.5]]])
    """
    _checks.fraction("residual", residual)
    weights = checked(weights, "*layers_and_batch n_heads seq seq")
    _checks.count("dimensions of weights", weights.ndim, minimum=4)
    own = np.eye(weights.shape[-1], dtype=weights.dtype)
    mixed = (1 - residual) * weights.mean(axis=-3) + residual * own
    total = mixed.sum(axis=-1, keepdims=True)
    mixed = np.where(total == 0, own, mixed / np.where(total == 0, 1, total))
    for layer in range(1, len(mixed)):
        mixed[layer] = mixed[layer] @ mixed[layer - 1]
    return mixed
