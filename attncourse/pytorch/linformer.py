"""Linformer: keys and values are shortened before attention."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.scores import scaled_dot_scores
from attncourse.pytorch.softmax import softmax


@in_full_precision
def linformer_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    key_projection: Float[Tensor, "*#n_kv_heads n_projected kv_len"],
    value_projection: Float[Tensor, "*#n_kv_heads n_projected kv_len"],
    *,
    scale: float | None = None,
) -> Float[Tensor, "*batch n_heads q_len d_v"]:
    r"""Attend to a few mixtures of all keys, instead of to all keys.

    .. math:: \text{Linformer}(Q, K, V) =
        \text{softmax}\!\left(\frac{Q \, (E K)^\top}{\sqrt{d_k}}\right) F V

    where :math:`E` and :math:`F` are learned projections along the length, from kv_len rows to
    n_projected. The cost is linear in both lengths; kv_len is fixed when they are learned. There is
    no causal form: each projected key mixes all positions before any query comes.

    Source: Wang et al. (2020), Linformer, arXiv:2006.04768, equation 7.

    Parameters
    ----------
    q, k, v, scale
        As in :func:`scaled_dot_product_attention`. Zeros at padding add to no mixture.
    key_projection, value_projection : arrays
        (n_projected, kv_len) for all heads, or one for each head of keys and values. To share them
        between keys and values, or layers, as in the paper, give the same array again.

    Examples
    --------
    >>> q, k, v = torch.zeros(1, 2), torch.zeros(4, 2), torch.tensor([[1.0], [3.0], [6.0], [8.0]])
    >>> halves = torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])  # means of two
    >>> linformer_attention(q, k, v, halves, halves)  # the mean of 2 and 7
    tensor([[4.5000]])
    """
    _checks.shortened(Tensor, q, k, v, key_projection, value_projection)
    dtype = torch.promote_types(q.dtype, torch.float32)
    # Autocast rounds what a product gives: bring it back.
    short_k = (key_projection.to(dtype) @ k.to(dtype)).to(dtype)
    short_v = (value_projection.to(dtype) @ v.to(dtype)).to(dtype)
    if q.ndim > 2:
        n_repeats = q.shape[-3] // k.shape[-3]
        short_k, short_v = (
            short_k.repeat_interleave(n_repeats, dim=-3),
            short_v.repeat_interleave(n_repeats, dim=-3),
        )
    weights = softmax(scaled_dot_scores(q.to(dtype), short_k, scale=scale))
    return (weights @ short_v).to(q.dtype)
