"""The block with its parameters, and stacks of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from jaxtyping import Bool, Float
from torch import Tensor, nn

from attncourse import _checks
from attncourse._checks import transformer as check
from attncourse.pytorch.modules.attention import MultiHeadAttention
from attncourse.pytorch.modules.mlps import MLP
from attncourse.pytorch.modules.norms import LayerNorm
from attncourse.pytorch.transformer import BlockCache, BlockParameters, pre_norm
from attncourse.pytorch.transformer.blocks import OF_SELF_ATTENTION


class TransformerBlock(nn.Module):
    r"""Look at the sequence, at the context if there is one, and at each position alone.

    .. math:: a = \text{residual}(x, \text{SelfAttention}), \qquad
        c = \text{residual}(a, \text{CrossAttention}), \qquad
        y = \text{residual}(c, \text{MLP})

    where residual is :func:`pre_norm`, or another way to add what a sublayer gives.

    Parameters
    ----------
    d_model : int
        The width of the input and of the output.
    n_heads : int
        How many heads of queries there are.
    d_hidden : int, optional
        The width inside the MLP; 4 · d_model if left out.
    mlp : callable
        Makes the MLP from the two widths: ``MLP``, ``GatedMLP``.
    norm : callable
        Makes a norm from its width: ``LayerNorm``, ``RMSNorm``.
    residual : callable
        :func:`pre_norm`, :func:`post_norm` or :func:`sandwich_norm`.
    cross_attention : bool
        Whether the block asks a context.
    d_context : int, optional
        The context's width; d_model if left out.
    dropout : float
        The share of what each sublayer gives that is dropped in training.
    **attention
        As in ``MultiHeadAttention``: ``n_kv_heads``, ``bias``, ``qk_norm``, ``attend`` ...

    Raises
    ------
    TypeError
        If a number is not whole, or an option unknown.
    ValueError
        If a number is out of its range, or the heads do not divide.

    Notes
    -----
    Cost: :func:`transformer_block` counts it.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need, section 3.1, arXiv:1706.03762.

    Examples
    --------
    >>> import torch
    >>> block = TransformerBlock(12, n_heads=3)
    >>> block(torch.zeros(2, 5, 12), causal=True).shape
    torch.Size([2, 5, 12])
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        *,
        d_hidden: int | None = None,
        mlp: Callable[[int, int], nn.Module] = MLP,
        norm: Callable[[int], nn.Module] = LayerNorm,
        residual: Callable[..., Any] = pre_norm,
        cross_attention: bool = False,
        d_context: int | None = None,
        dropout: float = 0.0,
        **attention: Any,
    ) -> None:
        super().__init__()
        _checks.fraction("dropout", dropout)
        # A way to add what a sublayer gives takes x, the sublayer, and its norms.
        n_norms = len(inspect.signature(residual).parameters) - 2

        def norms() -> nn.ModuleList:
            return nn.ModuleList(norm(d_model) for _ in range(n_norms))

        self.residual, self.dropout = residual, nn.Dropout(dropout)
        self.attention = MultiHeadAttention(d_model, n_heads, **attention)
        self.attention_norms: Any = norms()
        self.cross_attention: Any = None
        self.cross_norms: Any = nn.ModuleList()
        if cross_attention:
            attention["d_context"] = d_context
            self.cross_attention = MultiHeadAttention(d_model, n_heads, **attention)
            self.cross_norms = norms()
        self.mlp: Any = mlp(d_model, 4 * d_model if d_hidden is None else d_hidden)
        self.mlp_norms: Any = norms()

    def forward(
        self,
        x: Float[Tensor, "*batch seq d_model"],
        context: Float[Tensor, "*batch kv_len d_context"] | None = None,
        **options: Any,
    ) -> Float[Tensor, "*batch seq d_model"]:
        """Give as many positions as ``x``; options as in :func:`transformer_block`."""
        return self.with_cache(x, context, **options)[0]

    def with_cache(
        self,
        x: Float[Tensor, "*batch seq d_model"],
        context: Float[Tensor, "*batch kv_len d_context"] | None = None,
        *,
        context_mask: Bool[Tensor, "*#scores"] | None = None,
        cache: BlockCache | None = None,
        **options: Any,
    ) -> tuple[Float[Tensor, "*batch seq d_model"], BlockCache]:
        """Give the cache as well, as :func:`transformer_block` does."""
        check.context_fits(context, self.cross_attention)
        past, kept = cache or (None, None), {}

        def look_at_itself(h: Tensor) -> Tensor:
            output, kept["self_attention"] = self.attention.with_cache(h, cache=past[0], **options)
            return self.dropout(output)

        def look_at_context(h: Tensor) -> Tensor:
            shared = {name: o for name, o in options.items() if name not in OF_SELF_ATTENTION}
            output, kept["cross_attention"] = self.cross_attention.with_cache(
                h, context, cache=past[1], mask=context_mask, **shared
            )
            return self.dropout(output)

        x = self.residual(x, look_at_itself, *self.attention_norms)
        if self.cross_attention is not None:
            x = self.residual(x, look_at_context, *self.cross_norms)
        x = self.residual(x, lambda h: self.dropout(self.mlp(h)), *self.mlp_norms)
        return x, BlockCache(**kept)

    def as_parameters(self) -> BlockParameters:
        """Give the parameters as :func:`transformer_block` takes them: the same tensors."""
        norms = (self.attention_norms, self.mlp_norms, self.cross_norms)
        of_attention, of_mlp, of_cross = (tuple(n.as_parameters() for n in each) for each in norms)
        attention, mlp = self.attention.as_parameters(), self.mlp.as_parameters()
        parameters = BlockParameters(attention, mlp, of_attention, of_mlp)
        if self.cross_attention is None:
            return parameters
        cross = self.cross_attention.as_parameters()
        return parameters._replace(cross_attention=cross, cross_norms=of_cross)
