"""Mistakes in a language model, and what they make of its logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from attncourse.grading.exercises.ch05_project import variants

#: The change below, the mistake's name, and what to say.
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    (
        {"end": "none"},
        "no final norm",
        "The last norm is missing: the stream has grown through the layers, and is brought to one "
        "size before it is compared with the tokens.",
    ),
    (
        {"end": "every layer"},
        "final norm in every layer",
        "The last norm is used after every layer. It stands once, behind all of them.",
    ),
    (
        {"end": "probabilities"},
        "softmax too early",
        "These are probabilities: each row sums to 1. Logits are what goes into that softmax.",
    ),
    (
        {"end": "last"},
        "last position only",
        "Only the last position is there. Logits are asked for at every position: training needs "
        "all of them.",
    ),
    (
        {"end": "scaled"},
        "divided by √d_model",
        "The logits are divided by √d_model. Scores of attention are scaled; logits are not.",
    ),
    (
        {"start": "scaled"},
        "embedding times √d_model",
        "The embedding is multiplied by √d_model, as in the first Transformer. SmolLM2 takes it as "
        "it is.",
    ),
    (
        {"start": "normed"},
        "embedding normed",
        "The embedding goes through a norm before the first layer. It enters as it is.",
    ),
    (
        {"end": "log"},
        "log softmax",
        "These are logarithms of probabilities: something was taken away from each row. Logits are "
        "what comes before that.",
    ),
    (
        {"run": "all but last"},
        "last layer missing",
        "The last layer has not run.",
    ),
    (
        {"run": "reversed"},
        "layers reversed",
        "The layers run in the wrong order: the first comes first.",
    ),
    (
        {"run": "first again"},
        "first layer again",
        "The first layer runs every time. Each layer has weights of its own.",
    ),
    (
        {"run": "one"},
        "one layer",
        "Only one layer has run: x has to go on from layer to layer.",
    ),
    (
        {"run": "from the embedding"},
        "every layer from the embedding",
        "Every layer reads the embedding, and only the last one counts. Each reads what the layer "
        "before it has made.",
    ),
    (
        {"run": "none"},
        "no layers",
        "No layer has run: this is the embedding, normed and compared with itself.",
    ),
    (
        {"run": "shared cache"},
        "one cache for all layers",
        "The caches go on from layer to layer, so that a layer sees keys of the one before it. "
        "Each "
        "layer has caches of its own, which begin empty.",
    ),
]


def compute(
    tokens: np.ndarray,
    embedding: np.ndarray,
    layers: tuple,
    final_norm: np.ndarray,
    n_heads: int,
    n_kv_heads: int,
    base: float,
    eps: float,
    start: str = "",
    end: str = "",
    **changes: str,
) -> np.ndarray:
    """The logits, or what a mistake makes of them."""
    embedding = embedding.astype(np.float64)
    x = first = embedding[tokens]
    if start == "scaled":
        x = x * np.sqrt(x.shape[-1])
    if start == "normed":
        x = variants.norm(x, final_norm, eps)
    order = changes.pop("run", "")
    run = {
        "reversed": layers[::-1],
        "first again": layers[:1] * len(layers),
        "one": layers[:1],
        "all but last": layers[:-1],
        "none": (),
    }.get(order, layers)
    widths = [w.shape[1] // n_kv_heads for w in layers[0][2:4]]
    old_k, old_v = [np.zeros((len(tokens), n_kv_heads, 0, width)) for width in widths]
    for layer in run:
        x = first if order == "from the embedding" else x
        x, new_k, new_v = variants.block(x, layer, old_k, old_v, n_heads, base, eps, **changes)
        if order == "shared cache":
            old_k, old_v = new_k, new_v
        x = variants.norm(x, final_norm, eps) if end == "every layer" else x
    x = x if end == "none" else variants.norm(x, final_norm, eps)
    logits = x @ embedding.T
    match end:
        case "probabilities":
            powers = np.exp(logits - logits.max(-1, keepdims=True))
            return powers / powers.sum(-1, keepdims=True)
        case "log":
            return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
        case "last":
            return logits[:, -1]
        case "scaled":
            return logits / np.sqrt(embedding.shape[1])
    return logits


#: Mistakes in a block that show here too, where the block's own checks were not run.
INSIDE: list[tuple[dict[str, Any], str, str]] = [
    (
        {"mask": "none"},
        "no mask",
        "A position knows the tokens behind it: somewhere the causal mask is missing.",
    ),
    (
        {"order": "norm behind"},
        "norm behind",
        "The norms of the blocks stand behind the sums. Here they stand before attention and MLP.",
    ),
    (
        {"turn": "none"},
        "not turned",
        "The order of the tokens has no say beyond the mask: rotary positions are missing.",
    ),
]
