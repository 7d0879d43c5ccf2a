"""Attention maps: what each head of each layer looks at, while the model stays as it is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attncourse.pytorch import Decoder, Encoder, MultiHeadAttention, scaled_dot_product_attention


class AttentionMaps(NamedTuple):
    r"""The weights of every head, layer by layer; None where a model has no such attention.

    Attributes
    ----------
    encoder : tensor, or None
        Of the encoder's self-attention, (n_layers, \*batch, n_heads, seq, seq).
    decoder : tensor, or None
        Of the decoder's self-attention.
    cross : tensor, or None
        Of the decoder's attention to the encoder, (n_layers, \*batch, n_heads, q_len, kv_len).
    """

    encoder: Float[Tensor, "n_layers *batch n_heads seq seq"] | None = None
    decoder: Float[Tensor, "n_layers *batch n_heads seq seq"] | None = None
    cross: Float[Tensor, "n_layers *batch n_heads q_len kv_len"] | None = None


def attention_maps(model: nn.Module, *inputs: Any, **options: Any) -> AttentionMaps:
    """Call a model, and give the attention weights of all its layers and heads.

    Parameters
    ----------
    model : nn.Module
        Any model with an ``Encoder`` or a ``Decoder`` in it. It computes what it always does, and
        is the same afterwards.
    *inputs, **options
        What the model is called with.

    Returns
    -------
    AttentionMaps
        ``maps.decoder[layer, 0, head]`` is one map of the first text: a row a query.

    Raises
    ------
    ValueError
        If the model has neither an ``Encoder`` nor a ``Decoder``.

    References
    ----------
    Clark et al. (2019), What Does BERT Look At?, section 2, arXiv:1906.04341.

    Examples
    --------
    >>> import torch
    >>> from attncourse.pytorch import LanguageModel
    >>> model = LanguageModel(100, d_model=12, n_heads=3, n_layers=2)
    >>> maps = attention_maps(model, torch.tensor([[1, 2, 3, 4]]))
    >>> maps.decoder.shape
    torch.Size([2, 1, 3, 4, 4])
    """
    layers: dict[str, list[MultiHeadAttention]] = {"encoder": [], "decoder": [], "cross": []}
    for stack in model.modules():
        if isinstance(stack, Encoder):
            own = "decoder" if isinstance(stack, Decoder) else "encoder"
            layers[own] += [block.attention for block in stack.blocks]
            cross = [block.cross_attention for block in stack.blocks]
            layers["cross"] += [layer for layer in cross if layer is not None]
    if not any(layers.values()):
        raise ValueError(f"model: expected an Encoder or a Decoder in it, got {type(model)}.")
    with torch.no_grad(), contextlib.ExitStack() as watch:
        seen = {
            kind: [watch.enter_context(_watched(layer)) for layer in of_kind]
            for kind, of_kind in layers.items()
        }
        model(*inputs, **options)
    return AttentionMaps(
        **{kind: torch.stack([map_ for (map_,) in maps]) for kind, maps in seen.items() if maps}
    )


@contextlib.contextmanager
def _watched(layer: MultiHeadAttention) -> Iterator[list[Tensor]]:
    """Collect a layer's weights, computed beside whatever it does to attend."""
    attend, maps = layer.attend, []

    def look(q: Tensor, k: Tensor, v: Tensor, **options: Any) -> Any:
        plainly = {**options, "return_weights": True}
        maps.append(scaled_dot_product_attention(q, k, v, **plainly)[1])
        return attend(q, k, v, **options)

    layer.attend = look
    try:
        yield maps
    finally:
        layer.attend = attend
