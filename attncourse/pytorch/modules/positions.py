"""Positions of a model, by name: those that attention sees, turned or as a bias."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.modules.attention import MultiHeadAttention
from attncourse.pytorch.positions import alibi_slopes, rotary_frequencies, t5_buckets

#: Where order comes from: added to the embedding, turned into queries and keys, or a bias.
KINDS = ("learned", "sinusoidal", "rotary", "alibi", "t5", None)
N_BUCKETS, MAX_DISTANCE = 32, 128  # as in T5


class _Relative(nn.Module):
    """What attention is told of positions. Nothing is kept but what is learned: no buffer."""

    def __init__(
        self,
        positions: str | None,
        attention: MultiHeadAttention,
        *,
        bidirectional: bool,
        rotary_base: float = 10000.0,
        frequencies: Float[Tensor, " n_pairs"] | None = None,
    ) -> None:
        super().__init__()
        if positions not in KINDS:
            known = ", ".join(map(repr, KINDS))
            raise ValueError(f"positions: expected one of {known}, got {positions!r}.")
        _checks.positive("rotary_base", rotary_base)
        if frequencies is not None and positions != "rotary":
            raise ValueError("frequencies: expected None without positions='rotary'.")
        if frequencies is not None and frequencies.is_meta:
            raise ValueError(
                "frequencies: expected numbers, got a tensor of the meta device, which holds none; "
                "make it before, with device='cpu', or give rotary_base= instead."
            )
        if positions == "rotary" and frequencies is None:
            _checks.even("d_k, which positions='rotary' turns in pairs,", attention.d_k)
        self.kind, self.bidirectional = positions, bidirectional
        self.n_heads, self.d_k = attention.n_heads, attention.d_k
        self.base, self.frequencies = rotary_base, frequencies
        if positions == "t5":
            self.table = nn.Parameter(0.02 * torch.randn(N_BUCKETS, self.n_heads))

    def options(self, device: torch.device, given: dict[str, Any]) -> dict[str, Any]:
        """Give the options of attention; a bias that the caller gives is added."""
        if self.kind == "rotary" and self.frequencies is not None:
            return {"frequencies": self.frequencies.to(device)}
        if self.kind == "rotary":
            return {"frequencies": rotary_frequencies(self.d_k, base=self.base, device=device)}
        if self.kind not in ("alibi", "t5"):
            return {}
        more = given.get("bias")
        if more is None:
            return {"bias": self}
        return {"bias": lambda q, k: self(q, k) + (more(q, k) if callable(more) else more)}

    def forward(
        self, q_positions: Int[Tensor, "*#q"], kv_positions: Int[Tensor, "*#kv"]
    ) -> Float[Tensor, "*scores"]:
        """Give one number for each head and each pair of positions."""
        ahead = kv_positions - q_positions
        if self.kind == "alibi":
            slopes = alibi_slopes(self.n_heads, dtype="float32", device=ahead.device)
            return -slopes[:, None, None] * abs(ahead)
        ahead = ahead.squeeze(-3) if ahead.ndim > 2 else ahead
        last = t5_buckets(
            1,
            MAX_DISTANCE + 1,
            bidirectional=self.bidirectional,
            n_buckets=N_BUCKETS,
            max_distance=MAX_DISTANCE,
            device=ahead.device,
        )
        by_distance = last[0].flip(0)
        if self.bidirectional:
            distance = abs(ahead).clamp(max=MAX_DISTANCE)
            buckets = F.embedding(distance, by_distance[:, None])[..., 0]
            buckets = buckets + N_BUCKETS // 2 * (ahead > 0)
        else:
            distance = (-ahead).clamp(0, MAX_DISTANCE)
            buckets = F.embedding(distance, by_distance[:, None])[..., 0]
        return F.embedding(buckets, self.table).movedim(-1, -3)
