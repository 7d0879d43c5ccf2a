"""Masks: which query may attend to which key.

A mask is a boolean array, True = may attend. It comes from a mask_mod on two positions, one of
the query and one of the key, and each function below is one such mask_mod laid out on a grid.
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


def create_mask(
    mask_mod: Callable[[np.ndarray, np.ndarray], np.ndarray], q_len: int, kv_len: int
) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Lay a mask_mod on positions out as a boolean grid.

    .. math:: M_{ij} = \text{mask\_mod}(i + n - m, \; j)

    where :math:`m` is q_len and :math:`n` is kv_len: the last query stands at the last key.

    Source: Dong et al. (2024), Flex Attention ("mask_mod"), arXiv:2412.05496.

    Parameters
    ----------
    mask_mod : callable
        Takes the positions of queries, (q_len, 1), and of keys, (1, kv_len), as integer arrays
        and gives a boolean array that broadcasts to (q_len, kv_len).
    q_len, kv_len : int
        How many queries and keys there are.

    Examples
    --------
    >>> create_mask(lambda q_pos, kv_pos: abs(q_pos - kv_pos) <= 1, 2, 3).astype(int)
    array([[1, 1, 1],
           [0, 1, 1]])
    """
    _checks.count("q_len", q_len)
    _checks.count("kv_len", kv_len)
    q_pos = np.arange(q_len)[:, None] + (kv_len - q_len)
    kv_pos = np.arange(kv_len)[None, :]
    mask = mask_mod(q_pos, kv_pos)
    _checks.boolean(np.ndarray, mask=mask)
    _checks.broadcasts("mask", mask, (q_len, kv_len), "(q_len, kv_len)")
    return np.broadcast_to(mask, (q_len, kv_len)).copy()


def causal_mask(q_len: int, kv_len: int) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let each query attend to itself and to what came before it.

    .. math:: M_{ij} = [\, j \le i + n - m \,]

    where :math:`m` is q_len and :math:`n` is kv_len (see :func:`create_mask`).

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.2.3, arXiv:1706.03762.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are. With more queries than keys the first queries have
        nothing to attend to.

    Examples
    --------
    >>> causal_mask(2, 4).astype(int)
    array([[1, 1, 1, 0],
           [1, 1, 1, 1]])
    """
    return create_mask(lambda q_pos, kv_pos: kv_pos <= q_pos, q_len, kv_len)


def sliding_window_mask(q_len: int, kv_len: int, window: int) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let each query attend to itself and to the ``window - 1`` positions before it.

    .. math:: M_{ij} = [\, p_i - w < j \le p_i \,], \qquad p_i = i + n - m

    where :math:`w` is the window, :math:`m` is q_len and :math:`n` is kv_len.

    Source: Beltagy et al. (2020), Longformer, section 3.1, arXiv:2004.05150; Jiang et al. (2023),
    Mistral 7B, section 2, arXiv:2310.06825.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.
    window : int
        How many positions a query sees, itself included. One leaves only the diagonal.

    Examples
    --------
    >>> sliding_window_mask(2, 4, window=2).astype(int)
    array([[0, 1, 1, 0],
           [0, 0, 1, 1]])
    """
    _checks.count("window", window, minimum=1)
    return create_mask(
        lambda q_pos, kv_pos: (kv_pos <= q_pos) & (kv_pos > q_pos - window), q_len, kv_len
    )


def prefix_mask(q_len: int, kv_len: int, prefix_len: int) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let all see the whole prefix, and the rest only what came before it.

    .. math:: M_{ij} = [\, j < L \ \text{or}\ j \le i + n - m \,]

    where :math:`L` is the length of the prefix, :math:`m` is q_len and :math:`n` is kv_len.

    Source: Raffel et al. (2020), section 3.2.1 and figure 3, arXiv:1910.10683.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.
    prefix_len : int
        How many leading keys every query may see. Zero gives :func:`causal_mask`.

    Examples
    --------
    >>> prefix_mask(3, 3, prefix_len=2).astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    _checks.count("prefix_len", prefix_len)
    return create_mask(
        lambda q_pos, kv_pos: (kv_pos < prefix_len) | (kv_pos <= q_pos), q_len, kv_len
    )


