"""Positions: how attention, which sees a set, is told of an order.

- Added to the embeddings: ``sinusoidal``, ``learned``.
- Added to the scores as a bias: ``t5``, ``alibi``, and with a share in the values ``shaw``.
- Turning queries and keys: ``rotary``, with ``pairing`` (two conventions) and ``scaling`` (beyond
  the trained length).

Every function takes explicit positions, or lengths that are aligned bottom-right: the last query
stands at the last key. So decoding step by step with a cache gives what the whole sequence gives.
"""

from attncourse.pytorch.positions.alibi import alibi_bias, alibi_slopes
from attncourse.pytorch.positions.grid import relative_positions
from attncourse.pytorch.positions.learned import learned_positions
from attncourse.pytorch.positions.rotary import rotary, rotary_frequencies, rotary_tables, rotate
from attncourse.pytorch.positions.sinusoidal import sinusoidal_positions

__all__ = [
    "alibi_bias",
    "alibi_slopes",
    "learned_positions",
    "relative_positions",
    "rotary",
    "rotary_frequencies",
    "rotary_tables",
    "rotate",
    "sinusoidal_positions",
]
