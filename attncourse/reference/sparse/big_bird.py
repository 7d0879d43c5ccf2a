"""Big Bird: neighbours, random blocks and global ones."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from attncourse import _checks
from attncourse.reference.sparse.blocks import block_sparse_mask
from attncourse.reference.sparse.parts import (
    _gathered,
    _joined,
    _key_mask,
    _rows,
    _with_heads,
)


def big_bird_blocks(
    random_blocks: Int[np.ndarray, "*n_heads n_q_blocks n_random"],
    global_blocks: Int[np.ndarray, " n_global"],
    q_len: int,
    kv_len: int,
    *,
    block_len: int,
    window: int = 2,
) -> Int[np.ndarray, "*n_heads n_q_blocks n_picks"]:
    r"""Say which blocks each block of queries sees: its neighbours, random ones, the global ones.

    .. math:: T_r = \{ b : |b - r| < w \} \cup R_r \cup G

    where :math:`r` is a block of queries, :math:`w` the window in blocks, :math:`R_r` its random
    blocks and :math:`G` the global ones. The table is for :func:`block_sparse_attention`: -1 stands
    where a neighbour would lie outside, and a block may stand twice.

    Source: Zaheer et al. (2020), Big Bird, section 2 and appendix D, arXiv:2007.14062.

    Parameters
    ----------
    random_blocks : integer array
        For each block of queries its random blocks of keys; one table, or one for each head.
    global_blocks : integer array
        The blocks that are seen by all (and see all: :func:`big_bird_attention`).
    q_len, kv_len, block_len
        As in :func:`block_sparse_mask`.
    window : int
        How many blocks a block sees on either side, itself included in both.

    Examples
    --------
    >>> big_bird_blocks(np.array([[2], [3], [0], [1]]), np.array([0]), 8, 8, block_len=2)
    array([[-1,  0,  1,  2,  0],
           [ 0,  1,  2,  3,  0],
           [ 1,  2,  3,  0,  0],
           [ 2,  3, -1,  1,  0]])
    """
    sizes = _checks.blocked(q_len, kv_len, block_len)
    _checks.count("window", window, minimum=1)
    _checks.block_table(np.ndarray, "random_blocks", random_blocks, sizes)
    _checks.members(np.ndarray, "global_blocks", global_blocks, sizes[1])
    _checks.one_device(random_blocks=random_blocks, global_blocks=global_blocks)
    own = np.arange(sizes[0])[:, None] + (kv_len - q_len) // block_len
    near = own + np.arange(1 - window, window)
    near = np.where((near >= 0) & (near < sizes[1]), near, -1)
    rows = random_blocks.shape[:-1]
    tables = [
        np.broadcast_to(near, (*rows, near.shape[-1])),
        random_blocks,
        np.broadcast_to(global_blocks, (*rows, global_blocks.shape[0])),
    ]
    return np.concatenate(tables, axis=-1)


def big_bird_mask(
    random_blocks: Int[np.ndarray, "*n_heads n_q_blocks n_random"],
    global_blocks: Int[np.ndarray, " n_global"],
    q_len: int,
    kv_len: int,
    *,
    block_len: int,
    window: int = 2,
) -> Bool[np.ndarray, "*n_heads q_len kv_len"]:
    r"""Lay Big Bird's pattern out as a grid of positions.

    .. math:: M_{ij} = [\, \lfloor j / B \rfloor \in T_r \ \text{or}\ r \in G \,], \qquad
        r = \lfloor p_i / B \rfloor, \quad p_i = i + n - m

    where :math:`T_r` are the blocks of :func:`big_bird_blocks`, :math:`G` the global blocks,
    :math:`B` the length of a block, :math:`m` is q_len and :math:`n` is kv_len.

    Source: Zaheer et al. (2020), Big Bird, section 2 and figure 1, arXiv:2007.14062.

    Parameters
    ----------
    random_blocks, global_blocks, q_len, kv_len, block_len, window
        As in :func:`big_bird_blocks`. With a table for each head there is a grid for each.

    Examples
    --------
    >>> random_blocks = np.array([[3], [3], [0], [1]])
    >>> big_bird_mask(random_blocks, np.array([0]), 4, 4, block_len=1, window=1).astype(int)
    array([[1, 1, 1, 1],
           [1, 1, 0, 1],
           [1, 0, 1, 0],
           [1, 1, 0, 1]])
    """
    sizes = {"block_len": block_len, "window": window}
    blocks = big_bird_blocks(random_blocks, global_blocks, q_len, kv_len, **sizes)
    seen = block_sparse_mask(blocks, q_len, kv_len, block_len=block_len)
    own = np.arange(kv_len - q_len, kv_len) // block_len
    return seen | (own[:, None] == global_blocks).any(-1)[:, None]


def big_bird_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    random_blocks: Int[np.ndarray, "*n_heads n_q_blocks n_random"],
    global_blocks: Int[np.ndarray, " n_global"],
    *,
    block_len: int,
    window: int = 2,
    causal: bool = False,
    mask: Bool[np.ndarray, "*#heads 1 kv_len"] | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[np.ndarray, " n_heads"] | None = None,
) -> Float[np.ndarray, "*batch n_heads q_len d_v"]:
    r"""Attend to neighbours, a few random blocks and a few global ones, which attend to all.

    .. math:: o_i = \text{Attention}\big(q_i, \{(k_j, v_j) : M_{ij}\}\big)

    where :math:`M` is :func:`big_bird_mask`. The result is that of
    :func:`scaled_dot_product_attention` with it, and ``& causal_mask(...)`` if causal.

    Source: Zaheer et al. (2020), Big Bird, section 2 and appendix D, arXiv:2007.14062.

    Parameters
    ----------
    random_blocks, global_blocks, block_len, window
        As in :func:`big_bird_blocks`. The paper's own: two global blocks, a window of three
        blocks across (``window=2``) and three random ones, of 64 positions each.
    q, k, v, mask, scale, softcap, sinks
        As in :func:`sliding_window_attention`.
    causal : bool
        Hide the future, also from and behind the global blocks.

    Notes
    -----
    Cost: n_heads · q_len · block_len · (2 · window - 1 + n_random + n_global) · (d_k + d_v)
    multiply-adds, and as much for n_global rows of all keys: linear in the length.

    Examples
    --------
    >>> q = k = np.zeros((4, 2))  # all scores equal: a mean of what is seen
    >>> v = np.array([[2.0], [4.0], [9.0], [1.0]])
    >>> tables = np.array([[3], [3], [0], [1]]), np.array([0])
    >>> big_bird_attention(q, k, v, *tables, block_len=1, window=1).round(3)
    array([[4.   ],
           [2.333],
           [5.5  ],
           [2.333]])
    """
    _checks.flag("causal", causal)
    q_len, kv_len = _checks.sparse(
        np.ndarray, q, k, v, mask=mask, scale=scale, softcap=softcap, sinks=sinks
    )
    sizes = _checks.blocked(q_len, kv_len, block_len)
    n_heads = 1 if q.ndim == 2 else q.shape[-3]
    wide = _with_heads(q, n_heads), _with_heads(k, n_heads), _with_heads(v, n_heads)
    _checks.block_table(np.ndarray, "random_blocks", random_blocks, sizes, n_heads)
    _checks.integer(np.ndarray, global_blocks=global_blocks)
    _checks.one_device(q=q, random_blocks=random_blocks, global_blocks=global_blocks)
    blocks = big_bird_blocks(
        random_blocks, global_blocks, q_len, kv_len, block_len=block_len, window=window
    )
    key_mask, options = _key_mask(mask, k), {"scale": scale, "softcap": softcap}
    part = _gathered(
        *wide,
        blocks[None] if blocks.ndim == 2 else blocks,
        key_mask,
        block_len=block_len,
        mask_mod=lambda q_pos, kv_pos: (kv_pos <= q_pos) | (not causal),
        **options,
    )
    inside = np.arange(block_len)
    tokens = (global_blocks[:, None] * block_len + inside).reshape(-1)
    part = _rows(part, *wide, tokens, key_mask, causal=causal, **options)
    return _joined([part], sinks, q)
