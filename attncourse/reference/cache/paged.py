"""A paged cache: sequences share one pool of pages, and each has a table of those it uses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from einops import rearrange
from jaxtyping import Float, Int

from attncourse import _checks
from attncourse.reference.cache.static import _counts, _new_positions, positioned_attention


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

    where :math:`P` is the page size and :math:`T` the block table.

    Source: Kwon et al. (2023), PagedAttention, arXiv:2309.06180, section 4.2.

    Parameters
    ----------
    k, v : arrays
        Any keys and values of the layer: only their shape, dtype and device are read.
    n_pages, page_size, max_pages : int
        How many pages all share, positions a page holds, and pages one sequence may use.

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
    """Write new keys and values behind those of each sequence, on fresh pages where one is full.

    A last page that is shared is copied before it is written (copy on write). The pool is copied as
    well; in place, one token of each sequence is ``cache.k[page, :, row] = k[:, :, 0]``. Too few
    free pages are a ValueError, and so is a sequence that outgrows ``max_pages``.

    Source: Kwon et al. (2023), PagedAttention, arXiv:2309.06180, sections 4.3 and 4.4.

    Parameters
    ----------
    cache, k, v
        The past, and keys and values of the new positions.
    counts : integer array (batch,), optional
        As in :func:`append_to_static_cache`.

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

    where :math:`K` is the pool, :math:`T` the block table, :math:`P` the page size and
    :math:`\ell_b` the length of sequence b. A kernel follows the table and copies nothing.

    Source: Kwon et al. (2023), PagedAttention, arXiv:2309.06180, section 4.1.

    Parameters
    ----------
    cache : PagedCache
        The cache.

    Returns
    -------
    k, v, positions : arrays
        Of max_pages · page_size rows, those behind a sequence's length are at position -1.

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
    """Write the new positions into pages, and let them attend to all of their sequence.

    Gathers the pages first (:func:`read_paged_cache`): key j is position j, of max_pages ·
    page_size.

    Source: Kwon et al. (2023), PagedAttention, arXiv:2309.06180, section 4.1, equation 4.

    Parameters
    ----------
    q, k, v, cache
        Queries, keys and values of the new positions, and the past.
    counts : integer array (batch,), optional
        As in :func:`append_to_static_cache`. The output of padding is zero.
    **options
        As in :func:`positioned_attention`.

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


def fork_sequence(
    cache: PagedCache, source: int, target: int, *, length: int | None = None
) -> PagedCache:
    """Let an empty sequence begin as another one does, on the same pages.

    Nothing is copied until one of the two writes on a page of both. Beams share a prompt so.

    Source: Kwon et al. (2023), PagedAttention, arXiv:2309.06180, section 4.4.

    Parameters
    ----------
    cache : PagedCache
        The cache.
    source, target : int
        Which sequence is shared, and which empty one begins with it; numbers in the batch.
    length : int, optional
        How many positions are shared; all if left out.

    Examples
    --------
    >>> from attncourse.reference import append_to_paged_cache, paged_cache
    >>> x = np.ones((2, 1, 3, 1))
    >>> cache = append_to_paged_cache(paged_cache(x, x, 4, 2, 2), x, x, counts=np.array([3, 0]))
    >>> cache = fork_sequence(cache, 0, 1)
    >>> print(cache.block_table.tolist(), cache.lengths, cache.ref_counts)
    [[0, 1], [0, 1]] [3 3] [2 2 0 0]
    """
    _checks.record("cache", cache, PagedCache)
    _checks.pages(np.ndarray, cache)
    _checks.sequence("source", source, cache.lengths)
    _checks.sequence("target", target, cache.lengths, empty=True)
    n_shared = _checks.shared_length(length, cache.lengths[source])
    is_target = np.arange(cache.lengths.shape[0]) == target
    shared = np.arange(cache.block_table.shape[-1]) * cache.k.shape[-2] < n_shared
    row = np.where(shared, cache.block_table[source], -1)
    ref_counts = cache.ref_counts.copy()
    np.add.at(ref_counts, row[shared], 1)
    return cache._replace(
        block_table=np.where(is_target[:, None], row, cache.block_table),
        lengths=np.where(is_target, n_shared, cache.lengths),
        ref_counts=ref_counts,
    )


def free_sequence(cache: PagedCache, sequence: int) -> PagedCache:
    """Give a sequence's pages back; those that nobody else uses are free again.

    Its keys stay where they are until somebody writes over them.

    Source: Kwon et al. (2023), PagedAttention, arXiv:2309.06180, section 4.3.

    Parameters
    ----------
    cache : PagedCache
        The cache.
    sequence : int
        Which one is finished; its number in the batch.

    Examples
    --------
    >>> from attncourse.reference import append_to_paged_cache, paged_cache
    >>> x = np.ones((2, 1, 3, 1))
    >>> cache = append_to_paged_cache(paged_cache(x, x, 4, 2, 2), x, x)
    >>> print(free_sequence(cache, 0).ref_counts)
    [0 0 1 1]
    """
    _checks.record("cache", cache, PagedCache)
    _checks.pages(np.ndarray, cache)
    _checks.sequence("sequence", sequence, cache.lengths)
    row = cache.block_table[sequence]
    is_freed = np.arange(cache.lengths.shape[0]) == sequence
    ref_counts = cache.ref_counts.copy()
    np.add.at(ref_counts, row[row >= 0], -1)
    return cache._replace(
        block_table=np.where(is_freed[:, None], -1, cache.block_table),
        lengths=np.where(is_freed, 0, cache.lengths),
        ref_counts=ref_counts,
    )
