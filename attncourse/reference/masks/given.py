"""Masks between positions that are given one by one: of cached keys, or of a shard of a text."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from attncourse import _checks
from attncourse.reference.masks.positions import causal_mask, sliding_window_mask


def position_mask(
    q_positions: Int[np.ndarray, "*batch q_len"],
    kv_positions: Int[np.ndarray, "*batch kv_len"],
    *,
    causal: bool = True,
    window: int | None = None,
) -> Bool[np.ndarray, "*batch_1 q_len kv_len"]:
    r"""Say which query may attend to which key, when both may stand in any order.

    .. math:: M_{ij} = [\, 0 \le s_j \le p_i < s_j + w \,]

    where :math:`p_i` is the position of query i, :math:`s_j` that of key j, and :math:`w` the
    window. Attention does not mind the order of keys in memory, as long as the mask knows where
    each one belongs. A negative position stands for an empty place: nobody looks from it or at it.

    Parameters
    ----------
    q_positions, kv_positions : integer arrays
        Where each query and each key stands in its text.
    causal : bool
        Hide the future.
    window : int, optional
        Let a query see itself and the ``window - 1`` positions before it, so nothing after it.

    Returns
    -------
    boolean array
        True = may attend. It has an axis of size one for the heads, behind those of the batch, if
        there is a batch.

    References
    ----------
    Brandon et al. (2023), Striped Attention, section 3, arXiv:2311.09431, where the order in
    memory is not that of the text.

    Examples
    --------
    >>> slots = np.array([4, 5, 2, 3, -1])  # as a ring buffer holds them
    >>> position_mask(np.array([4, 5]), slots, window=3).astype(int)
    array([[1, 0, 1, 1, 0],
           [1, 1, 0, 1, 0]])
    """
    _checks.flag("causal", causal)
    _checks.integer(np.ndarray, q_positions=q_positions, kv_positions=kv_positions)
    _checks.one_device(q_positions=q_positions, kv_positions=kv_positions)
    _checks.shapes(
        q_positions=(q_positions, "*batch q_len"), kv_positions=(kv_positions, "*batch kv_len")
    )
    q_pos, kv_pos = q_positions[..., :, None], kv_positions[..., None, :]
    allowed = (q_pos >= 0) & (kv_pos >= 0)
    if causal or window is not None:
        allowed = allowed & (kv_pos <= q_pos)
    if window is not None:
        allowed = allowed & (kv_pos > q_pos - _checks.count("window", window, minimum=1))
    return allowed[..., None, :, :] if allowed.ndim > 2 else allowed


def attention_mask(
    q_len: int,
    kv_len: int,
    *,
    mask: Bool[np.ndarray, "*#scores"] | None = None,
    causal: bool = False,
    window: int | None = None,
) -> Bool[np.ndarray, "*#scores"] | None:
    r"""Join what hides keys from queries: a mask, the future, what lies outside a window.

    .. math:: M_{ij} = M'_{ij} \ \text{and}\ j \le p_i \ \text{and}\ j > p_i - W,
        \qquad p_i = i + n - m

    where :math:`M'` is the mask given, :math:`W` the window, :math:`m` is q_len and :math:`n` is
    kv_len; what is not asked for drops out.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are. The last query stands at the last key.
    mask : boolean array that broadcasts to the scores, optional
        True = may attend.
    causal : bool
        Hide the future.
    window : int, optional
        Let a query see itself and the ``window - 1`` positions before it, so nothing after it.

    Returns
    -------
    boolean array, or None
        True = may attend; it broadcasts to the scores. None where nothing is hidden.

    References
    ----------
    Dong et al. (2024), Flex Attention ("and_masks"), arXiv:2412.05496.

    Examples
    --------
    >>> attention_mask(2, 4, causal=True, window=2).astype(int)
    array([[0, 1, 1, 0],
           [0, 0, 1, 1]])
    """
    _checks.count("q_len", q_len)
    _checks.count("kv_len", kv_len)
    _checks.flag("causal", causal)
    if mask is not None:
        _checks.boolean(np.ndarray, mask=mask)
        _checks.broadcasts("mask", mask, (*mask.shape[:-2], q_len, kv_len), "the scores")
    if window is not None:
        near = sliding_window_mask(q_len, kv_len, window)
        return near if mask is None else mask & near
    if causal:
        past = causal_mask(q_len, kv_len)
        return past if mask is None else mask & past
    return mask
