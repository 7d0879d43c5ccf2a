"""Linear attention: features instead of a softmax, so that a state of fixed size remembers all.

Without a softmax between them, (q k) v is q (k v): what all keys and values leave behind is one
matrix. Feature maps turn queries and keys into vectors whose dot product is the weight; the
causal forms read the sequence step by step, chunk by chunk or at once, and give the same numbers.
"""

from attncourse.reference.linear.attention import linear_attention
from attncourse.reference.linear.chunked import (
    linear_attention_chunked,
    linear_attention_parallel,
)
from attncourse.reference.linear.decay import decay_matrix, retention_log_decay
from attncourse.reference.linear.features import (
    dpfp_features,
    elu_features,
    relu_features,
    softmax_features,
    taylor_features,
)
from attncourse.reference.linear.recurrent import linear_attention_recurrent
from attncourse.reference.linear.state import LinearState

__all__ = [
    "LinearState",
    "decay_matrix",
    "dpfp_features",
    "elu_features",
    "linear_attention",
    "linear_attention_chunked",
    "linear_attention_parallel",
    "linear_attention_recurrent",
    "relu_features",
    "retention_log_decay",
    "softmax_features",
    "taylor_features",
]
