"""Scores by products: dot, scaled, bilinear, cosine."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision


def dot_scores(
    q: Float[Tensor, "*batch q_len d_k"],
    k: Float[Tensor, "*batch kv_len d_k"],
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each pair by its dot product.

    .. math:: s_{ij} = q_i \cdot k_j, \qquad S = Q K^\top

    where :math:`q_i` is a query and :math:`k_j` a key, of the same width.

    Source: Luong et al. (2015), section 3.1 ("dot"), arXiv:1508.04025.

    Parameters
    ----------
    q, k : arrays, floating
        Queries and keys. The leading dimensions, here as everywhere, are the same for both.

    Returns
    -------
    array
        One row for each query, one column for each key.

    Notes
    -----
    Cost: q_len · kv_len · d_k multiply-adds. No parameters.

    Examples
    --------
    >>> dot_scores(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([[3., 8.]])
    """
    _checks.floating(Tensor, q=q, k=k)
    _checks.one_device(q=q, k=k)
    _checks.shapes(q=(q, "*batch q_len d_k"), k=(k, "*batch kv_len d_k"))
    return q @ k.swapaxes(-1, -2)


def scaled_dot_scores(
    q: Float[Tensor, "*batch q_len d_k"],
    k: Float[Tensor, "*batch kv_len d_k"],
    *,
    scale: float | None = None,
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each pair by its dot product over the square root of the width.

    .. math:: S = \frac{Q K^\top}{\sqrt{d_k}}

    where :math:`d_k` is the width of queries and keys. If their components are independent with
    mean zero and variance one, a dot product has variance :math:`d_k`; the scale brings it back
    to one, so that the softmax does not saturate.

    Source: Vaswani et al. (2017), Attention Is All You Need, equation 1, arXiv:1706.03762.

    Parameters
    ----------
    q, k : arrays, floating
        Queries and keys.
    scale : float, optional
        Multiplies the dot products; ``1 / sqrt(d_k)`` if left out.

    Returns
    -------
    array
        One row for each query, one column for each key.

    Notes
    -----
    Cost: q_len · kv_len · d_k multiply-adds, as for :func:`dot_scores`.

    Examples
    --------
    >>> q, k = torch.tensor([[2.0, 0.0, 0.0, 0.0]]), torch.eye(4)
    >>> scaled_dot_scores(q, k)
    tensor([[1., 0., 0., 0.]])
    """
    if scale is None:
        _checks.floating(Tensor, q=q)
        _checks.shapes(q=(q, "*batch q_len d_k"))
        scale = 1 / math.sqrt(_checks.count("d_k", q.shape[-1], minimum=1))
    _checks.real("scale", scale)
    return dot_scores(q * scale, k)


def general_scores(
    q: Float[Tensor, "*batch q_len d_q"],
    k: Float[Tensor, "*batch kv_len d_k"],
    w: Float[Tensor, "d_q d_k"],
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each pair by a learned bilinear form (multiplicative attention).

    .. math:: s_{ij} = q_i^\top W k_j, \qquad S = Q W K^\top

    where :math:`W` is learned. Queries and keys may have different widths. With the identity for
    :math:`W` this is :func:`dot_scores`; with :math:`W = W_Q W_K^\top` it is what a Transformer
    computes from its inputs.

    Source: Luong et al. (2015), section 3.1 ("general"), arXiv:1508.04025.

    Parameters
    ----------
    q, k : arrays, floating
        Queries and keys.
    w : array, floating
        The weight matrix, from the width of a query to the width of a key.

    Returns
    -------
    array
        One row for each query, one column for each key.

    Notes
    -----
    Cost: q_len · d_q · d_k + q_len · kv_len · d_k multiply-adds; d_q · d_k parameters.

    Examples
    --------
    >>> w = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0]])  # 2 wide queries, 3 wide keys
    >>> general_scores(torch.tensor([[1.0, 10.0]]), torch.tensor([[9.0, 3.0, 4.0]]), w)
    tensor([[83.]])
    """
    _checks.floating(Tensor, q=q, k=k, w=w)
    _checks.one_device(q=q, k=k, w=w)
    _checks.shapes(q=(q, "*batch q_len d_q"), k=(k, "*batch kv_len d_k"), w=(w, "d_q d_k"))
    return q @ w @ k.swapaxes(-1, -2)


@in_full_precision
def cosine_scores(
    q: Float[Tensor, "*batch q_len d_k"],
    k: Float[Tensor, "*batch kv_len d_k"],
    *,
    scale: float = 1.0,
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each pair by the cosine of the angle between them (content addressing).

    .. math:: s_{ij} = \beta \, \frac{q_i \cdot k_j}{\lVert q_i \rVert \, \lVert k_j \rVert}

    where :math:`\beta` is the scale, called key strength in the Neural Turing Machine. A cosine
    lies within ±1 however long the vectors are, so it is the scale that decides how sharp the
    softmax can become: of two keys, none ever gets more than :math:`1 / (1 + e^{-2 \beta})`.

    Source: Graves et al. (2014), Neural Turing Machines, equations 5 and 6, arXiv:1410.5401.

    Parameters
    ----------
    q, k : arrays, floating
        Queries and keys. A vector of zeros points nowhere: its scores are zero.
    scale : float
        Multiplies the cosines; the inverse of a temperature.

    Returns
    -------
    array
        One row for each query, one column for each key; each score lies within ± the scale.
        Computed in at least float32, in the dtype of ``q``.

    Notes
    -----
    Cost: q_len · kv_len · d_k multiply-adds, as for :func:`dot_scores`, and one square root for
    each query and each key. No parameters, unless the scale is learned.

    Examples
    --------
    >>> q, k = torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 0.5], [0.0, 0.0]])
    >>> cosine_scores(q, k, scale=5.0).round(decimals=6)
    tensor([[3., 4., 0.]])
    """
    _checks.floating(Tensor, q=q, k=k)
    _checks.one_device(q=q, k=k)
    _checks.shapes(q=(q, "*batch q_len d_k"), k=(k, "*batch kv_len d_k"))
    _checks.count("d_k", q.shape[-1], minimum=1)
    _checks.real("scale", scale)
    dtype = torch.promote_types(q.dtype, torch.float32)
    cosines = _unit(q.to(dtype)) @ _unit(k.to(dtype)).swapaxes(-1, -2)
    return (cosines * scale).to(q.dtype)


def _unit(x: Tensor) -> Tensor:
    """Bring each vector to length one; a vector of zeros stays."""
    largest = x.detach().abs().amax(-1, keepdim=True)
    x = x / torch.where(largest == 0, 1, largest)  # so that no square overflows, or vanishes
    total = torch.square(x).sum(-1, keepdim=True)
    return x / torch.sqrt(torch.where(total == 0, 1, total))
