"""Sparse attention: each query sees a few keys, and only those are computed.

A pattern stands here twice: as a mask, a grid to look at and the definition of the result, and as
an attention that never makes the grid and costs in proportion to what it keeps. Masks that other
files have as well (:func:`sliding_window_mask`, :func:`block_mask`) are theirs.
"""

from attncourse.reference.sparse.big_bird import big_bird_attention, big_bird_blocks, big_bird_mask
from attncourse.reference.sparse.blocks import block_sparse_attention, block_sparse_mask
from attncourse.reference.sparse.fixed import fixed_attention, fixed_mask
from attncourse.reference.sparse.local import block_attention
from attncourse.reference.sparse.longformer import longformer_attention
from attncourse.reference.sparse.patterns import (
    dilated_window_mask,
    global_mask,
    two_sided_window_mask,
)
from attncourse.reference.sparse.strided import strided_attention, strided_mask
from attncourse.reference.sparse.window import sliding_window_attention

__all__ = [
    "big_bird_attention",
    "big_bird_blocks",
    "big_bird_mask",
    "block_attention",
    "block_sparse_attention",
    "block_sparse_mask",
    "dilated_window_mask",
    "fixed_attention",
    "fixed_mask",
    "global_mask",
    "longformer_attention",
    "sliding_window_attention",
    "strided_attention",
    "strided_mask",
    "two_sided_window_mask",
]
