"""FlashAttention, forward: one pass over tiles, with a running softmax."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

from attncourse.reference.flash.tiles import _cut, _Tiles
from attncourse.reference.softmax.stable import finite


def flash_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    *,
    mask: Bool[np.ndarray, "*#scores"] | None = None,
    mask_mod: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    bias: Float[np.ndarray, "*#scores"] | None = None,
    causal: bool = False,
    window: int | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[np.ndarray, " n_heads"] | None = None,
    q_tile: int = 128,
    kv_tile: int = 128,
) -> tuple[
    Float[np.ndarray, "*batch n_heads q_len d_v"], Float[np.ndarray, "*batch n_heads q_len"]
]:
    r"""Compute attention exactly, tile by tile, in memory linear in the length.

    .. math:: m' = \max(m, \max_j s_j), \qquad
        d' = d \, e^{m - m'} + \sum_j e^{s_j - m'}, \qquad
        o' = o \, e^{m - m'} + \sum_j e^{s_j - m'} v_j

    where :math:`s` are one query's scores of the next tile of keys, :math:`v` their values, and
    :math:`m`, :math:`d`, :math:`o` the running maximum, normaliser and output, from
    :math:`-\infty`, 0 and 0 on. In the end the output is :math:`o / d`, that of
    :func:`scaled_dot_product_attention`, and :math:`m + \log d` is the log-sum-exp of the query's
    scores, which the backward pass and :func:`merge_attention` need.

    Source: Dao et al. (2022), FlashAttention, algorithm 1, arXiv:2205.14135; Dao (2023),
    FlashAttention-2, algorithm 1, arXiv:2307.08691.

    Parameters
    ----------
    q, k, v, mask, bias, causal, window, scale, softcap, sinks
        As in :func:`scaled_dot_product_attention`. Mask and bias are the caller's memory: keep an
        axis of size one where you can. Tiles that ``causal`` or ``window`` hides as a whole are
        skipped.
    mask_mod : callable, optional
        A mask that is never whole: as in :func:`create_mask`, asked for each tile anew.
    q_tile, kv_tile : int
        How many queries and keys meet in one tile. They change memory and speed, not the result.

    Returns
    -------
    output : array
        One mixture of values for each query; zeros where it has nothing to attend to.
    log_sum_exp : array
        One number for each query, sinks included, in at least float32; ``-inf`` for an empty one.

    Notes
    -----
    Cost: the multiply-adds of the plain form. Beside inputs and outputs one tile is in memory:
    n_heads · q_tile · (kv_tile + d_v) numbers. PyTorch's autograd calls
    :func:`flash_attention_backward`, so training takes linear memory as well.

    Examples
    --------
    >>> q = k = np.zeros((3, 2))  # all scores are zero: a log-sum-exp is the log of a count
    >>> v = np.array([[2.0], [4.0], [9.0]])
    >>> output, log_sum_exp = flash_attention(q, k, v, causal=True, kv_tile=2)
    >>> output
    array([[2.],
           [3.],
           [5.]])
    >>> np.exp(log_sum_exp).round(3)
    array([1., 2., 3.])
    """
    tiles = _cut(
        q,
        k,
        v,
        mask=mask,
        mask_mod=mask_mod,
        bias=bias,
        causal=causal,
        window=window,
        scale=scale,
        softcap=softcap,
        sinks=sinks,
        q_tile=q_tile,
        kv_tile=kv_tile,
    )
    output, log_sum_exp = _forward(q, k, v, bias, sinks, tiles)
    return output.astype(q.dtype), log_sum_exp


def _forward(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    bias: np.ndarray | None,
    sinks: np.ndarray | None,
    tiles: _Tiles,
) -> tuple[np.ndarray, np.ndarray]:
    dtype = np.promote_types(q.dtype, np.float32)
    output = np.zeros((*q.shape[:-1], v.shape[-1]), dtype)
    log_sum_exp = np.zeros(q.shape[:-1], dtype)
    for rows in tiles.queries():
        q_rows = q[..., rows, :].astype(dtype)
        mixed = np.zeros((*q_rows.shape[:-1], v.shape[-1]), dtype)
        maximum = np.full((*q_rows.shape[:-1], 1), -np.inf, dtype)
        normaliser = np.zeros_like(maximum)
        if sinks is not None:
            # A sink is one score that was seen before all others, and brought no value.
            maximum[:] = sinks.astype(dtype).reshape((-1, 1, 1) if q.ndim > 2 else (1, 1))
            normaliser[:] = 1
        for columns in tiles.keys(rows):
            k_columns = tiles.repeated(k[..., columns, :].astype(dtype))
            v_columns = tiles.repeated(v[..., columns, :].astype(dtype))
            scores = tiles.hide(tiles.scores(q_rows, k_columns), bias, rows, columns)
            new_maximum = np.maximum(maximum, scores.max(-1, keepdims=True))
            kept = np.exp(maximum - finite(new_maximum))
            exponentials = np.exp(scores - finite(new_maximum))
            normaliser = normaliser * kept + exponentials.sum(-1, keepdims=True)
            mixed = mixed * kept + exponentials @ v_columns
            maximum = new_maximum
        # An empty row has normaliser zero: divide its zeros by one.
        normaliser = np.where(normaliser == 0, 1, normaliser)
        output[..., rows, :] = mixed / normaliser
        log_sum_exp[..., rows] = (maximum + np.log(normaliser))[..., 0]
    return output, log_sum_exp
