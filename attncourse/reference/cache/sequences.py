"""Sequences of a paged cache: one may begin as another does, and give its pages back."""

from __future__ import annotations

import numpy as np

from attncourse import _checks
from attncourse.reference.cache.pages import PagedCache


def fork_sequence(
    cache: PagedCache, source: int, target: int, *, length: int | None = None
) -> PagedCache:
    r"""Let an empty sequence begin as another one does, on the same pages.

    .. math:: T'_{t,j} = T_{s,j} \quad (0 \le j < \lceil n / P \rceil), \qquad \ell'_t = n

    where :math:`s` is the source, :math:`t` the target, :math:`T` the table, :math:`P` the length
    of a page, :math:`\ell` the lengths, and :math:`n` how many positions are shared. Nothing is
    copied until one of the two writes on a page that both use. Beams and samples of one prompt
    share it so.

    Parameters
    ----------
    cache : PagedCache
        The cache.
    source, target : int
        Which sequence is shared, and which empty one begins with it; numbers in the batch.
    length : int, optional
        How many of the source's positions are shared; all if left out.

    Returns
    -------
    PagedCache
        The cache with the target filled.

    Raises
    ------
    TypeError
        If ``cache`` is no PagedCache, an array in it has the wrong dtype, or a number is not whole.
    ValueError
        If a sequence does not exist, the target is not empty, or the source is shorter.

    Notes
    -----
    Cost: a row of the table, and a count for each page in it.

    References
    ----------
    Kwon et al. (2023), Efficient Memory Management for Large Language Model Serving with
    PagedAttention, section 4.4, arXiv:2309.06180.

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
    r"""Give a sequence's pages back; those that nobody else uses are free again.

    .. math:: u'_p = u_p - [\, p \in T_s \,], \qquad T'_{s,j} = -1, \qquad \ell'_s = 0

    where :math:`u` are the reference counts, :math:`T` is the block table, :math:`s` the
    sequence and :math:`\ell` the lengths.

    Parameters
    ----------
    cache : PagedCache
        The cache.
    sequence : int
        Which one is finished; its number in the batch.

    Returns
    -------
    PagedCache
        The cache with that sequence empty.

    Raises
    ------
    TypeError
        If ``cache`` is no PagedCache, an array in it has the wrong dtype, or the number is not
        whole.
    ValueError
        If the sequence does not exist.

    Notes
    -----
    Cost: a row of the table, and a count for each page in it. The keys stay where they are until
    somebody writes over them.

    References
    ----------
    Kwon et al. (2023), Efficient Memory Management for Large Language Model Serving with
    PagedAttention, section 4.3, arXiv:2309.06180.

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
