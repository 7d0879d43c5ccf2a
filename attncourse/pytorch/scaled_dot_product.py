"""Scaled dot-product attention: scores, softmax, weighted sum, and every option between."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.masks import attention_mask
from attncourse.pytorch.scores import masked_scores
from attncourse.pytorch.softmax import softmax


@in_full_precision
def scaled_dot_product_attention(
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
    dropout: float = 0.0,
    noise: Float[Tensor, "*#scores"] | None = None,
    return_weights: bool = False,
) -> (
    Float[Tensor, "*batch n_heads q_len d_v"]
    | tuple[
        Float[Tensor, "*batch n_heads q_len d_v"],
        Float[Tensor, "*batch n_heads q_len kv_len"],
    ]
):
    r"""Look each query up among the keys, and mix the values by how well they match.

    .. math:: \text{Attention}(Q, K, V) =
        \text{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}}\right) V

    where :math:`Q` are the queries, :math:`K` the keys, :math:`V` the values, one of each a row.
    Options act in one order: scores, soft-cap, + bias, mask AND causal AND window, sinks,
    softmax. A query with nothing to attend to gives zeros.

    Source: Vaswani et al. (2017), Attention Is All You Need, equation 1, arXiv:1706.03762.
    Soft-cap: Gemma Team (2024), Gemma 2, section 2, arXiv:2408.00118. Sinks: OpenAI (2025), gpt-oss
    model card, arXiv:2508.10925.

    Parameters
    ----------
    q, k, v : arrays, floating
        Queries, keys and values. With fewer key and value heads, each serves the same number of
        neighbouring query heads. Two dimensions mean one head.
    mask : boolean array that broadcasts to the scores, optional
        True = may attend. The scores are ``(*batch, n_heads, q_len, kv_len)``. The values behind
        a False must still be finite: zero times infinity is NaN.
    bias : floating array that broadcasts to the scores, optional
        Added to the scores.
    causal : bool
        Hide the future. The last query stands at the last key (bottom-right).
    window : int, optional
        Let a query see itself and the ``window - 1`` positions before it, so nothing after it.
    scale : float, optional
        Multiplies the dot products; ``1 / sqrt(d_k)`` if left out.
    softcap : float, optional
        Bend the scores smoothly into ±softcap: ``softcap * tanh(scores / softcap)``.
    sinks : floating array (n_heads,), optional
        One more score in each head's softmax, with no value behind it: it takes weight away, and
        the weights sum to less than one.
    dropout : float
        The share of the weights that is set to zero in training; the others grow to make up.
    noise : floating array that broadcasts to the scores, optional
        One uniform number for each weight, dropped where it is below ``dropout``. PyTorch draws
        them itself if left out.
    return_weights : bool
        Give ``(output, weights)`` instead of the output alone.

    Returns
    -------
    output : array
        One mixture of values for each query, in the dtype of ``q``.
    weights : array, if asked for
        The softmax's result, before dropout.

    Notes
    -----
    Cost: n_heads · q_len · kv_len · (d_k + d_v) multiply-adds, and n_heads · q_len · kv_len
    scores in memory, for each sequence. Half precision is computed in float32.

    Examples
    --------
    >>> q = k = torch.zeros((3, 2))  # all scores equal: an average over what each query may see
    >>> v = torch.tensor([[2.0], [4.0], [9.0]])
    >>> scaled_dot_product_attention(q, k, v, causal=True)
    tensor([[2.],
            [3.],
            [5.]])
    """
    scores_shape = _checks.attention(Tensor, q, k, v, mask=mask, bias=bias, sinks=sinks)
    _checks.dropout(Tensor, dropout, noise, q, scores_shape, drawn=True)
    q_len, kv_len = scores_shape[-2:]
    dtype = torch.promote_types(q.dtype, torch.float32)
    where = {"causal": causal, "window": window, "device": q.device}
    allowed = attention_mask(q_len, kv_len, mask=mask, **where)
    closed = None
    if allowed is not None and (mask is not None or q_len > kv_len):
        # A row in which all is hidden is opened, and what comes of it is set to zero below.
        closed = ~allowed.any(-1, keepdim=True)
        allowed = allowed | closed
    scores = masked_scores(
        q.to(dtype), k.to(dtype), mask=allowed, bias=bias, scale=scale, softcap=softcap
    )
    if sinks is not None:
        # One more column, dropped again once it has taken its share.
        per_head = sinks.to(dtype).reshape((-1, 1, 1) if q.ndim > 2 else (1, 1))
        scores = torch.cat([scores, per_head.expand(*scores_shape[:-1], 1)], dim=-1)
    if bias is None and sinks is None:
        weights = torch.softmax(scores, dim=-1)
        # What is left of -inf is an overflow: zeros as well, as in PyTorch's own attention.
        lost = scores.detach().amax(-1, keepdim=True) == -torch.inf
        closed = lost if closed is None else closed | lost
    else:
        weights = softmax(scores)[..., :kv_len]

    # Query heads that share a head of values are one longer list of queries to it.
    kept = weights
    if dropout and noise is None:
        kept = F.dropout(weights, dropout)
    elif noise is not None:
        kept = weights.masked_fill(noise < dropout, 0) / (1 - dropout)
    shared = kept.reshape(*v.shape[:-2], -1, kv_len)
    output = (shared @ v.to(dtype)).reshape(*scores_shape[:-1], v.shape[-1]).to(q.dtype)
    if closed is not None:
        output = output.masked_fill(closed, 0)
    if not return_weights:
        return output
    weights = weights if closed is None else weights.masked_fill(closed, 0)
    return output, weights.to(q.dtype)
