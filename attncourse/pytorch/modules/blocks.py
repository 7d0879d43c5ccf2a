"""The block with its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.modules.attention import MultiHeadAttention
from attncourse.pytorch.modules.mlps import MLP
from attncourse.pytorch.modules.norms import LayerNorm
from attncourse.pytorch.modules.options import _options_of
from attncourse.pytorch.transformer import (
    BlockCache,
    BlockParameters,
    layer_norm,
    pre_norm,
    sandwich_norm,
    transformer_block,
)


class TransformerBlock(nn.Module):
    r"""Look at the sequence, at the context if there is one, and at each position alone.

    .. math:: a = \text{residual}(x, \text{SelfAttention}), \qquad
        c = \text{residual}(a, \text{CrossAttention}), \qquad
        y = \text{residual}(c, \text{MLP})

    where residual is :func:`pre_norm`, or another way to add what a sublayer gives.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.1, arXiv:1706.03762.

    Parameters
    ----------
    d_model, n_heads : int
        As in ``MultiHeadAttention``.
    d_hidden : int, optional
        The width inside the MLP; 4 · d_model if left out.
    mlp : callable
        Makes the MLP from the two widths: ``MLP``, ``GatedMLP``, or any module of yours.
    norm : callable
        Makes a norm from its width: ``LayerNorm``, ``RMSNorm``.
    residual : callable
        :func:`pre_norm`, :func:`post_norm`, :func:`sandwich_norm`, or your own.
    n_norms : int, optional
        How many norms ``residual`` takes; 2 for :func:`sandwich_norm`, else 1 if left out.
    cross_attention : bool
        Whether the block asks a context.
    d_context : int, optional
        The context's width; d_model if left out.
    dropout : float
        The share of what each sublayer gives that is dropped in training.
    **attention
        As in ``MultiHeadAttention``: ``n_kv_heads``, ``attention_dropout``, ``attend`` ...

    Examples
    --------
    >>> import torch
    >>> block = TransformerBlock(12, n_heads=3)
    >>> block(torch.zeros(2, 5, 12), causal=True).shape
    torch.Size([2, 5, 12])
    """

    @_options_of(MultiHeadAttention)
    def __init__(
        self,
        d_model: int,
        n_heads: int,
        *,
        d_hidden: int | None = None,
        mlp: Callable[[int, int], nn.Module] = MLP,
        norm: Callable[[int], nn.Module] = LayerNorm,
        residual: Callable[..., Any] = pre_norm,
        n_norms: int | None = None,
        cross_attention: bool = False,
        d_context: int | None = None,
        dropout: float = 0.0,
        **attention: Any,
    ) -> None:
        super().__init__()
        _checks.fraction("dropout", dropout)
        d_model = _checks.count("d_model", d_model, minimum=1)
        if n_norms is None:
            n_norms = 2 if residual is sandwich_norm else 1
        n_norms = _checks.count("n_norms", n_norms)

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
        _checks.transformer.has_function("norm", *self.mlp_norms)

    def forward(
        self,
        x: Float[Tensor, "*batch seq d_model"],
        context: Float[Tensor, "*batch kv_len d_context"] | None = None,
        **options: Any,
    ) -> Any:
        """Give as many positions as ``x``; options as in :func:`transformer_block`."""
        return self.with_cache(x, context, **options)[0]

    def with_cache(
        self,
        x: Float[Tensor, "*batch seq d_model"],
        context: Float[Tensor, "*batch kv_len d_context"] | None = None,
        **options: Any,
    ) -> tuple[Any, BlockCache]:
        """Give the cache as well, as :func:`transformer_block` does."""
        given = {**self.options(), **options}
        return transformer_block(x, self.as_parameters(), context=context, **given)

    def options(self) -> dict[str, Any]:
        """Give what :func:`transformer_block` takes beside parameters."""
        norm = self.mlp_norms[0].function if len(self.mlp_norms) else layer_norm
        drop = self.dropout if self.training and self.dropout.p else None
        parts = {"norm": norm, "mlp": getattr(self.mlp, "function", _call)}
        return {**self.attention.options(), **parts, "residual": self.residual, "drop": drop}

    def as_parameters(self) -> BlockParameters:
        """Give the parameters as :func:`transformer_block` takes them: the same tensors."""
        norms = (self.attention_norms, self.mlp_norms, self.cross_norms)
        of_attention, of_mlp, of_cross = (tuple(n.as_parameters() for n in each) for each in norms)
        mlp = self.mlp.as_parameters() if hasattr(self.mlp, "function") else self.mlp
        parameters = BlockParameters(self.attention.as_parameters(), mlp, of_attention, of_mlp)
        if self.cross_attention is None:
            return parameters
        cross = self.cross_attention.as_parameters()
        return parameters._replace(cross_attention=cross, cross_norms=of_cross)


def _call(h: Tensor, module: nn.Module) -> Tensor:
    """Let a module of the user's own be its own parameters."""
    return module(h)
