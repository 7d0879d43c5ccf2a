"""Attention with heads: one projection of the features each."""

from __future__ import annotations

from typing import Any

from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.multihead.heads import merge_heads, split_heads
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention


def multi_head_attention(
    x: Float[Tensor, "*batch q_len d_model"],
    w_query: Float[Tensor, "d_model n_heads*d_k"],
    w_key: Float[Tensor, "d_context n_heads*d_k"],
    w_value: Float[Tensor, "d_context n_heads*d_v"],
    w_out: Float[Tensor, "n_heads*d_v d_out"],
    *,
    n_heads: int,
    context: Float[Tensor, "*batch kv_len d_context"] | None = None,
    **options: Any,
) -> Any:
    r"""Attend with several heads, each with keys and values of its own.

    .. math:: \text{MultiHead}(X, C) = [\text{head}_1, \dots, \text{head}_h] \, W_O, \qquad
        \text{head}_i = \text{Attention}(X W_Q^i, C W_K^i, C W_V^i)

    where :math:`X` asks, :math:`C` is the context that is asked (:math:`X` itself in
    self-attention), and :math:`W^i` are the columns of a projection that belong to head i.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.2.2, arXiv:1706.03762.

    Parameters
    ----------
    x : array, floating
        The sequence that asks.
    w_query, w_key, w_value, w_out : arrays, floating
        The projections, the heads side by side in the columns of the first three; the last mixes
        what they bring back.
    n_heads : int
        How many heads there are.
    context : array, floating, optional
        The sequence that is asked: cross-attention. ``x`` if left out: self-attention.
    **options
        As in :func:`scaled_dot_product_attention`; with ``return_weights`` the result is
        ``(output, weights)``.

    Notes
    -----
    Cost, at d_model = d_context = n_heads · d_k = n_heads · d_v: 4 · n · d_model² multiply-adds
    for the projections and 2 · n² · d_model for attention, for any number of heads.

    Examples
    --------
    >>> import torch
    >>> x, one = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.eye(2)
    >>> multi_head_attention(x, 0 * one, one, one, one, n_heads=2)  # no question: the average
    tensor([[2., 3.],
            [2., 3.]])
    """
    options = dict(options, n_heads=n_heads, n_kv_heads=n_heads, context=context)
    return grouped_query_attention(x, w_query, w_key, w_value, w_out, **options)


def multi_query_attention(
    x: Float[Tensor, "*batch q_len d_model"],
    w_query: Float[Tensor, "d_model n_heads*d_k"],
    w_key: Float[Tensor, "d_context d_k"],
    w_value: Float[Tensor, "d_context d_v"],
    w_out: Float[Tensor, "n_heads*d_v d_out"],
    *,
    n_heads: int,
    context: Float[Tensor, "*batch kv_len d_context"] | None = None,
    **options: Any,
) -> Any:
    r"""Attend with several heads of queries that share one head of keys and values.

    .. math:: \text{head}_i = \text{Attention}(X W_Q^i, C W_K, C W_V)

    where :math:`X` asks, :math:`C` is the context that is asked, and only :math:`W_Q` differs
    from head to head. The cache of a decoder becomes n_heads times smaller.

    Source: Shazeer (2019), Fast Transformer Decoding, section 3, arXiv:1911.02150.

    Parameters
    ----------
    w_key, w_value : arrays, floating
        The projections of the one shared head.
    x, w_query, w_out, n_heads, context, **options
        As in :func:`multi_head_attention`.

    Examples
    --------
    >>> import torch
    >>> x, one = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.eye(2)
    >>> multi_query_attention(x, 0 * one, one[:, :1], one[:, :1], one, n_heads=2)
    tensor([[2., 2.],
            [2., 2.]])
    """
    options = dict(options, n_heads=n_heads, n_kv_heads=1, context=context)
    return grouped_query_attention(x, w_query, w_key, w_value, w_out, **options)


def grouped_query_attention(
    x: Float[Tensor, "*batch q_len d_model"],
    w_query: Float[Tensor, "d_model n_heads*d_k"],
    w_key: Float[Tensor, "d_context n_kv_heads*d_k"],
    w_value: Float[Tensor, "d_context n_kv_heads*d_v"],
    w_out: Float[Tensor, "n_heads*d_v d_out"],
    *,
    n_heads: int,
    n_kv_heads: int,
    context: Float[Tensor, "*batch kv_len d_context"] | None = None,
    **options: Any,
) -> Any:
    r"""Attend with groups of query heads, each group sharing one head of keys and values.

    .. math:: \text{head}_i = \text{Attention}(X W_Q^i, C W_K^{g(i)}, C W_V^{g(i)}), \qquad
        g(i) = \lfloor i \, n_\text{kv} / n_\text{heads} \rfloor

    where :math:`X` asks, :math:`C` is what is asked, and :math:`g(i)` the group of head i, from
    zero.

    Source: Ainslie et al. (2023), GQA, section 2.2, arXiv:2305.13245.

    Parameters
    ----------
    n_kv_heads : int
        How many heads of keys and values there are.
    x, w_query, w_key, w_value, w_out, n_heads, context, **options
        As in :func:`multi_head_attention`.

    Examples
    --------
    >>> import torch
    >>> x, one = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.eye(2)
    >>> # Four heads of queries share two of keys and values.
    >>> w_query, w_out = torch.zeros((2, 4)), torch.eye(4)
    >>> grouped_query_attention(x, w_query, one, one, w_out, n_heads=4, n_kv_heads=2)
    tensor([[2., 2., 3., 3.],
            [2., 2., 3., 3.]])
    """
    context = x if context is None else context
    _checks.projections(
        Tensor, x, context, w_query, w_key, w_value, w_out, n_heads=n_heads, n_kv_heads=n_kv_heads
    )
    mask = options.get("mask")
    _checks.mask_of_a_layer(Tensor, "mask", mask, x, "mask[:, None, None]")
    q = split_heads(x @ w_query, n_heads)
    k = split_heads(context @ w_key, n_kv_heads)
    v = split_heads(context @ w_value, n_kv_heads)
    attended = scaled_dot_product_attention(q, k, v, **options)
    if isinstance(attended, tuple):
        output, weights = attended
        return merge_heads(output) @ w_out, weights
    return merge_heads(attended) @ w_out
