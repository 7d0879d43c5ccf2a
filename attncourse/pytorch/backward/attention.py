"""The gradients of scaled dot-product attention, derived by hand."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from einops import reduce
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.backward.softmax import softmax_backward
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention
from attncourse.pytorch.scores import scaled_dot_scores


class AttentionGradients(NamedTuple):
    """The gradients of attention, one for each array, in its shape and dtype.

    Attributes
    ----------
    q : array
        Shaped as the queries.
    k : array
        Shaped as the keys.
    v : array
        Shaped as the values.
    bias : array or None
        Shaped as the bias, or None if there is none.
    sinks : array or None
        Of shape (n_heads,), or None if there are none.
    """

    q: Float[Tensor, "*batch n_heads q_len d_k"]
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"]
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"]
    bias: Float[Tensor, "*#scores"] | None
    sinks: Float[Tensor, " n_heads"] | None


@in_full_precision
def scaled_dot_product_attention_backward(
    grad: Float[Tensor, "*batch n_heads q_len d_v"],
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    *,
    mask: Bool[Tensor, "*#scores"] | None = None,
    bias: Float[Tensor, "*#scores"] | None = None,
    causal: bool = False,
    window: int | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[Tensor, " n_heads"] | None = None,
) -> AttentionGradients:
    r"""Give the gradients of :func:`scaled_dot_product_attention`, one for each of its arrays.

    .. math:: dV = P^\top dO, \quad dP = dO \, V^\top, \quad dB = P \circ (dP - D), \quad
        dZ = dB \circ (1 - \tanh^2(Z / c)), \quad dQ = \alpha \, dZ \, K, \quad
        dK = \alpha \, dZ^\top Q

    where :math:`dX` is the loss's gradient with respect to :math:`X`, :math:`P` are the weights,
    :math:`B` is the bias, :math:`Z` the scaled scores, :math:`\alpha` the scale, :math:`c` the
    soft-cap (without one :math:`dZ = dB`) and :math:`D_i = \sum_j P_{ij} \, dP_{ij}`. Each line
    undoes one step of the forward pass. What is used several times, as a key that serves several
    heads, gets the sum. A sink has no value, so its gradient is :math:`-\sum_i P_{i,\text{sink}} \,
    D_i`.

    Source: Dao et al. (2022), FlashAttention, appendix B.2, arXiv:2205.14135.

    Parameters
    ----------
    grad : array, floating
        The gradient with respect to the output.
    q, k, v, mask, bias, causal, window, scale, softcap, sinks
        What the forward pass was given; it is computed again.

    Examples
    --------
    >>> q, k, v = torch.zeros((1, 1)), torch.tensor([[1.0], [-1.0]]), torch.tensor([[4.0], [0.0]])
    >>> grads = scaled_dot_product_attention_backward(torch.ones((1, 1)), q, k, v)  # weights 1/2
    >>> grads.q, grads.v.T  # dP = (4, 0), D = 2, dZ = (1, -1)
    (tensor([[2.]]), tensor([[0.5000, 0.5000]]))
    """
    _checks.attention(Tensor, q, k, v, mask=mask, bias=bias, sinks=sinks)
    _checks.gradient(Tensor, grad, like=(*q.shape[:-1], v.shape[-1]), of="the output", q=q)
    dtype = torch.promote_types(q.dtype, torch.float32)
    do, queries, keys, values = (array.to(dtype) for array in (grad, q, k, v))
    _, p = scaled_dot_product_attention(
        queries,
        keys,
        values,
        mask=mask,
        bias=bias,
        causal=causal,
        window=window,
        scale=scale,
        softcap=softcap,
        sinks=sinks,
        return_weights=True,
    )
    if q.ndim > 2:
        n_repeats = q.shape[-3] // k.shape[-3]
        keys = keys.repeat_interleave(n_repeats, dim=-3)
        values = values.repeat_interleave(n_repeats, dim=-3)
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale

    dv = p.swapaxes(-1, -2) @ do
    db = softmax_backward(do @ values.swapaxes(-1, -2), p)
    dz = db
    if softcap is not None:
        z = scaled_dot_scores(queries, keys, scale=scale)
        dz = db * (1 - torch.square(torch.tanh(z / softcap)))
    dq = scale * dz @ keys
    dk = scale * dz.swapaxes(-1, -2) @ queries

    d_bias = d_sinks = None
    if bias is not None:
        d_bias = db.sum_to_size(bias.shape).to(bias.dtype)
    if sinks is not None:
        # With its sink each row of gradients sums to zero.
        d_sinks = -db.sum((-1, -2)).reshape(-1, sinks.shape[0]).sum(0)
        d_sinks = d_sinks.to(sinks.dtype)
    dk, dv = sum_copies(dk, k.shape), sum_copies(dv, v.shape)
    return AttentionGradients(dq.to(q.dtype), dk.to(k.dtype), dv.to(v.dtype), d_bias, d_sinks)


def sum_copies(grad: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Sum over the query heads that one head of keys and values serves."""
    if len(shape) == 2:
        return grad
    return reduce(grad, "... (kv copies) seq dim -> ... kv seq dim", "sum", kv=shape[-3])
