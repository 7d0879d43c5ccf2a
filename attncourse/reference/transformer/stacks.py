"""Stacks: blocks one after the other, blind to the future or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from attncourse import _checks
from attncourse.reference.transformer.blocks import BlockCache, BlockParameters, transformer_block
from attncourse.reference.transformer.norms import layer_norm
from attncourse.reference.transformer.residuals import NormParameters, _normalise


class StackParameters(NamedTuple):
    """What a stack of blocks learns.

    Attributes
    ----------
    blocks : tuple of BlockParameters
        From the input to the output.
    norm : NormParameters, or None
        Of the norm at the end; None: there is none, as with :func:`post_norm`.
    """

    blocks: tuple[BlockParameters, ...]
    norm: NormParameters | None = None


def encoder(
    x: Float[np.ndarray, "*batch seq d_model"],
    parameters: StackParameters,
    *,
    norm: Callable[..., Any] = layer_norm,
    layer_options: Sequence[Mapping[str, Any]] | None = None,
    **options: Any,
) -> Any:
    r"""Let every position see every other, block after block.

    .. math:: y = \text{norm}\bigl((B_n \circ \dots \circ B_1)(x)\bigr)

    where :math:`B` are the blocks. The norm at the end is there if it has parameters.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.1, arXiv:1706.03762.

    Parameters
    ----------
    x, parameters : array and StackParameters
        The sequence, embedded, and what is learned. Without positions in ``x`` or in the options
        its order is not seen.
    norm : callable
        :func:`layer_norm` or :func:`rms_norm`, in the blocks and at the end.
    layer_options : sequence of dicts, optional
        Options of single blocks: ``[{"window": 4}, {}]`` for one local block and one that sees all.
    **options
        Of all blocks, as in :func:`transformer_block`: ``n_heads`` (always), ``mlp``, ``padding``
        ... With ``return_weights`` comes ``(y, weights)``, a BlockWeights for each block.

    Examples
    --------
    >>> nothing = StackParameters(blocks=(), norm=NormParameters())
    >>> encoder(np.array([[1.0, 3.0]]), nothing).round(2)
    array([[-1.,  1.]])
    """
    return _stack(x, parameters, None, norm, layer_options, options)[0]


def decoder(
    x: Float[np.ndarray, "*batch seq d_model"],
    parameters: StackParameters,
    *,
    caches: tuple[BlockCache, ...] | None = None,
    causal: bool = True,
    norm: Callable[..., Any] = layer_norm,
    layer_options: Sequence[Mapping[str, Any]] | None = None,
    **options: Any,
) -> tuple[Any, tuple[BlockCache, ...]]:
    r"""Let every position see those before it, and the context if there is one.

    .. math:: y = \text{norm}\bigl((B_n \circ \dots \circ B_1)(x, C)\bigr)

    where :math:`B` are the blocks and :math:`C` is the context. The norm at the end is there if
    it has parameters.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.1, arXiv:1706.03762.

    Parameters
    ----------
    x, parameters, norm, layer_options
        As in :func:`encoder`; ``x`` is all of the sequence, or what follows on the caches.
    caches : tuple of BlockCache, optional
        What the blocks have kept of the positions before ``x``, as this function gave it.
    causal : bool
        Hide the future. Only a mask of your own, a prefix say, makes sense of False.
    **options
        Of all blocks, as in :func:`transformer_block`: ``n_heads`` (always), ``mlp``,
        ``context``, ``context_mask`` ...

    Returns
    -------
    y : array, or (array, weights) if asked for
        As many positions as ``x``; a BlockWeights for each block.
    caches : tuple of BlockCache
        What to give back with the positions that follow.

    Examples
    --------
    >>> y, caches = decoder(np.array([[1.0, 3.0]]), StackParameters(blocks=()))
    >>> print(y, caches)  # no block, no norm
    [[1. 3.]] ()
    """
    return _stack(x, parameters, caches, norm, layer_options, {**options, "causal": causal})


def _stack(
    x: np.ndarray,
    p: StackParameters,
    caches: tuple[BlockCache, ...] | None,
    norm: Callable[..., Any],
    layer_options: Sequence[Mapping[str, Any]] | None,
    options: Mapping[str, Any],
) -> tuple[Any, tuple[BlockCache, ...]]:
    _checks.transformer.record("parameters", p, StackParameters)
    _checks.floating(np.ndarray, x=x)
    layer_options = [{}] * len(p.blocks) if layer_options is None else layer_options
    past = [None] * len(p.blocks) if caches is None else caches
    _checks.transformer.one_each("layer_options", layer_options, len(p.blocks))
    _checks.transformer.one_each("caches", past, len(p.blocks))
    kept, weights = [], []
    for block, own, cache in zip(p.blocks, layer_options, past, strict=True):
        given: dict[str, Any] = {"norm": norm, **options, **own}
        x, cache = transformer_block(x, block, cache=cache, **given)
        x, looked = x if isinstance(x, tuple) else (x, None)
        kept.append(cache)
        weights.append(looked)
    x = x if p.norm is None else _normalise(norm, x, p.norm)
    asked = options.get("return_weights") or any(looked is not None for looked in weights)
    return (x, tuple(weights)) if asked else x, tuple(kept)
