"""Sparse Transformer, strided: the last positions, and every so-many-th before."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.flash import flash_attention
from attncourse.reference.masks import create_mask
from attncourse.reference.sparse.parts import (
    _apart,
    _joined,
    _key_mask,
    _together,
    _with_heads,
)
from attncourse.reference.sparse.window import _window


def strided_mask(q_len: int, kv_len: int, stride: int) -> Bool[np.ndarray, "q_len kv_len"]:
    r"""Let each query attend to its last ``stride`` positions, and to every stride-th before.

    .. math:: M_{ij} = [\, j \le p_i \ \text{and}\ (p_i - j < S \ \text{or}\
        p_i - j \equiv 0 \bmod S) \,], \qquad p_i = i + n - m

    where :math:`S` is the stride, :math:`m` q_len and :math:`n` kv_len. As an image with rows of S,
    a pixel sees the row's worth before it and its column; two layers reach everything before.

    Source: Child et al. (2019), section 4.3, arXiv:1904.10509.

    Parameters
    ----------
    q_len, kv_len
        As in :func:`create_mask`.
    stride : int
        How far back the window reaches, and how far apart the others are; best near √length.

    Examples
    --------
    >>> strided_mask(2, 6, stride=2).astype(int)
    array([[1, 0, 1, 1, 1, 0],
           [0, 1, 0, 1, 1, 1]])
    """
    _checks.count("stride", stride, minimum=1)

    def seen(q_pos: np.ndarray, kv_pos: np.ndarray) -> np.ndarray:
        behind = q_pos - kv_pos
        return (behind >= 0) & ((behind < stride) | (behind % stride == 0))

    return create_mask(seen, q_len, kv_len)


def strided_attention(
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    *,
    stride: int,
    mask: Bool[np.ndarray, "*#heads 1 kv_len"] | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[np.ndarray, " n_heads"] | None = None,
) -> Float[np.ndarray, "*batch n_heads q_len d_v"]:
    r"""Attend to the last ``stride`` positions, and to every stride-th before them.

    .. math:: o_i = \text{Attention}\big(q_i, \{(k_j, v_j) : M_{ij}\}\big)

    where :math:`M` is :func:`strided_mask`. The result is that of
    :func:`scaled_dot_product_attention` with it, computed in two parts that share no key: a
    sliding window, and what came before in each of the sequences that the stride divides.

    Source: Child et al. (2019), section 4.3, arXiv:1904.10509.

    Parameters
    ----------
    stride : int
        How far back the window reaches, and how far apart the others are.
    q, k, v, mask, scale, softcap, sinks
        As in :func:`sliding_window_attention`.

    Notes
    -----
    Cost: n_heads · q_len · (2 · stride + kv_len / stride) · (d_k + d_v) multiply-adds: with a
    stride near the root of the length, its power 3/2. Memory is linear in the length.

    Examples
    --------
    >>> q = k = np.zeros((5, 2))  # all scores equal: a mean of what is seen
    >>> v = np.array([[3.0], [0.0], [6.0], [0.0], [9.0]])
    >>> strided_attention(q, k, v, stride=2)[4]  # positions 4 and 3, then 2 and 0
    array([4.5])
    """
    _checks.sparse(np.ndarray, q, k, v, mask=mask, scale=scale, softcap=softcap, sinks=sinks)
    _checks.count("stride", stride, minimum=1)
    n_heads = 1 if q.ndim == 2 else q.shape[-3]
    wide = _with_heads(q, n_heads), _with_heads(k, n_heads), _with_heads(v, n_heads)
    key_mask, options = _key_mask(mask, k), {"scale": scale, "softcap": softcap}
    near = _window(*wide, key_mask, window=stride, dilation=1, two_sided=False, **options)
    *apart, apart_mask = _apart(*wide, key_mask, stride)
    far = flash_attention(
        *apart, mask=apart_mask[..., None, :], mask_mod=lambda i, j: j < i, **options
    )
    return _joined([near, _together(far, q.shape[-2], k.shape[-2])], sinks, q)
