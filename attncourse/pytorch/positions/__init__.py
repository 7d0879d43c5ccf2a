"""Positions: how attention, which sees a set, is told of an order.

- Added to the embeddings: ``sinusoidal``, ``learned``.
- Added to the scores as a bias: ``t5``, ``alibi``, and with a share in the values ``shaw``.
- Turning queries and keys: ``rotary``, by ``frequencies``, scaled ``by_parts`` or by ``yarn``
  to reach beyond the trained length; ``pairing`` for the two conventions.

Every function takes explicit positions, or lengths that are aligned bottom-right: the last query
stands at the last key. So decoding step by step with a cache gives what the whole sequence gives.
"""

from attncourse.pytorch.positions.alibi import (
    alibi_bias,
    alibi_slopes,
)
from attncourse.pytorch.positions.by_parts import (
    llama3_frequencies,
    ntk_by_parts_frequencies,
)
from attncourse.pytorch.positions.frequencies import (
    dynamic_ntk_frequencies,
    interpolated_frequencies,
    ntk_frequencies,
    rotary_frequencies,
)
from attncourse.pytorch.positions.grid import (
    relative_positions,
)
from attncourse.pytorch.positions.learned import (
    learned_positions,
)
from attncourse.pytorch.positions.pairing import (
    half_split_to_interleaved,
    interleaved_to_half_split,
)
from attncourse.pytorch.positions.rotary import (
    rotary,
    rotary_tables,
    rotate,
)
from attncourse.pytorch.positions.shaw import (
    shaw_attention,
    shaw_bias,
    shaw_values,
)
from attncourse.pytorch.positions.sinusoidal import (
    sinusoidal_positions,
)
from attncourse.pytorch.positions.t5 import (
    t5_bias,
    t5_buckets,
)
from attncourse.pytorch.positions.yarn import (
    yarn_attention_factor,
    yarn_frequencies,
)

__all__ = [
    "alibi_bias",
    "alibi_slopes",
    "dynamic_ntk_frequencies",
    "half_split_to_interleaved",
    "interleaved_to_half_split",
    "interpolated_frequencies",
    "learned_positions",
    "llama3_frequencies",
    "ntk_by_parts_frequencies",
    "ntk_frequencies",
    "relative_positions",
    "rotary",
    "rotary_frequencies",
    "rotary_tables",
    "rotate",
    "shaw_attention",
    "shaw_bias",
    "shaw_values",
    "sinusoidal_positions",
    "t5_bias",
    "t5_buckets",
    "yarn_attention_factor",
    "yarn_frequencies",
]
