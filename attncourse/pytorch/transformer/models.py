"""Models of text: one that continues it, and one that turns it into another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.cache import KVCache, StaticCache
from attncourse.pytorch.transformer.blocks import BlockCache
from attncourse.pytorch.transformer.embeddings import EmbeddingParameters, embed, unembed
from attncourse.pytorch.transformer.norms import layer_norm
from attncourse.pytorch.transformer.places import _padding_so_far, _places
from attncourse.pytorch.transformer.stacks import StackParameters, decoder, encoder


class LanguageModelParameters(NamedTuple):
    """What a language model learns.

    Attributes
    ----------
    embedding : EmbeddingParameters
        The tables.
    decoder : StackParameters
        The blocks, and the norm at their end.
    w_out : array (d_model, n_tokens), or None
        From features to logits; None: the embedding's own, transposed (tied).
    b_out : array (n_tokens,), or None
        Added to the logits.
    """

    embedding: EmbeddingParameters
    decoder: StackParameters
    w_out: Float[Tensor, "d_model n_tokens"] | None = None
    b_out: Float[Tensor, " n_tokens"] | None = None


class EncoderDecoderParameters(NamedTuple):
    """What an encoder-decoder learns: arrays for the source, and a language model that asks it.

    Attributes
    ----------
    embedding : EmbeddingParameters
        The source's tables; the target's may be the same arrays.
    encoder : StackParameters
        The source's blocks.
    target : LanguageModelParameters
        The target's model, with cross-attention in every block.
    """

    embedding: EmbeddingParameters
    encoder: StackParameters
    target: LanguageModelParameters


def language_model(
    tokens: Int[Tensor, "*batch seq"],
    parameters: LanguageModelParameters,
    *,
    caches: tuple[BlockCache, ...] | None = None,
    positions: Int[Tensor, "*positions"] | None = None,
    padding: Bool[Tensor, "*batch seq"] | None = None,
    norm: Callable[..., Any] = layer_norm,
    drop: Callable[..., Any] | None = None,
    embedding_scale: float = 1.0,
    logits_scale: float = 1.0,
    logits_softcap: float | None = None,
    **options: Any,
) -> tuple[Any, tuple[BlockCache, ...]]:
    r"""Score what may follow each token, from it and those before it alone.

    .. math:: p(w_{t+1} \mid w_1, \dots, w_t) = \text{softmax}(z_t)_{w_{t+1}}, \qquad
        p(w_2, \dots, w_n \mid w_1) = \prod_{t=1}^{n-1} p(w_{t+1} \mid w_1, \dots, w_t)

    where :math:`w_t` is a token (the first one is given: a token for the beginning) and
    :math:`z_t` are the logits at its place: :func:`embed`, :func:`decoder`, :func:`unembed`.

    Source: Radford et al. (2019), section 2,
    https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf.

    Parameters
    ----------
    tokens, parameters : integer array and LanguageModelParameters
        The whole text, or what follows on the caches; and what is learned.
    caches : tuple of BlockCache, optional
        What the blocks have kept of the tokens before, as this function gave it. Slots set aside
        beforehand are ``BlockCache(static_cache(...))``, one for each block.
    positions : integer array, optional
        Where each token stands, (seq,) or (\*batch, seq); if left out, behind the caches, padding
        not counted.
    padding : boolean array, optional
        True = a real token, on whichever side the others are. The caches remember it.
    norm, drop : callables
        As in :func:`transformer_block`, everywhere; embeddings are dropped as well.
    embedding_scale, logits_scale, logits_softcap
        As ``scale`` in :func:`embed`, and ``scale`` and ``softcap`` in :func:`unembed`.
    **options
        As in :func:`decoder`: ``n_heads`` (always), ``mlp``, ``residual``, ``frequencies``,
        ``layer_options``, ``return_weights``; with cross-attention ``context``.

    Returns
    -------
    logits : array, or (array, weights) if asked for
        One score for each token of the vocabulary, at each position.
    caches : tuple of BlockCache
        What to give back with the tokens that follow.

    Examples
    --------
    >>> import torch
    >>> tables = EmbeddingParameters(torch.eye(3))
    >>> parameters = LanguageModelParameters(tables, StackParameters(blocks=()))
    >>> logits, caches = language_model(torch.tensor([2, 0]), parameters)  # without blocks: itself
    >>> logits
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    _checks.transformer.record("parameters", parameters, LanguageModelParameters)
    _checks.transformer.record("embedding", parameters.embedding, EmbeddingParameters)
    p, table = parameters, parameters.embedding.tokens
    _checks.transformer.integer_tokens(Tensor, "tokens", tokens)
    if positions is None:
        wide = tokens[..., None]
        for kept in caches or ():
            _checks.transformer.block_cache(
                Tensor, "caches", kept, wide, BlockCache, KVCache, StaticCache
            )
        _checks.transformer.padding(Tensor, padding, wide)
        past, *batch, seq = caches[0] if caches else None, *tokens.shape
        real = _padding_so_far(padding, past, tuple(batch), seq, tokens.device)
        cache = None if past is None else past.self_attention
        positions, kv_positions = _places(seq, cache, real, tokens.device)
        if positions.ndim == 1:
            _checks.transformer.last_row(p.embedding.positions, kv_positions.shape[-1])
        # Padding has no position, but a table must give it some row.
        positions = positions if real is None else positions.clamp(min=0)
    x = embed(tokens, p.embedding, positions=positions, scale=embedding_scale, norm=norm)
    x = x if drop is None else drop(x)
    given: dict[str, Any] = {
        "positions": positions,
        "padding": padding,
        "norm": norm,
        "drop": drop,
        **options,
    }
    x, caches = decoder(x, p.decoder, caches=caches, **given)
    x, *weights = x if isinstance(x, tuple) else (x,)
    w_out = table.T if p.w_out is None else p.w_out
    logits = unembed(x, w_out, p.b_out, scale=logits_scale, softcap=logits_softcap)
    return (logits, *weights) if weights else logits, caches


