"""The language model with its parameters."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from attncourse.pytorch.modules.embeddings import _Embedding
from attncourse.pytorch.modules.stacks import Decoder
from attncourse.pytorch.transformer import (
    BlockCache,
    LanguageModelParameters,
    embed,
    unembed,
)


class LanguageModel(nn.Module):
    r"""Score what may follow each token, from it and those before it alone.

    .. math:: p(w_1, \dots, w_n) = \prod_t p(w_{t+1} \mid w_1, \dots, w_t)

    where :math:`w_t` is a token. Tables, a ``Decoder``, and an output that is the transposed
    table of tokens unless it is untied.

    Parameters
    ----------
    n_tokens : int
        The size of the vocabulary.
    d_model, n_heads, n_layers : int
        As in ``Decoder``.
    n_positions : int, optional
        The longest text, with a table of positions; without one positions come from rotation, or
        from the causal mask alone.
    learned_positions : bool
        Whether that table is learned, or sinusoidal.
    frequencies : tensor, optional
        Of rotary positions, as :func:`rotary_frequencies` gives them.
    tied : bool
        Whether the output is the table of tokens.
    embedding_scale : float
        Multiplies the tokens' features.
    logits_softcap : float, optional
        Bends the logits into ± this number.
    dropout : float
        The share of features that is dropped in training: of embeddings, and of what each
        sublayer gives.
    **decoder
        As in ``Decoder`` and ``TransformerBlock``: ``norm``, ``mlp``, ``layer_options`` ...

    Raises
    ------
    TypeError
        If a number is not whole, or an option unknown.
    ValueError
        If a number is out of its range, or the heads do not divide.

    Notes
    -----
    Cost: :func:`language_model` counts it. Tables start with a standard deviation of 0.02, blocks
    as in ``Encoder``.

    References
    ----------
    Radford et al. (2019), Language Models are Unsupervised Multitask Learners, section 2.3,
    https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf.
    Tied output: Press and Wolf (2017), Using the Output Embedding to Improve Language Models,
    arXiv:1608.05859.

    Examples
    --------
    >>> import torch
    >>> model = LanguageModel(100, d_model=12, n_heads=3, n_layers=2, n_positions=32)
    >>> model(torch.tensor([[1, 2, 3], [4, 5, 6]])).shape
    torch.Size([2, 3, 100])
    """

    def __init__(
        self,
        n_tokens: int,
        d_model: int,
        n_heads: int,
        n_layers: int,
        *,
        n_positions: int | None = None,
        learned_positions: bool = True,
        frequencies: Float[Tensor, " n_pairs"] | None = None,
        tied: bool = True,
        embedding_scale: float = 1.0,
        logits_softcap: float | None = None,
        dropout: float = 0.0,
        **decoder: Any,
    ) -> None:
        super().__init__()
        self.embedding = _Embedding(n_tokens, d_model, n_positions, learned_positions)
        self.decoder = Decoder(d_model, n_heads, n_layers, dropout=dropout, **decoder)
        self.out = None if tied else nn.Linear(d_model, n_tokens, bias=False)
        if self.out is not None:
            nn.init.normal_(self.out.weight, std=0.02)
        self.dropout = nn.Dropout(dropout)
        self.embedding_scale, self.logits_softcap = embedding_scale, logits_softcap
        # No buffer: model.half() would round it, and far out positions would lose their order.
        self.frequencies = frequencies

    def forward(
        self, tokens: Int[Tensor, "*batch seq"], **options: Any
    ) -> Float[Tensor, "*batch seq n_tokens"]:
        """Give the logits of what follows each token; options as in :func:`language_model`."""
        return self.with_cache(tokens, **options)[0]

    def with_cache(
        self,
        tokens: Int[Tensor, "*batch seq"],
        *,
        caches: tuple[BlockCache, ...] | None = None,
        positions: Int[Tensor, "*positions"] | None = None,
        **options: Any,
    ) -> tuple[Float[Tensor, "*batch seq n_tokens"], tuple[BlockCache, ...]]:
        """Give the caches as well, as :func:`language_model` does."""
        seen = caches[0].self_attention.k.shape[-2] if caches else 0
        if positions is None:
            positions = torch.arange(seen, seen + tokens.shape[-1], device=tokens.device)
        if self.frequencies is not None:
            self.frequencies = self.frequencies.to(tokens.device)
            options = {"frequencies": self.frequencies, "positions": positions, **options}
        tables = self.embedding.as_parameters()
        x = embed(tokens, tables, positions=positions, scale=self.embedding_scale)
        x, caches = self.decoder.with_cache(self.dropout(x), caches=caches, **options)
        return unembed(x, self._w_out(), softcap=self.logits_softcap), caches

    def step(
        self,
        tokens: Int[Tensor, "batch seq"],
        caches: tuple[BlockCache, ...] | None = None,
        **options: Any,
    ) -> tuple[Float[Tensor, "batch n_tokens"], tuple[BlockCache, ...]]:
        """Score the next token, as :func:`generate` and :func:`beam_search` ask it.

        Parameters
        ----------
        tokens : tensor of integers
            All tokens so far. Only those are computed that the caches do not hold yet.
        caches : tuple of BlockCache, optional
            What the last step gave.
        **options
            As in :func:`language_model`.

        Returns
        -------
        logits, caches
            Of the token after the last one; and for the next step.
        """
        seen = caches[0].self_attention.k.shape[-2] if caches else 0
        logits, caches = self.with_cache(tokens[:, seen:], caches=caches, **options)
        return logits[:, -1], caches

    def as_parameters(self) -> LanguageModelParameters:
        """Give the parameters as :func:`language_model` takes them: the same tensors."""
        decoder = self.decoder.as_parameters()
        w_out = None if self.out is None else self.out.weight.T
        return LanguageModelParameters(self.embedding.as_parameters(), decoder, w_out)

    def _w_out(self) -> Tensor:
        return (self.embedding.tokens if self.out is None else self.out.weight).T
