"""Clips made of handwritten digits: digits that move, and a digit among frames that show none.

Every law of motion here is written so that one may say beforehand what a single frame tells, what
all frames tell without their order, and what a clip tells that is played backwards.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from attncourse import data

SIDE, SMALL, N_FRAMES = 24, 14, 8  # pixels of a frame, of a digit; frames of a clip
ROOM = SIDE - SMALL
#: Right, left, down, up: (down, right) in pixels.
DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0))
NAMES = ("right", "left", "down", "up")
OPPOSITE = torch.tensor([1, 0, 3, 2])


@cache
def digits(part: data.Part) -> tuple[Tensor, Tensor]:
    """Give MNIST digits at half their size, (n, 14, 14) from 0 to 1, and what they are."""
    pixels, labels = data.mnist_sample(part)
    return F.avg_pool2d(torch.tensor(pixels)[:, None].float() / 255, 2)[:, 0], torch.tensor(labels)


def place(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Put each image into its frames, (n, frames) places of its upper left corner."""
    n, n_frames = down.shape
    clips = images.new_zeros(n, n_frames, SIDE, SIDE)
    line = torch.arange(SMALL)
    which, when = torch.arange(n)[:, None, None, None], torch.arange(n_frames)[:, None, None]
    rows = down[:, :, None, None] + line[:, None]
    clips[which, when, rows, right[:, :, None, None] + line] = images[:, None]
    return clips


def steady(images: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Move each digit by a pixel a frame; the label is where to.

    A clip played backwards is a clip of the opposite direction, as likely as any. So all frames
    without their order tell whether it moves across or up and down, and not which way.
    """
    return _moved(images, torch.arange(N_FRAMES), draw)


def slowing(images: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Move each digit fast at first, then slower, to any side; the label is where to."""
    return _moved(images, torch.tensor([0, 3, 5, 7, 8, 9, 9, 9]), draw)


def _moved(images: Tensor, path: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    n, far = len(images), int(path.max())
    labels = torch.randint(4, (n,), generator=draw)
    way = torch.tensor(DIRECTIONS)[labels]  # (n, 2)
    start = torch.randint(ROOM + 1, (n, 2), generator=draw)
    along = torch.randint(ROOM - far + 1, (n, 1), generator=draw)
    start = torch.where(way == 0, start, along + far * (way < 0))
    places = start[:, None] + path[:, None] * way[:, None]
    return place(images, places[..., 0], places[..., 1]), labels


def torn(images: Tensor, draw: torch.Generator) -> Tensor:
    """Cut each image in four and lay the quarters in another order: as much ink, no digit."""
    quarters = rearrange(images, "n (i p) (j q) -> n (i j) p q", i=2, j=2)
    # A random turn of the four places by one, two or three leaves none where it was.
    turn = torch.randint(1, 4, (len(images), 1), generator=draw)
    ring = torch.tensor([0, 1, 3, 2])  # around the middle
    order = torch.empty(len(images), 4, dtype=torch.long)
    order[:, ring] = ring[(torch.arange(4) + turn) % 4]
    mixed = quarters[torch.arange(len(images))[:, None], order]
    return rearrange(mixed, "n (i j) p q -> n (i p) (j q)", i=2)


Maker = Callable[[Tensor, Tensor, int, torch.Generator], tuple[Tensor, Tensor, Tensor]]


def one_digit(
    images: Tensor, labels: Tensor, n_frames: int, draw: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Hide one digit among torn ones; give clips, the digit, and which frame has it."""
    n = len(images)
    others = torch.randint(n, (n, n_frames), generator=draw)
    clips = torn(images[others.flatten()], draw).reshape(n, n_frames, SMALL, SMALL)
    key = torch.randint(n_frames, (n,), generator=draw)
    clips[torch.arange(n), key] = images
    return clips, labels, key


def after_the_flash(
    images: Tensor, labels: Tensor, n_frames: int, draw: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Show a digit in every frame but one, which is white; the digit after it is asked for."""
    n = len(images)
    clips = images[torch.randint(n, (n, n_frames), generator=draw)]
    key = torch.randint(1, n_frames, (n,), generator=draw)
    clips[torch.arange(n), key] = images
    clips[torch.arange(n), key - 1] = 1.0
    return clips, labels, key


def both_ways(clips: Tensor, labels: Tensor, opposite: Tensor) -> tuple[Tensor, Tensor]:
    """Add to each clip the same played backwards, whose label is ``opposite[label]``."""
    return torch.cat([clips, clips.flip(1)]), torch.cat([labels, opposite[labels]])


def backwards(clips: Tensor, turned: Tensor, draw: torch.Generator) -> Tensor:
    """Play those clips backwards where ``turned`` is 1."""
    return torch.where(turned[:, None, None, None] == 1, clips.flip(1), clips)


def out_of_order(clips: Tensor, mixed: Tensor, draw: torch.Generator) -> Tensor:
    """Exchange a frame with the third after it in those clips where ``mixed`` is 1."""
    n, n_frames = clips.shape[:2]
    row = torch.arange(n)
    first = torch.randint(n_frames - 3, (n,), generator=draw)
    order = torch.arange(n_frames).repeat(n, 1)
    order[row, first] += 3 * mixed
    order[row, first + 3] -= 3 * mixed
    return clips[row[:, None], order]
