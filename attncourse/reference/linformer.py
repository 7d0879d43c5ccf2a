"""Linformer: keys and values are shortened before attention."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attncourse import _checks
from attncourse.reference.scores import scaled_dot_scores
from attncourse.reference.softmax import softmax


def linformer_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    key_projection: Float[np.ndarray, "*#n_kv_heads n_projected kv_len"],
    value_projection: Float[np.ndarray, "*#n_kv_heads n_projected kv_len"],
    *,
    scale: float | None = None,
) -> Float[np.ndarray, "*batch n_heads q_len d_v"]:
    r"""Attend to a few mixtures of all keys, instead of to all keys.

    .. math:: \text{Linformer}(Q, K, V) =
        \text{softmax}\!\left(\frac{Q \, (E K)^\top}{\sqrt{d_k}}\right) F V

    where :math:`E` and :math:`F` are learned projections along the length, from kv_len rows to
    n_projected. The cost is linear in both lengths; kv_len is fixed when they are learned. There is
    no causal form: each projected key mixes all positions before any query comes.

    Source: Wang et al. (2020), Linformer, arXiv:2006.04768, equation 7.

    Parameters
    ----------
    q, k, v, scale
        As in :func:`scaled_dot_product_attention`. Zeros at padding add to no mixture.
    key_projection, value_projection : arrays
        (n_projected, kv_len) for all heads, or one for each head of keys and values. To share them
        between keys and values, or layers, as in the paper, give the same array again.

    Examples
    --------
    >>> q, k, v = np.zeros((1, 2)), np.zeros((4, 2)), np.array([[1.0], [3.0], [6.0], [8.0]])
    >>> halves = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])  # means of two
    >>> linformer_attention(q, k, v, halves, halves)  # the mean of 2 and 7
    array([[4.5]])
    """
    _checks.shortened(np.ndarray, q, k, v, key_projection, value_projection)
    dtype = np.promote_types(q.dtype, np.float32)
    short_k = key_projection.astype(dtype) @ k.astype(dtype)
    short_v = value_projection.astype(dtype) @ v.astype(dtype)
    if q.ndim > 2:
        n_repeats = q.shape[-3] // k.shape[-3]
        short_k, short_v = (
            np.repeat(short_k, n_repeats, axis=-3),
            np.repeat(short_v, n_repeats, axis=-3),
        )
    weights = softmax(scaled_dot_scores(q.astype(dtype), short_k, scale=scale))
    return (weights @ short_v).astype(q.dtype)
