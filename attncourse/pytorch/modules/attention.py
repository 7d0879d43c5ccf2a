"""The attention layer with its parameters: a thin wrapper over the pure function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.cache import KVCache, StaticCache
from attncourse.pytorch.modules.options import _options_of
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention
from attncourse.pytorch.transformer import AttentionParameters, attention_layer


class MultiHeadAttention(nn.Module):
    r"""Project, attend with several heads, mix: the attention layer of a Transformer.

    .. math:: \text{MultiHead}(X, C) = [\text{head}_1, \dots, \text{head}_h] \, W_O, \qquad
        \text{head}_i = \text{Attention}(X W_Q^i, C W_K^{g(i)}, C W_V^{g(i)})

    where :math:`X` asks, :math:`C` is the context that is asked, and :math:`g(i)` is the head of
    keys and values that head i shares. Without positions or a mask it ignores order.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.2.2, arXiv:1706.03762.

    Parameters
    ----------
    d_model, n_heads : int
        The width of the input and of the output, and how many heads of queries there are.
    n_kv_heads : int, optional
        How many heads of keys and values: ``n_heads`` if left out, 1 is multi-query.
    d_k, d_v, d_context : int, optional
        The width of a head, of its values, and of the context; ``d_model / n_heads``, ``d_k`` and
        ``d_model`` if left out.
    bias : bool
        Whether the four projections add a bias. (Not a bias on the scores.)
    qk_norm : callable, optional
        Makes the norm of queries and keys from their width: ``RMSNorm``.
    sinks : bool
        Whether each head learns a sink: one more score in its softmax.
    attention_dropout : float
        The share of the weights that is dropped in training.
    attend : callable
        What the heads do: takes ``(q, k, v, **options)``, as :func:`fused_attention`.

    Examples
    --------
    >>> layer = MultiHeadAttention(d_model=12, n_heads=4, n_kv_heads=2)
    >>> layer(torch.zeros(2, 5, 12), causal=True).shape
    torch.Size([2, 5, 12])
    """

    @_options_of()
    def __init__(
        self,
        d_model: int,
        n_heads: int,
        *,
        n_kv_heads: int | None = None,
        d_k: int | None = None,
        d_v: int | None = None,
        d_context: int | None = None,
        bias: bool = False,
        qk_norm: Callable[[int], nn.Module] | None = None,
        sinks: bool = False,
        attention_dropout: float = 0.0,
        attend: Callable[..., Any] = scaled_dot_product_attention,
    ) -> None:
        super().__init__()
        d_model = _checks.count("d_model", d_model, minimum=1)
        n_heads = _checks.count("n_heads", n_heads, minimum=1)
        if d_k is None:
            _checks.divides("n_heads", n_heads, "d_model", d_model)

        def size(name: str, given: int | None, otherwise: int) -> int:
            return otherwise if given is None else _checks.count(name, given, minimum=1)

        n_kv_heads = size("n_kv_heads", n_kv_heads, n_heads)
        d_k = size("d_k", d_k, d_model // n_heads)
        d_v, d_context = size("d_v", d_v, d_k), size("d_context", d_context, d_model)
        _checks.heads(n_heads, n_kv_heads)
        _checks.fraction("attention_dropout", attention_dropout)
        if attention_dropout == 1:
            raise ValueError("attention_dropout: expected a share below 1, got 1.")
        self.n_heads, self.n_kv_heads, self.d_k, self.attend = n_heads, n_kv_heads, d_k, attend
        self.attention_dropout = attention_dropout
        self.query = nn.Linear(d_model, n_heads * d_k, bias=bias)
        self.key = nn.Linear(d_context, n_kv_heads * d_k, bias=bias)
        self.value = nn.Linear(d_context, n_kv_heads * d_v, bias=bias)
        self.out = nn.Linear(n_heads * d_v, d_model, bias=bias)
        self.query_norm: Any = None if qk_norm is None else qk_norm(d_k)
        self.key_norm: Any = None if qk_norm is None else qk_norm(d_k)
        self.sinks = nn.Parameter(torch.zeros(n_heads)) if sinks else None

    def forward(
        self,
        x: Float[Tensor, "*batch q_len d_model"],
        context: Float[Tensor, "*batch kv_len d_context"] | None = None,
        **options: Any,
    ) -> Any:
        """Attend from ``x`` to ``context``, or to ``x`` itself.

        Parameters
        ----------
        x : tensor, floating
            The sequence that asks.
        context : tensor, floating, optional
            The sequence that is asked; ``x`` if left out.
        **options
            As in :func:`attention_layer`: ``padding``, ``causal``, ``return_weights`` and so on.

        Returns
        -------
        tensor, or (tensor, weights) if asked for
            As many positions as ``x``, each of width d_model.
        """
        return self.with_cache(x, context, **options)[0]

    def with_cache(
        self,
        x: Float[Tensor, "*batch q_len d_model"],
        context: Float[Tensor, "*batch kv_len d_context"] | None = None,
        **options: Any,
    ) -> tuple[Any, KVCache | StaticCache]:
        """Give the keys and values as well, as :func:`attention_layer` does."""
        asked = x if context is None else context
        widths = self.query.in_features, self.key.in_features
        if (*x.shape[-1:], *asked.shape[-1:]) != widths:  # in words of this layer
            names = ("*batch", "q_len", widths[0]), ("*batch", "kv_len", widths[1])
            _checks.shapes(x=(x, names[0]), context=(asked, names[1]))
        given = {**self.options(), **options}
        return attention_layer(x, self.as_parameters(), context=context, **given)

    def options(self) -> dict[str, Any]:
        """Give what :func:`attention_layer` takes beside parameters."""
        given: dict[str, Any] = {
            "n_heads": self.n_heads,
            "n_kv_heads": self.n_kv_heads,
            "attend": self.attend,
        }
        if self.query_norm is not None:
            given["qk_norm"] = self.query_norm.function
        if self.training and self.attention_dropout:
            given["dropout"] = self.attention_dropout
        return given

    def as_parameters(self) -> AttentionParameters:
        """Give the parameters as :func:`attention_layer` takes them: the same tensors."""
        layers = self.query, self.key, self.value, self.out
        arrays: list[Any] = [a.weight.T for a in layers] + [a.bias for a in layers]
        norms: dict[str, Any] = {}
        if self.query_norm is not None:
            norms["query_norm"] = self.query_norm.as_parameters()
            norms["key_norm"] = self.key_norm.as_parameters()
        return AttentionParameters(*arrays, **norms, sinks=self.sinks)
