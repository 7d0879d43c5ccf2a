"""Decay: how much of what was written is still there when it is read."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from attncourse import _checks


def decay_matrix(
    log_decay: Float[np.ndarray, "*batch seq"],
) -> Float[np.ndarray, "*batch seq seq"]:
    r"""Lay out how much of each earlier position is left at each later one.

    .. math:: D_{ij} = \begin{cases} \exp \sum_{t = j + 1}^{i} g_t & j \le i \\
        0 & j > i \end{cases}

    where :math:`g_t` is the logarithm of the gate at position t. A gate acts before its own key is
    written: :math:`D_{ii} = 1`. Each sum is added up by itself: a difference of two loses digits.

    Source: Sun et al. (2023), equation 5, arXiv:2307.08621; Dao and Gu (2024), arXiv:2405.21060.

    Parameters
    ----------
    log_decay : array
        The logarithms of gates between 0 and 1; ``-inf`` forgets everything before.

    Examples
    --------
    >>> gates = np.array([0.7, 0.5, 0.1])  # the first has nothing to act on
    >>> decay_matrix(np.log(gates)).round(2)
    array([[1.  , 0.  , 0.  ],
           [0.5 , 1.  , 0.  ],
           [0.05, 0.1 , 1.  ]])
    """
    _checks.log_gate(np.ndarray, log_decay)
    _checks.shapes(log_decay=(log_decay, "*batch seq"))
    return pairwise_decay(log_decay.astype(np.promote_types(log_decay.dtype, np.float32)))


def retention_log_decay(
    n_heads: int, *, dtype: str = "float64"
) -> Float[np.ndarray, "n_heads 1 1"]:
    r"""Give each head a memory twice as long as the head before: RetNet's constant decay.

    .. math:: g_h = \log\left(1 - 2^{-5 - h}\right), \qquad h = 0, \dots, H - 1

    where :math:`H` is the number of heads. Head h forgets half in about 22, 44, 88 … positions.

    Source: Sun et al. (2023), Retentive Network, arXiv:2307.08621, section 2.2.

    Parameters
    ----------
    n_heads : int
        How many heads there are.
    dtype : str
        ``"float64"`` or ``"float32"``.

    Examples
    --------
    >>> np.exp(retention_log_decay(2)).ravel().round(4)  # 31/32 and 63/64
    array([0.9688, 0.9844])
    """
    n_heads = _checks.count("n_heads", n_heads, minimum=1)
    _checks.one_of("dtype", dtype, ("float32", "float64"))
    gates = [math.log1p(-(2.0 ** (-5 - head))) for head in range(n_heads)]
    return np.array(gates, dtype=dtype)[:, None, None]


def pairwise_decay(log_decay: np.ndarray) -> np.ndarray:
    """Compute :func:`decay_matrix`. Column j takes in the gates of the rows below it, in turn."""
    square = (*log_decay.shape, log_decay.shape[-1])
    below = np.tril(np.broadcast_to(log_decay[..., None], square), -1)
    return np.tril(np.exp(below.cumsum(axis=-2)))
