"""Backward: the gradients of attention and of what stands around it, derived by hand.

Each function takes the gradient of a loss with respect to a result, and gives the gradients with
respect to what the result was made of. The derivation stands in its docstring.
"""

from attncourse.reference.backward.attention import (
    AttentionGradients,
    scaled_dot_product_attention_backward,
)
from attncourse.reference.backward.multihead import (
    MultiHeadGradients,
    grouped_query_attention_backward,
    multi_head_attention_backward,
)
from attncourse.reference.backward.norms import (
    NormGradients,
    layer_norm_backward,
    rms_norm_backward,
)
from attncourse.reference.backward.softmax import softmax_backward

__all__ = [
    "AttentionGradients",
    "MultiHeadGradients",
    "NormGradients",
    "grouped_query_attention_backward",
    "layer_norm_backward",
    "multi_head_attention_backward",
    "rms_norm_backward",
    "scaled_dot_product_attention_backward",
    "softmax_backward",
]
