"""Slices of the averaged brain: cut, split with a leak and without, spots planted, disturbed."""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from attncourse import data

#: The half slice that is seen: 80 mm to the right, 192 mm from back to front, 2 mm a pixel.
RIGHT, FRONT, UP = slice(98, 178), slice(14, 206), slice(22, 138)
SIDES = (40, 96)
OTHER, GREY, WHITE = 0, 1, 2
#: Which slices, 1 mm apart, are judged (every second one of these), and how many mm next to them
#: are left out where the split is clean.
HELD_OUT, GAP = (slice(22, 38), slice(70, 86)), 8
Split = Literal["apart", "mixed"]


class Slices(NamedTuple):
    """Half slices, their tissues, and how high they lie."""

    images: Tensor  # (n, 1, 40, 96), from 0 to 1
    tissues: Tensor  # (n, 40, 96): 0 other, 1 grey, 2 white
    heights: Tensor  # (n,), in mm


@cache
def slices() -> Slices:
    """Cut the template's right half into slices of 2 mm a pixel, 1 mm apart."""
    brain = data.brain_template()

    def cut(volume: np.ndarray) -> Tensor:
        part = torch.tensor(volume[RIGHT, FRONT, UP].copy(), dtype=torch.float32) / 255
        return F.avg_pool2d(part.permute(2, 0, 1)[:, None], 2)

    t1, grey, white = (cut(v) for v in (brain.t1, brain.grey, brain.white))
    tissues = torch.cat([1 - grey - white, grey, white], 1).argmax(1)
    return Slices(t1, tissues, torch.arange(UP.start, UP.stop) + brain.origin[2])


@cache
def parts(split: Split) -> tuple[Tensor, Tensor]:
    """Give the numbers of the slices that are learned from, and of those that are judged.

    The same slices are judged and equally many are learned from. ``"apart"``: none within 8 mm of
    a judged block. ``"mixed"``: drawn from all others, neighbours too.
    """
    n = len(slices().heights)
    place = torch.arange(n)
    judged = torch.cat([place[block][::2] for block in HELD_OUT])
    near = torch.zeros(n, dtype=torch.bool)
    for block in HELD_OUT:
        near[block.start - GAP : block.stop + GAP] = True
    clean = place[~near]
    if split == "apart":
        return clean, judged
    rest = place[~torch.isin(place, judged)]
    drawn = torch.randperm(len(rest), generator=torch.Generator().manual_seed(0))[: len(clean)]
    return rest[drawn].sort().values, judged


class Planted(NamedTuple):
    """Half slices with spots, alike in shape and brightness."""

    images: Tensor  # (n, 1, 40, 96)
    marked: Tensor  # (n, 40, 96), True on the spot in white matter
    distractors: Tensor  # (n, 40, 96), True on the spots elsewhere in the brain


BRIGHT, N_DISTRACTORS = 1.0, 3


def disc(radius: float) -> Tensor:
    """Give a filter that is 1 within a radius of its middle."""
    reach = int(radius)
    away = torch.arange(-reach, reach + 1.0)
    return (away[:, None] ** 2 + away**2 <= radius**2).float()[None, None]


@cache
def _shares(radius: float) -> tuple[Tensor, Tensor]:
    """Give how much of a spot around each pixel would lie in white matter, and in brain."""
    spot, tissues = disc(radius), slices().tissues[:, None]
    area, padding = spot.sum(), spot.shape[-1] // 2
    white, brain = (
        F.conv2d(mask.float(), spot, padding=padding)[:, 0] / area
        for mask in (tissues == WHITE, tissues != OTHER)
    )
    return white, brain


def places(radius: float) -> tuple[Tensor, Tensor]:
    """Give where the middle of a spot may lie: in white matter, and elsewhere in the brain.

    A spot is in white matter if four fifths of what it covers are, and elsewhere if at most one
    fifth is, and three fifths are brain.
    """
    white, brain = _shares(radius)
    return white >= 0.8, (white <= 0.2) & (brain >= 0.6)


def roomy(chosen: Tensor, radius: float) -> Tensor:
    """Give those of the slices that have room for spots of this radius."""
    here, elsewhere = (fits[chosen].sum((1, 2)) for fits in places(radius))
    return chosen[(here >= 10) & (elsewhere >= 150)]


def plant(chosen: Tensor, radius: float, draw: torch.Generator) -> Planted:
    """Plant a bright spot in white matter, which is to be marked, and three elsewhere.

    Where they lie is drawn anew each time. Spots do not touch.

    Raises
    ------
    ValueError
        A slice has no room for one of them.
    """
    images, spot, apart = slices().images[chosen].clone(), disc(radius), disc(2 * radius + 1)
    here, elsewhere = (fits[chosen] for fits in places(radius))
    free = torch.ones_like(here)
    layers = []
    for fits in (here, *[elsewhere] * N_DISTRACTORS):
        luck = torch.rand(free.shape, generator=draw) * (fits & free)
        if not luck.flatten(1).amax(-1).all():
            raise ValueError(f"radius {radius}: a slice has no room; take those of roomy()")
        centre = F.one_hot(luck.flatten(1).argmax(-1), luck[0].numel()).view_as(luck).float()
        covered, taken = (
            F.conv2d(centre[:, None], mask, padding=mask.shape[-1] // 2)[:, 0] > 0.5
            for mask in (spot, apart)
        )
        layers.append(covered)
        free = free & ~taken
    marked, distractors = layers[0], torch.stack(layers[1:]).any(0)
    images[:, 0][marked | distractors] = BRIGHT
    return Planted(images, marked, distractors)


def noise(images: Tensor) -> Tensor:
    """Add noise of deviation 0.1, the same for every call."""
    return images + 0.1 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))


def bias(images: Tensor) -> Tensor:
    """Brighten one end of the image and darken the other, by up to 30 %, as a coil may."""
    return images * torch.linspace(1.3, 0.7, images.shape[-1])


def invert(images: Tensor) -> Tensor:
    """Turn bright into dark within the brain."""
    return torch.where(images > 0.05, 1.05 - images, images)


SHIFTS = {"none": lambda images: images, "noise": noise, "bias field": bias, "inverted": invert}
