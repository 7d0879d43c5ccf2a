"""What the processes of a ring agree on, before the first hop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.masks import position_mask


class _Ring(NamedTuple):
    """What the processes agree on."""

    pieces: Tensor  # (n_devices, n_pieces, piece_len), the positions that each process holds
    first: list[list[int]]  # the lowest position in each piece
    last: list[list[int]]  # the highest
    causal: bool
    window: int | None
    scale: float | None
    group: Any

    @property
    def size(self) -> int:
        return dist.get_world_size(self.group)

    @property
    def rank(self) -> int:
        return dist.get_rank(self.group)

    def sources(self) -> Iterator[int]:
        """Give whose keys this process holds, hop by hop."""
        for hop in range(self.size):
            yield (self.rank - hop) % self.size

    def blocks(self, source: int) -> Iterator[tuple[slice, slice, dict[str, Any]]]:
        """Give the pairs of pieces that see anything, and the options of their attention.

        A zig-zag shard is two pieces of neighbours; each pair of them is hidden, open, or needs a
        mask. Skipping the hidden ones is what makes the shares of work equal.
        """
        _, n_pieces, length = self.pieces.shape
        limit = float("inf") if self.window is None else self.window
        for i in range(n_pieces):
            for j in range(n_pieces):
                nearest = self.first[self.rank][i] - self.last[source][j]
                furthest = self.last[self.rank][i] - self.first[source][j]
                if self.causal or self.window is not None:
                    if furthest < 0 or nearest >= limit:
                        continue
                    is_open = nearest >= 0 and furthest < limit
                else:
                    is_open = True
                options: dict[str, Any] = {"scale": self.scale}
                if not is_open:
                    options["mask"] = position_mask(
                        self.pieces[self.rank, i],
                        self.pieces[source, j],
                        causal=self.causal,
                        window=self.window,
                    )
                rows, columns = (slice(n * length, (n + 1) * length) for n in (i, j))
                yield rows, columns, options


def _agree(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    order: Tensor | None,
    causal: bool,
    window: int | None,
    scale: float | None,
    group: Any,
) -> _Ring:
    """Check what this process was given, and that all were given the same."""
    size = dist.get_world_size(group)
    mine: dict[str, Any] = {}
    places = torch.arange(0)
    try:
        _checks.attention(Tensor, q, k, v)
        _checks.shards(q, k, 1)
        if window is not None:
            _checks.count("window", window, minimum=1)
        if scale is not None:
            _checks.real("scale", scale)
        seq_len = size * q.shape[-2]
        places = torch.arange(seq_len, device=q.device) if order is None else order
        _checks.order(Tensor, places, seq_len)
        _checks.one_device(q=q, order=places)
        mine = {f"the shape of {n}": tuple(x.shape) for n, x in (("q", q), ("k", k), ("v", v))}
        mine |= {"dtype": _checks.dtype_name(q), "order": hash(tuple(places.tolist()))}
        mine |= {"causal": bool(causal), "window": window, "scale": scale}
        # One process that wants no gradients would not go round the second time.
        wanted = torch.is_grad_enabled() and any(x.requires_grad for x in (q, k, v))
        mine |= {"gradients wanted": wanted}
    except (TypeError, ValueError) as error:
        mine = {"error": (type(error), str(error))}
    everyone: list[Any] = [None] * size
    dist.all_gather_object(everyone, mine, group=group)
    for rank, theirs in enumerate(everyone):
        if "error" in theirs:
            kind, text = theirs["error"]
            raise kind(text if size == 1 else f"{text} (process {rank})")
    for name in mine:
        if len({theirs[name] for theirs in everyone}) > 1:
            found = ", ".join(f"{theirs[name]} in process {r}" for r, theirs in enumerate(everyone))
            raise ValueError(f"{name}: expected the same in all processes, got {found}.")
    pieces = places.reshape(size, 1 if q.shape[-2] % 2 else 2, -1)
    first, last = pieces.amin(-1).tolist(), pieces.amax(-1).tolist()
    return _Ring(pieces, first, last, bool(causal), window, scale, group)
