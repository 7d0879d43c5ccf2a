"""How attention is cut into tiles: which of them are seen at all, and the scores of one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

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
    mask: np.ndarray | None
    mask_mod: Callable[[np.ndarray, np.ndarray], np.ndarray] | None
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

    def scores(self, q: np.ndarray, k: np.ndarray) -> np.ndarray:
        """Score one tile, up to the soft-cap."""
        scores = self.scale * (q @ k.swapaxes(-1, -2))
        return scores if self.softcap is None else self.softcap * np.tanh(scores / self.softcap)

    def hide(
        self, scores: np.ndarray, bias: np.ndarray | None, rows: slice, columns: slice
    ) -> np.ndarray:
        """Add the bias to one tile, and put -inf where a query may not attend."""
        if bias is not None:
            scores = scores + _part(bias, rows, columns).astype(scores.dtype)
        q_pos = np.arange(rows.start, rows.stop)[:, None] + (self.kv_len - self.q_len)
        kv_pos = np.arange(columns.start, columns.stop)[None, :]
        if self.mask is not None:
            scores = np.where(_part(self.mask, rows, columns), scores, -np.inf)
        if self.mask_mod is not None:
            allowed = self.mask_mod(q_pos, kv_pos)
            _checks.boolean(np.ndarray, mask_mod=allowed)
            _checks.broadcasts("mask_mod", allowed, scores.shape[-2:], "the tile")
            scores = np.where(allowed, scores, -np.inf)
        if self.causal or self.window is not None:
            scores = np.where(kv_pos <= q_pos, scores, -np.inf)
        if self.window is not None:
            scores = np.where(kv_pos > q_pos - self.window, scores, -np.inf)
        return scores

    def repeated(self, kv: np.ndarray) -> np.ndarray:
        """Let each head of a tile of keys or values serve its neighbouring query heads."""
        return kv if self.n_repeats == 1 else np.repeat(kv, self.n_repeats, axis=-3)


def _cut(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    *,
    mask: np.ndarray | None,
    mask_mod: Callable[[np.ndarray, np.ndarray], np.ndarray] | None,
    bias: np.ndarray | None,
    causal: bool,
    window: int | None,
    scale: float | None,
    softcap: float | None,
    sinks: np.ndarray | None,
    q_tile: int,
    kv_tile: int,
) -> _Tiles:
    """Check what attention takes, and say how it is cut."""
    *_, q_len, kv_len = _checks.attention(np.ndarray, q, k, v, mask=mask, bias=bias, sinks=sinks)
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


def _part(array: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    """Cut the tile out of what broadcasts to the scores: an axis of size one stays."""
    array = np.atleast_2d(array)
    whole = slice(None)
    return array[
        ..., whole if array.shape[-2] == 1 else rows, whole if array.shape[-1] == 1 else columns
    ]
