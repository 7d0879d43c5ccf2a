"""Published sizes of models and speeds of devices, for pages and widgets that compute with them.

Where a report leaves out a size, it is that of the released configuration. Contexts of 131,072 are
those after the reports' extension.
"""

from __future__ import annotations

from typing import Any

from attncourse.analysis.parameters import TransformerShape as _Shape

_CLASSIC: dict[str, Any] = {"gated": False, "norm_bias": True, "tied": True}

#: The shape, the longest context that is published for it, and the bibliography's key.
MODELS = {
    "GPT-2 small": (
        _Shape(12, 768, 12, 3072, 50257, n_positions=1024, bias=True, **_CLASSIC),
        1024,
        "radford2019",
    ),
    "OPT 175B": (
        _Shape(96, 12288, 96, 49152, 50272, n_positions=2048, bias=True, **_CLASSIC),
        2048,
        "zhang2022",
    ),
    "Falcon 7B": (
        _Shape(32, 4544, 71, 18176, 65024, n_kv_heads=1, **_CLASSIC),
        2048,
        "almazrouei2023",
    ),
    "Llama 2 7B": (_Shape(32, 4096, 32, 11008, 32000), 4096, "touvron2023"),
    "Llama 2 70B": (_Shape(80, 8192, 64, 28672, 32000, n_kv_heads=8), 4096, "touvron2023"),
    "Mistral 7B": (_Shape(32, 4096, 32, 14336, 32000, n_kv_heads=8), 8192, "jiang2023"),
    "Gemma 7B": (
        _Shape(28, 3072, 16, 24576, 256128, d_k=256, tied=True),
        8192,
        "gemma2024first",
    ),
    "Llama 3.1 8B": (_Shape(32, 4096, 32, 14336, 128256, n_kv_heads=8), 131072, "llama2024"),
    "Llama 3.1 405B": (_Shape(126, 16384, 128, 53248, 128256, n_kv_heads=8), 131072, "llama2024"),
    "SmolLM2 135M": (
        _Shape(30, 576, 9, 1536, 49152, n_kv_heads=3, tied=True),
        8192,
        "allal2025",
    ),
    "Qwen3 32B": (
        _Shape(64, 5120, 64, 25600, 151936, n_kv_heads=8, d_k=128),
        131072,
        "qwen2025",
    ),
}

#: How many positions a token of Mistral 7B sees.
MISTRAL_WINDOW = 4096

#: DeepSeek-V3 (deepseek2024v3): nine experts of width 2,048 work for each token, as one MLP of this
#: width; 257 are kept in 58 of its layers, and three layers have one MLP as wide.
DEEPSEEK_V3 = _Shape(61, 7168, 128, 9 * 2048, 129280, d_k=128)
DEEPSEEK_V3_EXPERTS = {"n_experts": 257, "d_expert": 2048, "n_dense_layers": 3, "n_routed": 256}
DEEPSEEK_V3_LATENT = {
    "d_model": 7168,
    "n_heads": 128,
    "d_latent": 512,
    "d_nope": 128,
    "d_rope": 64,
    "d_v": 128,
    "d_q_latent": 1536,
}
DEEPSEEK_V3_CONTEXT = 131072

#: Operations a second in products of 16-bit numbers, bytes a second to and from memory, bytes of
#: memory, and the source's key in the bibliography.
DEVICES = {
    "H100 SXM5": (989e12, 3.35e12, 80e9, "shah2024"),
    "A100 40 GB": (312e12, 1.5e12, 40e9, "dao2023"),
    "TPU v5p": (459e12, 2.8e12, 96e9, "austin2025"),
    "TPU v5e": (197e12, 0.81e12, 16e9, "austin2025"),
}
