"""Shaw's relative positions: a learned vector for each distance, beside the keys and values."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.positions.grid import relative_positions
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention
from attncourse.pytorch.scores import scaled_dot_scores


@in_full_precision
def shaw_bias(
    q: Float[Tensor, "*batch q_len d_k"],
    key_table: Float[Tensor, "n_distances d_k"],
    kv_len: int,
    *,
    scale: float | None = None,
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each query against the vector of each key's distance: the key side, as a bias.

    .. math:: B_{ij} = \frac{q_i \cdot a^K_{c(j - i)}}{\sqrt{d_k}}, \qquad
        c(r) = \max(-D, \min(D, r))

    where :math:`a^K` is a learned vector for each distance from :math:`-D` (far behind) to
    :math:`D` (far ahead), and :math:`c` clips what is further.

    Source: Shaw et al. (2018), section 3, arXiv:1803.02155.

    Parameters
    ----------
    q, key_table : arrays, floating
        The queries; 2D + 1 rows, from the distance -D to D, that all heads share.
    kv_len : int
        How many keys there are. The last query stands at the last key.
    scale : float, optional
        That of the scores; ``1 / sqrt(d_k)`` if left out.

    Examples
    --------
    >>> table = torch.tensor([[-1.0], [0.0], [5.0]])  # behind, here, ahead
    >>> shaw_bias(torch.tensor([[1.0], [2.0]]), table, 3)
    tensor([[-1.,  0.,  5.],
            [-2., -2.,  0.]])
    """
    _checks.floating(Tensor, q=q, key_table=key_table)
    _checks.one_device(q=q, key_table=key_table)
    dims = _checks.shapes(q=(q, "*batch q_len d_k"), key_table=(key_table, "n_distances d_k"))
    furthest = _checks.odd_rows("key_table", key_table)
    dtype = torch.promote_types(q.dtype, torch.float32)
    tables = key_table.expand(*dims["*batch"], *key_table.shape)
    by_distance = scaled_dot_scores(q.to(dtype), tables.to(dtype), scale=scale)
    rows = _rows(dims["q_len"], kv_len, furthest, q.device)
    queries = torch.arange(dims["q_len"], device=q.device)[:, None]
    return by_distance[..., queries, rows].to(q.dtype)


@in_full_precision
def shaw_values(
    weights: Float[Tensor, "*batch q_len kv_len"],
    value_table: Float[Tensor, "n_distances d_v"],
) -> Float[Tensor, "*batch q_len d_v"]:
    r"""Mix the vectors of the distances by the weights: what the value side adds to the output.

    .. math:: z_i = \sum_j p_{ij} \, a^V_{c(j - i)}

    where :math:`p` are the weights of attention, :math:`a^V` is a learned vector for each distance
    and :math:`c` clips, as in :func:`shaw_bias`.

    Source: Shaw et al. (2018), section 3, arXiv:1803.02155.

    Parameters
    ----------
    weights : array, floating
        The softmax's result. The last query stands at the last key.
    value_table : array, floating
        2D + 1 rows, from the distance -D to D. All heads share it.

    Examples
    --------
    >>> weights = torch.tensor([[0.5, 0.3, 0.2]])
    >>> shaw_values(weights, torch.tensor([[10.0], [1.0], [0.0]]))  # two behind, one here
    tensor([[8.2000]])
    """
    _checks.floating(Tensor, weights=weights, value_table=value_table)
    _checks.one_device(weights=weights, value_table=value_table)
    dims = _checks.shapes(
        weights=(weights, "*batch q_len kv_len"), value_table=(value_table, "n_distances d_v")
    )
    furthest = _checks.odd_rows("value_table", value_table)
    dtype = torch.promote_types(weights.dtype, torch.float32)
    rows = _rows(dims["q_len"], dims["kv_len"], furthest, weights.device)
    mixed = torch.einsum("...ij,ijd->...id", weights.to(dtype), value_table.to(dtype)[rows])
    return mixed.to(weights.dtype)


@in_full_precision
def shaw_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    key_table: Float[Tensor, "n_distances d_k"],
    value_table: Float[Tensor, "n_distances d_v"] | None = None,
    *,
    bias: Float[Tensor, "*#scores"] | None = None,
    scale: float | None = None,
    return_weights: bool = False,
    **options: Any,
) -> Any:
    r"""Attend by content and by distance, with a learned vector for each distance.

    .. math:: e_{ij} = \frac{q_i \cdot (k_j + a^K_{c(j - i)})}{\sqrt{d_k}}, \qquad
        z_i = \sum_j \text{softmax}_j(e_{ij}) \, (v_j + a^V_{c(j - i)})

    where :math:`a^K` and :math:`a^V` are the two tables, and :math:`c` clips distances to those
    that the tables have (:func:`shaw_bias`).

    Source: Shaw et al. (2018), section 3, arXiv:1803.02155.

    Parameters
    ----------
    q, k, v, bias, scale, return_weights, **options
        As in :func:`scaled_dot_product_attention`. The scale is that of both parts of the scores;
        a soft-cap bends the dot products only, since the distances come in with the bias.
    key_table : array, floating
        2D + 1 rows, from the distance -D (behind) to D (ahead).
    value_table : array, floating, optional
        The same for the values. The paper found that it can be left out.

    Notes
    -----
    Cost: with both tables about twice plain attention. PyTorch's fused kernel takes the key side
    as a bias, the value side not at all.

    Examples
    --------
    >>> q = k = v = torch.zeros((2, 1))  # equal scores: only the distance speaks
    >>> table = torch.tensor([[10.0], [1.0], [100.0]])
    >>> shaw_attention(q, k, v, 0 * table, table)
    tensor([[50.5000],
            [ 5.5000]])
    """
    *_, kv_len = _checks.attention(Tensor, q, k, v, bias=bias)
    dtype = torch.promote_types(q.dtype, torch.float32)
    _checks.floating(Tensor, q=q, key_table=key_table)
    by_distance = shaw_bias(q.to(dtype), key_table.to(dtype), kv_len, scale=scale)
    output, weights = scaled_dot_product_attention(
        q.to(dtype),
        k.to(dtype),
        v.to(dtype),
        bias=by_distance if bias is None else by_distance + bias.to(dtype),
        scale=scale,
        return_weights=True,
        **options,
    )
    if value_table is not None:
        _checks.floating(Tensor, v=v, value_table=value_table)
        _checks.shapes(v=(v, "*batch kv_len d_v"), value_table=(value_table, "n_distances d_v"))
        output = output + shaw_values(weights, value_table.to(dtype))
    output, weights = output.to(q.dtype), weights.to(q.dtype)
    return (output, weights) if return_weights else output


def _rows(q_len: int, kv_len: int, furthest: int, device: torch.device) -> Tensor:
    """Give the row of the table for each pair: the distance, clipped, counted from the first."""
    return relative_positions(q_len, kv_len, device=device).clamp(-furthest, furthest) + furthest
