"""What is done to images, and how orders of their patches are compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

GRID = 4  # patches beside each other, and below
FURTHEST = 2  # pixels that a copy is moved


def shuffle(images: Tensor, what: str) -> Tensor:
    """Put the patches or the pixels of every image into another order, always the same."""
    side = images.shape[-1]
    size = {"patches": side // GRID, "pixels": 1}[what]
    cut = "n c (i p) (j q) -> n c (i j) p q"
    parts = rearrange(images, cut, p=size, q=size)
    order = torch.randperm(parts.shape[2], generator=torch.Generator().manual_seed(0))
    whole = "n c (i j) p q -> n c (i p) (j q)"
    return rearrange(parts[:, :, order], whole, i=side // size)


def move(images: Tensor, draw: torch.Generator) -> Tensor:
    """Move each image by up to two pixels along each axis; what comes in is empty."""
    n, side = len(images), images.shape[-1]
    padded = F.pad(images[:, 0], (FURTHEST,) * 4)
    down, right = torch.randint(2 * FURTHEST + 1, (2, n, 1), generator=draw) + torch.arange(side)
    return padded[torch.arange(n)[:, None, None], down[:, :, None], right[:, None, :]][:, None]


def occlude(images: Tensor, size: int, shade: float) -> Tensor:
    """Lay a square somewhere on each image, on the same place for every model."""
    draw = torch.Generator().manual_seed(0)
    n, side = len(images), images.shape[-1]
    top, left = torch.randint(side - size + 1, (2, n, 1), generator=draw)
    line = torch.arange(side)
    down, across = ((line >= at) & (line < at + size) for at in (top, left))
    return images.masked_fill((down[:, :, None] & across[:, None, :])[:, None], shade)


def blur(images: Tensor, sigma: float) -> Tensor:
    """Average each pixel with those around it, by a bell of that deviation."""
    reach = int(3 * sigma + 0.5)
    bell = torch.exp(-(torch.arange(-reach, reach + 1.0) ** 2) / (2 * sigma**2))
    bell = bell / bell.sum()
    across = F.conv2d(images, bell[None, None, None], padding=(0, reach))
    return F.conv2d(across, bell[None, None, :, None], padding=(reach, 0))


#: Ways to damage an image, each stronger than the one before it.
DAMAGES: dict[str, list[Callable[[Tensor], Tensor]]] = {
    "black square": [partial(occlude, size=size, shade=0.0) for size in (7, 10, 14)],
    "grey square": [partial(occlude, size=size, shade=0.5) for size in (7, 10, 14)],
    "blur": [partial(blur, sigma=sigma) for sigma in (1.0, 2.0, 3.0)],
}


def hide(images: Tensor, hidden: Tensor) -> Tensor:
    """Paint patches black; ``hidden`` is (n, n_patches), True where."""
    squares = rearrange(hidden, "n (i j) -> n 1 i j", i=GRID)
    size = images.shape[-1] // GRID
    return images.masked_fill(squares.repeat_interleave(size, 2).repeat_interleave(size, 3), 0.0)


def ranks(values: Tensor) -> Tensor:
    """Give each number's place in its row: 0 for the largest."""
    return values.argsort(-1, descending=True).argsort(-1)


def agreement(a: Tensor, b: Tensor) -> float:
    """Average the correlation of two rows over all rows: 1 alike, 0 unrelated, -1 opposed."""
    a, b = (x.double() - x.double().mean(-1, keepdim=True) for x in (a, b))
    return F.cosine_similarity(a, b).mean().item()
