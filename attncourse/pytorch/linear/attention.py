"""Linear attention in both directions: every query sees every key."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from attncourse._autocast import in_full_precision
from attncourse._checks.linear import linear as check
from attncourse.pytorch.linear.grouped import _grouped, _masked, _mixed, _with_one


@in_full_precision
def linear_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    *,
    mask: Bool[Tensor, "*#keys"] | None = None,
    normalize: bool = False,
    scale: float | None = None,
) -> Float[Tensor, "*batch n_heads q_len d_v"]:
    r"""Attend to all keys without ever forming a weight: sum keys times values, then ask.

    .. math:: O = s \, Q \, (K^\top V)

    where :math:`Q` are the queries, :math:`K` the keys, :math:`V` the values, one of each a row,
    and :math:`s` the scale. Normalised, row i is divided by its sum of weights,
    :math:`s \, q_i^\top \sum_j k_j`. Without a softmax between them the products may be taken in
    either order: the other is :math:`(Q K^\top) V`.

    Parameters
    ----------
    q, k, v : arrays, floating
        Queries, keys and values; for another kernel than the dot product, features of queries
        and keys (:func:`elu_features` and others). With fewer key and value heads, each serves
        the same number of neighbouring query heads. Two dimensions mean one head.
    mask : boolean array, optional
        True = may be attended to, by all queries alike: it broadcasts to
        ``(*batch, n_kv_heads, 1, kv_len)``, as :func:`padding_mask` does. No mask can treat
        queries differently here, since they share one sum; for the future there are the causal
        forms.
    normalize : bool
        Divide by the sum of the weights, which features that are not negative keep positive. A
        query whose weights sum to zero gives zeros.
    scale : float, optional
        Multiplies the dot products; ``1 / sqrt(d_k)`` if left out. Normalised, it cancels.

    Returns
    -------
    array
        One mixture of values for each query, in the dtype of ``q``.

    Raises
    ------
    TypeError
        If an array is not floating (``mask``: not boolean), or the dtypes of q, k, v differ.
    ValueError
        If shapes do not fit together, the heads do not divide, devices differ, or an array holds
        a NaN.

    Notes
    -----
    Cost: (n_kv_heads · kv_len + n_heads · q_len) · d_k · d_v multiply-adds, linear in the lengths,
    and n_kv_heads · d_k · d_v sums in memory.

    References
    ----------
    Katharopoulos et al. (2020), Transformers are RNNs, section 3.2, arXiv:2006.16236.

    Examples
    --------
    >>> import torch
    >>> q = k = torch.ones((3, 2))  # all weights equal: an average
    >>> linear_attention(q, k, torch.tensor([[2.0], [4.0], [9.0]]), normalize=True)
    tensor([[5.],
            [5.],
            [5.]])
    """
    check(Tensor, q, k, v, mask=mask, scale=scale)
    queries, keys, values = _grouped(q, k, v, scale)
    memory = _masked(keys, mask).mT @ _with_one(values)
    return _mixed(queries @ memory, q, normalize)
