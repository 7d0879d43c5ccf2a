"""FlashAttention: exact attention without its matrix of scores.

The scores are computed tile by tile and never stored: a running maximum, normaliser and output
take each tile in (:func:`flash_attention`). The backward pass computes each tile again from the
log-sum-exp that the forward pass leaves (:func:`flash_attention_backward`). Attention over parts
of the keys, each with its log-sum-exp, joins into attention over all (:func:`merge_attention`).
"""

from attncourse.pytorch.flash.backward import flash_attention_backward
from attncourse.pytorch.flash.forward import flash_attention
from attncourse.pytorch.flash.merge import merge_attention

__all__ = ["flash_attention", "flash_attention_backward", "merge_attention"]
