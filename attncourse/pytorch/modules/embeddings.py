"""Tables of tokens and positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.positions import sinusoidal_positions
from attncourse.pytorch.transformer import EmbeddingParameters


class _Embedding(nn.Module):
    """The tables that :func:`embed` looks into: learned, or with positions that are not."""

    positions: Tensor | None

    def __init__(self, n_tokens: int, d_model: int, n_positions: int | None, learned: bool) -> None:
        super().__init__()
        _checks.count("n_tokens", n_tokens, minimum=1)
        _checks.count("d_model", d_model, minimum=1)
        self.tokens = nn.Parameter(0.02 * torch.randn(n_tokens, d_model))
        if n_positions is None:
            self.positions = None
        elif learned:
            _checks.count("n_positions", n_positions, minimum=1)
            self.positions = nn.Parameter(0.02 * torch.randn(n_positions, d_model))
        else:
            _checks.count("n_positions", n_positions, minimum=1)
            table = sinusoidal_positions(torch.arange(n_positions), d_model)
            self.register_buffer("positions", table.to(self.tokens.dtype), persistent=False)

    def as_parameters(self) -> EmbeddingParameters:
        return EmbeddingParameters(self.tokens, self.positions)
