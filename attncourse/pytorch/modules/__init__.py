"""Layers and models with parameters: thin wrappers over the pure functions.

Each has ``as_parameters()``, which gives its tensors as the pure function takes them; in NumPy the
same named tuples run the same model.
"""

from attncourse.pytorch.modules.attention import MultiHeadAttention
from attncourse.pytorch.modules.blocks import TransformerBlock
from attncourse.pytorch.modules.encoder_decoder import EncoderDecoder
from attncourse.pytorch.modules.language import LanguageModel
from attncourse.pytorch.modules.mlps import MLP, GatedMLP
from attncourse.pytorch.modules.norms import LayerNorm, RMSNorm
from attncourse.pytorch.modules.stacks import Decoder, Encoder
from attncourse.pytorch.modules.vision import VisionTransformer

__all__ = [
    "MLP",
    "Decoder",
    "Encoder",
    "EncoderDecoder",
    "GatedMLP",
    "LanguageModel",
    "LayerNorm",
    "MultiHeadAttention",
    "RMSNorm",
    "TransformerBlock",
    "VisionTransformer",
]
