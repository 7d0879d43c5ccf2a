"""Tables of tokens and positions."""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from attncourse import _checks
from attncourse.pytorch.positions import sinusoidal_positions
from attncourse.pytorch.transformer import EmbeddingParameters


class _Embedding(nn.Module):
    """What :func:`embed` looks into. Sinusoidal positions are computed where they are needed."""

    def __init__(
        self, n_tokens: int, d_model: int, positions: str | None, n_positions: int | None
    ) -> None:
        super().__init__()
        n_tokens = _checks.count("n_tokens", n_tokens, minimum=1)
        d_model = _checks.count("d_model", d_model, minimum=1)
        self.tokens = nn.Parameter(0.02 * torch.randn(n_tokens, d_model))
        if positions == "learned":
            if n_positions is None:
                raise ValueError(
                    "n_positions: expected how many positions='learned' are, got None."
                )
            n_positions = _checks.count("n_positions", n_positions, minimum=1)
            self.positions = nn.Parameter(0.02 * torch.randn(n_positions, d_model))
        elif n_positions is not None:
            raise ValueError(
                f"n_positions: expected None with positions={positions!r}, which has no table, "
                f"got {n_positions}; positions='learned' has one."
            )
        elif positions == "sinusoidal":
            _checks.even("d_model", d_model)
            self.positions = partial(sinusoidal_positions, d_model=d_model)
        else:
            self.positions = None

    def as_parameters(self) -> EmbeddingParameters:
        return EmbeddingParameters(self.tokens, self.positions)
