"""Scores: how well each query matches each key, before any softmax.

``products`` multiplies the two, ``networks`` sends them through a hidden layer, and ``location``
asks the query alone. ``masked`` is what attention makes of its options.
"""

from attncourse.reference.scores.location import location_scores
from attncourse.reference.scores.masked import masked_scores
from attncourse.reference.scores.networks import additive_scores, concat_scores
from attncourse.reference.scores.products import (
    cosine_scores,
    dot_scores,
    general_scores,
    scaled_dot_scores,
)

__all__ = [
    "additive_scores",
    "concat_scores",
    "cosine_scores",
    "dot_scores",
    "general_scores",
    "location_scores",
    "masked_scores",
    "scaled_dot_scores",
]
