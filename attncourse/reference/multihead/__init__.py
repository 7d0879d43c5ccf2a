"""Many heads: attention several times side by side, each on its own projection of the features.

Heads divide the *features*. Every head sees the whole sequence.
"""

from attncourse.reference.multihead.attention import (
    grouped_query_attention,
    multi_head_attention,
    multi_query_attention,
)
from attncourse.reference.multihead.heads import merge_heads, split_heads

__all__ = [
    "grouped_query_attention",
    "merge_heads",
    "multi_head_attention",
    "multi_query_attention",
    "split_heads",
]
