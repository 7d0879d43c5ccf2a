"""Attention between blocks: a table says which blocks of keys each block of queries sees."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from attncourse import _checks
from attncourse.reference.sparse.parts import (
    _gathered,
    _joined,
    _key_mask,
    _with_heads,
)


def block_sparse_mask(
    blocks: Int[np.ndarray, "*n_heads n_q_blocks n_picks"],
    q_len: int,
    kv_len: int,
    *,
    block_len: int,
) -> Bool[np.ndarray, "*n_heads q_len kv_len"]:
    r"""Lay a table of blocks out as a grid of positions.

    .. math:: M_{ij} = [\, \lfloor j / B \rfloor \in T_r \,], \qquad
        r = \lfloor p_i / B \rfloor - \lfloor p_0 / B \rfloor, \quad p_i = i + n - m

    where :math:`B` is the length of a block, :math:`T_r` row r of the table, :math:`m` is q_len
    and :math:`n` is kv_len. Blocks are counted from the first key; row 0 is for the block in which
    the first query stands.

    Source: Zaheer et al. (2020), Big Bird, appendix D, arXiv:2007.14062.

    Parameters
    ----------
    blocks : integer array
        For each block of queries the blocks of keys that it sees, in any order; one table, or one
        for each head. -1 stands for none, a block that stands twice counts once.
    q_len, kv_len : int
        How many queries and keys there are. The last query stands at the last key.
    block_len : int
        How many positions share a block; the last block may be shorter.

    Examples
    --------
    >>> block_sparse_mask(np.array([[0, -1], [1, 0]]), 3, 4, block_len=2).astype(int)
    array([[1, 1, 0, 0],
           [1, 1, 1, 1],
           [1, 1, 1, 1]])
    """
    sizes = _checks.blocked(q_len, kv_len, block_len)
    _checks.block_table(np.ndarray, "blocks", blocks, sizes)
    first = kv_len - q_len
    row = (np.arange(q_len) + first) // block_len - first // block_len
    own = np.arange(kv_len) // block_len
    return (blocks[..., row, :, None] == own).any(-2)


def block_sparse_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    blocks: Int[np.ndarray, "*n_heads n_q_blocks n_picks"],
    *,
    block_len: int,
    causal: bool = False,
    mask: Bool[np.ndarray, "*#heads 1 kv_len"] | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[np.ndarray, " n_heads"] | None = None,
) -> Float[np.ndarray, "*batch n_heads q_len d_v"]:
    r"""Attend to the blocks that a table names, and compute no others.

    .. math:: o_i = \text{Attention}\big(q_i, \{(k_j, v_j) :
        \lfloor j / B \rfloor \in T_{r(i)}\}\big)

    where :math:`B` is the length of a block and :math:`T_{r(i)}` the table's row for the block of
    query i. The result is that of :func:`scaled_dot_product_attention` with
    :func:`block_sparse_mask`, and ``& causal_mask(...)`` if causal.

    Source: Child et al. (2019), section 5.5, arXiv:1904.10509; Zaheer et al. (2020), Big Bird,
    appendix D, arXiv:2007.14062.

    Parameters
    ----------
    blocks, block_len
        As in :func:`block_sparse_mask`.
    causal : bool
        Hide the future.
    q, k, v, mask, scale, softcap, sinks
        As in :func:`sliding_window_attention`.

    Notes
    -----
    Cost: n_heads · q_len · n_picks · block_len · (d_k + d_v) multiply-adds. Blocks are gathered
    for each block of queries; what is left out is never touched.

    Examples
    --------
    >>> q = k = np.zeros((4, 2))  # all scores equal: a mean of what is seen
    >>> v = np.array([[2.0], [4.0], [9.0], [1.0]])
    >>> block_sparse_attention(q, k, v, np.array([[1], [0]]), block_len=2)
    array([[5.],
           [5.],
           [3.],
           [3.]])
    """
    _checks.flag("causal", causal)
    q_len, kv_len = _checks.sparse(
        np.ndarray, q, k, v, mask=mask, scale=scale, softcap=softcap, sinks=sinks
    )
    sizes = _checks.blocked(q_len, kv_len, block_len)
    n_heads = 1 if q.ndim == 2 else q.shape[-3]
    wide = _with_heads(q, n_heads), _with_heads(k, n_heads), _with_heads(v, n_heads)
    _checks.block_table(np.ndarray, "blocks", blocks, sizes, n_heads)
    _checks.one_device(q=q, blocks=blocks)
    part = _gathered(
        *wide,
        blocks[None] if blocks.ndim == 2 else blocks,
        _key_mask(mask, k),
        block_len=block_len,
        mask_mod=lambda q_pos, kv_pos: (kv_pos <= q_pos) | (not causal),
        scale=scale,
        softcap=softcap,
    )
    return _joined([part], sinks, q)
