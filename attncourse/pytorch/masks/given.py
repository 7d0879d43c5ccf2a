"""Masks between positions that are given one by one: of cached keys, or of a shard of a text."""

from __future__ import annotations

from jaxtyping import Bool, Int
from torch import Tensor

from attncourse import _checks


def position_mask(
    q_positions: Int[Tensor, "*batch q_len"],
    kv_positions: Int[Tensor, "*batch kv_len"],
    *,
    causal: bool = True,
    window: int | None = None,
) -> Bool[Tensor, "*batch_1 q_len kv_len"]:
    r"""Say which query may attend to which key, when both may stand in any order.

    .. math:: M_{ij} = [\, 0 \le s_j \le p_i < s_j + w \,]

    where :math:`p_i` is the position of query i, :math:`s_j` that of key j, and :math:`w` the
    window. Attention does not mind the order of keys in memory, as long as the mask knows where
    each one belongs. A negative position stands for an empty place: nobody looks from it or at it.

    Parameters
    ----------
    q_positions, kv_positions : integer arrays
        Where each query and each key stands in its text.
    causal : bool
        Hide the future.
    window : int, optional
        Let a query see itself and the ``window - 1`` positions before it, so nothing after it.

    Returns
    -------
    boolean array
        True = may attend. It has an axis of size one for the heads, behind those of the batch, if
        there is a batch.

    Raises
    ------
    TypeError
        If the positions are not integer arrays, or the window is not a whole number.
    ValueError
        If the shapes do not fit together, the window is below one, or the devices differ.

    Notes
    -----
    Cost: batch · q_len · kv_len bytes.

    References
    ----------
    Brandon et al. (2023), Striped Attention, section 3, arXiv:2311.09431, where the order in
    memory is not that of the text.

    Examples
    --------
    >>> import torch
    >>> slots = torch.tensor([4, 5, 2, 3, -1])  # as a ring buffer holds them
    >>> position_mask(torch.tensor([4, 5]), slots, window=3).int()
    tensor([[1, 0, 1, 1, 0],
            [1, 1, 0, 1, 0]], dtype=torch.int32)
    """
    _checks.flag("causal", causal)
    _checks.integer(Tensor, q_positions=q_positions, kv_positions=kv_positions)
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
