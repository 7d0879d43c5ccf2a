"""Networks that watch a clip: with attention in space and time, divided or joint, and without.

A clip is (batch, frames, height, width). Each network gives one score for each class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

import attncourse.pytorch as att
from attncourse.analysis import attention_rollout
from attncourse.experiments.moving_digits import N_FRAMES, SIDE
from attncourse.training import count_parameters, match_size, train
from attncourse.training import seed as set_seed

PATCH, D_MODEL, N_HEADS, N_LAYERS = 8, 48, 4, 2
PLAIN = {"mlp": partial(att.MLP, function=att.relu_mlp), "attend": att.fused_attention}


class Divided(nn.Module):
    """A block of divided attention: over the frames at each place, then over places in each frame.

    Source: Bertasius et al. (2021), Is Space-Time Attention All You Need for Video Understanding?,
    section 3, arXiv:2102.05095.
    """

    def __init__(self, d_model: int, n_heads: int, d_hidden: int) -> None:
        super().__init__()
        self.norm = att.LayerNorm(d_model)
        self.over_time = att.MultiHeadAttention(d_model, n_heads, attend=att.fused_attention)
        self.in_frame = att.TransformerBlock(d_model, n_heads, d_hidden=d_hidden, **PLAIN)

    def forward(self, x: Tensor) -> Tensor:
        """Take and give (batch, frames, places, d_model)."""
        moments = rearrange(self.norm(x), "n t p d -> n p t d")
        x = x + rearrange(self.over_time(moments), "n p t d -> n t p d")
        return self.in_frame(x)


class Watcher(nn.Module):
    """A video transformer: patches of frames are tokens; ``kind`` says who attends to whom.

    ``joint``: every token to every other. ``divided``: see :class:`Divided`. ``factorised``: in
    each frame, then, one vector a frame, over frames. ``frames``: in each frame only; their mean is
    read. ``timeless``: joint, without positions in time.

    Source: Arnab et al. (2021), ViViT: A Video Vision Transformer, section 3.3, arXiv:2103.15691,
    models 1 (joint) and 2 (factorised).
    """

    def __init__(
        self,
        kind: str,
        n_classes: int,
        d_hidden: int = 4 * D_MODEL,
        n_frames: int = N_FRAMES,
        side: int = SIDE,
    ) -> None:
        super().__init__()
        self.kind = kind
        encoder = partial(att.Encoder, D_MODEL, N_HEADS, d_hidden=d_hidden, **PLAIN)
        self.patch = nn.Linear(PATCH**2, D_MODEL)
        self.places = nn.Parameter(0.02 * torch.randn((side // PATCH) ** 2, D_MODEL))
        self.moments: Any = None
        if kind not in ("frames", "timeless"):
            # A smaller start is learned from, too, but several times as slowly.
            self.moments = nn.Parameter(0.5 * torch.randn(n_frames, 1, D_MODEL))
        self.later: Any = None
        if kind == "divided":
            blocks = [Divided(D_MODEL, N_HEADS, d_hidden) for _ in range(N_LAYERS)]
            self.encoder: Any = nn.Sequential(*blocks, att.LayerNorm(D_MODEL))
        elif kind == "factorised":
            self.encoder, self.later = encoder(1), encoder(1)
        else:
            self.encoder = encoder(N_LAYERS)
        self.out = nn.Linear(D_MODEL, n_classes)

    def tokens(self, clips: Tensor) -> Tensor:
        """Give one token for each patch of each frame, (batch, frames, places, d_model)."""
        x = self.patch(att.patches(clips[:, :, None], PATCH)) + self.places
        return x if self.moments is None or self.later else x + self.moments

    def forward(self, clips: Tensor) -> Tensor:
        """Give one score for each class."""
        x = self.tokens(clips)
        if self.kind in ("joint", "timeless"):
            x = self.encoder(rearrange(x, "n t p d -> n (t p) d"))
            return self.out(x.mean(-2))
        x = self.encoder(x).mean(-2)
        if self.later is not None:
            x = self.later(x + self.moments[:, 0])
        return self.out(x.mean(-2))

    @torch.no_grad()
    def looks(self, clips: Tensor) -> np.ndarray:
        """Give how much of each patch is in what is read, by rollout: (batch, frames, places)."""
        x = rearrange(self.tokens(clips), "n t p d -> n (t p) d")
        see = {"attend": att.scaled_dot_product_attention, "return_weights": True}
        _, weights = self.encoder(x, **see)
        layers = np.stack([layer.self_attention.double().numpy() for layer in weights])
        rolled = attention_rollout(layers)[-1].mean(-2)
        return rolled.reshape(*clips.shape[:2], -1)


class FrameByFrame(nn.Module):
    """Dense layers look at each frame; a mean or a recurrent layer (GRU) goes over the frames."""

    def __init__(self, n_classes: int, width: int, recurrent: bool) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Linear(SIDE**2, width), nn.ReLU())
        self.gru = nn.GRU(width, D_MODEL, batch_first=True) if recurrent else None
        self.then = None if recurrent else nn.Sequential(nn.Linear(width, D_MODEL), nn.ReLU())
        self.out = nn.Linear(D_MODEL, n_classes)

    def forward(self, clips: Tensor) -> Tensor:
        """Give one score for each class."""
        x = self.look(clips.flatten(2))
        if self.gru is not None:
            return self.out(self.gru(x)[0][:, -1])
        assert self.then is not None
        return self.out(self.then(x).mean(1))


def cnn3d(n_classes: int, width: int) -> nn.Sequential:
    """Filters of 3 frames × 3 × 3 pixels, 8 and then 16 of them, then two dense layers."""
    filters = [nn.Conv3d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool3d((1, 2, 2))]
    filters += [nn.Conv3d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool3d(2), nn.MaxPool3d((2, 2, 2))]
    seen = 16 * (N_FRAMES // 4) * (SIDE // 8) ** 2
    dense = nn.Linear(seen, width), nn.ReLU(), nn.Linear(width, n_classes)
    return nn.Sequential(nn.Unflatten(1, (1, N_FRAMES)), *filters, nn.Flatten(), *dense)


WITHOUT: dict[str, Callable[[int, int], nn.Module]] = {
    "mean": partial(FrameByFrame, recurrent=False),
    "gru": partial(FrameByFrame, recurrent=True),
    "cnn3d": cnn3d,
}


def build(kind: str, n_classes: int, seed: int = 0) -> nn.Module:
    """Make one of the networks; none is smaller than that with joint attention."""
    size = count_parameters(Watcher("joint", n_classes))
    make = WITHOUT.get(kind) or partial(Watcher, kind)
    width = 4 * D_MODEL if kind == "joint" else match_size(partial(make, n_classes), size)
    set_seed(seed)
    return make(n_classes, width)


def fit(
    model: nn.Module, supply: Iterator[tuple[Tensor, Tensor]], n_steps: int, rate: float, label: str
) -> Any:
    """Train a network on clips and their classes."""

    def loss(clips: Tensor, classes: Tensor) -> Tensor:
        return F.cross_entropy(model(clips), classes)

    return train(model, loss, supply, n_steps=n_steps, learning_rate=rate, label=label)
