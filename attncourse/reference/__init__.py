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
from attncourse.reference.flash import (
    FlashGradients,
    flash_attention,
    flash_attention_backward,
    merge_attention,
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
from attncourse.reference.positions import (
    alibi_bias,
    alibi_slopes,
    learned_positions,
    relative_positions,
    rotary,
    rotary_frequencies,
    rotary_tables,
    rotate,
    sinusoidal_positions,
)
from attncourse.reference.scaled_dot_product import scaled_dot_product_attention
from attncourse.reference.scores import (
    additive_scores,
    dot_scores,
    general_scores,
    scaled_dot_scores,
)
from attncourse.reference.softmax import (
    entmax,
    online_softmax,
    online_softmax_step,
    softmax,
    sparsemax,
)
from attncourse.reference.transformer import layer_norm, rms_norm

__all__ = [
    "FlashGradients",
    "KVCache",
    "additive_scores",
    "alibi_bias",
    "alibi_slopes",
    "append_to_cache",
    "block_mask",
    "cached_attention",
    "causal_mask",
    "document_mask",
    "dot_scores",
    "entmax",
    "flash_attention",
    "flash_attention_backward",
    "general_scores",
    "grouped_query_attention",
    "layer_norm",
    "learned_positions",
    "materialise",
    "merge_attention",
    "merge_heads",
    "multi_head_attention",
    "multi_query_attention",
    "online_softmax",
    "online_softmax_step",
    "padding_mask",
    "prefix_mask",
    "relative_positions",
    "rms_norm",
    "rotary",
    "rotary_frequencies",
    "rotary_tables",
    "rotate",
    "scaled_dot_product_attention",
    "scaled_dot_scores",
    "sinusoidal_positions",
    "sliding_window_mask",
    "softmax",
    "sparsemax",
    "split_heads",
]
