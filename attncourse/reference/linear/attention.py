"""Linear attention in both directions: every query sees every key."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.linear.grouped import _masked, _mixed, _with_one, grouped


def linear_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    *,
    mask: Bool[np.ndarray, "*#keys"] | None = None,
    normalize: bool = False,
    scale: float | None = None,
) -> Float[np.ndarray, "*batch n_heads q_len d_v"]:
    r"""Attend to all keys without ever forming a weight: sum keys times values, then ask.

    .. math:: O = s \, Q \, (K^\top V)

    where :math:`s` is the scale. Without a softmax between them the products may be taken in either
    order: (Q Kᵀ) V costs q_len · kv_len, this one only q_len + kv_len.

    Source: Katharopoulos et al. (2020), Transformers are RNNs, arXiv:2006.16236, equations 5 and 6.

    Parameters
    ----------
    q, k, v, normalize, scale
        As in :func:`linear_attention_recurrent`.
    mask : boolean array, optional
        True = may be attended to, by all queries alike, since they share one sum: it broadcasts to
        ``(*batch, n_kv_heads, 1, kv_len)``, as :func:`padding_mask` does.

    Examples
    --------
    >>> q = k = np.ones((2, 2))  # all weights equal: an average
    >>> linear_attention(q, k, np.array([[2.0], [4.0]]), normalize=True).ravel()
    array([3., 3.])
    """
    _checks.linear_attention(np.ndarray, q, k, v, mask=mask, scale=scale)
    queries, keys, values = grouped(q, k, v, scale)
    memory = _masked(keys, mask).swapaxes(-1, -2) @ _with_one(values)
    return _mixed(queries @ memory, q, normalize)
