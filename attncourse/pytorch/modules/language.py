"""The language model with its parameters."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.cache import StaticCache
from attncourse.pytorch.modules.embeddings import _Embedding
from attncourse.pytorch.modules.options import _options_of
from attncourse.pytorch.modules.positions import _Relative
from attncourse.pytorch.modules.stacks import Decoder
from attncourse.pytorch.transformer import BlockCache, LanguageModelParameters, language_model


class LanguageModel(nn.Module):
    r"""Score what may follow each token, from it and those before it alone.

    .. math:: p(w_1, \dots, w_n) = \prod_{t=1}^{n} p(w_t \mid w_1, \dots, w_{t-1})

    where :math:`w_t` is a token. A table, a ``Decoder``, and an output.

    Source: Radford et al. (2019), section 2.3,
    https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf.

    Parameters
    ----------
    n_tokens, d_model, n_heads, n_layers : int
        The size of the vocabulary, and as in ``Decoder``.
    positions : str or None
        Where order comes from: ``"rotary"``, ``"learned"``, ``"sinusoidal"``, ``"alibi"``,
        ``"t5"``; None leaves it to the causal mask alone.
    n_positions : int, optional
        The longest text, for learned positions.
    rotary_base, frequencies : float and tensor, optional
        Of rotary positions, as in :func:`rotary_frequencies`; or frequencies of your own.
    tied : bool
        Whether the output is the table of tokens.
    embedding_scale, logits_softcap : float
        As in :func:`language_model`.
    dropout : float
        The share of features that is dropped in training: of embeddings, and of what each
        sublayer gives.
    **decoder
        As in ``Decoder`` and ``TransformerBlock``: ``norm``, ``mlp``, ``attention_dropout`` ...

    Examples
    --------
    >>> model = LanguageModel(100, d_model=12, n_heads=3, n_layers=2)
    >>> model(torch.tensor([[1, 2, 3], [4, 5, 6]])).shape
    torch.Size([2, 3, 100])
    """

    @_options_of(Decoder)
    def __init__(
        self,
        n_tokens: int,
        d_model: int,
        n_heads: int,
        n_layers: int,
        *,
        positions: str | None = "rotary",
        n_positions: int | None = None,
        rotary_base: float = 10000.0,
        frequencies: Float[Tensor, " n_pairs"] | None = None,
        tied: bool = True,
        embedding_scale: float = 1.0,
        logits_softcap: float | None = None,
        dropout: float = 0.0,
        **decoder: Any,
    ) -> None:
        super().__init__()
        self.embedding = _Embedding(n_tokens, d_model, positions, n_positions)
        self.decoder = Decoder(d_model, n_heads, n_layers, dropout=dropout, **decoder)
        self.relative = _Relative(
            positions,
            self.decoder.blocks[0].attention,
            bidirectional=False,
            rotary_base=rotary_base,
            frequencies=frequencies,
        )
        self.out = None if tied else nn.Linear(d_model, n_tokens, bias=False)
        if self.out is not None:
            nn.init.normal_(self.out.weight, std=0.02)
        self.dropout = nn.Dropout(dropout)
        _checks.real("embedding_scale", embedding_scale)
        self.embedding_scale, self.logits_softcap = embedding_scale, logits_softcap

    def forward(self, tokens: Int[Tensor, "*batch seq"], **options: Any) -> Any:
        """Give the logits of what follows each token; options as in :func:`language_model`."""
        return self.with_cache(tokens, **options)[0]

    def with_cache(
        self, tokens: Int[Tensor, "*batch seq"], **options: Any
    ) -> tuple[Any, tuple[BlockCache, ...]]:
        """Give the caches as well, as :func:`language_model` does."""
        given = {**self.options(options), **options}
        given |= self.relative.options(tokens.device, options)
        return language_model(tokens, self.as_parameters(), **given)

    def options(self, given: dict[str, Any]) -> dict[str, Any]:
        """Give what :func:`language_model` takes beside parameters."""
        drop = self.dropout if self.training and self.dropout.p else None
        of_logits = {"logits_softcap": self.logits_softcap, "drop": drop}
        return {
            "embedding_scale": self.embedding_scale,
            **of_logits,
            **self.decoder.options(given),
        }

    def step(
        self,
        tokens: Int[Tensor, "batch seq"],
        caches: tuple[BlockCache, ...] | None = None,
        *,
        padding: Bool[Tensor, "batch first_seq"] | None = None,
        max_len: int | None = None,
        **options: Any,
    ) -> tuple[Float[Tensor, "batch n_tokens"], tuple[BlockCache, ...]]:
        """Score the next token, as :func:`generate` and :func:`beam_search` ask it.

        Parameters
        ----------
        tokens : tensor of integers
            All tokens so far. Only those are computed that the caches do not hold yet: with
            static caches, the last one.
        caches : tuple of BlockCache, optional
            What the last step gave.
        padding : boolean tensor, optional
            Which of the first step's tokens are real, a row for each text (the beams of a text
            share one). The caches remember it.
        max_len : int, optional
            Set slots aside for so many tokens, with static caches: steps then have one shape.
        **options
            As in :func:`language_model`.

        Returns
        -------
        logits, caches
            Of the token after the last real one; and for the next step.
        """
        if max_len is not None:
            _checks.count(
                "tokens so far", tokens.shape[-1], maximum=_checks.count("max_len", max_len)
            )
        if caches is not None:
            cache, padding = caches[0].self_attention, None
            static = isinstance(cache, StaticCache)
            new = tokens[:, -1:] if static else tokens[:, cache.k.shape[-2] :]
        else:
            new = tokens
            if padding is not None and padding.shape[0] < tokens.shape[0]:
                padding = padding.repeat_interleave(tokens.shape[0] // padding.shape[0], dim=0)
            caches = None if max_len is None else self.static_caches(tokens.shape[0], max_len)
        logits, caches = self.with_cache(new, caches=caches, padding=padding, **options)
        if padding is None:
            return logits[:, -1], caches
        places = torch.arange(padding.shape[-1], device=padding.device)
        last = (padding * places).argmax(-1)[:, None, None]
        return logits.gather(1, last.expand(-1, 1, logits.shape[-1]))[:, 0], caches

    def static_caches(self, n_texts: int, max_len: int) -> tuple[BlockCache, ...]:
        """Set slots aside for the positions of some texts: decoding then compiles once."""
        return self.decoder.static_caches(n_texts, max_len)

    def as_parameters(self) -> LanguageModelParameters:
        """Give the parameters as :func:`language_model` takes them: the same tensors."""
        decoder = self.decoder.as_parameters()
        w_out = None if self.out is None else self.out.weight.T
        return LanguageModelParameters(self.embedding.as_parameters(), decoder, w_out)
