"""Ring attention: a text shared among devices, keys and values travelling from each to the next.

`order` says who holds what; `simulated` shows on one machine what each device computes.
"""

from attncourse.reference.ring.order import inverse_order, striped_order, zigzag_order
from attncourse.reference.ring.simulated import simulated_ring_attention

__all__ = [
    "inverse_order",
    "simulated_ring_attention",
    "striped_order",
    "zigzag_order",
]
