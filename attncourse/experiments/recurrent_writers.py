"""Writers without attention: a GRU; and a Transformer with gated linear attention, or with a GRU.

They are trained in ``four_writers`` and ``near_first``; this file has no experiment.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import attncourse.pytorch as att


class Recurrent(nn.Module):
    """A language model with one recurrent layer."""

    def __init__(self, n_tokens: int, d_embed: int, d_state: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, d_embed)
        self.gru = nn.GRU(d_embed, d_state, batch_first=True)
        self.out = nn.Linear(d_state, n_tokens)

    def forward(self, tokens: Tensor) -> Tensor:
        """Score every character of the alphabet, at each position."""
        return self.out(self.gru(self.embedding(tokens))[0])


class GatedLinear(nn.Module):
    """Linear attention whose heads forget: a gate between 0 and 1 for each head and character."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (
            nn.Linear(d_model, d_model, bias=False) for _ in range(4)
        )
        self.gate, self.norm = nn.Linear(d_model, n_heads), att.RMSNorm(d_model)
        for layer in (self.query, self.key, self.value, self.out):
            nn.init.normal_(layer.weight, std=d_model**-0.5)
        nn.init.normal_(self.gate.weight, std=0.02)
        # At first one head forgets half in two characters, and another one in a hundred.
        self.gate.bias.data = torch.linspace(1, 5, n_heads)
        self.n_heads = n_heads

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        q, k, v = (
            layer(x).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        gates = F.logsigmoid(self.gate(x)).transpose(1, 2)[..., None]
        mixed, _ = att.linear_attention_chunked(q, k, v, log_decay=gates, chunk_len=32)
        return self.out(self.norm(mixed.transpose(1, 2).flatten(-2)))


class GRUMixer(nn.Module):
    """A GRU in a block, where attention stood; its state is brought to the block's width."""

    def __init__(self, d_model: int, d_state: int) -> None:
        super().__init__()
        self.gru = nn.GRU(d_model, d_state, batch_first=True)
        self.out = nn.Linear(d_state, d_model, bias=False)
        nn.init.normal_(self.out.weight, std=d_state**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        return self.out(self.gru(x)[0])


class Blocks(nn.Module):
    """The Transformer with something else in place of attention; it needs no places."""

    def __init__(
        self, n_tokens: int, d_model: int, n_layers: int, mixer: Callable[[], nn.Module]
    ) -> None:
        super().__init__()
        self.tokens = nn.Parameter(0.02 * torch.randn(n_tokens, d_model))
        mixers = [mixer() for _ in range(n_layers)]
        self.mlps = nn.ModuleList(att.MLP(d_model, 4 * d_model) for _ in range(n_layers))
        self.norms = nn.ModuleList(att.LayerNorm(d_model) for _ in range(2 * n_layers + 1))
        with torch.no_grad():  # smaller by the root of what is added up, as the library begins
            for each in mixers:
                each.get_parameter("out.weight").div_((2 * n_layers) ** 0.5)
        self.mixers = nn.ModuleList(mixers)

    def forward(self, tokens: Tensor) -> Tensor:
        """Score every character of the alphabet, at each position."""
        x = self.tokens[tokens]
        for i, (mix, mlp) in enumerate(zip(self.mixers, self.mlps, strict=True)):
            x = x + mix(self.norms[2 * i](x))
            x = x + mlp(self.norms[2 * i + 1](x))
        return self.norms[-1](x) @ self.tokens.T


class LinearWriter(Blocks):
    """The Transformer with gated linear attention."""

    def __init__(self, n_tokens: int, d_model: int, n_heads: int, n_layers: int) -> None:
        super().__init__(n_tokens, d_model, n_layers, lambda: GatedLinear(d_model, n_heads))


class GRUWriter(Blocks):
    """The Transformer with a GRU in each block."""

    def __init__(self, n_tokens: int, d_model: int, d_state: int, n_layers: int) -> None:
        super().__init__(n_tokens, d_model, n_layers, lambda: GRUMixer(d_model, d_state))
