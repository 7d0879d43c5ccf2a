"""The fused path: the same attention in one call of PyTorch's own kernel."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.masks import attention_mask


def fused_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    *,
    mask: Bool[Tensor, "*#scores"] | None = None,
    bias: Float[Tensor, "*#scores"] | None = None,
    causal: bool = False,
    window: int | None = None,
    scale: float | None = None,
    dropout: float = 0.0,
) -> Float[Tensor, "*batch n_heads q_len d_v"]:
    """Compute attention as :func:`scaled_dot_product_attention` does, without its scores.

    PyTorch's kernel works tile by tile, so the weights never exist as a whole: it cannot return
    them, and it knows neither soft-cap nor sinks. The result equals the plain path within rounding.

    Source: Dao (2023), FlashAttention-2, arXiv:2307.08691.

    Parameters
    ----------
    q, k, v : tensors, floating
        Queries, keys and values; (batch, heads, seq, dim) lets PyTorch choose its fastest kernel.
    mask, bias, causal, window, scale
        As in :func:`scaled_dot_product_attention`. PyTorch's own ``is_causal`` is aligned
        top-left; this is aligned bottom-right.
    dropout : float
        The share of the weights that is set to zero in training, drawn by PyTorch.

    Notes
    -----
    Cost: memory grows with q_len + kv_len without a mask or with a square causal one; any other
    mask is stored, q_len · kv_len entries.

    Examples
    --------
    >>> q = k = torch.zeros(3, 2)
    >>> v = torch.tensor([[2.0], [4.0], [9.0]])
    >>> fused_attention(q, k, v, causal=True)
    tensor([[2.],
            [3.],
            [5.]])
    """
    scores_shape = _checks.attention(Tensor, q, k, v, mask=mask, bias=bias)
    _checks.flag("causal", causal)
    _checks.fraction("dropout", dropout)
    q_len, kv_len = scores_shape[-2:]
    dtype = q.dtype
    if scale is not None:
        _checks.real("scale", scale)
        # The kernel's causal mask is a large negative score before the scale, which is to keep its
        # sign: a sign or a zero goes to the queries, where half precision holds the result exactly.
        if scale == 0:
            q, scale = q * 0, 1.0
        elif scale < 0:
            q, scale = -q, -scale
    if bias is not None and torch.promote_types(bias.dtype, dtype) != dtype:
        q, k, v = q.to(bias.dtype), k.to(bias.dtype), v.to(bias.dtype)  # a narrow bias may overflow
    grouped = q.shape[-3:-2] != k.shape[-3:-2]  # as sizes, which a compiler need not keep open
    options = {"scale": scale, "enable_gqa": grouped, "dropout_p": dropout}
    attend = F.scaled_dot_product_attention

    # The three lines: nothing is hidden, or the kernel's own causal mask is the right one.
    square = causal and q_len == kv_len
    if mask is None and bias is None and window is None and (square or not causal):
        return attend(q, k, v, is_causal=causal, **options)

    where = {"causal": causal, "window": window, "device": q.device}
    allowed = attention_mask(q_len, kv_len, mask=mask, **where)
    if allowed is None:
        attn_mask = None if bias is None else bias.to(q.dtype)
        return attend(q, k, v, attn_mask, **options).to(dtype)
    # What a kernel gives for an empty row is not documented: open such rows, then zero them.
    empty = ~allowed.any(-1, keepdim=True)
    attn_mask = allowed | empty
    if bias is not None:
        attn_mask = torch.where(attn_mask, bias.to(q.dtype), -torch.inf)
    return attend(q, k, v, attn_mask, **options).masked_fill(empty, 0).to(dtype)
