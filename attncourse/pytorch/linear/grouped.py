"""Heads side by side, and the sum of the weights as one more value.

The sum of a query's weights is what it gets from values that are all one. So a column of ones is
put beside the values, and the state's key sum is the last column of one memory.
"""

from __future__ import annotations

import torch
from torch import Tensor


def grouped(q: Tensor, k: Tensor, v: Tensor, scale: float | None) -> tuple[Tensor, Tensor, Tensor]:
    """Give scaled queries, keys and values one more axis: the query heads that share a key head."""
    dtype = torch.promote_types(q.dtype, torch.float32)
    n_shared = q.shape[-3] // k.shape[-3] if q.ndim > 2 else 1
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    q = q.to(dtype).reshape(*k.shape[:-2], n_shared, *q.shape[-2:]) * scale
    return q, k.to(dtype)[..., None, :, :], v.to(dtype)[..., None, :, :]


def grouped_gates(k: Tensor, log_decay: Tensor | None, dtype: torch.dtype) -> Tensor:
    """Give the gates' logarithms the same axes; zeros if nothing fades."""
    if log_decay is None:
        return torch.zeros((k.shape[-2], 1), dtype=dtype, device=k.device)
    log_decay = torch.atleast_1d(log_decay).to(dtype)
    return torch.broadcast_to(log_decay, (*k.shape[:-1], log_decay.shape[-1]))[..., None, :, :]


def _masked(k: Tensor, mask: Tensor | None) -> Tensor:
    """Make keys zero where the mask says so: nothing is written there."""
    if mask is None:
        return k
    allowed = torch.broadcast_to(mask, (*k.shape[:-3], 1, k.shape[-2]))[..., None]
    return torch.where(allowed, k, 0)


def _with_one(v: Tensor) -> Tensor:
    """Put a one beside each value."""
    return torch.cat([v, torch.ones_like(v[..., :1])], dim=-1)


def _mixed(output: Tensor, q: Tensor, normalize: bool) -> Tensor:
    """Lay the heads side by side again, and divide by what the ones have become if asked for."""
    output = output.reshape(*q.shape[:-1], output.shape[-1])
    output, total = output[..., :-1], output[..., -1:]
    if normalize:
        nothing = total == 0
        output = torch.where(nothing, 0, output / torch.where(nothing, 1, total))
    return output.to(q.dtype)
