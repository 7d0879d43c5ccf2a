"""A paged cache: sequences share one pool of pages, and each has a table of those it uses."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.cache.static import _counts, _new_positions, positioned_attention


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

    k: Float[Tensor, "n_pages n_kv_heads page_size d_k"]
    v: Float[Tensor, "n_pages n_kv_heads page_size d_v"]
    block_table: Int[Tensor, "batch max_pages"]
    lengths: Int[Tensor, " batch"]
    ref_counts: Int[Tensor, " n_pages"]


def paged_cache(
    k: Float[Tensor, "batch n_kv_heads seq d_k"],
    v: Float[Tensor, "batch n_kv_heads seq d_v"],
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
    >>> k = v = torch.zeros((3, 2, 1, 4))  # three sequences, at most two pages each, six in all
    >>> cache = paged_cache(k, v, n_pages=6, page_size=8, max_pages=2)
    >>> print(*cache.k.shape, "and", *cache.block_table.shape, cache.ref_counts)
    6 2 8 4 and 3 2 tensor([0, 0, 0, 0, 0, 0])
    """
    _checks.appended(Tensor, k, v)
    _checks.shapes(k=(k, "batch n_kv_heads seq d_k"))
    for name, size in {"n_pages": n_pages, "page_size": page_size, "max_pages": max_pages}.items():
        _checks.count(name, size, minimum=1)
    batch, n_kv_heads = k.shape[:2]
    return PagedCache(
        k=k.new_zeros(n_pages, n_kv_heads, page_size, k.shape[-1]),
        v=v.new_zeros(n_pages, n_kv_heads, page_size, v.shape[-1]),
        block_table=k.new_full((batch, max_pages), -1, dtype=torch.int64),
        lengths=k.new_zeros(batch, dtype=torch.int64),
        ref_counts=k.new_zeros(n_pages, dtype=torch.int64),
    )


