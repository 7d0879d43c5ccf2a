"""The encoder-decoder with its parameters."""

from __future__ import annotations

from typing import Any

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attncourse.pytorch.modules.embeddings import _Embedding
from attncourse.pytorch.modules.language import LanguageModel
from attncourse.pytorch.modules.stacks import Encoder
from attncourse.pytorch.transformer import (
    EncoderDecoderParameters,
    embed,
)


class EncoderDecoder(nn.Module):
    r"""Score what may follow each token of the target, told the source and the tokens before.

    .. math:: p(w_1, \dots, w_m \mid u) = \prod_t p(w_{t+1} \mid w_1, \dots, w_t, \;
        \text{encoder}(u))

    where :math:`u` is the source and :math:`w` the target: an ``Encoder``, and a
    ``LanguageModel`` that asks it.

    Parameters
    ----------
    n_source_tokens, n_target_tokens : int
        The sizes of the two vocabularies.
    d_model, n_heads, n_layers : int
        Of both sides.
    n_positions : int, optional
        The longest text of either side, with tables of positions.
    learned_positions : bool
        Whether those tables are learned, or sinusoidal.
    shared : bool
        Whether source and target have one table of tokens.
    tied : bool
        Whether the output is the target's table of tokens.
    embedding_scale : float
        Multiplies the tokens' features; sqrt(d_model) in the source.
    dropout : float
        The share of features that is dropped in training.
    **block
        Of both sides, as in ``Encoder`` and ``TransformerBlock``: ``norm``, ``mlp`` ...

    Raises
    ------
    TypeError
        If a number is not whole, or an option unknown.
    ValueError
        If a number is out of its range, the heads do not divide, or two vocabularies of different
        sizes are to be shared.

    Notes
    -----
    Cost: :func:`encoder_decoder` counts it.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need, section 3, arXiv:1706.03762.

    Examples
    --------
    >>> import torch
    >>> model = EncoderDecoder(50, 60, d_model=12, n_heads=3, n_layers=1, n_positions=32)
    >>> model(torch.tensor([[1, 2, 3, 4]]), torch.tensor([[1, 2, 3]])).shape
    torch.Size([1, 3, 60])
    """

    def __init__(
        self,
        n_source_tokens: int,
        n_target_tokens: int,
        d_model: int,
        n_heads: int,
        n_layers: int,
        *,
        n_positions: int | None = None,
        learned_positions: bool = False,
        shared: bool = False,
        tied: bool = True,
        embedding_scale: float = 1.0,
        dropout: float = 0.0,
        **block: Any,
    ) -> None:
        super().__init__()
        if shared and n_source_tokens != n_target_tokens:
            raise ValueError(
                "shared: expected two vocabularies of one size, "
                f"got {n_source_tokens} and {n_target_tokens} tokens."
            )
        positions = {"n_positions": n_positions, "learned_positions": learned_positions}
        widths = {"d_model": d_model, "n_heads": n_heads, "n_layers": n_layers}
        self.target = LanguageModel(
            n_target_tokens,
            **widths,
            **positions,
            tied=tied,
            embedding_scale=embedding_scale,
            dropout=dropout,
            cross_attention=True,
            **block,
        )
        self.embedding = _Embedding(n_source_tokens, d_model, n_positions, learned_positions)
        if shared:
            self.embedding.tokens = self.target.embedding.tokens
        self.encoder = Encoder(**widths, dropout=dropout, **block)
        self.dropout = nn.Dropout(dropout)

    def encode(
        self,
        source: Int[Tensor, "*batch kv_len"],
        source_mask: Bool[Tensor, "*#scores"] | None = None,
        **options: Any,
    ) -> Float[Tensor, "*batch kv_len d_model"]:
        """Read the source; options as in :func:`encoder`."""
        tables = self.embedding.as_parameters()
        x = embed(source, tables, scale=self.target.embedding_scale)
        return self.encoder(self.dropout(x), mask=source_mask, **options)

    def forward(
        self,
        source: Int[Tensor, "*batch kv_len"],
        target: Int[Tensor, "*batch q_len"],
        source_mask: Bool[Tensor, "*#scores"] | None = None,
    ) -> Float[Tensor, "*batch q_len n_tokens"]:
        """Give the logits of what follows each token of the target."""
        context = self.encode(source, source_mask)
        return self.target(target, context=context, context_mask=source_mask)

    def begin(
        self,
        source: Int[Tensor, "batch kv_len"],
        source_mask: Bool[Tensor, "batch 1 1 kv_len"] | None = None,
    ) -> tuple[Any, ...]:
        """Read the source, and give the first state for :func:`generate` or beam search."""
        return self.encode(source, source_mask), source_mask, None

    def step(
        self, tokens: Int[Tensor, "batch seq"], state: tuple[Any, ...]
    ) -> tuple[Float[Tensor, "batch n_tokens"], tuple[Any, ...]]:
        """Score the next token of the target, told all tokens so far and ``begin``'s state."""
        context, mask, caches = state
        logits, caches = self.target.step(tokens, caches, context=context, context_mask=mask)
        return logits, (context, mask, caches)

    def as_parameters(self) -> EncoderDecoderParameters:
        """Give the parameters as :func:`encoder_decoder` takes them: the same tensors."""
        tables, encoder = self.embedding.as_parameters(), self.encoder.as_parameters()
        return EncoderDecoderParameters(tables, encoder, self.target.as_parameters())
