"""Every mechanism in PyTorch: the files, names, signatures and numbers of the NumPy reference.

``import attncourse.pytorch as att`` gives every public function of every file. Arrays are
``(batch, heads, seq, dim)``; a mask is boolean with True = may attend; a query with nothing to
attend to gives zeros. Beside the twins stand what only PyTorch has: modules and the fused path.
"""

# An index: several names a line, so that it can be seen whole.
# fmt: off
from attncourse.pytorch.backward import (
    AttentionGradients, MultiHeadGradients, NormGradients, grouped_query_attention_backward,
    layer_norm_backward, multi_head_attention_backward, rms_norm_backward,
    scaled_dot_product_attention_backward, softmax_backward,
)
from attncourse.pytorch.cache import (
    KVCache, PagedCache, RollingCache, StaticCache, append_to_cache, append_to_paged_cache,
    append_to_rolling_cache, append_to_static_cache, cached_attention, fork_sequence, free_sequence,
    paged_cache, paged_cached_attention, positioned_attention, read_paged_cache, rolling_cache,
    rolling_cached_attention, static_cache, static_cached_attention, tensor_scatter,
)
from attncourse.pytorch.delta import (
    delta_rule_chunked, delta_rule_parallel, delta_rule_recurrent, l2_normalize,
)
from attncourse.pytorch.flash import flash_attention, flash_attention_backward, merge_attention
from attncourse.pytorch.fused import fused_attention
from attncourse.pytorch.hard import (
    argmax_attention, choice_log_prob, gumbel_hardmax, gumbel_noise, gumbel_softmax, hardmax,
    reinforce_gradient, reinforce_loss, sampled_attention, straight_through_gumbel, top_k_attention,
    top_k_softmax,
)
from attncourse.pytorch.latent import (
    LatentCache, LatentParameters, absorbed_latent_attention, multi_head_latent_attention,
)
from attncourse.pytorch.linear import (
    LinearState, decay_matrix, dpfp_features, elu_features, linear_attention,
    linear_attention_chunked, linear_attention_parallel, linear_attention_recurrent, relu_features,
    retention_log_decay, softmax_features, taylor_features,
)
from attncourse.pytorch.linformer import linformer_attention
from attncourse.pytorch.masks import (
    attention_mask, block_mask, causal_mask, create_mask, document_mask, padding_mask,
    position_mask, prefix_mask, sliding_window_mask,
)
from attncourse.pytorch.modules import (
    MLP, Decoder, Encoder, EncoderDecoder, GatedMLP, LanguageModel, LayerNorm, MultiHeadAttention,
    RMSNorm, TransformerBlock, VisionTransformer,
)
from attncourse.pytorch.multihead import (
    grouped_query_attention, merge_heads, multi_head_attention, multi_query_attention, split_heads,
)
from attncourse.pytorch.nystrom import iterative_pseudo_inverse, nystrom_attention, segment_means
from attncourse.pytorch.performer import (
    orthogonal_projection, performer_attention, positive_features, trigonometric_features,
)
from attncourse.pytorch.positions import (
    alibi_bias, alibi_slopes, dynamic_ntk_frequencies, half_split_to_interleaved,
    interleaved_to_half_split, interpolated_frequencies, learned_positions, llama3_frequencies,
    ntk_by_parts_frequencies, ntk_frequencies, relative_positions, rotary, rotary_frequencies,
    rotary_tables, rotate, shaw_attention, shaw_bias, shaw_values, sinusoidal_positions, t5_bias,
    t5_buckets, yarn_attention_factor, yarn_frequencies,
)
from attncourse.pytorch.ring import (
    inverse_order, ring_attention, simulated_ring_attention, striped_order, zigzag_order,
)
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention
from attncourse.pytorch.scores import (
    additive_scores, concat_scores, cosine_scores, dot_scores, general_scores, location_scores,
    masked_scores, scaled_dot_scores,
)
from attncourse.pytorch.softmax import (
    entmax, online_softmax, online_softmax_step, softmax, sparsemax,
)
from attncourse.pytorch.sparse import (
    big_bird_attention, big_bird_blocks, big_bird_mask, block_attention, block_sparse_attention,
    block_sparse_mask, dilated_window_mask, fixed_attention, fixed_mask, global_mask,
    longformer_attention, sliding_window_attention, strided_attention, strided_mask,
    two_sided_window_mask,
)
from attncourse.pytorch.transformer import (
    AttentionParameters, BlockCache, BlockParameters, BlockWeights, EmbeddingParameters,
    EncoderDecoderParameters,
    GatedMLPParameters, LanguageModelParameters, MLPParameters, NormParameters, StackParameters,
    VisionTransformerParameters, attention_layer, beam_search, decoder, embed, encoder,
    encoder_decoder, geglu_mlp, geglu_tanh_mlp, gelu, gelu_mlp, gelu_tanh, gelu_tanh_mlp, generate,
    greedy, language_model, layer_norm, patches, post_norm, pre_norm, relu_mlp, rms_norm,
    sample_token, sandwich_norm, silu, swiglu_mlp, top_k_filter, top_p_filter, transformer_block,
    unembed, vision_transformer,
)
from attncourse.pytorch.values import check_values

