"""Scores with every option of attention, ready for whatever turns them into weights."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.masks import attention_mask
from attncourse.pytorch.scores.products import scaled_dot_scores


@in_full_precision
def masked_scores(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    *,
    mask: Bool[Tensor, "*#scores"] | None = None,
    bias: Float[Tensor, "*#scores"] | None = None,
    causal: bool = False,
    window: int | None = None,
    scale: float | None = None,
    softcap: float | None = None,
) -> Float[Tensor, "*batch n_heads q_len kv_len"]:
    r"""Score each pair as attention does: scaled, capped, biased, and ``-inf`` where hidden.

    .. math:: s_{ij} = \begin{cases}
        c \tanh\!\left(\frac{q_i \cdot k_j}{c \sqrt{d_k}}\right) + b_{ij}
        & \text{if query } i \text{ may see key } j \\ -\infty & \text{otherwise} \end{cases}

    where :math:`c` is the soft-cap (without one, the scaled product itself) and :math:`b` the bias.
    The softmax of these scores gives the weights of :func:`scaled_dot_product_attention`;
    :func:`sparsemax`, :func:`entmax` or :func:`hardmax` in its place gives another attention.

    Source: Vaswani et al. (2017), Attention Is All You Need, equation 1, arXiv:1706.03762.
    Soft-cap: Gemma Team (2024), Gemma 2, section 2, arXiv:2408.00118.

    Parameters
    ----------
    q, k : arrays, floating
        Queries and keys. With fewer key heads, each serves the same number of neighbouring query
        heads. Two dimensions mean one head.
    mask : boolean array that broadcasts to the scores, optional
        True = may attend.
    bias : floating array that broadcasts to the scores, optional
        Added to the scores.
    causal : bool
        Hide the future. The last query stands at the last key (bottom-right).
    window : int, optional
        Let a query see itself and the ``window - 1`` positions before it, so nothing after it.
    scale : float, optional
        Multiplies the dot products; ``1 / sqrt(d_k)`` if left out.
    softcap : float, optional
        Bend the scores smoothly into ±softcap, before the bias.

    Returns
    -------
    array
        One row for each query, one column for each key, in the dtype of ``q``. Computed in at
        least float32.

    Notes
    -----
    Cost: n_heads · q_len · kv_len · d_k multiply-adds for each sequence, and as many scores in
    memory as there are pairs.

    Examples
    --------
    >>> q = k = torch.tensor([[1.0], [2.0]])
    >>> masked_scores(q, k, causal=True)
    tensor([[1., -inf],
            [2., 4.]])
    """
    # There are no values here: the keys stand in for them.
    scores_shape = _checks.attention(Tensor, q, k, k, mask=mask, bias=bias)
    _checks.flag("causal", causal)
    if softcap is not None:
        _checks.positive("softcap", softcap)
    q_len, kv_len = scores_shape[-2:]
    dtype = torch.promote_types(q.dtype, torch.float32)
    group = q.shape[-3] // k.shape[-3] if q.ndim > 2 else 1
    if group > 1:
        # Neighbouring query heads share a head of keys: to it, their queries are one longer list.
        q = q.reshape(*k.shape[:-2], group * q_len, q.shape[-1])

    scores = scaled_dot_scores(q.to(dtype), k.to(dtype), scale=scale).reshape(scores_shape)
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    if bias is not None:
        scores = scores + bias.to(dtype)

    options = {"causal": causal, "window": window, "device": q.device}
    allowed = attention_mask(q_len, kv_len, mask=mask, **options)
    if allowed is not None:
        scores = torch.where(allowed, scores, -torch.inf)
    return scores.to(q.dtype)
