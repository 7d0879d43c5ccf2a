"""How far each key stands from each query."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from attncourse import _checks


def relative_positions(
    q_len: int, kv_len: int, *, device: torch.device | str | None = None
) -> Int[Tensor, "q_len kv_len"]:
    """Give the position of each key as each query sees it: what relative schemes are made of.

    .. math:: r_{ij} = j - (i + n - m)

    where :math:`m` is q_len and :math:`n` is kv_len, so that the last query stands at the last
    key (bottom-right, as in the masks). Negative is the past, zero the query's own position.

    Source: Shaw et al. (2018), section 3.2, arXiv:1803.02155.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are.
    device : torch.device or str, optional
        Where to make the grid; torch's default device if left out.

    Examples
    --------
    >>> relative_positions(2, 4)
    tensor([[-2, -1,  0,  1],
            [-3, -2, -1,  0]])
    """
    _checks.count("q_len", q_len)
    _checks.count("kv_len", kv_len)
    q_pos = torch.arange(q_len, device=device)[:, None] + (kv_len - q_len)
    return torch.arange(kv_len, device=device) - q_pos
