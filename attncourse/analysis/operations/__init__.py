"""Counted operations: how much arithmetic each mechanism does.

A count is exact, not an order of growth: :class:`Operations` says what is counted and what is not.
"""

from attncourse.analysis.operations.attention import (
    attention_backward_operations,
    attention_operations,
)
from attncourse.analysis.operations.counted import Operations, add_operations, visible_pairs
from attncourse.analysis.operations.linear import (
    chunked_delta_operations,
    chunked_linear_operations,
    recurrent_delta_operations,
    recurrent_linear_operations,
)
from attncourse.analysis.operations.low_rank import (
    linformer_operations,
    nystrom_operations,
    performer_operations,
)
from attncourse.analysis.operations.projected import (
    absorbed_latent_operations,
    latent_operations,
    multi_head_operations,
)
from attncourse.analysis.operations.transformer import (
    block_operations,
    model_operations,
    six_nd,
    training_operations,
)

__all__ = [
    "Operations",
    "absorbed_latent_operations",
    "add_operations",
    "attention_backward_operations",
    "attention_operations",
    "block_operations",
    "chunked_delta_operations",
    "chunked_linear_operations",
    "latent_operations",
    "linformer_operations",
    "model_operations",
    "multi_head_operations",
    "nystrom_operations",
    "performer_operations",
    "recurrent_delta_operations",
    "recurrent_linear_operations",
    "six_nd",
    "training_operations",
    "visible_pairs",
]
