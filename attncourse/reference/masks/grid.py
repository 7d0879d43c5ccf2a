"""From a mask_mod on positions to a boolean grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool

from attncourse import _checks


def create_mask(
    mask_mod: Callable[[np.ndarray, np.ndarray], np.ndarray], q_len: int, kv_len: int
) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Lay a mask_mod on positions out as a boolean grid.

    .. math:: M_{ij} = \text{mask\_mod}(i + n - m, \; j),
        \qquad 0 \le i < m, \; 0 \le j < n

    where :math:`m` is q_len, :math:`n` is kv_len, and :math:`n - m` aligns the last query with
    the last key.

    Parameters
    ----------
    mask_mod : callable
        Takes the positions of queries, (q_len, 1), and of keys, (1, kv_len), as integer arrays
        and gives a boolean array that broadcasts to (q_len, kv_len).
    q_len, kv_len : int
        How many queries and keys there are.

    Returns
    -------
    boolean array
        True = may attend.

    References
    ----------
    Dong et al. (2024), Flex Attention ("mask_mod"), arXiv:2412.05496.

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
