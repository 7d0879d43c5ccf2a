"""How far each key stands from each query."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from attncourse import _checks


def relative_positions(q_len: int, kv_len: int) -> Int[np.ndarray, "q_len kv_len"]:
    r"""Give the position of each key as each query sees it: what relative schemes are made of.

    .. math:: r_{ij} = j - (i + n - m)

    where :math:`m` is q_len and :math:`n` is kv_len, so that the last query stands at the last
    key (bottom-right, as in the masks). Negative is the past, zero the query's own position.

    Source: Shaw et al. (2018), section 3.2, arXiv:1803.02155.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.

    Examples
    --------
    >>> relative_positions(2, 4)
    array([[-2, -1,  0,  1],
           [-3, -2, -1,  0]])
    """
    _checks.count("q_len", q_len)
    _checks.count("kv_len", kv_len)
    q_pos = np.arange(q_len)[:, None] + (kv_len - q_len)
    return np.arange(kv_len) - q_pos
