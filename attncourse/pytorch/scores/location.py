"""Scores by place: the query alone says where to look."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from attncourse import _checks


def location_scores(
    q: Float[Tensor, "*batch q_len d_q"],
    w: Float[Tensor, "d_q max_len"],
    *,
    kv_len: int | None = None,
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each position by the query alone, whatever stands there (location-based attention).

    .. math:: s_{ij} = q_i \cdot w_j, \qquad S = Q W

    where column :math:`w_j` of :math:`W` is learned, and belongs to position :math:`j`. No key
    takes part: the same query always looks at the same places.

    Source: Luong et al. (2015), equation 8 ("location"), arXiv:1508.04025.

    Parameters
    ----------
    q : array, floating
        Queries.
    w : array, floating
        One column for each position that there can be.
    kv_len : int, optional
        How many positions there are: the first ``kv_len`` columns are used, all if left out.

    Returns
    -------
    array
        One row for each query, one column for each position.

    Notes
    -----
    Cost: q_len · kv_len · d_q multiply-adds; d_q · max_len parameters, and no sequence can be
    longer than max_len.

    Examples
    --------
    >>> import torch
    >>> w = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 5.0, 5.0, 5.0]])
    >>> location_scores(torch.eye(2), w, kv_len=3)
    tensor([[1., 2., 3.],
            [5., 5., 5.]])
    """
    _checks.floating(Tensor, q=q, w=w)
    _checks.one_device(q=q, w=w)
    max_len = _checks.shapes(q=(q, "*batch q_len d_q"), w=(w, "d_q max_len"))["max_len"]
    kv_len = max_len if kv_len is None else _checks.count("kv_len", kv_len, maximum=max_len)
    return q @ w[:, :kv_len]
