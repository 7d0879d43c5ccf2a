"""Attention between positions: what every cache with slots comes down to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from attncourse import _checks
from attncourse.reference.masks import position_mask
from attncourse.reference.scaled_dot_product import scaled_dot_product_attention


def positioned_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    q_positions: Int[np.ndarray, "*batch q_len"],
    kv_positions: Int[np.ndarray, "*batch kv_len"],
    *,
    mask: Bool[np.ndarray, "*#scores"] | Callable[..., Any] | None = None,
    bias: Float[np.ndarray, "*#scores"] | Callable[..., Any] | None = None,
    causal: bool = True,
    window: int | None = None,
    **options: Any,
) -> Any:
    r"""Attend among queries and keys that say where they stand, in whatever order they come.

    .. math:: s_{ij} = \frac{q_i \cdot k_j}{\sqrt{d_k}} + b(p_i, r_j), \qquad
        M_{ij} = [\, 0 \le r_j \le p_i \,] \wedge m(p_i, r_j)

    where :math:`p_i` is the position of query i and :math:`r_j` that of key j, a negative one an
    empty place, :math:`b` is the bias and :math:`m` the mask. With positions in a row this is
    :func:`scaled_dot_product_attention`; with the slots of a cache it is decoding.

    Parameters
    ----------
    q, k, v : arrays, floating
        Queries, keys and values. What lies in an empty place must still be finite.
    q_positions, kv_positions : integer arrays
        Where each query and each key stands in its text; negative: nobody is there.
    mask : boolean array that broadcasts to the scores, or function, optional
        True = may attend. A function takes the positions of queries and of keys, as integer arrays
        that broadcast to the scores, like the mask_mod of :func:`create_mask`.
    bias : floating array that broadcasts to the scores, or function, optional
        Added to the scores. A function takes the same two arrays.
    causal : bool
        Hide the future, by position.
    window : int, optional
        Let a query see itself and the ``window - 1`` positions before it.
    **options
        ``scale``, ``softcap``, ``sinks`` and ``return_weights``, as in
        :func:`scaled_dot_product_attention`.

    Returns
    -------
    array, or (array, weights) if asked for
        One mixture of values for each query; zeros where a query has nothing to attend to.

    Raises
    ------
    TypeError
        If an array has the wrong dtype, or an option is unknown.
    ValueError
        If shapes do not fit together, devices differ, or a number is out of its range.

    Notes
    -----
    Cost: n_heads · q_len · kv_len · (d_k + d_v) multiply-adds, for empty places too.

    References
    ----------
    Kwon et al. (2023), Efficient Memory Management for Large Language Model Serving with
    PagedAttention, section 4.1, arXiv:2309.06180; masks as functions of positions: Dong et al.
    (2024), Flex Attention, arXiv:2412.05496.

    Examples
    --------
    >>> q, k = np.zeros((1, 2)), np.zeros((3, 2))
    >>> v = np.array([[30.0], [10.0], [20.0]])
    >>> order = np.array([2, 0, 1])  # the value 30 belongs to the future of position 1
    >>> positioned_attention(q, k, v, np.array([1]), order)
    array([[15.]])
    """
    scores_shape = _checks.attention(np.ndarray, q, k, v)
    allowed = position_mask(q_positions, kv_positions, causal=causal, window=window)
    _checks.one_device(q=q, q_positions=q_positions)
    _checks.broadcasts("positions", allowed, scores_shape, "the scores")
    queries, keys = q_positions[..., :, None], kv_positions[..., None, :]
    if allowed.ndim > 2:
        queries, keys = queries[..., None, :, :], keys[..., None, :, :]
    mask = mask(queries, keys) if callable(mask) else mask
    bias = bias(queries, keys) if callable(bias) else bias
    if mask is not None:
        _checks.boolean(np.ndarray, mask=mask)
        _checks.broadcasts("mask", mask, scores_shape, "the scores")
        _checks.one_device(q=q, mask=mask)
        allowed = allowed & mask
    return scaled_dot_product_attention(q, k, v, mask=allowed, bias=bias, **options)
