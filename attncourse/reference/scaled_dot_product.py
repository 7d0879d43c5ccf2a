"""Scaled dot-product attention: scores, softmax, weighted sum, and every option between."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.scores import masked_scores
from attncourse.reference.softmax import softmax


def scaled_dot_product_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    *,
    mask: Bool[np.ndarray, "*#scores"] | None = None,
    bias: Float[np.ndarray, "*#scores"] | None = None,
    causal: bool = False,
    window: int | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[np.ndarray, " n_heads"] | None = None,
    dropout: float = 0.0,
    noise: Float[np.ndarray, "*#scores"] | None = None,
    return_weights: bool = False,
) -> (
    Float[np.ndarray, "*batch n_heads q_len d_v"]
    | tuple[
        Float[np.ndarray, "*batch n_heads q_len d_v"],
        Float[np.ndarray, "*batch n_heads q_len kv_len"],
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
    >>> q = k = np.zeros((3, 2))  # all scores equal: an average over what each query may see
    >>> v = np.array([[2.0], [4.0], [9.0]])
    >>> scaled_dot_product_attention(q, k, v, causal=True)
    array([[2.],
           [3.],
           [5.]])
    """
    scores_shape = _checks.attention(np.ndarray, q, k, v, mask=mask, bias=bias, sinks=sinks)
    _checks.dropout(np.ndarray, dropout, noise, q, scores_shape, drawn=False)
    kv_len = scores_shape[-1]
    dtype = np.promote_types(q.dtype, np.float32)
    scores = masked_scores(
        q.astype(dtype),
        k.astype(dtype),
        mask=mask,
        bias=bias,
        causal=causal,
        window=window,
        scale=scale,
        softcap=softcap,
    )
    if sinks is not None:
        # One more column, dropped again once it has taken its share.
        per_head = sinks.astype(dtype).reshape((-1, 1, 1) if q.ndim > 2 else (1, 1))
        column = np.broadcast_to(per_head, (*scores_shape[:-1], 1))
        scores = np.concatenate([scores, column], axis=-1)
    weights = softmax(scores)[..., :kv_len]

    if q.ndim > 2:
        v = np.repeat(v, q.shape[-3] // v.shape[-3], axis=-3)
    kept = weights
    if noise is not None:
        kept = np.where(noise < dropout, 0, weights / (1 - dropout))
    output = (kept @ v.astype(dtype)).astype(q.dtype)
    return (output, weights.astype(q.dtype)) if return_weights else output
