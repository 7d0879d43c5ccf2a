"""Every mechanism in PyTorch: the files, names, signatures and numbers of the NumPy reference.

``import attncourse.pytorch as att`` gives every public function of every file. Arrays are
``(batch, heads, seq, dim)``; a mask is boolean with True = may attend; a query with nothing to
attend to gives zeros. Beside the twins stand what only PyTorch has: modules and the fused path.
"""

from attncourse.pytorch.cache import (
    KVCache,
    append_to_cache,
    cached_attention,
)
from attncourse.pytorch.flash import (
    FlashGradients,
    flash_attention,
    flash_attention_backward,
    merge_attention,
)
from attncourse.pytorch.fused import fused_attention
from attncourse.pytorch.masks import (
    block_mask,
    causal_mask,
    document_mask,
    materialise,
    padding_mask,
    prefix_mask,
    sliding_window_mask,
)
from attncourse.pytorch.modules import MultiHeadAttention
from attncourse.pytorch.multihead import (
    grouped_query_attention,
    merge_heads,
    multi_head_attention,
    multi_query_attention,
    split_heads,
)
from attncourse.pytorch.positions import (
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
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention
from attncourse.pytorch.scores import (
    additive_scores,
    dot_scores,
    general_scores,
    scaled_dot_scores,
)
from attncourse.pytorch.softmax import (
    entmax,
    online_softmax,
    online_softmax_step,
    softmax,
    sparsemax,
)
from attncourse.pytorch.transformer import layer_norm, rms_norm

__all__ = [
    "FlashGradients",
    "KVCache",
    "MultiHeadAttention",
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
    "fused_attention",
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
