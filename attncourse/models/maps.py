"""Attention maps: what each head of each layer looks at, while the model stays as it is."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attncourse.pytorch import BlockWeights, Decoder, Encoder, scaled_dot_product_attention


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

    Source: Clark et al. (2019), What Does BERT Look At?, section 2, arXiv:1906.04341.

    Parameters
    ----------
    model : nn.Module
        Any model of these layers that takes ``return_weights=``. It is left as it is: whatever its
        layers do to attend, here they do so plainly, to the same numbers up to rounding.
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

    Examples
    --------
    >>> import torch
    >>> from attncourse.pytorch import LanguageModel
    >>> model = LanguageModel(100, d_model=12, n_heads=3, n_layers=2)
    >>> maps = attention_maps(model, torch.tensor([[1, 2, 3, 4]]))
    >>> maps.decoder.shape
    torch.Size([2, 1, 3, 4, 4])
    """
    stacks = [part for part in model.modules() if isinstance(part, Encoder)]
    if not stacks:
        raise ValueError(f"model: expected an Encoder or a Decoder in it, got {type(model)}.")
    plainly = {"return_weights": True, "attend": scaled_dot_product_attention, **options}
    with torch.no_grad():
        _, weights = model(*inputs, **plainly)
    if not isinstance(weights[0], BlockWeights):  # of two stacks
        of_encoder, of_decoder = weights
    elif isinstance(stacks[0], Decoder):
        of_encoder, of_decoder = (), weights
    else:
        of_encoder, of_decoder = weights, ()
    return AttentionMaps(
        _stacked([block.self_attention for block in of_encoder]),
        _stacked([block.self_attention for block in of_decoder]),
        _stacked([block.cross_attention for block in of_decoder]),
    )


def _stacked(maps: list[Tensor | None]) -> Tensor | None:
    there = [one for one in maps if one is not None]
    return torch.stack(there) if there else None
