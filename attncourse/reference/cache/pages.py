"""A paged cache: sequences share one pool of pages, and each has a table of those it uses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from einops import rearrange
from jaxtyping import Float, Int

from attncourse import _checks
from attncourse.reference.cache.slots import _counts, _new_positions


class PagedCache(NamedTuple):
    """One pool of pages for all sequences, as an operating system divides memory among programs.

    Attributes
    ----------
    k : array (n_pages, n_kv_heads, page_size, d_k)
        The keys, page by page.
    v : array (n_pages, n_kv_heads, page_size, d_v)
        The values.
    block_table : integer array (batch, max_pages)
        The pages of each sequence in the order of its text; -1 where it has none.
    lengths : integer array (batch,)
        How many positions each sequence has.
    ref_counts : integer array (n_pages,)
        How many sequences use each page. Zero is a free page, above one a shared one.
    """

    k: Float[np.ndarray, "n_pages n_kv_heads page_size d_k"]
    v: Float[np.ndarray, "n_pages n_kv_heads page_size d_v"]
    block_table: Int[np.ndarray, "batch max_pages"]
    lengths: Int[np.ndarray, " batch"]
    ref_counts: Int[np.ndarray, " n_pages"]


def paged_cache(
    k: Float[np.ndarray, "batch n_kv_heads seq d_k"],
    v: Float[np.ndarray, "batch n_kv_heads seq d_v"],
    n_pages: int,
    page_size: int,
    max_pages: int,
) -> PagedCache:
    r"""Set a pool of pages aside for keys and values like these, and leave all of them free.

    .. math:: \text{position } p \text{ of sequence } b \;\to\;
        \text{row } p \bmod P \text{ of page } T_{b,\, \lfloor p / P \rfloor}

    where :math:`P` is the length of a page and :math:`T` the table, -1 everywhere for now.

    Parameters
    ----------
    k, v : arrays, floating
        Any keys and values of the layer: only their shape, dtype and device are read. There are
        as many sequences as their batch has.
    n_pages : int
        How many pages all sequences share.
    page_size : int
        How many positions a page holds.
    max_pages : int
        How many pages one sequence may use.

    Returns
    -------
    PagedCache
        All of the same dtype and on the same device as ``k``.

    Raises
    ------
    TypeError
        If an array is not floating, the dtypes differ, or a number is not whole.
    ValueError
        If the shapes do not fit together, the devices differ, or a number is below one.

    Notes
    -----
    Cost: n_pages · page_size · n_kv_heads · (d_k + d_v) numbers for all sequences together. At
    most ``page_size - 1`` positions of each sequence lie idle.

    References
    ----------
    Kwon et al. (2023), Efficient Memory Management for Large Language Model Serving with
    PagedAttention, section 4.2, arXiv:2309.06180.

    Examples
    --------
    >>> k = v = np.zeros((3, 2, 1, 4))  # three sequences, at most two pages each, six in all
    >>> cache = paged_cache(k, v, n_pages=6, page_size=8, max_pages=2)
    >>> print(cache.k.shape, cache.block_table.shape, cache.ref_counts)
    (6, 2, 8, 4) (3, 2) [0 0 0 0 0 0]
    """
    _checks.appended(np.ndarray, k, v)
    _checks.shapes(k=(k, "batch n_kv_heads seq d_k"))
    for name, size in {"n_pages": n_pages, "page_size": page_size, "max_pages": max_pages}.items():
        _checks.count(name, size, minimum=1)
    batch, n_kv_heads = k.shape[:2]
    return PagedCache(
        k=np.zeros((n_pages, n_kv_heads, page_size, k.shape[-1]), k.dtype),
        v=np.zeros((n_pages, n_kv_heads, page_size, v.shape[-1]), v.dtype),
        block_table=np.full((batch, max_pages), -1),
        lengths=np.zeros(batch, dtype=np.int64),
        ref_counts=np.zeros(n_pages, dtype=np.int64),
    )


def append_to_paged_cache(
    cache: PagedCache,
    k: Float[np.ndarray, "batch n_kv_heads seq d_k"],
    v: Float[np.ndarray, "batch n_kv_heads seq d_v"],
    *,
    counts: Int[np.ndarray, " batch"] | None = None,
) -> PagedCache:
    r"""Write new keys and values behind those of each sequence, on fresh pages where one is full.

    .. math:: K'_{T'_{b,\, \lfloor p / P \rfloor},\; p \bmod P} = k_{b,\, p - \ell_b}
        \quad (\ell_b \le p < \ell_b + c_b)

    where :math:`T'` is the table with the fresh pages in it, :math:`P` the length of a page,
    :math:`\ell_b` the length of sequence b so far, and :math:`c_b` its count of new positions; the
    values likewise. A last page that is shared is copied before it is written (copy on write).

    Parameters
    ----------
    cache : PagedCache
        The past.
    k, v : arrays, floating
        Keys and values of the new positions.
    counts : integer array (batch,), optional
        How many of the new positions are real; the rest, at the end, is padding and is not
        written. All of them if left out. Zero leaves a sequence as it is.

    Returns
    -------
    PagedCache
        A copy with the new positions in it.

    Raises
    ------
    TypeError
        If an array has the wrong dtype, or ``cache`` is no PagedCache.
    ValueError
        If shapes do not fit together, devices differ, the pool has too few free pages, or a
        sequence would need more pages than its table holds.

    Notes
    -----
    Cost: a copy of the pool, and a sort of its n_pages. In place it is
    ``cache.k[page, :, row] = k[:, :, 0]`` for one token of each sequence.

    References
    ----------
    Kwon et al. (2023), Efficient Memory Management for Large Language Model Serving with
    PagedAttention, sections 4.3 and 4.4, arXiv:2309.06180.

    Examples
    --------
    >>> k = v = np.array([[[[5.0], [6.0], [7.0]]]])
    >>> cache = append_to_paged_cache(paged_cache(k, v, 4, 2, 2), k, v)
    >>> print(cache.block_table, cache.ref_counts, cache.k[:, 0, :, 0].tolist())
    [[0 1]] [1 1 0 0] [[5.0, 6.0], [7.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """
    _checks.record("cache", cache, PagedCache)
    _checks.pages(np.ndarray, cache, k, v)
    counts = _counts(counts, cache.lengths, k.shape[-2])
    page_size, max_pages = cache.k.shape[-2], cache.block_table.shape[-1]
    lengths = cache.lengths + counts
    block_table, ref_counts, origin = _allocate(cache, lengths)

    # Where each row of the pool comes from: an old row, or one of the new ones behind them all.
    rows = (origin[:, None] * page_size + np.arange(page_size)).reshape(-1)
    positions = _new_positions(cache.lengths, counts, k.shape[-2])
    columns = np.clip(positions // page_size, 0, max_pages - 1)
    written = np.take_along_axis(block_table, columns, -1) * page_size + positions % page_size
    written = np.where(positions >= 0, written, rows.size)  # padding: to a row that is dropped
    source = np.append(rows, 0)
    source[written.reshape(-1)] = rows.size + np.arange(written.size)
    return PagedCache(
        *(_gather_rows(*pair, source[:-1]) for pair in ((cache.k, k), (cache.v, v))),
        block_table=block_table,
        lengths=lengths,
        ref_counts=ref_counts,
    )


def _allocate(cache: PagedCache, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The block table for new lengths, the counts, and the page that each page is copied of."""
    (n_pages, _, page_size, _), max_pages = cache.k.shape, cache.block_table.shape[-1]
    n_old, n_new = -(-cache.lengths // page_size), -(-lengths // page_size)
    _checks.room("pages of one sequence", n_new, max_pages, "give max_pages more")
    last = np.take_along_axis(cache.block_table, np.maximum(n_old - 1, 0)[:, None], -1)[:, 0]
    # Somebody else still reads a shared page: whoever writes on it needs a copy. If all who share
    # it write, the first of them keeps it.
    writes = (lengths > cache.lengths) & (cache.lengths % page_size > 0)
    together = writes[:, None] & writes & (last[:, None] == last)
    is_first = ~np.tril(together, -1).any(-1)
    keeps = is_first & (together.sum(-1) == cache.ref_counts[last])
    copies = writes & ~keeps

    start, columns = n_old - copies, np.arange(max_pages)
    fresh = (columns >= start[:, None]) & (columns < n_new[:, None])
    free = np.argsort(cache.ref_counts > 0, kind="stable")  # the free pages first
    n_free = (cache.ref_counts == 0).sum()
    needed = np.cumsum(fresh.reshape(-1))
    _checks.room("new pages", needed, n_free, "free a sequence, or set more pages aside")
    rank = np.clip(needed - 1, 0, n_pages - 1).reshape(fresh.shape)
    block_table = np.where(fresh, free[rank], cache.block_table)

    ref_counts = cache.ref_counts.copy()
    np.add.at(ref_counts, block_table[fresh], 1)
    np.add.at(ref_counts, last[copies], -1)
    origin = np.arange(n_pages)
    copy = np.take_along_axis(block_table, np.maximum(n_old - 1, 0)[:, None], -1)[:, 0]
    origin[copy[copies]] = last[copies]
    return block_table, ref_counts, origin


def _gather_rows(pages: np.ndarray, new: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Fill each row of the pool from the old rows with the new ones behind them."""
    rows = rearrange(pages, "page head row dim -> (page row) head dim")
    rows = np.concatenate([rows, rearrange(new, "batch head seq dim -> (batch seq) head dim")])
    return rearrange(rows[source], "(page row) head dim -> page head row dim", page=pages.shape[0])
