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
    """Put new keys and values behind those that the cache holds.

    What a token gives to later ones, its key and value, never changes again under a causal mask: it
    is computed once and kept. Each step copies what is there; :func:`append_to_static_cache` writes
    into memory set aside beforehand.

    Source: Pope et al. (2022), arXiv:2211.05102, section 2.

    Parameters
    ----------
    cache : KVCache or None
        The past; None at the start. The next position is ``cache.k.shape[-2]``.
    k, v : arrays
        Keys and values of the new positions, one or many.

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
    """Append the new positions to the cache, and let them attend to all of it.

    The last query stands at the last key. A text costs n² / 2 scores a head in place of n³ / 3.

    Source: Pope et al. (2022), arXiv:2211.05102, section 2.

    Parameters
    ----------
    q, k, v, cache
        Queries, keys and values of the new positions, and the past, if there is one.
    causal : bool
        Hide the future; False only with a mask of your own, a prefix say.
    **options
        As in :func:`scaled_dot_product_attention`, with kv_len counted after appending.

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
