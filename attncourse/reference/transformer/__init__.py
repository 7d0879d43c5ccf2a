"""Transformer: the parts that stand around attention, and the models they make."""

from attncourse.reference.transformer.activations import gelu, gelu_tanh, silu
from attncourse.reference.transformer.attention import AttentionParameters, attention_layer
from attncourse.reference.transformer.beam import beam_search
from attncourse.reference.transformer.blocks import (
    BlockCache,
    BlockParameters,
    BlockWeights,
    transformer_block,
)
from attncourse.reference.transformer.embeddings import EmbeddingParameters, embed, unembed
from attncourse.reference.transformer.gated_mlps import (
    GatedMLPParameters,
    geglu_mlp,
    geglu_tanh_mlp,
    swiglu_mlp,
)
from attncourse.reference.transformer.generation import generate
from attncourse.reference.transformer.mlps import MLPParameters, gelu_mlp, gelu_tanh_mlp, relu_mlp
from attncourse.reference.transformer.models import (
    EncoderDecoderParameters,
    LanguageModelParameters,
    encoder_decoder,
    language_model,
)
from attncourse.reference.transformer.norms import layer_norm, rms_norm
from attncourse.reference.transformer.residuals import (
    NormParameters,
    post_norm,
    pre_norm,
    sandwich_norm,
)
from attncourse.reference.transformer.sampling import (
    greedy,
    sample_token,
    top_k_filter,
    top_p_filter,
)
from attncourse.reference.transformer.stacks import StackParameters, decoder, encoder
from attncourse.reference.transformer.vision import (
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
