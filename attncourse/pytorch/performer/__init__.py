"""Performer: softmax attention's kernel from random features, in linear time."""

from attncourse.pytorch.performer.attention import performer_attention
from attncourse.pytorch.performer.features import (
    orthogonal_projection,
    positive_features,
    trigonometric_features,
)

__all__ = [
    "orthogonal_projection",
    "performer_attention",
    "positive_features",
    "trigonometric_features",
]
