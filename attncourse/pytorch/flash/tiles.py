"""How attention is cut into tiles: which of them are seen at all, and the scores of one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from attncourse import _checks


@dataclass(frozen=True)
class _Tiles:
    """The options that decide the scores, and how the scores are cut."""

    q_len: int
    kv_len: int
    n_repeats: int
    q_tile: int
    kv_tile: int
    scale: float
    softcap: float | None
    mask: Tensor | None
    mask_mod: Callable[[Tensor, Tensor], Tensor] | None
    causal: bool
    window: int | None

    def queries(self) -> Iterator[slice]:
        """Give the tiles of queries."""
        for start in range(0, self.q_len, self.q_tile):
            yield slice(start, min(start + self.q_tile, self.q_len))

    def keys(self, rows: slice) -> Iterator[slice]:
        """Give the tiles of keys, but for those that causal or window hide from all these rows."""
        first, last = (i + self.kv_len - self.q_len for i in (rows.start, rows.stop - 1))
        for start in range(0, self.kv_len, self.kv_tile):
            stop = min(start + self.kv_tile, self.kv_len)
            future = (self.causal or self.window is not None) and start > last
            forgotten = self.window is not None and stop - 1 <= first - self.window
            if not (future or forgotten):
                yield slice(start, stop)

    def scores(self, q: Tensor, k: Tensor) -> Tensor:
        """Score one tile, up to the soft-cap."""
        scores = self.scale * (q @ k.transpose(-1, -2))
        return scores if self.softcap is None else self.softcap * torch.tanh(scores / self.softcap)

    def hide(self, scores: Tensor, bias: Tensor | None, rows: slice, columns: slice) -> Tensor:
        """Add the bias to one tile, and put -inf where a query may not attend."""
        if bias is not None:
            scores = scores + _part(bias, rows, columns).to(scores.dtype)
        q_pos = torch.arange(rows.start, rows.stop, device=scores.device)[:, None]
        q_pos = q_pos + (self.kv_len - self.q_len)
        kv_pos = torch.arange(columns.start, columns.stop, device=scores.device)[None, :]
        if self.mask is not None:
            scores = torch.where(_part(self.mask, rows, columns), scores, -torch.inf)
        if self.mask_mod is not None:
            allowed = self.mask_mod(q_pos, kv_pos)
            _checks.boolean(Tensor, mask_mod=allowed)
            _checks.broadcasts("mask_mod", allowed, scores.shape[-2:], "the tile")
            scores = torch.where(allowed, scores, -torch.inf)
        if self.causal or self.window is not None:
            scores = torch.where(kv_pos <= q_pos, scores, -torch.inf)
        if self.window is not None:
            scores = torch.where(kv_pos > q_pos - self.window, scores, -torch.inf)
        return scores

    def repeated(self, kv: Tensor) -> Tensor:
        """Let each head of a tile of keys or values serve its neighbouring query heads."""
        return kv if self.n_repeats == 1 else kv.repeat_interleave(self.n_repeats, dim=-3)


def _cut(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    mask: Tensor | None,
    mask_mod: Callable[[Tensor, Tensor], Tensor] | None,
    bias: Tensor | None,
    causal: bool,
    window: int | None,
    scale: float | None,
    softcap: float | None,
    sinks: Tensor | None,
    q_tile: int,
    kv_tile: int,
) -> _Tiles:
    """Check what attention takes, and say how it is cut."""
    *_, q_len, kv_len = _checks.attention(Tensor, q, k, v, mask=mask, bias=bias, sinks=sinks)
    _checks.flag("causal", causal)
    _checks.tiled(mask_mod, window=window, scale=scale, softcap=softcap)
    return _Tiles(
        q_len=q_len,
        kv_len=kv_len,
        n_repeats=1 if q.ndim == 2 else q.shape[-3] // k.shape[-3],
        q_tile=_checks.count("q_tile", q_tile, minimum=1),
        kv_tile=_checks.count("kv_tile", kv_tile, minimum=1),
        scale=1 / math.sqrt(q.shape[-1]) if scale is None else scale,
        softcap=softcap,
        mask=mask,
        mask_mod=mask_mod,
        causal=causal,
        window=window,
    )


def _part(array: Tensor, rows: slice, columns: slice) -> Tensor:
    """Cut the tile out of what broadcasts to the scores: an axis of size one stays."""
    array = torch.atleast_2d(array)
    whole = slice(None)
    return array[
        ..., whole if array.shape[-2] == 1 else rows, whole if array.shape[-1] == 1 else columns
    ]


def _zero(first: Tensor, *others: Tensor | None, dtype: torch.dtype) -> Tensor:
    """Give a zero to start sums with; under vmap one for each entry that any array has."""
    zeros = (array.new_zeros((), dtype=dtype) for array in others if array is not None)
    return sum(zeros, start=first.new_zeros((), dtype=dtype))