def encoder_decoder(
    source: Int[Tensor, "*batch kv_len"],
    target: Int[Tensor, "*batch q_len"],
    parameters: EncoderDecoderParameters,
    *,
    source_mask: Bool[Tensor, "*#scores"] | None = None,
    source_padding: Bool[Tensor, "*batch kv_len"] | None = None,
    source_options: Mapping[str, Any] | None = None,
    target_options: Mapping[str, Any] | None = None,
    norm: Callable[..., Any] = layer_norm,
    drop: Callable[..., Any] | None = None,
    embedding_scale: float = 1.0,
    **options: Any,
) -> Any:
    r"""Score what may follow each token of the target, told the source and the tokens before.

    .. math:: p(w_2, \dots, w_m \mid w_1, u) =
        \prod_{t=1}^{m-1} p(w_{t+1} \mid w_1, \dots, w_t, \; \text{encoder}(u))

    where :math:`u` is the source and :math:`w` the target. To decode token by token, call
    :func:`encoder` once and :func:`language_model` with ``context=`` and its caches.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3, arXiv:1706.03762.

    Parameters
    ----------
    source, target : integer arrays
        Numbers of tokens. The target starts with a token that stands for its beginning.
    parameters : EncoderDecoderParameters
        What is learned.
    source_mask, source_padding : boolean arrays, optional
        Which positions of the source may be asked, by the source and by the target: broadcasts to
        the scores; and (\*batch, kv_len), True = a real token.
    source_options, target_options : dicts, optional
        What only one side is given: ``{"bias": ...}``, ``{"padding": ...}``.
    norm, drop, embedding_scale
        As in :func:`language_model`, of both sides.
    **options
        Of both sides, as in :func:`transformer_block`: ``n_heads`` (always), ``mlp`` ... With
        ``return_weights`` comes ``(logits, (weights of the source, weights of the target))``.

    Examples
    --------
    >>> import torch
    >>> tables = EmbeddingParameters(torch.eye(3))
    >>> empty = StackParameters(blocks=())
    >>> target = LanguageModelParameters(tables, empty)
    >>> parameters = EncoderDecoderParameters(tables, empty, target)
    >>> source, begun = torch.tensor([1, 1]), torch.tensor([2])
    >>> encoder_decoder(source, begun, parameters)  # without blocks: itself
    tensor([[0., 0., 1.]])
    """
    _checks.transformer.record("parameters", parameters, EncoderDecoderParameters)
    _checks.transformer.integer_tokens(Tensor, "source", source)
    _checks.transformer.integer_tokens(Tensor, "target", target)
    _checks.one_device(source=source, target=target)
    wide = source[..., None]
    _checks.transformer.mask_of_a_layer(Tensor, "source_mask", source_mask, wide, "source_padding=")
    _checks.transformer.padding(Tensor, source_padding, wide, name="source_padding")
    p = parameters
    shared: dict[str, Any] = {"norm": norm, "drop": drop, **options}
    positions = None
    if source_padding is not None:
        positions, _ = _places(source.shape[-1], None, source_padding, source.device)
        positions = positions.clamp(min=0)
    x = embed(source, p.embedding, positions=positions, scale=embedding_scale, norm=norm)
    x = x if drop is None else drop(x)
    given: dict[str, Any] = {"mask": source_mask, "padding": source_padding, "positions": positions}
    context = encoder(x, p.encoder, **{**given, **shared, **(source_options or {})})
    context, *source_weights = context if isinstance(context, tuple) else (context,)
    if p.target.decoder.blocks:
        given: dict[str, Any] = {"context_mask": source_mask, "context_padding": source_padding}
        shared |= {"context": context, **given}
    shared |= {"embedding_scale": embedding_scale, **(target_options or {})}
    logits = language_model(target, p.target, **shared)[0]
    logits, *weights = logits if isinstance(logits, tuple) else (logits,)
    return (logits, (*source_weights, *weights)) if source_weights or weights else logits
