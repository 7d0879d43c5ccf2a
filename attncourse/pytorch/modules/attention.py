"""The attention layer with its parameters: a thin wrapper over the pure function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.cache import KVCache
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention
from attncourse.pytorch.transformer import AttentionParameters, attention_layer


class MultiHeadAttention(nn.Module):
    r"""Project, attend with several heads, mix: the attention layer of a Transformer.

    .. math:: \text{MultiHead}(X, C) = [\text{head}_1, \dots, \text{head}_h] \, W_O, \qquad
        \text{head}_i = \text{Attention}(X W_Q^i, C W_K^{g(i)}, C W_V^{g(i)})

    where :math:`X` asks, :math:`C` is the context that is asked, and :math:`g(i)` is the head of
    keys and values that head i shares. ``n_kv_heads = n_heads`` is multi-head attention, ``1`` is
    multi-query, a divisor between them grouped-query.

    Parameters
    ----------
    d_model : int
        The width of the input and of the output.
    n_heads : int
        How many heads of queries there are.
    n_kv_heads : int, optional
        How many heads of keys and values; ``n_heads`` if left out.
    d_k, d_v : int, optional
        The width of a head; ``d_model / n_heads``, and the same as ``d_k``, if left out.
    d_context : int, optional
        The width of the context in cross-attention; ``d_model`` if left out.
    bias : bool
        Whether the four projections add a bias. (Not a bias on the scores.)
    qk_norm : callable, optional
        Makes the norm of queries and keys from their width: ``RMSNorm``. There is none if left
        out.
    sinks : bool
        Whether each head learns a sink: one more score in its softmax.
    attend : callable
        What the heads do: :func:`scaled_dot_product_attention`, :func:`fused_attention`, or any
        function that takes ``(q, k, v, **options)``.

    Raises
    ------
    TypeError
        If a number is not whole.
    ValueError
        If a number is below one, ``n_heads`` does not divide ``d_model`` (and d_k is left out),
        or ``n_kv_heads`` does not divide ``n_heads``.

    Notes
    -----
    Cost: :func:`multi_head_attention` counts it.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need, section 3.2.2, arXiv:1706.03762.

    Examples
    --------
    >>> import torch
    >>> layer = MultiHeadAttention(d_model=12, n_heads=4, n_kv_heads=2)
    >>> layer(torch.zeros(2, 5, 12), causal=True).shape
    torch.Size([2, 5, 12])
    """

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
        attend: Callable[..., Any] = scaled_dot_product_attention,
    ) -> None:
        super().__init__()
        d_model = _checks.count("d_model", d_model, minimum=1)
        if d_k is None:
            _checks.divides("n_heads", n_heads, "d_model", d_model)
            d_k = d_model // n_heads
        d_v = d_k if d_v is None else d_v
        d_context = d_model if d_context is None else d_context
        n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
        sizes = {"n_heads": n_heads, "n_kv_heads": n_kv_heads}
        for name, size in {**sizes, "d_k": d_k, "d_v": d_v, "d_context": d_context}.items():
            _checks.count(name, size, minimum=1)
        _checks.heads(n_heads, n_kv_heads)
        self.n_heads, self.n_kv_heads, self.attend = n_heads, n_kv_heads, attend
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
            What ``attend`` takes: ``mask``, ``causal``, ``return_weights`` and so on.

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
    ) -> tuple[Any, KVCache]:
        """Attend as the layer does when called, and give the keys and values as well.

        Parameters
        ----------
        x, context, **options
            As when called; ``cache`` and what else :func:`attention_layer` takes.

        Returns
        -------
        output, cache
            As :func:`attention_layer` gives them.
        """
        asked = x if context is None else context
        _checks.floating(Tensor, x=x, context=asked)
        _checks.shapes(
            x=(x, f"*batch q_len {self.query.in_features}"),
            context=(asked, f"*batch kv_len {self.key.in_features}"),
        )
        return attention_layer(
            x,
            self.as_parameters(),
            n_heads=self.n_heads,
            n_kv_heads=self.n_kv_heads,
            context=context,
            qk_norm=None if self.query_norm is None else self.query_norm.function,
            attend=self.attend,
            **options,
        )

    def as_parameters(self) -> AttentionParameters:
        """Give the parameters as :func:`attention_layer` takes them: the same tensors."""
        layers = (self.query, self.key, self.value, self.out)
        arrays: list[Any] = [a.weight.T for a in layers] + [a.bias for a in layers]
        parameters = AttentionParameters(*arrays[:8])._replace(sinks=self.sinks)
        if self.query_norm is None:
            return parameters
        query_norm, key_norm = self.query_norm.as_parameters(), self.key_norm.as_parameters()
        return parameters._replace(query_norm=query_norm, key_norm=key_norm)
