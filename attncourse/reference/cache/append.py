"""A cache that grows: keys and values are appended, token after token."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from attncourse import _checks
from attncourse.reference.scaled_dot_product import scaled_dot_product_attention


class KVCache(NamedTuple):
    """Keys and values of all positions so far.

    Attributes
    ----------
    k : array (*batch, n_kv_heads, kv_len, d_k)
        The keys, after rotary positions if there are any.
    v : array (*batch, n_kv_heads, kv_len, d_v)
        The values.
    """

    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"]
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"]


def append_to_cache(
    cache: KVCache | None,
    k: Float[np.ndarray, "*batch n_kv_heads seq d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads seq d_v"],
) -> KVCache:
    r"""Put new keys and values behind those that the cache holds.

    .. math:: K' = \begin{bmatrix} K \\ k \end{bmatrix}, \qquad
        V' = \begin{bmatrix} V \\ v \end{bmatrix}

    where :math:`K, V` are the rows in the cache and :math:`k, v` the new ones. What a token gives
    to later ones, its key and value, never changes again under a causal mask: it is computed once
    and kept.

    Parameters
    ----------
    cache : KVCache or None
        The past; None at the start.
    k, v : arrays, floating
        Keys and values of the new positions, one or many.

    Returns
    -------
    KVCache
        The past and the new positions. The next position is ``cache.k.shape[-2]``.

    Raises
    ------
    TypeError
        If an array is not floating, or the dtypes differ.
    ValueError
        If the new keys and values do not fit each other or the cache, or the devices differ.

    Notes
    -----
    Cost: n_kv_heads · (d_k + d_v) numbers for each position and layer, and a copy of all of them
    at each step. :func:`append_to_static_cache` writes into memory set aside beforehand.

    References
    ----------
    Pope et al. (2022), Efficiently Scaling Transformer Inference, section 2, arXiv:2211.05102.

    Examples
    --------
    >>> cache = append_to_cache(None, np.array([[[1.0]]]), np.array([[[10.0]]]))
    >>> cache = append_to_cache(cache, np.array([[[2.0]]]), np.array([[[20.0]]]))
    >>> cache.v
    array([[[10.],
            [20.]]])
    """
    if cache is None:
        _checks.appended(np.ndarray, k, v)
        return KVCache(k, v)
    _checks.record("cache", cache, KVCache)
    _checks.appended(np.ndarray, k, v, cache)
    return KVCache(np.concatenate([cache.k, k], -2), np.concatenate([cache.v, v], -2))


def cached_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads q_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads q_len d_v"],
    cache: KVCache | None = None,
    *,
    causal: bool = True,
    **options: Any,
) -> tuple[Any, KVCache]:
    r"""Append the new positions to the cache, and let them attend to all of it.

    .. math:: \text{output} = \text{Attention}(q, K', V')

    where :math:`K', V'` are the cache with the new keys and values behind it. The last query
    stands at the last key, so the causal mask is right for a prompt, one token, or several.

    Parameters
    ----------
    q, k, v : arrays, floating
        Queries, keys and values of the new positions.
    cache : KVCache, optional
        The past; none at the start.
    causal : bool
        Hide the future. Only a mask of your own, a prefix say, makes sense of False.
    **options
        ``mask``, ``bias``, ``window``, ``scale``, ``softcap``, ``sinks`` and ``return_weights``
        as in :func:`scaled_dot_product_attention`, with kv_len counted after appending.

    Returns
    -------
    output : array, or (array, weights) if asked for
        One mixture of values for each new position.
    cache : KVCache
        The past and the new positions.

    Raises
    ------
    TypeError
        If an array is not floating, the dtypes differ, or an option is unknown.
    ValueError
        If shapes do not fit together, or the heads do not divide.

    Notes
    -----
    Cost: n_heads · q_len · kv_len · (d_k + d_v) multiply-adds. A text of n tokens decoded one by
    one costs about half of n² of these; without a cache about a third of n³.

    References
    ----------
    Pope et al. (2022), Efficiently Scaling Transformer Inference, section 2, arXiv:2211.05102.

    Examples
    --------
    >>> first, second = np.array([[[0.0]]]), np.array([[[4.0]]])
    >>> output, cache = cached_attention(first, first, first)
    >>> output, cache = cached_attention(0 * second, second, second, cache)
    >>> print(output, cache.k.shape)  # an average of both, and a cache of two
    [[[2.]]] (1, 2, 1)
    """
    cache = append_to_cache(cache, k, v)
    return scaled_dot_product_attention(q, *cache, causal=causal, **options), cache
