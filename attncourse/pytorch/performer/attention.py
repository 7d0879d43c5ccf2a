"""Performer attention: linear attention on random features that estimate the softmax's kernel."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.linear import linear_attention, linear_attention_chunked
from attncourse.pytorch.performer.features import _exponents


@in_full_precision
def performer_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    projection: Float[Tensor, "n_features d_k"],
    *,
    causal: bool = False,
    mask: Bool[Tensor, "*#keys"] | None = None,
    scale: float | None = None,
    chunk_len: int = 64,
) -> Float[Tensor, "*batch n_heads q_len d_v"]:
    r"""Estimate softmax attention by linear attention on positive random features (FAVOR+).

    .. math:: o_i = \frac{\phi(\sqrt s \, q_i)^\top \sum_j \phi(\sqrt s \, k_j) \, v_j^\top}
        {\phi(\sqrt s \, q_i)^\top \sum_j \phi(\sqrt s \, k_j)}

    where :math:`q`, :math:`k`, :math:`v` are queries, keys and values, :math:`\phi` are
    :func:`positive_features`, :math:`s` is the scale, and the sums run over all keys, or over
    those up to i if causal. With ever more features it becomes
    :func:`scaled_dot_product_attention`.

    Source: Choromanski et al. (2021), section 2.3, arXiv:2009.14794.

    Parameters
    ----------
    q, k, v : arrays, floating
        Queries, keys and values. With fewer key and value heads, each serves the same number of
        neighbouring query heads. Two dimensions mean one head.
    projection : array, floating
        Gaussian rows, independent or orthogonal (:func:`orthogonal_projection`), for all heads.
        Draw new ones from time to time while training. It may have a dtype of its own.
    causal : bool
        Hide the future. Needs as many queries as keys.
    mask : boolean array, optional
        True = may be attended to, by all queries alike: it broadcasts to
        ``(*batch, n_kv_heads, 1, kv_len)``, as :func:`padding_mask` does.
    scale : float, optional
        Multiplies the dot products, and is above zero; ``1 / sqrt(d_k)`` if left out.
    chunk_len : int
        How many positions the causal form reads at once; it does not change the result.

    Returns
    -------
    array
        One average of values for each query, in the dtype of ``q``.

    Notes
    -----
    Cost: for m features m · d_k multiply-adds for each query and key, and what
    :func:`linear_attention` costs with d_k = m, or if causal :func:`linear_attention_chunked` with
    a gate for each feature.

    No exponential overflows, and no sum of weights vanishes: for each feature the largest exponent
    among the keys is taken from the keys and given to the queries, and then each query's largest is
    taken away. If causal it is the largest so far, and a new one fades the state, feature by
    feature, as in :func:`online_softmax_step`. All of it cancels in the division.

    Examples
    --------
    >>> q = k = torch.zeros((3, 2))  # all scores equal: an average over what each query may see
    >>> v = torch.tensor([[2.0], [4.0], [9.0]])
    >>> performer_attention(q, k, v, torch.eye(2), causal=True)
    tensor([[2.],
            [3.],
            [5.]])
    """
    _checks.flag("causal", causal)
    (_checks.recurrence if causal else _checks.linear_attention)(Tensor, q, k, v, mask=mask)
    _checks.random_features(Tensor, projection, q=q)
    _checks.count("chunk_len", chunk_len, minimum=1)
    if scale is not None:
        _checks.positive("scale", scale)
    root = (q.shape[-1] ** -0.5 if scale is None else scale) ** 0.5
    dtype = torch.promote_types(q.dtype, torch.float32)
    v = v.to(dtype)
    asked = _exponents(q.to(dtype) * root, projection)
    held = _exponents(k.to(dtype) * root, projection)
    if mask is not None:
        allowed = torch.broadcast_to(mask, (*k.shape[:-2], 1, k.shape[-2])).mT
        held = torch.where(allowed, held, torch.finfo(dtype).min)
    # What cancels needs no gradient.
    highest = held.detach().cummax(-2).values if causal else held.detach().amax(-2, keepdim=True)
    keys = torch.exp(held - highest)
    n_shared = q.shape[-3] // k.shape[-3] if q.ndim > 2 else 1
    asked = asked + (highest.repeat_interleave(n_shared, dim=-3) if n_shared > 1 else highest)
    queries = torch.exp(asked - asked.detach().amax(-1, keepdim=True))
    if not causal:
        return linear_attention(queries, keys, v, mask=mask, normalize=True).to(q.dtype)
    output, _ = linear_attention_chunked(
        queries,
        keys,
        v,
        log_decay=-torch.diff(highest, dim=-2, prepend=highest[..., :1, :]),
        mask=mask,
        normalize=True,
        chunk_len=chunk_len,
    )
    return output.to(q.dtype)
