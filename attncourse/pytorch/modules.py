"""Layers with parameters: thin wrappers over the pure functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.multihead import merge_heads, split_heads
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention


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
        context = x if context is None else context
        _checks.floating(Tensor, x=x, context=context)
        _checks.shapes(
            x=(x, f"*batch q_len {self.query.in_features}"),
            context=(context, f"*batch kv_len {self.key.in_features}"),
        )
        q = split_heads(self.query(x), self.n_heads)
        k = split_heads(self.key(context), self.n_kv_heads)
        v = split_heads(self.value(context), self.n_kv_heads)
        attended = self.attend(q, k, v, **options)
        if options.get("return_weights"):
            output, weights = attended
            return self.out(merge_heads(output)), weights
        return self.out(merge_heads(attended))