__all__ = [
    "MLP", "AttentionGradients", "AttentionParameters", "BlockCache", "BlockParameters",
    "BlockWeights", "Decoder",
    "EmbeddingParameters", "Encoder", "EncoderDecoder", "EncoderDecoderParameters", "GatedMLP",
    "GatedMLPParameters", "KVCache", "LanguageModel", "LanguageModelParameters", "LatentCache",
    "LatentParameters", "LayerNorm", "LinearState", "MLPParameters", "MultiHeadAttention",
    "MultiHeadGradients", "NormGradients", "NormParameters", "PagedCache", "RMSNorm",
    "RollingCache", "StackParameters", "StaticCache", "TransformerBlock", "VisionTransformer",
    "VisionTransformerParameters", "absorbed_latent_attention", "additive_scores", "alibi_bias",
    "alibi_slopes", "append_to_cache", "append_to_paged_cache", "append_to_rolling_cache",
    "append_to_static_cache", "argmax_attention", "attention_layer", "attention_mask",
    "beam_search", "big_bird_attention", "big_bird_blocks", "big_bird_mask", "block_attention",
    "block_mask", "block_sparse_attention", "block_sparse_mask", "cached_attention", "causal_mask",
    "check_values", "choice_log_prob", "concat_scores", "cosine_scores", "create_mask",
    "decay_matrix", "decoder", "delta_rule_chunked", "delta_rule_parallel", "delta_rule_recurrent",
    "dilated_window_mask", "document_mask", "dot_scores", "dpfp_features",
    "dynamic_ntk_frequencies", "elu_features", "embed", "encoder", "encoder_decoder", "entmax",
    "fixed_attention", "fixed_mask", "flash_attention", "flash_attention_backward", "fork_sequence",
    "free_sequence", "fused_attention", "geglu_mlp", "geglu_tanh_mlp", "gelu", "gelu_mlp",
    "gelu_tanh", "gelu_tanh_mlp", "general_scores", "generate", "global_mask", "greedy",
    "grouped_query_attention", "grouped_query_attention_backward", "gumbel_hardmax", "gumbel_noise",
    "gumbel_softmax", "half_split_to_interleaved", "hardmax", "interleaved_to_half_split",
    "interpolated_frequencies", "inverse_order", "iterative_pseudo_inverse", "l2_normalize",
    "language_model", "layer_norm", "layer_norm_backward", "learned_positions", "linear_attention",
    "linear_attention_chunked", "linear_attention_parallel", "linear_attention_recurrent",
    "linformer_attention", "llama3_frequencies", "location_scores", "longformer_attention",
    "masked_scores", "merge_attention", "merge_heads", "multi_head_attention",
    "multi_head_attention_backward", "multi_head_latent_attention", "multi_query_attention",
    "ntk_by_parts_frequencies", "ntk_frequencies", "nystrom_attention", "online_softmax",
    "online_softmax_step", "orthogonal_projection", "padding_mask", "paged_cache",
    "paged_cached_attention", "patches", "performer_attention", "position_mask",
    "positioned_attention", "positive_features", "post_norm", "pre_norm", "prefix_mask",
    "read_paged_cache", "reinforce_gradient", "reinforce_loss", "relative_positions",
    "relu_features", "relu_mlp", "retention_log_decay", "ring_attention", "rms_norm",
    "rms_norm_backward", "rolling_cache", "rolling_cached_attention", "rotary",
    "rotary_frequencies", "rotary_tables", "rotate", "sample_token", "sampled_attention",
    "sandwich_norm", "scaled_dot_product_attention", "scaled_dot_product_attention_backward",
    "scaled_dot_scores", "segment_means", "shaw_attention", "shaw_bias", "shaw_values", "silu",
    "simulated_ring_attention", "sinusoidal_positions", "sliding_window_attention",
    "sliding_window_mask", "softmax", "softmax_backward", "softmax_features", "sparsemax",
    "split_heads", "static_cache", "static_cached_attention", "straight_through_gumbel",
    "strided_attention", "strided_mask", "striped_order", "swiglu_mlp", "t5_bias", "t5_buckets",
    "taylor_features", "tensor_scatter", "top_k_attention", "top_k_filter", "top_k_softmax",
    "top_p_filter", "transformer_block", "trigonometric_features", "two_sided_window_mask",
    "unembed", "vision_transformer", "yarn_attention_factor", "yarn_frequencies", "zigzag_order",
]
