"""From a mask_mod on positions to a boolean grid."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool
from torch import Tensor

from attncourse import _checks


def create_mask(
    mask_mod: Callable[[Tensor, Tensor], Tensor],
    q_len: int,
    kv_len: int,
    *,
    device: torch.device | str | None = None,
) -> Bool[Tensor, "q_len kv_len"]:
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
    device : torch.device or str, optional
        Where to make the mask; torch's default device if left out.

    Returns
    -------
    boolean array
        True = may attend.

    References
    ----------
    Dong et al. (2024), Flex Attention ("mask_mod"), arXiv:2412.05496.

    Examples
    --------
    >>> create_mask(lambda q_pos, kv_pos: abs(q_pos - kv_pos) <= 1, 2, 3).int()
    tensor([[1, 1, 1],
            [0, 1, 1]], dtype=torch.int32)
    """
    _checks.count("q_len", q_len)
    _checks.count("kv_len", kv_len)
    q_pos = torch.arange(q_len, device=device)[:, None] + (kv_len - q_len)
    kv_pos = torch.arange(kv_len, device=device)[None, :]
    mask = mask_mod(q_pos, kv_pos)
    _checks.boolean(Tensor, mask=mask)
    _checks.broadcasts("mask", mask, (q_len, kv_len), "(q_len, kv_len)")
    return mask.expand(q_len, kv_len).clone()
