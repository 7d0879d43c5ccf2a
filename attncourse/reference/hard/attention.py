"""Hard attention: a query takes the value of one key, or of a few, instead of mixing all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from attncourse import _checks
from attncourse.reference.hard.best import hardmax, top_k_softmax
from attncourse.reference.hard.gumbel import gumbel_hardmax
from attncourse.reference.scores import masked_scores


def argmax_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    *,
    return_weights: bool = False,
    **options: Any,
) -> Any:
    r"""Give each query the value of its best key.

    .. math:: o_i = v_{c(i)}, \qquad c(i) = \arg\max_j s_{ij}

    where :math:`s` are the scores of :func:`masked_scores` and :math:`v` the values. Of equal
    scores the first is taken. Values get a gradient, queries and keys get none.

    Source: Hahn (2020), arXiv:1906.06755 (hard attention).

    Parameters
    ----------
    q, k, v, return_weights
        As in :func:`scaled_dot_product_attention`; the weights are one-hot.
    **options
        ``mask``, ``bias``, ``causal``, ``window``, ``scale`` and ``softcap``, as there.

    Examples
    --------
    >>> q, k, v = np.array([[1.0]]), np.array([[2.0], [5.0]]), np.array([[10.0], [20.0]])
    >>> argmax_attention(q, k, v)
    array([[20.]])
    """
    return _attend(hardmax, q, k, v, return_weights, options)


def top_k_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    top_k: int,
    *,
    return_weights: bool = False,
    **options: Any,
) -> Any:
    r"""Let each query attend to its ``top_k`` best keys, and to no others.

    .. math:: o_i = \sum_{j \in K_i} \frac{e^{s_{ij}}}{\sum_{l \in K_i} e^{s_{il}}} \, v_j

    where :math:`s` are all scores (:func:`masked_scores`), :math:`K_i` the keys with the largest.

    Source: Zhao et al. (2019), arXiv:1912.11637; Gupta et al. (2021), arXiv:2106.06899.

    Parameters
    ----------
    q, k, v, return_weights
        As in :func:`scaled_dot_product_attention`.
    top_k : int
        How many keys a query attends to; fewer where it may see fewer.
    **options
        ``mask``, ``bias``, ``causal``, ``window``, ``scale`` and ``softcap``, as there.

    Examples
    --------
    >>> q, k = np.array([[1.0]]), np.array([[5.0], [0.0], [5.0]])
    >>> top_k_attention(q, k, np.array([[10.0], [99.0], [20.0]]), 2)
    array([[15.]])
    """
    return _attend(partial(top_k_softmax, top_k=top_k), q, k, v, return_weights, options)


def sampled_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    noise: Float[np.ndarray, "*batch n_heads q_len kv_len"],
    *,
    return_weights: bool = False,
    **options: Any,
) -> Any:
    r"""Give each query the value of one key, drawn with the weights of soft attention.

    .. math:: o_i = v_{c(i)}, \qquad P(c(i) = j) = \text{softmax}(s_i)_j

    where :math:`s` are the scores of :func:`masked_scores`. On average the output is soft
    attention's. A draw gives queries and keys no gradient: learn with :func:`reinforce_loss`.

    Source: Xu et al. (2015), Show, Attend and Tell, arXiv:1502.03044, section 4.1.

    Parameters
    ----------
    q, k, v, return_weights
        As in :func:`scaled_dot_product_attention`; the weights are one-hot.
    noise : array with the shape of the scores
        Gumbel noise, as :func:`gumbel_noise` gives it.
    **options
        Those of :func:`masked_scores`.

    Examples
    --------
    >>> q, k, v = np.array([[1.0]]), np.array([[2.0], [5.0]]), np.array([[10.0], [20.0]])
    >>> sampled_attention(q, k, v, noise=np.array([[4.0, 0.0]]))
    array([[10.]])
    """
    return _attend(partial(gumbel_hardmax, noise=noise), q, k, v, return_weights, options)


def _attend(
    choose: Callable[[np.ndarray], np.ndarray],
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    return_weights: bool,
    options: dict[str, Any],
) -> Any:
    """Attend with weights that ``choose`` makes of the masked scores."""
    _checks.attention(np.ndarray, q, k, v)
    dtype = np.promote_types(q.dtype, np.float32)
    weights = choose(masked_scores(q.astype(dtype), k.astype(dtype), **options))
    if q.ndim > 2:
        v = np.repeat(v, q.shape[-3] // v.shape[-3], axis=-3)
    output = (weights @ v.astype(dtype)).astype(q.dtype)
    return (output, weights.astype(q.dtype)) if return_weights else output
