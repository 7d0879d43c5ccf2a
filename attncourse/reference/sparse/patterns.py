"""Masks of sparse attention by position: which pairs are kept, as a grid to look at."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from attncourse import _checks
from attncourse.reference.masks import create_mask


def two_sided_window_mask(q_len: int, kv_len: int, window: int) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let each query attend to itself and to ``window - 1`` positions on either side.

    .. math:: M_{ij} = [\, |p_i - j| < w \,], \qquad p_i = i + n - m

    where :math:`w` is the window, :math:`m` is q_len and :math:`n` is kv_len. Its one-sided form
    is :func:`sliding_window_mask`. Longformer's window, counted across, is 2w - 1.

    Source: Beltagy et al. (2020), Longformer, section 3.1, arXiv:2004.05150.

    Parameters
    ----------
    q_len, kv_len
        As in :func:`create_mask`.
    window : int
        How many positions a query sees on either side, itself included in both.

    Examples
    --------
    >>> two_sided_window_mask(3, 4, window=2).astype(int)
    array([[1, 1, 1, 0],
           [0, 1, 1, 1],
           [0, 0, 1, 1]])
    """
    _checks.count("window", window, minimum=1)
    return create_mask(lambda q_pos, kv_pos: abs(q_pos - kv_pos) < window, q_len, kv_len)


def dilated_window_mask(
    q_len: int, kv_len: int, window: int, dilation: int, *, two_sided: bool = False
) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let each query attend to itself and to ``window - 1`` positions, evenly apart.

    .. math:: M_{ij} = [\, p_i - j \in \{0, D, 2D, \dots, (w - 1) D\} \,],
        \qquad p_i = i + n - m

    where :math:`D` is the dilation, :math:`w` the window, :math:`m` is q_len and :math:`n` is
    kv_len; two-sided, :math:`|p_i - j|` takes the place of :math:`p_i - j`. A window reaches D
    times as far for the same work. With dilation one it is a sliding window.

    Source: Beltagy et al. (2020), Longformer, section 3.1 ("Dilated Sliding Window"),
    arXiv:2004.05150.

    Parameters
    ----------
    q_len, kv_len
        As in :func:`create_mask`.
    window : int
        How many positions a query sees (on either side), itself included.
    dilation : int
        How far apart they are.
    two_sided : bool
        Look ahead as far as back.

    Examples
    --------
    >>> dilated_window_mask(2, 5, window=2, dilation=3).astype(int)
    array([[1, 0, 0, 1, 0],
           [0, 1, 0, 0, 1]])
    """
    _checks.count("window", window, minimum=1)
    _checks.count("dilation", dilation, minimum=1)

    def near(q_pos: np.ndarray, kv_pos: np.ndarray) -> np.ndarray:
        behind = abs(q_pos - kv_pos) if two_sided else q_pos - kv_pos
        return (behind >= 0) & (behind < window * dilation) & (behind % dilation == 0)

    return create_mask(near, q_len, kv_len)


def global_mask(
    tokens: Int[np.ndarray, " n_global"], q_len: int, kv_len: int
) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let a few tokens see all, and be seen by all.

    .. math:: M_{ij} = [\, p_i \in G \ \text{or}\ j \in G \,], \qquad p_i = i + n - m

    where :math:`G` are the positions of the global tokens, :math:`m` is q_len and :math:`n` is
    kv_len. Joined with ``|`` to a window it is Longformer's mask.

    Source: Beltagy et al. (2020), Longformer, section 3.1 ("Global Attention"), arXiv:2004.05150.

    Parameters
    ----------
    tokens : integer array
        The positions of the global tokens among the keys, in any order.
    q_len, kv_len
        As in :func:`create_mask`.

    Examples
    --------
    >>> global_mask(np.array([1]), 3, 3).astype(int)
    array([[0, 1, 0],
           [1, 1, 1],
           [0, 1, 0]])
    """
    _checks.members(np.ndarray, "tokens", tokens, _checks.count("kv_len", kv_len))

    def is_global(positions: np.ndarray) -> np.ndarray:
        return (positions[..., None] == tokens).any(-1)

    return create_mask(lambda i, j: is_global(i) | is_global(j), q_len, kv_len)
