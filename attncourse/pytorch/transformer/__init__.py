"""Transformer: the parts that stand around attention, and the models they make."""

from attncourse.pytorch.transformer.activations import gelu, gelu_tanh, silu
from attncourse.pytorch.transformer.attention import AttentionParameters, attention_layer
from attncourse.pytorch.transformer.beam import beam_search
from attncourse.pytorch.transformer.blocks import (
    BlockCache,
    BlockParameters,
    BlockWeights,
    transformer_block,
)
from attncourse.pytorch.transformer.embeddings import EmbeddingParameters, embed, unembed
from attncourse.pytorch.transformer.gated_mlps import (
    GatedMLPParameters,
    geglu_mlp,
    geglu_tanh_mlp,
    swiglu_mlp,
)
from attncourse.pytorch.transformer.generation import generate
from attncourse.pytorch.transformer.mlps import MLPParameters, gelu_mlp, gelu_tanh_mlp, relu_mlp
from attncourse.pytorch.transformer.models import (
    EncoderDecoderParameters,
    LanguageModelParameters,
    encoder_decoder,
    language_model,
)
from attncourse.pytorch.transformer.norms import layer_norm, rms_norm
from attncourse.pytorch.transformer.residuals import (
    NormParameters,
    post_norm,
    pre_norm,
    sandwich_norm,
)
from attncourse.pytorch.transformer.sampling import greedy, sample_token, top_k_filter, top_p_filter
from attncourse.pytorch.transformer.stacks import StackParameters, decoder, encoder
from attncourse.pytorch.transformer.vision import (
    VisionTransformerParameters,
    patches,
    vision_transformer,
)

__all__ = [
    "AttentionParameters",
    "BlockCache",
    "BlockParameters",
    "BlockWeights",
    "EmbeddingParameters",
    "EncoderDecoderParameters",
    "GatedMLPParameters",
    "LanguageModelParameters",
    "MLPParameters",
    "NormParameters",
    "StackParameters",
    "VisionTransformerParameters",
    "attention_layer",
    "beam_search",
    "decoder",
    "embed",
    "encoder",
    "encoder_decoder",
    "geglu_mlp",
    "geglu_tanh_mlp",
    "gelu",
    "gelu_mlp",
    "gelu_tanh",
    "gelu_tanh_mlp",
    "generate",
    "greedy",
    "language_model",
    "layer_norm",
    "patches",
    "post_norm",
    "pre_norm",
    "relu_mlp",
    "rms_norm",
    "sample_token",
    "sandwich_norm",
    "silu",
    "swiglu_mlp",
    "top_k_filter",
    "top_p_filter",
    "transformer_block",
    "unembed",
    "vision_transformer",
]
