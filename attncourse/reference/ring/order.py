"""Which device holds which positions: orders of a text that share causal work out evenly."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from attncourse import _checks


def zigzag_order(seq_len: int, n_devices: int) -> Int[np.ndarray, " seq_len"]:
    r"""Give each device one piece from the start of the text and one from its end.

    .. math:: \text{device } d \;\leftarrow\; \text{pieces } d \text{ and } 2 n - 1 - d

    where :math:`n` is the number of devices, and the text is cut into 2n pieces. Under a causal
    mask early positions have little to do and late ones much; a pair of pieces has the same work
    on every device, and at every hop of the ring.

    Source: Llama Team (2024), The Llama 3 Herd of Models, section 3.3.2 (context parallelism),
    arXiv:2407.21783.

    Parameters
    ----------
    seq_len : int
        The length of the text.
    n_devices : int
        How many devices share it.

    Returns
    -------
    integer array
        The position at each place: ``x[..., order, :]`` cut into ``n_devices`` equal parts gives
        each its shard. :func:`inverse_order` leads back.

    Examples
    --------
    >>> zigzag_order(8, n_devices=2)  # pieces 0 and 3, then 1 and 2
    array([0, 1, 6, 7, 2, 3, 4, 5])
    """
    _checks.cut(seq_len, n_devices, per_device=2)
    pieces = np.arange(seq_len).reshape(2 * n_devices, -1)
    early, late = pieces[:n_devices], pieces[n_devices:]
    return np.concatenate([early, np.flip(late, 0)], -1).reshape(-1)


def striped_order(seq_len: int, n_devices: int) -> Int[np.ndarray, " seq_len"]:
    r"""Deal the positions out like cards: each device gets every n-th one.

    .. math:: \text{device } d \;\leftarrow\; \text{positions } d,\; d + n,\; d + 2n,\; \dots

    where :math:`n` is the number of devices. Under a causal mask every device then sees about
    half of the pairs of every shard it meets, a triangle.

    Source: Brandon et al. (2023), Striped Attention, section 3, arXiv:2311.09431.

    Parameters
    ----------
    seq_len : int
        The length of the text.
    n_devices : int
        How many devices share it.

    Returns
    -------
    integer array
        The position at each place, as in :func:`zigzag_order`.

    Notes
    -----
    Cost: seq_len numbers. The work is even to within shard_len pairs a hop.

    Examples
    --------
    >>> striped_order(8, n_devices=2)
    array([0, 2, 4, 6, 1, 3, 5, 7])
    """
    _checks.cut(seq_len, n_devices)
    return np.arange(seq_len).reshape(-1, n_devices).T.reshape(-1)


def inverse_order(order: Int[np.ndarray, " seq_len"]) -> Int[np.ndarray, " seq_len"]:
    r"""Lead back from an order to the text.

    .. math:: \pi^{-1}(\pi(i)) = i

    where :math:`\pi(i)` is the position at place i, and :math:`\pi^{-1}(p)` the place of p.

    Source: Brandon et al. (2023), Striped Attention, section 3, arXiv:2311.09431.

    Parameters
    ----------
    order : integer array
        The position at each place, each of them once.

    Returns
    -------
    integer array
        The place of each position: ``x[..., order, :][..., inverse_order(order), :]`` is x.

    Examples
    --------
    >>> inverse_order(np.array([2, 0, 1]))
    array([1, 2, 0])
    """
    _checks.order(np.ndarray, order)
    return np.argsort(order)
