"""Masks: which query may attend to which key.

A mask is a boolean array, True = may attend. It comes from a predicate on two positions, one of
the query and one of the key, and each function below is one such predicate laid out on a grid.
Arrays compose: ``causal_mask(5, 5) & padding_mask(lengths, 5)``, or ``|``, or ``~``.

Where queries and keys differ in number, the grid is aligned bottom-right: the last query stands
at the last key, because the keys before the first query are a past (a cache). So query ``i`` has
position ``i + kv_len - q_len``. Torch's ``is_causal`` aligns top-left.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Int

from attncourse import _checks


def materialise(
    predicate: Callable[[np.ndarray, np.ndarray], np.ndarray], q_len: int, kv_len: int
) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Lay a predicate on positions out as a boolean grid.

    .. math:: M_{ij} = \text{predicate}(i + n - m, \; j),
        \qquad 0 \le i < m, \; 0 \le j < n

    where :math:`m` is q_len, :math:`n` is kv_len, and :math:`n - m` aligns the last query with
    the last key.

    Parameters
    ----------
    predicate : callable
        Takes the positions of queries, (q_len, 1), and of keys, (1, kv_len), as integer arrays
        and gives a boolean array that broadcasts to (q_len, kv_len).
    q_len, kv_len : int
        How many queries and keys there are.

    Returns
    -------
    boolean array
        True = may attend.

    Raises
    ------
    TypeError
        If a length is not a whole number, or the predicate's result not boolean.
    ValueError
        If a length is negative, or the predicate's result has the wrong shape.

    Notes
    -----
    Cost: q_len · kv_len bytes, and as many evaluations.

    References
    ----------
    Dong et al. (2024), Flex Attention, section 3 ("mask_mod"), arXiv:2412.05496.

    Examples
    --------
    >>> materialise(lambda q_pos, kv_pos: abs(q_pos - kv_pos) <= 1, 2, 3).astype(int)
    array([[1, 1, 1],
           [0, 1, 1]])
    """
    _checks.count("q_len", q_len)
    _checks.count("kv_len", kv_len)
    q_pos = np.arange(q_len)[:, None] + (kv_len - q_len)
    kv_pos = np.arange(kv_len)[None, :]
    mask = predicate(q_pos, kv_pos)
    _checks.boolean(np.ndarray, mask=mask)
    _checks.broadcasts("mask", mask, (q_len, kv_len), "(q_len, kv_len)")
    return np.broadcast_to(mask, (q_len, kv_len)).copy()


def causal_mask(q_len: int, kv_len: int) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let each query attend to itself and to what came before it.

    .. math:: M_{ij} = [\, j \le i + n - m \,]

    where :math:`m` is q_len and :math:`n` is kv_len (see :func:`materialise`).

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are. With more queries than keys the first queries have
        nothing to attend to.

    Returns
    -------
    boolean array
        True = may attend. Square: the diagonal and below.

    Raises
    ------
    TypeError
        If a length is not a whole number.
    ValueError
        If a length is negative.

    Notes
    -----
    Cost: q_len · kv_len bytes.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need, section 3.2.3, arXiv:1706.03762.

    Examples
    --------
    >>> causal_mask(2, 4).astype(int)
    array([[1, 1, 1, 0],
           [1, 1, 1, 1]])
    """
    return materialise(lambda q_pos, kv_pos: kv_pos <= q_pos, q_len, kv_len)


def sliding_window_mask(q_len: int, kv_len: int, window: int) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let each query attend to itself and to the ``window - 1`` positions before it.

    .. math:: M_{ij} = [\, p_i - W < j \le p_i \,], \qquad p_i = i + n - m

    where :math:`W` is the window, :math:`m` is q_len and :math:`n` is kv_len.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.
    window : int
        How many positions a query sees, itself included. One leaves only the diagonal.

    Returns
    -------
    boolean array
        True = may attend. Never more than ``window`` in a row, and never the future.

    Raises
    ------
    TypeError
        If an argument is not a whole number.
    ValueError
        If a length is negative, or the window below one.

    Notes
    -----
    Cost: q_len · kv_len bytes, though only q_len · window entries are True.

    References
    ----------
    Beltagy et al. (2020), Longformer, section 3.1, arXiv:2004.05150; Jiang et al. (2023),
    Mistral 7B, section 2, arXiv:2310.06825.

    Examples
    --------
    >>> sliding_window_mask(3, 4, window=2).astype(int)
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 1, 1]])
    """
    _checks.count("window", window, minimum=1)
    return materialise(
        lambda q_pos, kv_pos: (kv_pos <= q_pos) & (kv_pos > q_pos - window), q_len, kv_len
    )


def prefix_mask(q_len: int, kv_len: int, prefix_len: int) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let all see the whole prefix, and the rest only what came before it.

    .. math:: M_{ij} = [\, j < L \ \text{or}\ j \le i + n - m \,]

    where :math:`L` is the length of the prefix, :math:`m` is q_len and :math:`n` is kv_len.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.
    prefix_len : int
        How many leading keys every query may see. Zero gives :func:`causal_mask`.

    Returns
    -------
    boolean array
        True = may attend.

    Raises
    ------
    TypeError
        If an argument is not a whole number.
    ValueError
        If an argument is negative.

    Notes
    -----
    Cost: q_len · kv_len bytes.

    References
    ----------
    Raffel et al. (2020), Exploring the Limits of Transfer Learning with a Unified Text-to-Text
    Transformer, section 3.2.1 and figure 3, arXiv:1910.10683.

    Examples
    --------
    >>> prefix_mask(3, 3, prefix_len=2).astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    _checks.count("prefix_len", prefix_len)
    return materialise(
        lambda q_pos, kv_pos: (kv_pos < prefix_len) | (kv_pos <= q_pos), q_len, kv_len
    )


