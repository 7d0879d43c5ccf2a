"""Latent attention (MLA): keys and values of all heads unpacked from one small latent.

One function in two forms, with equal numbers: the plain one for training and prompts, the absorbed
one for decoding.
"""

from attncourse.pytorch.latent.attention import (
    absorbed_latent_attention,
    multi_head_latent_attention,
)
from attncourse.pytorch.latent.parameters import LatentCache, LatentParameters

__all__ = [
    "LatentCache",
    "LatentParameters",
    "absorbed_latent_attention",
    "multi_head_latent_attention",
]
