"""Shaw's relative positions: a learned vector for each distance, beside the keys and values."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from attncourse import _checks
from attncourse.reference.positions.grid import relative_positions
from attncourse.reference.scaled_dot_product import scaled_dot_product_attention
from attncourse.reference.scores import scaled_dot_scores


def shaw_bias(
    q: Float[np.ndarray, "*batch q_len d_k"],
    key_table: Float[np.ndarray, "n_distances d_k"],
    kv_len: int,
    *,
    scale: float | None = None,
) -> Float[np.ndarray, "*batch q_len kv_len"]:
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
    >>> table = np.array([[-1.0], [0.0], [5.0]])  # behind, here, ahead
    >>> shaw_bias(np.array([[1.0], [2.0]]), table, 3)
    array([[-1.,  0.,  5.],
           [-2., -2.,  0.]])
    """
    _checks.floating(np.ndarray, q=q, key_table=key_table)
    _checks.one_device(q=q, key_table=key_table)
    dims = _checks.shapes(q=(q, "*batch q_len d_k"), key_table=(key_table, "n_distances d_k"))
    furthest = _checks.odd_rows("key_table", key_table)
    dtype = np.promote_types(q.dtype, np.float32)
    tables = np.broadcast_to(key_table, (*dims["*batch"], *key_table.shape))
    by_distance = scaled_dot_scores(q.astype(dtype), tables.astype(dtype), scale=scale)
    rows = _rows(dims["q_len"], kv_len, furthest)
    queries = np.arange(dims["q_len"])[:, None]
    return by_distance[..., queries, rows].astype(q.dtype)


def shaw_values(
    weights: Float[np.ndarray, "*batch q_len kv_len"],
    value_table: Float[np.ndarray, "n_distances d_v"],
) -> Float[np.ndarray, "*batch q_len d_v"]:
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
    >>> weights = np.array([[0.5, 0.3, 0.2]])
    >>> shaw_values(weights, np.array([[10.0], [1.0], [0.0]]))  # two behind, one here
    array([[8.2]])
    """
    _checks.floating(np.ndarray, weights=weights, value_table=value_table)
    _checks.one_device(weights=weights, value_table=value_table)
    dims = _checks.shapes(
        weights=(weights, "*batch q_len kv_len"), value_table=(value_table, "n_distances d_v")
    )
    furthest = _checks.odd_rows("value_table", value_table)
    dtype = np.promote_types(weights.dtype, np.float32)
    rows = _rows(dims["q_len"], dims["kv_len"], furthest)
    mixed = np.einsum("...ij,ijd->...id", weights.astype(dtype), value_table.astype(dtype)[rows])
    return mixed.astype(weights.dtype)


def shaw_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    key_table: Float[np.ndarray, "n_distances d_k"],
    value_table: Float[np.ndarray, "n_distances d_v"] | None = None,
    *,
    bias: Float[np.ndarray, "*#scores"] | None = None,
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
    >>> q = k = v = np.zeros((2, 1))  # equal scores: only the distance speaks
    >>> table = np.array([[10.0], [1.0], [100.0]])
    >>> shaw_attention(q, k, v, 0 * table, table)
    array([[50.5],
           [ 5.5]])
    """
    *_, kv_len = _checks.attention(np.ndarray, q, k, v, bias=bias)
    dtype = np.promote_types(q.dtype, np.float32)
    _checks.floating(np.ndarray, q=q, key_table=key_table)
    by_distance = shaw_bias(q.astype(dtype), key_table.astype(dtype), kv_len, scale=scale)
    output, weights = scaled_dot_product_attention(
        q.astype(dtype),
        k.astype(dtype),
        v.astype(dtype),
        bias=by_distance if bias is None else by_distance + bias.astype(dtype),
        scale=scale,
        return_weights=True,
        **options,
    )
    if value_table is not None:
        _checks.floating(np.ndarray, v=v, value_table=value_table)
        _checks.shapes(v=(v, "*batch kv_len d_v"), value_table=(value_table, "n_distances d_v"))
        output = output + shaw_values(weights, value_table.astype(dtype))
    output, weights = output.astype(q.dtype), weights.astype(q.dtype)
    return (output, weights) if return_weights else output


def _rows(q_len: int, kv_len: int, furthest: int) -> np.ndarray:
    """Give the row of the table for each pair: the distance, clipped, counted from the first."""
    return np.clip(relative_positions(q_len, kv_len), -furthest, furthest) + furthest
