"""Sparse Transformer, strided: the last positions, and every so-many-th before."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.flash import flash_attention
from attncourse.pytorch.masks import create_mask
from attncourse.pytorch.sparse.parts import (
    _apart,
    _joined,
    _key_mask,
    _together,
    _with_heads,
)
from attncourse.pytorch.sparse.window import _window


def strided_mask(
    q_len: int, kv_len: int, stride: int, *, device: torch.device | str | None = None
) -> Bool[Tensor, "q_len kv_len"]:
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
    device : torch.device or str, optional
        Where to make the mask; torch's default device if left out.

    Examples
    --------
    >>> strided_mask(2, 6, stride=2).int()
    tensor([[1, 0, 1, 1, 1, 0],
            [0, 1, 0, 1, 1, 1]], dtype=torch.int32)
    """
    _checks.count("stride", stride, minimum=1)

    def seen(q_pos: Tensor, kv_pos: Tensor) -> Tensor:
        behind = q_pos - kv_pos
        return (behind >= 0) & ((behind < stride) | (behind % stride == 0))

    return create_mask(seen, q_len, kv_len, device=device)


def strided_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    *,
    stride: int,
    mask: Bool[Tensor, "*#heads 1 kv_len"] | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[Tensor, " n_heads"] | None = None,
) -> Float[Tensor, "*batch n_heads q_len d_v"]:
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
    >>> q = k = torch.zeros(5, 2)  # all scores equal: a mean of what is seen
    >>> v = torch.tensor([[3.0], [0.0], [6.0], [0.0], [9.0]])
    >>> strided_attention(q, k, v, stride=2)[4]  # positions 4 and 3, then 2 and 0
    tensor([4.5000])
    """
    _checks.sparse(Tensor, q, k, v, mask=mask, scale=scale, softcap=softcap, sinks=sinks)
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