def block_mask(q_len: int, kv_len: int, block_len: int) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let each query attend within its own block of positions, in both directions.

    .. math:: M_{ij} = [\, \lfloor p_i / B \rfloor = \lfloor j / B \rfloor \,],
        \qquad p_i = i + n - m

    where :math:`B` is the length of a block, :math:`m` is q_len and :math:`n` is kv_len. Blocks
    are counted from the first key.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.
    block_len : int
        How many positions share a block; the last block may be shorter.

    Returns
    -------
    boolean array
        True = may attend.

    Raises
    ------
    TypeError
        If an argument is not a whole number.
    ValueError
        If a length is negative, or ``block_len`` below one.

    Notes
    -----
    Cost: q_len · kv_len bytes, though at most q_len · block_len entries are True.

    References
    ----------
    Qiu et al. (2020), Blockwise Self-Attention for Long Document Understanding, section 3.1,
    arXiv:1911.02972.

    Examples
    --------
    >>> block_mask(3, 3, block_len=2).astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [0, 0, 1]])
    """
    _checks.count("block_len", block_len, minimum=1)
    return materialise(
        lambda q_pos, kv_pos: q_pos // block_len == kv_pos // block_len, q_len, kv_len
    )


def document_mask(
    documents: Int[np.ndarray, "batch kv_len"], q_len: int | None = None
) -> Bool[np.ndarray, "batch 1 q_len kv_len"]:
    r"""Let each query attend within its own document, where several share one sequence.

    .. math:: M_{bij} = [\, D_{b,\,i + n - m} = D_{bj} \,]

    where :math:`D` names the document of each position, :math:`m` is q_len and :math:`n` is
    kv_len. Join it with ``& causal_mask(q_len, kv_len)`` for a language model.

    Parameters
    ----------
    documents : integer array
        The document that each position belongs to; any numbering will do.
    q_len : int, optional
        The last ``q_len`` positions are queries; all of them if left out.

    Returns
    -------
    boolean array
        True = may attend. It has an axis of size one for the heads.

    Raises
    ------
    TypeError
        If ``documents`` is not an integer array, or ``q_len`` not a whole number.
    ValueError
        If ``documents`` has not two dimensions, or ``q_len`` is negative or above kv_len.

    Notes
    -----
    Cost: batch · q_len · kv_len bytes.

    References
    ----------
    Krell et al. (2021), Efficient Sequence Packing without Cross-contamination, section 3.2,
    arXiv:2107.02027.

    Examples
    --------
    >>> document_mask(np.array([[7, 7, 4]]))[0, 0].astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [0, 0, 1]])
    """
    _checks.integer(np.ndarray, documents=documents)
    kv_len = _checks.shapes(documents=(documents, "batch kv_len"))["kv_len"]
    q_len = kv_len if q_len is None else _checks.count("q_len", q_len, maximum=kv_len)
    queries = documents[:, kv_len - q_len :]
    return (queries[:, :, None] == documents[:, None, :])[:, None]


def padding_mask(
    lengths: Int[np.ndarray, " batch"], kv_len: int
) -> Bool[np.ndarray, "batch 1 1 kv_len"]:
    r"""Let every query attend to the real keys of its sequence, and to no padding.

    .. math:: M_{bj} = [\, j < \ell_b \,]

    where :math:`\ell_b` is the length of sequence :math:`b`, whose padding comes last. Only keys
    are masked: the output of a query that is itself padding means nothing, and is to be ignored.

    Parameters
    ----------
    lengths : integer array
        How many real positions each sequence of the batch has.
    kv_len : int
        How many keys each sequence has with its padding.

    Returns
    -------
    boolean array
        True = may attend. It has axes of size one for heads and queries. The
        ``key_padding_mask`` of torch's modules has the other polarity: True = padding.

    Raises
    ------
    TypeError
        If ``lengths`` is not an integer array, or ``kv_len`` not a whole number.
    ValueError
        If ``lengths`` has not one dimension, or a length is negative or above ``kv_len``.

    Notes
    -----
    Cost: batch · kv_len bytes.

    References
    ----------
    Rush (2018), The Annotated Transformer, section "Batches and Masking",
    https://nlp.seas.harvard.edu/2018/04/03/attention.html.

    Examples
    --------
    >>> padding_mask(np.array([3, 1]), 4)[:, 0, 0].astype(int)
    array([[1, 1, 1, 0],
           [1, 0, 0, 0]])
    """
    _checks.integer(np.ndarray, lengths=lengths)
    _checks.shapes(lengths=(lengths, "batch"))
    _checks.count("kv_len", kv_len)
    for length in lengths.tolist():
        _checks.count("lengths", length, maximum=kv_len)
    return (np.arange(kv_len) < lengths[:, None])[:, None, None, :]
