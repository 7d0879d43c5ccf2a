"""Masks: which query may attend to which key.

A mask is a boolean array, True = may attend. It comes from a mask_mod on two positions, one of
the query and one of the key, and each function below is one such mask_mod laid out on a grid.
Arrays compose: ``causal_mask(5, 5) & padding_mask(lengths, 5)``, or ``|``, or ``~``.

Where queries and keys differ in number, the grid is aligned bottom-right: the last query stands
at the last key, because the keys before the first query are a past (a cache). So query ``i`` has
position ``i + kv_len - q_len``. Torch's ``is_causal`` aligns top-left.
"""

from attncourse.pytorch.masks.batches import document_mask, padding_mask
from attncourse.pytorch.masks.given import attention_mask, position_mask
from attncourse.pytorch.masks.grid import create_mask
from attncourse.pytorch.masks.positions import (
    block_mask,
    causal_mask,
    prefix_mask,
    sliding_window_mask,
)

__all__ = [
    "attention_mask",
    "block_mask",
    "causal_mask",
    "create_mask",
    "document_mask",
    "padding_mask",
    "position_mask",
    "prefix_mask",
    "sliding_window_mask",
]
