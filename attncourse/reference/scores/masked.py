"""Scores with every option of attention, ready for whatever turns them into weights."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.masks import attention_mask
from attncourse.reference.scores.products import scaled_dot_scores


def masked_scores(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    *,
    mask: Bool[np.ndarray, "*#scores"] | None = None,
    bias: Float[np.ndarray, "*#scores"] | None = None,
    causal: bool = False,
    window: int | None = None,
    scale: float | None = None,
    softcap: float | None = None,
) -> Float[np.ndarray, "*batch n_heads q_len kv_len"]:
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
    >>> q = k = np.array([[1.0], [2.0]])
    >>> masked_scores(q, k, causal=True)
    array([[  1., -inf],
           [  2.,   4.]])
    """
    # There are no values here: the keys stand in for them.
    scores_shape = _checks.attention(np.ndarray, q, k, k, mask=mask, bias=bias)
    _checks.flag("causal", causal)
    if softcap is not None:
        _checks.positive("softcap", softcap)
    q_len, kv_len = scores_shape[-2:]
    dtype = np.promote_types(q.dtype, np.float32)
    if q.ndim > 2:
        # Heads 0 0 1 1, not 0 1 0 1: neighbouring query heads share.
        k = np.repeat(k, q.shape[-3] // k.shape[-3], axis=-3)

    scores = scaled_dot_scores(q.astype(dtype), k.astype(dtype), scale=scale)
    if softcap is not None:
        scores = softcap * np.tanh(scores / softcap)
    if bias is not None:
        scores = scores + bias.astype(dtype)

    allowed = attention_mask(q_len, kv_len, mask=mask, causal=causal, window=window)
    return np.where(True if allowed is None else allowed, scores, -np.inf).astype(q.dtype)
