"""How spread out attention is: over how many keys, and how far back."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attncourse.analysis._weights import checked, distance


def attention_entropy(
    weights: Float[np.ndarray, "*batch q_len kv_len"],
) -> Float[np.ndarray, "*batch q_len"]:
    r"""Give the entropy of each query's weights, in bits.

    .. math:: H_i = -\sum_j A_{ij} \log_2 A_{ij} - a_i \log_2 a_i, \qquad a_i = 1 - \sum_j A_{ij}

    where :math:`A` are the weights and :math:`a_i` is what a row lacks to one because a sink took
    it: one more outcome, if it is above ten roundings of the dtype. :math:`2^H` keys that share
    evenly have the same entropy. A row with nothing to attend to gives 0.

    Source: Shannon (1948), section 6, https://doi.org/10.1002/j.1538-7305.1948.tb01338.x; on heads:
    Clark et al. (2019), What Does BERT Look At?, section 3.2, arXiv:1906.04341.

    Parameters
    ----------
    weights : array, floating
        What softmax gave: rows that sum to one, or less with sinks, or all zeros.

    Examples
    --------
    >>> attention_entropy(np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]]))
    array([0., 1., 2.])
    """
    given, weights = weights, checked(weights, "*batch q_len kv_len")
    lacking = 1 - weights.sum(axis=-1, keepdims=True)
    lacking[lacking < 10 * np.finfo(given.dtype).eps] = 0
    shares = np.concatenate([weights, lacking], axis=-1)
    bits = shares * np.log2(np.where(shares > 0, shares, 1))
    return 0.0 - bits.sum(axis=-1)


def attention_distance(
    weights: Float[np.ndarray, "*batch q_len kv_len"],
) -> Float[np.ndarray, "*batch q_len"]:
    r"""Give how many positions away each query looks, on average; 0 if it has nothing to attend to.

    .. math:: D_i = \frac{\sum_j A_{ij} \, |i + n - m - j|}{\sum_j A_{ij}}

    where :math:`A` are the weights, :math:`m` is q_len and :math:`n` is kv_len: the last query
    stands at the last key.

    Source: Dosovitskiy et al. (2021), section 4.5 and appendix D.7 (in pixels), arXiv:2010.11929.

    Parameters
    ----------
    weights : array, floating
        What softmax gave.

    Examples
    --------
    >>> attention_distance(np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5]]))
    array([0. , 0.5, 1. ])
    """
    weights = checked(weights, "*batch q_len kv_len")
    total = weights.sum(axis=-1)
    away = np.abs(distance(*weights.shape[-2:])).astype(weights.dtype)
    return (weights * away).sum(axis=-1) / np.where(total == 0, 1, total)