def append_to_paged_cache(
    cache: PagedCache,
    k: Float[Tensor, "batch n_kv_heads seq d_k"],
    v: Float[Tensor, "batch n_kv_heads seq d_v"],
    *,
    counts: Int[Tensor, " batch"] | None = None,
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
    >>> k = v = torch.tensor([[[[5.0], [6.0], [7.0]]]])
    >>> cache = append_to_paged_cache(paged_cache(k, v, 4, 2, 2), k, v)
    >>> print(cache.block_table, cache.ref_counts, cache.k[:, 0, :, 0].tolist())
    tensor([[0, 1]]) tensor([1, 1, 0, 0]) [[5.0, 6.0], [7.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """
    _checks.record("cache", cache, PagedCache)
    _checks.pages(Tensor, cache, k, v)
    counts = _counts(counts, cache.lengths, k.shape[-2])
    page_size, max_pages = cache.k.shape[-2], cache.block_table.shape[-1]
    lengths = cache.lengths + counts
    block_table, ref_counts, origin = _allocate(cache, lengths)

    # Where each row of the pool comes from: an old row, or one of the new ones behind them all.
    steps = torch.arange(page_size, device=k.device)
    rows = (origin[:, None] * page_size + steps).reshape(-1)
    positions = _new_positions(cache.lengths, counts, k.shape[-2])
    columns = torch.clamp(positions // page_size, 0, max_pages - 1)
    written = torch.take_along_dim(block_table, columns, -1) * page_size + positions % page_size
    written = torch.where(positions >= 0, written, len(rows))  # padding: to a row that is dropped
    source = torch.cat([rows, rows.new_zeros(1)])
    new_rows = len(rows) + torch.arange(written.numel(), device=k.device)
    source = source.scatter(0, written.reshape(-1), new_rows)
    return PagedCache(
        *(_gather_rows(*pair, source[:-1]) for pair in ((cache.k, k), (cache.v, v))),
        block_table=block_table,
        lengths=lengths,
        ref_counts=ref_counts,
    )


def _allocate(cache: PagedCache, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The block table for new lengths, the counts, and the page that each page is copied of."""
    (n_pages, _, page_size, _), max_pages = cache.k.shape, cache.block_table.shape[-1]
    n_old, n_new = -(-cache.lengths // page_size), -(-lengths // page_size)
    _checks.room("pages of one sequence", n_new, max_pages, "give max_pages more")
    column = (n_old - 1).clamp(min=0).long()[:, None]
    last = torch.take_along_dim(cache.block_table, column, -1)[:, 0]
    # Somebody else still reads a shared page: whoever writes on it needs a copy. If all who share
    # it write, the first of them keeps it.
    writes = (lengths > cache.lengths) & (cache.lengths % page_size > 0)
    together = writes[:, None] & writes & (last[:, None] == last)
    is_first = ~torch.tril(together, -1).any(-1)
    keeps = is_first & (together.sum(-1) == cache.ref_counts[last])
    copies = writes & ~keeps

    start, columns = n_old - copies.to(n_old), torch.arange(max_pages, device=lengths.device)
    fresh = (columns >= start[:, None]) & (columns < n_new[:, None])
    free = torch.argsort((cache.ref_counts > 0).int(), stable=True)  # the free pages first
    n_free = (cache.ref_counts == 0).sum()
    needed = torch.cumsum(fresh.reshape(-1), 0)
    _checks.room("new pages", needed, n_free, "free a sequence, or set more pages aside")
    rank = torch.clamp(needed - 1, 0, n_pages - 1).reshape(fresh.shape)
    block_table = torch.where(fresh, free[rank], cache.block_table)

    ref_counts = cache.ref_counts.index_add(
        0, (block_table * fresh).reshape(-1), fresh.reshape(-1).to(cache.ref_counts)
    )
    ref_counts = ref_counts.index_add(0, last * copies, -copies.to(cache.ref_counts))
    copy = torch.take_along_dim(block_table, column, -1)[:, 0]
    origin = torch.arange(n_pages + 1, device=lengths.device)  # one more, for what is no copy
    origin = origin.scatter(0, torch.where(copies, copy, n_pages), last.long())[:-1]
    return block_table, ref_counts, origin


def _gather_rows(pages: Tensor, new: Tensor, source: Tensor) -> Tensor:
    """Fill each row of the pool from the old rows with the new ones behind them."""
    rows = rearrange(pages, "page head row dim -> (page row) head dim")
    rows = torch.cat([rows, rearrange(new, "batch head seq dim -> (batch seq) head dim")])
    return rearrange(rows[source], "(page row) head dim -> page head row dim", page=pages.shape[0])


def read_paged_cache(
    cache: PagedCache,
) -> tuple[
    Float[Tensor, "batch n_kv_heads kv_len d_k"],
    Float[Tensor, "batch n_kv_heads kv_len d_v"],
    Int[Tensor, "batch kv_len"],
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
    >>> table = torch.tensor([[1, 0]])
    >>> pool = torch.tensor([[[[6.0], [7.0]]], [[[4.0], [5.0]]]])
    >>> cache = PagedCache(pool, pool, table, torch.tensor([3]), torch.tensor([1, 1]))
    >>> k, v, positions = read_paged_cache(cache)
    >>> print(k[0, 0, :, 0], positions)
    tensor([4., 5., 6., 7.]) tensor([[ 0,  1,  2, -1]])
    """
    _checks.record("cache", cache, PagedCache)
    _checks.pages(Tensor, cache)
    pages = cache.block_table.clamp(min=0)
    to_text = "batch page head row dim -> batch head (page row) dim"
    k, v = rearrange(cache.k[pages], to_text), rearrange(cache.v[pages], to_text)
    start = torch.zeros_like(cache.lengths)
    return k, v, _new_positions(start, cache.lengths, k.shape[-2])


def paged_cached_attention(
    q: Float[Tensor, "batch n_heads q_len d_k"],
    k: Float[Tensor, "batch n_kv_heads q_len d_k"],
    v: Float[Tensor, "batch n_kv_heads q_len d_v"],
    cache: PagedCache,
    *,
    counts: Int[Tensor, " batch"] | None = None,
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
    >>> from attncourse.pytorch import paged_cache
    >>> x = torch.tensor([[[[1.0], [2.0], [6.0]]]])
    >>> output, cache = paged_cached_attention(0 * x, x, x, paged_cache(x, x, 4, 2, 3))
    >>> output[0, 0, :, 0], cache.block_table
    (tensor([1.0000, 1.5000, 3.0000]), tensor([[ 0,  1, -1]]))
    """
    _checks.new_queries(Tensor, q, k)
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
    >>> from attncourse.pytorch import append_to_paged_cache, paged_cache
    >>> x = torch.ones((2, 1, 3, 1))
    >>> cache = append_to_paged_cache(paged_cache(x, x, 4, 2, 2), x, x, counts=torch.tensor([3, 0]))
    >>> cache = fork_sequence(cache, 0, 1)
    >>> print(cache.block_table.tolist(), cache.lengths.tolist(), cache.ref_counts.tolist())
    [[0, 1], [0, 1]] [3, 3] [2, 2, 0, 0]
    """
    _checks.record("cache", cache, PagedCache)
    _checks.pages(Tensor, cache)
    _checks.sequence("source", source, cache.lengths)
    _checks.sequence("target", target, cache.lengths, empty=True)
    n_shared = _checks.shared_length(length, cache.lengths[source])
    is_target = torch.arange(cache.lengths.shape[0], device=cache.lengths.device) == target
    columns = torch.arange(cache.block_table.shape[-1], device=cache.block_table.device)
    shared = columns * cache.k.shape[-2] < n_shared
    row = torch.where(shared, cache.block_table[source], -1)
    ref_counts = cache.ref_counts.index_add(0, row * shared, shared.to(cache.ref_counts))
    return cache._replace(
        block_table=torch.where(is_target[:, None], row, cache.block_table),
        lengths=torch.where(is_target, n_shared, cache.lengths),
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
    >>> from attncourse.pytorch import append_to_paged_cache, paged_cache
    >>> x = torch.ones((2, 1, 3, 1))
    >>> cache = append_to_paged_cache(paged_cache(x, x, 4, 2, 2), x, x)
    >>> free_sequence(cache, 0).ref_counts
    tensor([0, 0, 1, 1])
    """
    _checks.record("cache", cache, PagedCache)
    _checks.pages(Tensor, cache)
    _checks.sequence("sequence", sequence, cache.lengths)
    row = cache.block_table[sequence]
    is_freed = torch.arange(cache.lengths.shape[0], device=cache.lengths.device) == sequence
    ref_counts = cache.ref_counts.index_add(0, row.clamp(min=0), -(row >= 0).to(cache.ref_counts))
    return cache._replace(
        block_table=torch.where(is_freed[:, None], -1, cache.block_table),
        lengths=torch.where(is_freed, 0, cache.lengths),
        ref_counts=ref_counts,
    )
