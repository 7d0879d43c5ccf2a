"""Attention over scattered pages, which the table brings into order."""

from __future__ import annotations

from typing import Any

import numpy as np
from einops import rearrange
from jaxtyping import Float, Int

from attncourse import _checks
from attncourse.reference.cache.pages import PagedCache, append_to_paged_cache
from attncourse.reference.cache.positioned import positioned_attention
from attncourse.reference.cache.slots import _new_positions


def read_paged_cache(
    cache: PagedCache,
) -> tuple[
    Float[np.ndarray, "batch n_kv_heads kv_len d_k"],
    Float[np.ndarray, "batch n_kv_heads kv_len d_v"],
    Int[np.ndarray, "batch kv_len"],
]:
    r"""Gather the pages of each sequence in the order of its text.

    .. math:: k_{bj} = K_{T_{b,\, \lfloor j / P \rfloor},\; j \bmod P}
        \quad (0 \le j < \ell_b)

    where :math:`K` is the pool, :math:`T` the table, :math:`P` the length of a page and
    :math:`\ell_b` the length of sequence b; the values likewise. What lies behind the length is
    some other page's content.

    Parameters
    ----------
    cache : PagedCache
        The cache.

    Returns
    -------
    k, v : arrays
        Keys and values, kv_len = max_pages · page_size.
    positions : integer array
        The position of each key; -1 where the sequence has none.

    Raises
    ------
    TypeError
        If ``cache`` is no PagedCache, or an array in it has the wrong dtype.
    ValueError
        If the arrays do not fit together, or the table names a page that does not exist.

    Notes
    -----
    Cost: a copy of all pages in the table. A kernel follows the table while it reads and copies
    nothing.

    References
    ----------
    Kwon et al. (2023), Efficient Memory Management for Large Language Model Serving with
    PagedAttention, section 4.1, arXiv:2309.06180.

    Examples
    --------
    >>> pool = np.array([[[[6.0], [7.0]]], [[[4.0], [5.0]]]])
    >>> cache = PagedCache(pool, pool, np.array([[1, 0]]), np.array([3]), np.array([1, 1]))
    >>> k, v, positions = read_paged_cache(cache)
    >>> print(k[0, 0, :, 0], positions)
    [4. 5. 6. 7.] [[ 0  1  2 -1]]
    """
    _checks.record("cache", cache, PagedCache)
    _checks.pages(np.ndarray, cache)
    pages = np.maximum(cache.block_table, 0)
    to_text = "batch page head row dim -> batch head (page row) dim"
    k, v = rearrange(cache.k[pages], to_text), rearrange(cache.v[pages], to_text)
    start = np.zeros_like(cache.lengths)
    return k, v, _new_positions(start, cache.lengths, k.shape[-2])


def paged_cached_attention(
    q: Float[np.ndarray, "batch n_heads q_len d_k"],
    k: Float[np.ndarray, "batch n_kv_heads q_len d_k"],
    v: Float[np.ndarray, "batch n_kv_heads q_len d_v"],
    cache: PagedCache,
    *,
    counts: Int[np.ndarray, " batch"] | None = None,
    **options: Any,
) -> tuple[Any, PagedCache]:
    r"""Write the new positions into pages, and let them attend to all of their sequence.

    .. math:: o_{bi} = \sum_{j \le \ell_b + i} a_{bij} \,
        V'_{T'_{b,\, \lfloor j / P \rfloor},\; j \bmod P}

    where :math:`a` are the weights, computed from keys found in the same way, :math:`V'` and
    :math:`T'` are pool and table after writing, :math:`P` is the length of a page, and
    :math:`\ell_b` the length of sequence b before it.

    Parameters
    ----------
    q, k, v : arrays, floating
        Queries, keys and values of the new positions.
    cache : PagedCache
        The past.
    counts : integer array (batch,), optional
        How many of the new positions are real; the rest is padding, and its output zeros.
    **options
        ``mask``, ``bias``, ``causal``, ``window`` and so on, as in :func:`positioned_attention`,
        with kv_len = max_pages · page_size and key j at position j.

    Returns
    -------
    output : array, or (array, weights) if asked for
        One mixture of values for each new position.
    cache : PagedCache
        The past and the new positions.

    Raises
    ------
    TypeError
        If an array has the wrong dtype, ``cache`` is no PagedCache, or an option is unknown.
    ValueError
        If shapes do not fit together, devices differ, or there are too few pages.

    Notes
    -----
    Cost: n_heads · q_len · max_pages · page_size · (d_k + d_v) multiply-adds, and a copy of the
    pages (see :func:`read_paged_cache`).

    References
    ----------
    Kwon et al. (2023), Efficient Memory Management for Large Language Model Serving with
    PagedAttention, section 4.1, equation 4, arXiv:2309.06180.

    Examples
    --------
    >>> from attncourse.reference import paged_cache
    >>> x = np.array([[[[1.0], [2.0], [6.0]]]])
    >>> output, cache = paged_cached_attention(0 * x, x, x, paged_cache(x, x, 4, 2, 3))
    >>> print(output[0, 0, :, 0], cache.block_table)
    [1.  1.5 3. ] [[ 0  1 -1]]
    """
    _checks.new_queries(np.ndarray, q, k)
    after = append_to_paged_cache(cache, k, v, counts=counts)
    q_positions = _new_positions(cache.lengths, after.lengths - cache.lengths, q.shape[-2])
    k, v, kv_positions = read_paged_cache(after)
    return positioned_attention(q, k, v, q_positions, kv_positions, **options), after
