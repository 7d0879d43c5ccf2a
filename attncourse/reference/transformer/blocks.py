"""Blocks and stacks: attention and an MLP, each beside a residual connection, many times over."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.cache import KVCache, StaticCache
from attncourse.reference.transformer.attention import AttentionParameters, attention_layer
from attncourse.reference.transformer.mlps import gelu_mlp
from attncourse.reference.transformer.norms import layer_norm
from attncourse.reference.transformer.places import _padding_so_far
from attncourse.reference.transformer.residuals import NormParameters, _normalise, pre_norm

#: What concerns a sequence and itself, and so does not go on to cross-attention.
OF_SELF_ATTENTION = (
    *("mask", "bias", "causal", "window", "padding"),
    *("positions", "frequencies", "interleaved", "attention_factor"),
)


class BlockParameters(NamedTuple):
    """What one block learns.

    Attributes
    ----------
    attention : AttentionParameters
        Of self-attention.
    mlp : MLPParameters or GatedMLPParameters
        Whatever the block's ``mlp`` takes.
    attention_norms : tuple of NormParameters
        One for :func:`pre_norm` and :func:`post_norm`, two for :func:`sandwich_norm`.
    mlp_norms : tuple of NormParameters
        As many.
    cross_attention : AttentionParameters, or None
        Of the attention to a context, between the other two.
    cross_norms : tuple of NormParameters
        As many, if there is cross-attention.
    """

    attention: AttentionParameters
    mlp: Any
    attention_norms: tuple[NormParameters, ...] = (NormParameters(),)
    mlp_norms: tuple[NormParameters, ...] = (NormParameters(),)
    cross_attention: AttentionParameters | None = None
    cross_norms: tuple[NormParameters, ...] = (NormParameters(),)


class BlockCache(NamedTuple):
    r"""What one block keeps while a sequence is decoded.

    Attributes
    ----------
    self_attention : KVCache or StaticCache
        All positions so far.
    cross_attention : KVCache, or None
        The context, which stays the same.
    padding : boolean array (\*batch, kv_len), or None
        Which of the positions, or slots, are real tokens; None: all.
    """

    self_attention: KVCache | StaticCache
    cross_attention: KVCache | None = None
    padding: Bool[np.ndarray, "*batch kv_len"] | None = None


class BlockWeights(NamedTuple):
    r"""How one block looked: the weights of its attention.

    Attributes
    ----------
    self_attention : array (\*batch, n_heads, seq, kv_len)
        Of the sequence to itself.
    cross_attention : array (\*batch, n_heads, seq, kv_len), or None
        Of the sequence to the context.
    """

    self_attention: Float[np.ndarray, "*batch n_heads seq kv_len"]
    cross_attention: Float[np.ndarray, "*batch n_heads seq context_len"] | None = None


def transformer_block(
    x: Float[np.ndarray, "*batch seq d_model"],
    parameters: BlockParameters,
    *,
    n_heads: int,
    norm: Callable[..., Any] = layer_norm,
    mlp: Callable[..., Any] = gelu_mlp,
    residual: Callable[..., Any] = pre_norm,
    drop: Callable[..., Any] | None = None,
    context: Float[np.ndarray, "*batch kv_len d_context"] | None = None,
    context_mask: Bool[np.ndarray, "*#scores"] | None = None,
    context_padding: Bool[np.ndarray, "*batch kv_len"] | None = None,
    padding: Bool[np.ndarray, "*batch seq"] | None = None,
    cache: BlockCache | None = None,
    return_weights: bool = False,
    **options: Any,
) -> tuple[Any, BlockCache]:
    r"""Look at the sequence, at the context if there is one, and at each position alone.

    .. math:: a = \text{residual}(x, \text{SelfAttention}), \qquad
        c = \text{residual}(a, \text{CrossAttention}), \qquad
        y = \text{residual}(c, \text{MLP})

    where residual is :func:`pre_norm`, or another way to add what a sublayer gives.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.1, arXiv:1706.03762.

    Parameters
    ----------
    x, context : arrays, floating
        The sequence, and the one that cross-attention asks.
    parameters : BlockParameters
        What is learned.
    n_heads : int
        How many heads of queries there are.
    norm, mlp : callables
        :func:`layer_norm`, :func:`rms_norm`, or either with an ``eps`` of its own; and
        :func:`gelu_mlp`, :func:`swiglu_mlp` ..., which takes the features and ``parameters.mlp``.
    residual : callable
        :func:`pre_norm`, :func:`post_norm` or :func:`sandwich_norm`.
    drop : callable, optional
        What is done to what each sublayer gives before it is added: dropout, in training.
    context_mask, context_padding : boolean arrays, optional
        Which positions of the context may be asked: broadcasts to cross-attention's scores; and
        (\*batch, kv_len), True = a real one.
    padding : boolean array, optional
        True = a real token of ``x``. The cache remembers it for the tokens that follow.
    cache : BlockCache, optional
        What the block has kept of the positions before ``x``.
    return_weights : bool
        Give ``((y, BlockWeights), cache)``.
    **options
        As in :func:`attention_layer`: ``causal``, ``mask``, ``n_kv_heads``, ``frequencies`` ...
        Cross-attention takes those that do not speak of one sequence's own positions.

    Returns
    -------
    y : array
        As many positions as ``x``.
    cache : BlockCache
        What to give back with the positions that follow.

    Examples
    --------
    >>> from attncourse.reference.transformer.mlps import MLPParameters
    >>> one = np.eye(2)
    >>> parameters = BlockParameters(
    ...     AttentionParameters(one, one, one, 0 * one), MLPParameters(one, 0 * one)
    ... )
    >>> y, cache = transformer_block(np.array([[1.0, 2.0]]), parameters, n_heads=1)
    >>> y  # what adds nothing leaves the stream as it was
    array([[1., 2.]])
    """
    _checks.transformer.record("parameters", parameters, BlockParameters)
    _checks.floating(np.ndarray, x=x)
    _checks.transformer.block_cache(np.ndarray, "cache", cache, x, BlockCache, KVCache, StaticCache)
    _checks.transformer.context_fits(context, parameters.cross_attention)
    _checks.transformer.mask_of_a_layer(
        np.ndarray, "context_mask", context_mask, x, "context_padding="
    )
    _checks.transformer.padding(np.ndarray, padding, x)
    if context is not None:
        _checks.floating(np.ndarray, x=x, context=context)
        _checks.transformer.padding(
            np.ndarray, context_padding, x, context.shape[-2], name="context_padding"
        )
    p, past = parameters, cache or (None, None)
    real = _padding_so_far(padding, cache, x.shape[:-2], x.shape[-2])
    kept: dict[str, Any] = {"padding": real}
    looked: dict[str, Any] = {}
    options = {"n_heads": n_heads, "return_weights": return_weights, **options}

    def look_at_itself(h: np.ndarray) -> np.ndarray:
        given: dict[str, Any] = {"cache": past[0], "padding": real, **options}
        return keep("self_attention", attention_layer(h, p.attention, **given))

    def look_at_context(h: np.ndarray, parameters: AttentionParameters) -> np.ndarray:
        shared = {name: o for name, o in options.items() if name not in OF_SELF_ATTENTION}
        given: dict[str, Any] = {
            "cache": past[1],
            "mask": context_mask,
            "padding": context_padding,
            **shared,
        }
        found = attention_layer(h, parameters, context=context, **given)
        return keep("cross_attention", found)

    def keep(name: str, found: tuple[Any, Any]) -> np.ndarray:
        output, kept[name] = found
        if return_weights:
            output, looked[name] = output
        return output

    def add(x: np.ndarray, sublayer: Callable, norms: tuple[NormParameters, ...]) -> np.ndarray:
        dropped = sublayer if drop is None else lambda h: drop(sublayer(h))
        return residual(x, dropped, *[partial(_normalise, norm, p=each) for each in norms])

    x = add(x, look_at_itself, p.attention_norms)
    if p.cross_attention is not None:
        x = add(x, partial(look_at_context, parameters=p.cross_attention), p.cross_norms)
    x = add(x, lambda h: mlp(h, p.mlp), p.mlp_norms)
    return (x, BlockWeights(**looked)) if return_weights else x, BlockCache(**kept)
