"""Small models of `transformers` with random weights, and what their attention layers saw and said.

Nothing is downloaded: a model is built from a configuration. Its layers are observed while it runs
on padded sequences, so that its own masks, positions and scalings are at work.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional

BATCH, LENGTH, HIDDEN, HEADS, KV_HEADS, HEAD_DIM = 2, 11, 24, 6, 3, 8
#: How many tokens of each sequence are no padding.
LENGTHS = torch.tensor([11, 7])
UNFUSED = {
    "attn_implementation": "eager",
    "experts_implementation": "eager",
    "bos_token_id": None,
    "eos_token_id": None,
}
SHARED = {
    "hidden_size": HIDDEN,
    "num_attention_heads": HEADS,
    "num_hidden_layers": 2,
    "intermediate_size": 20,
    "vocab_size": 29,
}
GROUPED = {**SHARED, "num_key_value_heads": KV_HEADS, "head_dim": HEAD_DIM}
WINDOW = {"sliding_window": 4}

#: The module, the model, its attention layer, and the configuration.
MODELS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "Llama": ("llama", "LlamaForCausalLM", "LlamaAttention", GROUPED),
    "Mistral": ("mistral", "MistralForCausalLM", "MistralAttention", GROUPED | WINDOW),
    "Gemma 2": (
        "gemma2",
        "Gemma2ForCausalLM",
        "Gemma2Attention",
        GROUPED | WINDOW | {"attn_logit_softcapping": 1.5, "query_pre_attn_scalar": 5},
    ),
    "gpt-oss": (
        "gpt_oss",
        "GptOssForCausalLM",
        "GptOssAttention",
        GROUPED | WINDOW | {"num_local_experts": 2, "num_experts_per_tok": 1},
    ),
    "DeepSeek-V3": (
        "deepseek_v3",
        "DeepseekV3ForCausalLM",
        "DeepseekV3Attention",
        SHARED
        | {
            "num_key_value_heads": HEADS,
            "q_lora_rank": 10,
            "kv_lora_rank": 9,
            "qk_nope_head_dim": 5,
            "qk_rope_head_dim": 4,
            "v_head_dim": 7,
            "rope_parameters": {
                "rope_type": "yarn",
                "rope_theta": 100.0,
                "factor": 4.0,
                "mscale": 1.0,
                "mscale_all_dim": 0.7,
                "original_max_position_embeddings": 64,
            },
            "first_k_dense_replace": 2,  # no experts
        },
    ),
    "GPT-2": (
        "gpt2",
        "GPT2LMHeadModel",
        "GPT2Attention",
        {
            "n_embd": HIDDEN,
            "n_head": HEADS,
            "n_layer": 2,
            "vocab_size": 29,
            "n_positions": 16,
            "scale_attn_by_inverse_layer_idx": True,
        },
    ),
    "BERT": ("bert", "BertModel", "BertSelfAttention", SHARED),
    "ViT": (
        "vit",
        "ViTModel",
        "ViTAttention",
        SHARED | {"image_size": 12, "patch_size": 4, "num_channels": 2},
    ),
    "T5": (
        "t5",
        "T5ForConditionalGeneration",
        "T5Attention",
        {
            "d_model": HIDDEN,
            "d_kv": HEAD_DIM,
            "d_ff": 20,
            "num_heads": HEADS,
            "num_layers": 2,
            "vocab_size": 29,
            "relative_attention_num_buckets": 8,
            "relative_attention_max_distance": 9,
        },
    ),
    "BLOOM": (
        "bloom",
        "BloomForCausalLM",
        "BloomAttention",
        {"hidden_size": HIDDEN, "n_head": HEADS, "n_layer": 2, "vocab_size": 29},
    ),
}


@dataclass(frozen=True)
class Seen:
    """One call of an attention layer."""

    layer: nn.Module
    x: Tensor
    args: tuple[Any, ...]
    given: dict[str, Any]
    output: Tensor


@functools.cache
def model(name: str) -> nn.Module:
    """Build a model in float64, with weights large enough that attention is not uniform."""
    folder, kind, _, config = MODELS[name]
    module = importlib.import_module(f"transformers.models.{folder}.modeling_{folder}")
    settings = importlib.import_module(f"transformers.models.{folder}.configuration_{folder}")
    (config_class,) = [
        thing
        for thing in vars(settings).values()
        if isinstance(thing, type) and thing.__module__ == settings.__name__
    ]
    made = getattr(module, kind)(config_class(**UNFUSED, **config))
    torch.manual_seed(1706)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=parameter.shape[-1] ** -0.5)
            else:
                parameter.normal_(mean=1, std=0.3)
    return made.double().eval()


@contextlib.contextmanager
def no_rounding_to_float32():
    """Models ask their softmax for float32, even for float64; here they get what came in."""
    softmax = functional.softmax
    with mock.patch.object(functional, "softmax", lambda x, dim, dtype=None: softmax(x, dim)):
        yield


@dataclass(frozen=True)
class Run:
    """What a model was given, what its attention layers saw, and what it answered."""

    inputs: dict[str, Any]
    real: Tensor  # True where there is no padding
    calls: list[Seen]
    output: Tensor  # logits, or features where the model has no head


@functools.cache
def observed(name: str, *, padded: str = "right") -> Run:
    """Run a model on padded sequences, and look at each call of an attention layer."""
    made, calls = model(name), []

    def look(layer, args, given, output):
        x = args[0] if args else given["hidden_states"]
        calls.append(Seen(layer, x, args, given, output[0]))

    kind = MODELS[name][2]
    layers = [layer for layer in made.modules() if type(layer).__name__ == kind]
    hooks = [layer.register_forward_hook(look, with_kwargs=True) for layer in layers]
    inputs, real = _inputs(name, padded)
    with torch.no_grad(), no_rounding_to_float32():
        answer = made(**inputs)
    for hook in hooks:
        hook.remove()
    return Run(inputs, real, calls, answer[0])


def _inputs(name: str, padded: str) -> tuple[dict[str, Any], Tensor]:
    torch.manual_seed(1958)
    if name == "ViT":  # nine patches and a class token, and nothing is padded
        images = torch.randn(BATCH, 2, 12, 12, dtype=torch.float64)
        return {"pixel_values": images}, torch.ones(BATCH, 10, dtype=torch.bool)
    real = torch.arange(LENGTH) < LENGTHS[:, None]
    real = real.flip(1) if padded == "left" else real
    tokens = torch.randint(1, 29, (BATCH, LENGTH))
    inputs = {"input_ids": tokens, "attention_mask": real.long(), "use_cache": False}
    if name == "T5":
        inputs["decoder_input_ids"] = tokens[:, :5]
    return inputs, real