def block_mask(q_len: int, kv_len: int, block_len: int) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let each query attend within its own block of positions, in both directions.

    .. math:: M_{ij} = [\, \lfloor p_i / B \rfloor = \lfloor j / B \rfloor \,],
        \qquad p_i = i + n - m

    where :math:`B` is a block's length, :math:`m` q_len and :math:`n` kv_len, counted from key 0.

    Source: Qiu et al. (2020), arXiv:1911.02972.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.
    block_len : int
        How many positions share a block; the last may be shorter.

    Examples
    --------
    >>> block_mask(3, 3, block_len=2).astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [0, 0, 1]])
    """
    _checks.count("block_len", block_len, minimum=1)
    return create_mask(
        lambda q_pos, kv_pos: q_pos // block_len == kv_pos // block_len, q_len, kv_len
    )


def document_mask(
    documents: Int[np.ndarray, "batch kv_len"], q_len: int | None = None
) -> Bool[np.ndarray, "batch 1 q_len kv_len"]:
    r"""Let each query attend within its own document, where several share one sequence.

    .. math:: M_{bij} = [\, D_{b,\,i + n - m} = D_{bj} \,]

    where :math:`D` names the document of each position, :math:`m` is q_len and :math:`n` is
    kv_len. Join it with ``& causal_mask(q_len, kv_len)`` for a language model.

    Source: Krell et al. (2021), arXiv:2107.02027.

    Parameters
    ----------
    documents : integer array
        The document that each position belongs to; any numbering will do.
    q_len : int, optional
        The last ``q_len`` positions are queries; all of them if left out.

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
    lengths: Int[np.ndarray, " batch"], kv_len: int, *, side: str = "right"
) -> Bool[np.ndarray, "batch 1 1 kv_len"]:
    r"""Let every query attend to the real keys of its sequence, and to no padding.

    .. math:: M_{bj} = [\, j < \ell_b \,] \ \text{(right)}, \qquad
        M_{bj} = [\, j \ge n - \ell_b \,] \ \text{(left)}

    where :math:`\ell_b` is the length of sequence :math:`b` and :math:`n` is kv_len. Only keys are
    masked: what a query that is itself padding gives means nothing.

    Source: Rush (2018), The Annotated Transformer, section "Batches and Masking",
    https://nlp.seas.harvard.edu/2018/04/03/attention.html.

    Parameters
    ----------
    lengths : integer array
        How many real positions each sequence of the batch has.
    kv_len : int
        How many keys each sequence has with its padding.
    side : str
        Where the padding is: ``"right"``, behind the text, or ``"left"``, before it, as where a
        batch of prompts is to be continued.

    Returns
    -------
    boolean array
        True = may attend. The ``key_padding_mask`` of torch's modules is the other way round.

    Examples
    --------
    >>> padding_mask(np.array([3, 1]), 4, side="left")[:, 0, 0].astype(int)
    array([[0, 1, 1, 1],
           [0, 0, 0, 1]])
    """
    _checks.integer(np.ndarray, lengths=lengths)
    _checks.shapes(lengths=(lengths, "batch"))
    _checks.count("kv_len", kv_len)
    _checks.one_of("side", side, ("right", "left"))
    _checks.between("lengths", lengths, 0, kv_len)
    positions, length = np.arange(kv_len), lengths[:, None]
    real = positions < length if side == "right" else positions >= kv_len - length
    return real[:, None, None, :]


