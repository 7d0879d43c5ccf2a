"""Every mechanism in NumPy, as short as its definition allows; one file each.

``import attncourse.reference as ref`` gives every public function of every file. Arrays are
``(batch, heads, seq, dim)``; a mask is boolean with True = may attend; a query with nothing to
attend to gives zeros. ``attncourse.pytorch`` says the same in PyTorch.
"""

from attncourse.reference.cache import (
    KVCache,
    append_to_cache,
    cached_attention,
)
from attncourse.reference.masks import (
    block_mask,
    causal_mask,
    document_mask,
    materialise,
    padding_mask,
    prefix_mask,
    sliding_window_mask,
)
from attncourse.reference.multihead import (
    grouped_query_attention,
    merge_heads,
    multi_head_attention,
    multi_query_attention,
    split_heads,
)
from attncourse.reference.scaled_dot_product import scaled_dot_product_attention
from attncourse.reference.scores import (
    additive_scores,
    dot_scores,
    general_scores,
    scaled_dot_scores,
)
from attncourse.reference.softmax import online_softmax, online_softmax_step, softmax
from attncourse.reference.transformer import layer_norm, rms_norm

__all__ = [
    "KVCache",
    "additive_scores",
    "append_to_cache",
    "block_mask",
    "cached_attention",
    "causal_mask",
    "document_mask",
    "dot_scores",
    "general_scores",
    "grouped_query_attention",
    "layer_norm",
    "materialise",
    "merge_heads",
    "multi_head_attention",
    "multi_query_attention",
    "online_softmax",
    "online_softmax_step",
    "padding_mask",
    "prefix_mask",
    "rms_norm",
    "scaled_dot_product_attention",
    "scaled_dot_scores",
    "sliding_window_mask",
    "softmax",
    "split_heads",
]
