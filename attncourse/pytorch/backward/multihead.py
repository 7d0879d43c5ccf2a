"""The gradients of attention with heads, derived by hand."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.backward.attention import scaled_dot_product_attention_backward
from attncourse.pytorch.multihead import merge_heads, split_heads
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention


class MultiHeadGradients(NamedTuple):
    """The gradients of attention with heads, one for each array, in its shape and dtype.

    Attributes
    ----------
    x : array
        Shaped as the sequence that asks.
    context : array or None
        Shaped as the sequence that is asked, or None where that is x itself.
    w_query : array
        Of shape (d_model, n_heads*d_k).
    w_key : array
        Of shape (d_context, n_kv_heads*d_k).
    w_value : array
        Of shape (d_context, n_kv_heads*d_v).
    w_out : array
        Of shape (n_heads*d_v, d_out).
    bias : array or None
        Shaped as the bias, or None if there is none.
    sinks : array or None
        Of shape (n_heads,), or None if there are none.
    """

    x: Float[Tensor, "*batch q_len d_model"]
    context: Float[Tensor, "*batch kv_len d_context"] | None
    w_query: Float[Tensor, "d_model n_heads*d_k"]
    w_key: Float[Tensor, "d_context n_kv_heads*d_k"]
    w_value: Float[Tensor, "d_context n_kv_heads*d_v"]
    w_out: Float[Tensor, "n_heads*d_v d_out"]
    bias: Float[Tensor, "*#scores"] | None
    sinks: Float[Tensor, " n_heads"] | None


@in_full_precision
def multi_head_attention_backward(
    grad: Float[Tensor, "*batch q_len d_out"],
    x: Float[Tensor, "*batch q_len d_model"],
    w_query: Float[Tensor, "d_model n_heads*d_k"],
    w_key: Float[Tensor, "d_context n_heads*d_k"],
    w_value: Float[Tensor, "d_context n_heads*d_v"],
    w_out: Float[Tensor, "n_heads*d_v d_out"],
    *,
    n_heads: int,
    context: Float[Tensor, "*batch kv_len d_context"] | None = None,
    **options: Any,
) -> MultiHeadGradients:
    r"""Give the gradients of :func:`multi_head_attention`, one for each of its arrays.

    .. math:: dW_O = H^\top dY, \quad dH = dY \, W_O^\top, \quad dW_Q = X^\top dQ, \quad
        dX = dQ \, W_Q^\top, \quad dC = dK \, W_K^\top + dV \, W_V^\top

    where :math:`H` are the joined heads, :math:`C` is the context, and :math:`dQ`, :math:`dK` and
    :math:`dV` come from :math:`dH`, head by head, by :func:`scaled_dot_product_attention_backward`.
    In self-attention :math:`C = X`, and :math:`dX` is the sum of both.

    Source: Vaswani et al. (2017), section 3.2.2, arXiv:1706.03762, for the forward pass.

    Parameters
    ----------
    grad : array, floating
        The gradient with respect to the output.
    x, w_query, w_key, w_value, w_out, n_heads, context, **options
        What the forward pass was given; it is computed again.

    Examples
    --------
    >>> x, one = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.eye(2)
    >>> weights = 0 * one, one, one, one  # no question: each output is the average of x
    >>> grads = multi_head_attention_backward(torch.ones((2, 2)), x, *weights, n_heads=2)
    >>> grads.x
    tensor([[1., 1.],
            [1., 1.]])
    >>> grads.w_out  # the average (2, 3), once for each position
    tensor([[4., 4.],
            [6., 6.]])
    """
    options = dict(options, n_heads=n_heads, n_kv_heads=n_heads, context=context)
    return grouped_query_attention_backward(grad, x, w_query, w_key, w_value, w_out, **options)


@in_full_precision
def grouped_query_attention_backward(
    grad: Float[Tensor, "*batch q_len d_out"],
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
) -> MultiHeadGradients:
    r"""Give the gradients of :func:`grouped_query_attention`, one for each of its arrays.

    .. math:: dK_g = \sum_{i: \, g(i) = g} dK^{(i)}, \qquad dV_g = \sum_{i: \, g(i) = g} dV^{(i)}

    where query head :math:`i` sends the gradients :math:`dK^{(i)}` and :math:`dV^{(i)}` to the keys
    and values of its group :math:`g(i)`. All else is as in :func:`multi_head_attention_backward`.

    Source: Ainslie et al. (2023), GQA, section 2.2, arXiv:2305.13245, for the forward pass.

    Parameters
    ----------
    grad : array, floating
        The gradient with respect to the output.
    x, w_query, w_key, w_value, w_out, n_heads, n_kv_heads, context, **options
        What the forward pass was given; it is computed again.

    Examples
    --------
    >>> x, one = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.eye(2)
    >>> weights = torch.zeros((2, 4)), one, one, torch.eye(4)
    >>> heads = {"n_heads": 4, "n_kv_heads": 2}
    >>> grads = grouped_query_attention_backward(torch.ones((2, 4)), x, *weights, **heads)
    >>> grads.x  # two heads read each value
    tensor([[2., 2.],
            [2., 2.]])
    """
    asked = x if context is None else context
    _checks.projections(
        Tensor, x, asked, w_query, w_key, w_value, w_out, n_heads=n_heads, n_kv_heads=n_kv_heads
    )
    _checks.gradient(Tensor, grad, like=(*x.shape[:-1], w_out.shape[1]), of="the output", x=x)
    dtype = torch.promote_types(x.dtype, torch.float32)
    dy, asks, answers = (array.to(dtype) for array in (grad, x, asked))
    wide = (w.to(dtype) for w in (w_query, w_key, w_value, w_out))
    to_query, to_key, to_value, to_out = wide
    q = split_heads(asks @ to_query, n_heads)
    k = split_heads(answers @ to_key, n_kv_heads)
    v = split_heads(answers @ to_value, n_kv_heads)

    attended, _ = scaled_dot_product_attention(q, k, v, **options, return_weights=True)
    dh = split_heads(dy @ to_out.T, n_heads)
    inside = scaled_dot_product_attention_backward(dh, q, k, v, **options)
    dq, dk, dv = (merge_heads(array) for array in (inside.q, inside.k, inside.v))
    dx, d_context = dq @ to_query.T, dk @ to_key.T + dv @ to_value.T
    if context is None:
        dx = dx + d_context
    return MultiHeadGradients(
        x=dx.to(x.dtype),
        context=None if context is None else d_context.to(context.dtype),
        w_query=_outer(asks, dq).to(w_query.dtype),
        w_key=_outer(answers, dk).to(w_key.dtype),
        w_value=_outer(answers, dv).to(w_value.dtype),
        w_out=_outer(merge_heads(attended), dy).to(w_out.dtype),
        bias=inside.bias,
        sinks=inside.sinks,
    )


def _outer(x: Tensor, grad: Tensor) -> Tensor:
    """Give x^T grad, summed over all positions of all sequences: the gradient of a projection."""
    return x.reshape(-1, x.shape[-1]).T @ grad.reshape(-1, grad.shape[-1])