def position_mask(
    q_positions: Int[np.ndarray, "*batch q_len"],
    kv_positions: Int[np.ndarray, "*batch kv_len"],
    *,
    causal: bool = True,
    window: int | None = None,
) -> Bool[np.ndarray, "*batch_1 q_len kv_len"]:
    r"""Say which query may attend to which key, when both may stand in any order.

    .. math:: M_{ij} = [\, 0 \le s_j \le p_i < s_j + w \,]

    where :math:`p_i` is the position of query i, :math:`s_j` that of key j, and :math:`w` the
    window. Attention does not mind the order of keys in memory, as long as the mask knows where
    each one belongs: keys of a ring buffer, or of one shard of a text.

    Source: Brandon et al. (2023), Striped Attention, section 3, arXiv:2311.09431, where the order
    in memory is not that of the text.

    Parameters
    ----------
    q_positions, kv_positions : integer arrays
        Where each query and each key stands in its text. A negative position stands for an empty
        place: nobody looks from it or at it.
    causal, window
        As in :func:`attention_mask`.

    Returns
    -------
    boolean array
        True = may attend. Behind the axes of a batch it has one of size one for the heads.

    Examples
    --------
    >>> slots = np.array([4, 5, 2, 3, -1])  # as a ring buffer holds them
    >>> position_mask(np.array([4, 5]), slots, window=3).astype(int)
    array([[1, 0, 1, 1, 0],
           [1, 1, 0, 1, 0]])
    """
    _checks.flag("causal", causal)
    _checks.integer(np.ndarray, q_positions=q_positions, kv_positions=kv_positions)
    _checks.one_device(q_positions=q_positions, kv_positions=kv_positions)
    _checks.shapes(
        q_positions=(q_positions, "*batch q_len"), kv_positions=(kv_positions, "*batch kv_len")
    )
    q_pos, kv_pos = q_positions[..., :, None], kv_positions[..., None, :]
    allowed = (q_pos >= 0) & (kv_pos >= 0)
    if causal or window is not None:
        allowed = allowed & (kv_pos <= q_pos)
    if window is not None:
        allowed = allowed & (kv_pos > q_pos - _checks.count("window", window, minimum=1))
    return allowed[..., None, :, :] if allowed.ndim > 2 else allowed


def attention_mask(
    q_len: int,
    kv_len: int,
    *,
    mask: Bool[np.ndarray, "*#scores"] | None = None,
    causal: bool = False,
    window: int | None = None,
) -> Bool[np.ndarray, "*#scores"] | None:
    r"""Join what hides keys from queries: a mask, the future, what lies outside a window.

    .. math:: M_{ij} = M'_{ij} \ \text{and}\ j \le p_i \ \text{and}\ j > p_i - w,
        \qquad p_i = i + n - m

    where :math:`M'` is the mask given, :math:`w` the window, :math:`m` is q_len and :math:`n` is
    kv_len; what is not asked for drops out.

    Source: Dong et al. (2024), Flex Attention ("and_masks"), arXiv:2412.05496.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.
    mask : boolean array that broadcasts to the scores, optional
        True = may attend.
    causal : bool
        Hide the future.
    window : int, optional
        Let a query see itself and the ``window - 1`` positions before it, so nothing after it.

    Returns
    -------
    boolean array, or None
        True = may attend. None where nothing is hidden.

    Examples
    --------
    >>> attention_mask(2, 4, causal=True, window=2).astype(int)
    array([[0, 1, 1, 0],
           [0, 0, 1, 1]])
    """
    _checks.count("q_len", q_len)
    _checks.count("kv_len", kv_len)
    _checks.flag("causal", causal)
    if mask is not None:
        _checks.boolean(np.ndarray, mask=mask)
        _checks.broadcasts("mask", mask, (*mask.shape[:-2], q_len, kv_len), "the scores")
    if window is not None:
        near = sliding_window_mask(q_len, kv_len, window)
        return near if mask is None else mask & near
    if causal:
        past = causal_mask(q_len, kv_len)
        return past if mask is None else mask & past
    return mask
