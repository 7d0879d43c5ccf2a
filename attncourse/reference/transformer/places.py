"""Where the tokens of a batch stand, once some of them are padding or a cache has slots."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from attncourse.reference.cache import StaticCache


def _places(
    q_len: int, cache: Any, padding: Bool[np.ndarray, "*batch kv_len"] | None
) -> tuple[Int[np.ndarray, "*batch q_len"], Int[np.ndarray, "*batch kv_len"]]:
    """Give the positions of the new tokens and of all keys; -1 for padding and an empty slot."""
    if isinstance(cache, StaticCache):
        slots, new = np.arange(cache.k.shape[-2]), cache.lengths[:, None] + np.arange(q_len)
        filled = slots < cache.lengths[:, None] + q_len
        if padding is None:
            return new, np.where(filled, slots, -1)
        positions = np.where(filled & padding, np.cumsum(padding, -1) - 1, -1)
        return np.take_along_axis(positions, np.minimum(new, slots[-1]), -1), positions
    seen = 0 if cache is None else cache.k.shape[-2]
    if padding is None:
        positions = np.arange(seen + q_len)
    else:
        positions = np.where(padding, np.cumsum(padding, -1) - 1, -1)
    return positions[..., seen:], positions


def _padding_so_far(
    padding: Bool[np.ndarray, "*batch seq"] | None, past: Any, batch: tuple[int, ...], seq: int
) -> Bool[np.ndarray, "*batch kv_len"] | None:
    """Put the padding of new tokens behind that of the past: what is not said is real."""
    known, cache = (None, None) if past is None else (past.padding, past.self_attention)
    if padding is None and known is None:
        return None
    new = np.ones((*batch, seq), dtype=bool) if padding is None else padding
    if cache is None:
        return new
    known = np.ones((*batch, cache.k.shape[-2]), dtype=bool) if known is None else known
    if not isinstance(cache, StaticCache):
        return np.concatenate([known, new], axis=-1)
    source = np.arange(known.shape[-1]) - cache.lengths[:, None]
    written = np.take_along_axis(new, np.clip(source, 0, seq - 1), -1)
    return np.where((source >= 0) & (source < seq), written, known)
