"""Where the tokens of a batch stand, once some of them are padding or a cache has slots."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from attncourse.pytorch.cache import StaticCache


def _places(
    q_len: int, cache: Any, padding: Bool[Tensor, "*batch kv_len"] | None, device: torch.device
) -> tuple[Int[Tensor, "*batch q_len"], Int[Tensor, "*batch kv_len"]]:
    """Give the positions of the new tokens and of all keys; -1 for padding and an empty slot."""
    if isinstance(cache, StaticCache):
        here = {"device": cache.k.device}
        slots = torch.arange(cache.k.shape[-2], **here)
        new = cache.lengths[:, None] + torch.arange(q_len, **here)
        filled = slots < cache.lengths[:, None] + q_len
        if padding is None:
            return new, torch.where(filled, slots, -1)
        positions = torch.where(filled & padding, padding.cumsum(-1) - 1, -1)
        return positions.gather(-1, new.clamp(max=slots.shape[0] - 1)), positions
    seen = 0 if cache is None else cache.k.shape[-2]
    if padding is None:
        positions = torch.arange(seen + q_len, device=device)
    else:
        positions = torch.where(padding, padding.cumsum(-1) - 1, -1)
    return positions[..., seen:], positions


def _padding_so_far(
    padding: Bool[Tensor, "*batch seq"] | None,
    past: Any,
    batch: tuple[int, ...],
    seq: int,
    device: torch.device,
) -> Bool[Tensor, "*batch kv_len"] | None:
    """Put the padding of new tokens behind that of the past: what is not said is real."""
    known, cache = (None, None) if past is None else (past.padding, past.self_attention)
    if padding is None and known is None:
        return None
    here: Any = {"dtype": torch.bool, "device": device}
    new = torch.ones((*batch, seq), **here) if padding is None else padding
    if cache is None:
        return new
    known = torch.ones((*batch, cache.k.shape[-2]), **here) if known is None else known
    if not isinstance(cache, StaticCache):
        return torch.cat([known, new], dim=-1)
    source = torch.arange(known.shape[-1], device=device) - cache.lengths[:, None]
    written = new.gather(-1, source.clamp(0, seq - 1))
    return torch.where((source >= 0) & (source < seq), written, known)
