"""What attention costs, and what it does: counted operations and bytes, measures of weights.

``import attncourse.analysis as analysis`` gives every function. Costs are computed from sizes, so
nothing runs; measures take the weights that attention returned, as NumPy arrays.
"""

from types import FunctionType

from attncourse import _checks
from attncourse.analysis.cache import kv_cache_bytes, latent_cache_bytes, linear_state_bytes
from attncourse.analysis.entropy import attention_distance, attention_entropy
from attncourse.analysis.heads import (
    duplicate_token_score,
    first_token_score,
    induction_score,
    previous_token_score,
)
from attncourse.analysis.importance import head_importance
from attncourse.analysis.operations import (
    Operations,
    absorbed_latent_operations,
    add_operations,
    attention_backward_operations,
    attention_operations,
    block_operations,
    chunked_delta_operations,
    chunked_linear_operations,
    latent_operations,
    linformer_operations,
    model_operations,
    multi_head_operations,
    nystrom_operations,
    performer_operations,
    recurrent_delta_operations,
    recurrent_linear_operations,
    six_nd,
    training_operations,
    visible_pairs,
)
from attncourse.analysis.parameters import TransformerShape, head_sizes, parameter_table
from attncourse.analysis.rollout import attention_rollout
from attncourse.analysis.roofline import attainable_rate, attention_intensity, shortest_time
from attncourse.analysis.traffic import (
    flash_attention_bytes,
    least_attention_bytes,
    plain_attention_bytes,
    product_bytes,
)

__all__ = [
    "Operations",
    "TransformerShape",
    "absorbed_latent_operations",
    "add_operations",
    "attainable_rate",
    "attention_backward_operations",
    "attention_distance",
    "attention_entropy",
    "attention_intensity",
    "attention_operations",
    "attention_rollout",
    "block_operations",
    "chunked_delta_operations",
    "chunked_linear_operations",
    "duplicate_token_score",
    "first_token_score",
    "flash_attention_bytes",
    "head_importance",
    "head_sizes",
    "induction_score",
    "kv_cache_bytes",
    "latent_cache_bytes",
    "latent_operations",
    "least_attention_bytes",
    "linear_state_bytes",
    "linformer_operations",
    "model_operations",
    "multi_head_operations",
    "nystrom_operations",
    "parameter_table",
    "performer_operations",
    "plain_attention_bytes",
    "previous_token_score",
    "product_bytes",
    "recurrent_delta_operations",
    "recurrent_linear_operations",
    "shortest_time",
    "six_nd",
    "training_operations",
    "visible_pairs",
]

# A NaN is looked for once, in what a reader calls.
for _name in __all__:
    if isinstance(globals()[_name], FunctionType):
        globals()[_name] = _checks.look_once(globals()[_name], _checks.no_nan)
