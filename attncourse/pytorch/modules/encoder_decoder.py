"""The encoder-decoder with its parameters."""

from __future__ import annotations

from typing import Any

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attncourse.pytorch.modules.embeddings import _Embedding
from attncourse.pytorch.modules.language import LanguageModel
from attncourse.pytorch.modules.options import _options_of
from attncourse.pytorch.modules.positions import _Relative
from attncourse.pytorch.modules.stacks import Encoder
from attncourse.pytorch.transformer import EncoderDecoderParameters, embed


class EncoderDecoder(nn.Module):
    r"""Score what may follow each token of the target, told the source and the tokens before.

    .. math:: p(w_1, \dots, w_m \mid u) = \prod_{t=1}^{m} p(w_t \mid w_1, \dots, w_{t-1}, \;
        \text{encoder}(u))

    where :math:`u` is the source and :math:`w` the target: an ``Encoder``, and a
    ``LanguageModel`` that asks it.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3, arXiv:1706.03762.

    Parameters
    ----------
    n_source_tokens, n_target_tokens : int
        The sizes of the two vocabularies.
    d_model, n_heads, n_layers, n_positions, tied, embedding_scale, dropout
        As in ``LanguageModel``, of both sides.
    positions : str or None
        As in ``LanguageModel``; with None the encoder ignores the order of its tokens.
    shared : bool
        Whether source and target have one table of tokens.
    **block
        Of both sides, as in ``Encoder`` and ``TransformerBlock``: ``norm``, ``mlp`` ...

    Examples
    --------
    >>> import torch
    >>> model = EncoderDecoder(50, 60, d_model=12, n_heads=3, n_layers=1)
    >>> model(torch.tensor([[1, 2, 3, 4]]), torch.tensor([[1, 2, 3]])).shape
    torch.Size([1, 3, 60])
    """

    @_options_of(Encoder)
    def __init__(
        self,
        n_source_tokens: int,
        n_target_tokens: int,
        d_model: int,
        n_heads: int,
        n_layers: int,
        *,
        positions: str | None = "sinusoidal",
        n_positions: int | None = None,
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
        widths = {"d_model": d_model, "n_heads": n_heads, "n_layers": n_layers}
        self.target = LanguageModel(
            n_target_tokens,
            **widths,
            positions=positions,
            n_positions=n_positions,
            tied=tied,
            embedding_scale=embedding_scale,
            dropout=dropout,
            cross_attention=True,
            **block,
        )
        self.embedding = _Embedding(n_source_tokens, d_model, positions, n_positions)
        self.encoder = Encoder(**widths, dropout=dropout, **block)
        first = self.encoder.blocks[0].attention
        self.relative = _Relative(positions, first, bidirectional=True)
        self.dropout, self.shared = nn.Dropout(dropout), shared
        self._share()
        self.register_load_state_dict_post_hook(lambda model, _: model._share())

    def _share(self) -> None:
        if self.shared:
            self.embedding.tokens = self.target.embedding.tokens

    def _apply(self, *args: Any, **kwargs: Any) -> EncoderDecoder:
        """Move or fill tensors as any module does, and keep one table one."""
        super()._apply(*args, **kwargs)
        self._share()
        return self

    def encode(
        self,
        source: Int[Tensor, "*batch kv_len"],
        source_mask: Bool[Tensor, "*#scores"] | None = None,
        source_padding: Bool[Tensor, "*batch kv_len"] | None = None,
        **options: Any,
    ) -> Any:
        """Read the source; options as in :func:`encoder`."""
        positions = None
        if source_padding is not None:
            positions = (source_padding.cumsum(-1) - 1).clamp(min=0)
        scale = self.target.embedding_scale
        x = embed(source, self.embedding.as_parameters(), positions=positions, scale=scale)
        given = {"mask": source_mask, "padding": source_padding, **options}
        given |= self.relative.options(source.device, options)
        return self.encoder(self.dropout(x), **given)

    def forward(
        self,
        source: Int[Tensor, "*batch kv_len"],
        target: Int[Tensor, "*batch q_len"],
        source_mask: Bool[Tensor, "*#scores"] | None = None,
        source_padding: Bool[Tensor, "*batch kv_len"] | None = None,
        *,
        return_weights: bool = False,
        **options: Any,
    ) -> Any:
        """Give the logits of what follows each token of the target.

        Options of the target as in :func:`language_model`; ``attend`` is of both sides. With
        ``return_weights`` come, beside the logits, the weights of the encoder's layers and those
        of the decoder's.
        """
        asked = {name: options.pop(name) for name in ("attend",) if name in options}
        asked |= {"return_weights": True} if return_weights else {}
        context = self.encode(source, source_mask, source_padding, **asked)
        context, *of_source = context if isinstance(context, tuple) else (context,)
        given = {"context_mask": source_mask, "context_padding": source_padding, **asked}
        logits = self.target(target, context=context, **given, **options)
        return (logits[0], (*of_source, logits[1])) if return_weights else logits

    def begin(
        self,
        source: Int[Tensor, "batch kv_len"],
        source_mask: Bool[Tensor, "batch 1 1 kv_len"] | None = None,
        source_padding: Bool[Tensor, "batch kv_len"] | None = None,
    ) -> tuple[Any, ...]:
        """Read the source, and give the first state for :func:`generate` or beam search."""
        hidden = {"context_mask": source_mask, "context_padding": source_padding}
        return self.encode(source, source_mask, source_padding), hidden, None

    def step(
        self, tokens: Int[Tensor, "batch seq"], state: tuple[Any, ...], **options: Any
    ) -> tuple[Float[Tensor, "batch n_tokens"], tuple[Any, ...]]:
        """Score the next token of the target, told all tokens so far and ``begin``'s state."""
        context, hidden, caches = state
        logits, caches = self.target.step(tokens, caches, context=context, **hidden, **options)
        return logits, (context, hidden, caches)

    def as_parameters(self) -> EncoderDecoderParameters:
        """Give the parameters as :func:`encoder_decoder` takes them: the same tensors."""
        tables, encoder = self.embedding.as_parameters(), self.encoder.as_parameters()
        return EncoderDecoderParameters(tables, encoder, self.target.as_parameters())
