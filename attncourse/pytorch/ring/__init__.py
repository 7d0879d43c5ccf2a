"""Ring attention: a text shared among devices, keys and values travelling from each to the next.

`order` says who holds what; `simulated` shows on one machine what each device computes;
`processes` does it.
"""

from attncourse.pytorch.ring.order import inverse_order, striped_order, zigzag_order
from attncourse.pytorch.ring.processes import ring_attention
from attncourse.pytorch.ring.simulated import simulated_ring_attention

__all__ = [
    "inverse_order",
    "ring_attention",
    "simulated_ring_attention",
    "striped_order",
    "zigzag_order",
]
