"""Masks by position: a mask_mod on two positions, laid out as a grid.

The grid is aligned bottom-right: query ``i`` stands at position ``i + kv_len - q_len``.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.masks.grid import create_mask


def causal_mask(
    q_len: int, kv_len: int, *, device: torch.device | str | None = None
) -> Bool[Tensor, "q_len kv_len"]:
    r"""Let each query attend to itself and to what came before it.

    .. math:: M_{ij} = [\, j \le i + n - m \,]

    where :math:`m` is q_len and :math:`n` is kv_len (see :func:`create_mask`).

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are. With more queries than keys the first queries have
        nothing to attend to.
    device : torch.device or str, optional
        Where to make the mask; torch's default device if left out.

    Returns
    -------
    boolean array
        True = may attend. Square: the diagonal and below.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need, section 3.2.3, arXiv:1706.03762.

    Examples
    --------
    >>> causal_mask(2, 4).int()
    tensor([[1, 1, 1, 0],
            [1, 1, 1, 1]], dtype=torch.int32)
    """
    return create_mask(lambda q_pos, kv_pos: kv_pos <= q_pos, q_len, kv_len, device=device)


def sliding_window_mask(
    q_len: int, kv_len: int, window: int, *, device: torch.device | str | None = None
) -> Bool[Tensor, "q_len kv_len"]:
    r"""Let each query attend to itself and to the ``window - 1`` positions before it.

    .. math:: M_{ij} = [\, p_i - w < j \le p_i \,], \qquad p_i = i + n - m

    where :math:`w` is the window, :math:`m` is q_len and :math:`n` is kv_len.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.
    window : int
        How many positions a query sees, itself included. One leaves only the diagonal.
    device : torch.device or str, optional
        Where to make the mask; torch's default device if left out.

    Returns
    -------
    boolean array
        True = may attend. Never more than ``window`` in a row, and never the future.

    Notes
    -----
    Cost: q_len · kv_len bytes, though only q_len · window entries are True.

    References
    ----------
    Beltagy et al. (2020), Longformer, section 3.1, arXiv:2004.05150; Jiang et al. (2023),
    Mistral 7B, section 2, arXiv:2310.06825.

    Examples
    --------
    >>> sliding_window_mask(3, 4, window=2).int()
    tensor([[1, 1, 0, 0],
            [0, 1, 1, 0],
            [0, 0, 1, 1]], dtype=torch.int32)
    """
    _checks.count("window", window, minimum=1)
    return create_mask(
        lambda q_pos, kv_pos: (kv_pos <= q_pos) & (kv_pos > q_pos - window),
        q_len,
        kv_len,
        device=device,
    )


def prefix_mask(
    q_len: int, kv_len: int, prefix_len: int, *, device: torch.device | str | None = None
) -> Bool[Tensor, "q_len kv_len"]:
    r"""Let all see the whole prefix, and the rest only what came before it.

    .. math:: M_{ij} = [\, j < L \ \text{or}\ j \le i + n - m \,]

    where :math:`L` is the length of the prefix, :math:`m` is q_len and :math:`n` is kv_len.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.
    prefix_len : int
        How many leading keys every query may see. Zero gives :func:`causal_mask`.
    device : torch.device or str, optional
        Where to make the mask; torch's default device if left out.

    Returns
    -------
    boolean array
        True = may attend.

    References
    ----------
    Raffel et al. (2020), Exploring the Limits of Transfer Learning with a Unified Text-to-Text
    Transformer, section 3.2.1 and figure 3, arXiv:1910.10683.

    Examples
    --------
    >>> prefix_mask(3, 3, prefix_len=2).int()
    tensor([[1, 1, 0],
            [1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    _checks.count("prefix_len", prefix_len)
    return create_mask(
        lambda q_pos, kv_pos: (kv_pos < prefix_len) | (kv_pos <= q_pos),
        q_len,
        kv_len,
        device=device,
    )


def block_mask(
    q_len: int, kv_len: int, block_len: int, *, device: torch.device | str | None = None
) -> Bool[Tensor, "q_len kv_len"]:
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
    device : torch.device or str, optional
        Where to make the mask; torch's default device if left out.

    Returns
    -------
    boolean array
        True = may attend.

    Notes
    -----
    Cost: q_len · kv_len bytes, though at most q_len · block_len entries are True.

    References
    ----------
    Qiu et al. (2020), Blockwise Self-Attention for Long Document Understanding, arXiv:1911.02972.

    Examples
    --------
    >>> block_mask(3, 3, block_len=2).int()
    tensor([[1, 1, 0],
            [1, 1, 0],
            [0, 0, 1]], dtype=torch.int32)
    """
    _checks.count("block_len", block_len, minimum=1)
    return create_mask(
        lambda q_pos, kv_pos: q_pos // block_len == kv_pos // block_len,
        q_len,
        kv_len,
        device=device,
    )
