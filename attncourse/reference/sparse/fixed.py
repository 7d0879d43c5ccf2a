"""Sparse Transformer, fixed: the own block, and the end of every block before it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.flash import flash_attention
from attncourse.reference.masks import create_mask
from attncourse.reference.sparse.parts import (
    _gathered,
    _joined,
    _key_mask,
    _with_heads,
)


def fixed_mask(
    q_len: int, kv_len: int, block_len: int, n_summaries: int = 1
) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let each query attend to its own block so far, and to the end of every block before it.

    .. math:: M_{ij} = [\, j \le p_i \ \text{and}\ (\lfloor j / B \rfloor =
        \lfloor p_i / B \rfloor \ \text{or}\ j \bmod B \ge B - c) \,], \qquad p_i = i + n - m

    where :math:`B` is the length of a block, :math:`c` how many of its last positions sum it up for
    all later ones, :math:`m` is q_len and :math:`n` is kv_len.

    Source: Child et al. (2019), section 4.3, arXiv:1904.10509.

    Parameters
    ----------
    q_len, kv_len, block_len
        As in :func:`block_mask`.
    n_summaries : int
        How many positions at the end of each block all later ones see; at most ``block_len``.

    Examples
    --------
    >>> fixed_mask(2, 6, block_len=2).astype(int)
    array([[0, 1, 0, 1, 1, 0],
           [0, 1, 0, 1, 1, 1]])
    """
    _checks.count("block_len", block_len, minimum=1)
    _checks.count("n_summaries", n_summaries, minimum=1, maximum=block_len)

    def seen(q_pos: np.ndarray, kv_pos: np.ndarray) -> np.ndarray:
        own = q_pos // block_len == kv_pos // block_len
        return (kv_pos <= q_pos) & (own | (kv_pos % block_len >= block_len - n_summaries))

    return create_mask(seen, q_len, kv_len)


def fixed_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    *,
    block_len: int,
    n_summaries: int = 1,
    mask: Bool[np.ndarray, "*#heads 1 kv_len"] | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[np.ndarray, " n_heads"] | None = None,
) -> Float[np.ndarray, "*batch n_heads q_len d_v"]:
    r"""Attend to one's own block so far, and to the end of every block before it.

    .. math:: o_i = \text{Attention}\big(q_i, \{(k_j, v_j) : M_{ij}\}\big)

    where :math:`M` is :func:`fixed_mask`. The result is that of
    :func:`scaled_dot_product_attention` with it, computed in two parts that share no key: one's
    own block, and the ends of the blocks before it.

    Source: Child et al. (2019), section 4.3, arXiv:1904.10509.

    Parameters
    ----------
    block_len, n_summaries
        As in :func:`fixed_mask`.
    q, k, v, mask, scale, softcap, sinks
        As in :func:`sliding_window_attention`.

    Notes
    -----
    Cost: n_heads · q_len · (block_len + n_summaries · kv_len / block_len) · (d_k + d_v)
    multiply-adds: with blocks near the root of the length, its power 3/2. Memory is linear.

    Examples
    --------
    >>> q = k = np.zeros((5, 2))  # all scores equal: a mean of what is seen
    >>> v = np.array([[3.0], [0.0], [6.0], [0.0], [9.0]])
    >>> fixed_attention(q, k, v, block_len=2)[4]  # position 4, then 1 and 3
    array([3.])
    """
    q_len, kv_len = _checks.sparse(
        np.ndarray, q, k, v, mask=mask, scale=scale, softcap=softcap, sinks=sinks
    )
    n_rows, _ = _checks.blocked(q_len, kv_len, block_len)
    _checks.count("n_summaries", n_summaries, minimum=1, maximum=block_len)
    n_heads = 1 if q.ndim == 2 else q.shape[-3]
    wide = _with_heads(q, n_heads), _with_heads(k, n_heads), _with_heads(v, n_heads)
    key_mask, options = _key_mask(mask, k), {"scale": scale, "softcap": softcap}
    own = np.arange(n_rows)[:, None] + (kv_len - q_len) // block_len
    parts = [
        _gathered(
            *wide,
            own[None],
            key_mask,
            block_len=block_len,
            mask_mod=lambda q_pos, kv_pos: kv_pos <= q_pos,
            **options,
        )
    ]
    n_ends = kv_len // block_len * n_summaries
    n_ends += max(0, kv_len % block_len - (block_len - n_summaries))  # of a last, shorter block
    ends = np.arange(n_ends)
    ends = ends // n_summaries * block_len + block_len - n_summaries + ends % n_summaries

    def before(i: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Say whether an end, counted among the ends alone, is of an earlier block."""
        return end // n_summaries < (i + kv_len - n_ends) // block_len

    if n_ends:
        queries, keys, values = wide[0], wide[1][..., ends, :], wide[2][..., ends, :]
        ends_mask = key_mask[..., None, ends]
        parts.append(
            flash_attention(queries, keys, values, mask=ends_mask, mask_mod=before, **options)
        )
    return _joined(parts, sinks, q)
