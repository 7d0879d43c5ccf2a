"""Sliding windows, one-sided or two-sided, with a gap or without."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.sparse.parts import (
    _apart,
    _gathered,
    _joined,
    _key_mask,
    _together,
    _with_heads,
)


def sliding_window_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    *,
    window: int,
    dilation: int = 1,
    two_sided: bool = False,
    mask: Bool[Tensor, "*#heads 1 kv_len"] | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[Tensor, " n_heads"] | None = None,
) -> Float[Tensor, "*batch n_heads q_len d_v"]:
    r"""Attend within a window, and compute nothing outside it.

    .. math:: o_i = \text{Attention}\big(q_i, \{(k_j, v_j) : M_{ij}\}\big)

    where :math:`M` is :func:`dilated_window_mask`. The result is that of
    :func:`scaled_dot_product_attention` with it. The sequence is cut into blocks as long as the
    window, and each block of queries meets its own block of keys, the one before it and,
    two-sided, the one after. A dilated window is a plain one in each of the sequences that the
    dilation divides.

    Source: Beltagy et al. (2020), Longformer, section 3.1, arXiv:2004.05150; Jiang et al. (2023),
    Mistral 7B, section 2, arXiv:2310.06825.

    Parameters
    ----------
    window, dilation, two_sided
        As in :func:`dilated_window_mask`.
    mask : boolean array that broadcasts to one row of the scores, optional
        The same for all queries, as :func:`padding_mask` gives it.
    q, k, v, scale, softcap, sinks
        As in :func:`scaled_dot_product_attention`.

    Notes
    -----
    Cost: 2 · n_heads · q_len · window · (d_k + d_v) multiply-adds, two-sided 3 instead of 2, and
    memory in the same proportion: linear in the length.

    Examples
    --------
    >>> q = k = torch.zeros(4, 2)  # all scores equal: a running mean
    >>> sliding_window_attention(q, k, torch.tensor([[2.0], [4.0], [8.0], [0.0]]), window=2)
    tensor([[2.],
            [3.],
            [6.],
            [4.]])
    """
    _checks.sparse(Tensor, q, k, v, mask=mask, scale=scale, softcap=softcap, sinks=sinks)
    _checks.count("window", window, minimum=1)
    _checks.count("dilation", dilation, minimum=1)
    n_heads = 1 if q.ndim == 2 else q.shape[-3]
    wide = _with_heads(q, n_heads), _with_heads(k, n_heads), _with_heads(v, n_heads)
    part = _window(
        *wide,
        _key_mask(mask, k),
        window=window,
        dilation=dilation,
        two_sided=two_sided,
        scale=scale,
        softcap=softcap,
    )
    return _joined([part], sinks, q)


def _window(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    key_mask: Tensor,
    *,
    window: int,
    dilation: int,
    two_sided: bool,
    scale: float | None,
    softcap: float | None,
) -> tuple[Tensor, Tensor]:
    """Attend within a window: in each of the sequences that the dilation divides, a plain one."""
    queries, keys, values, key_mask = _apart(q, k, v, key_mask, dilation)
    n_queries, n_keys = queries.shape[-2], keys.shape[-2]
    window = min(window, max(n_queries, n_keys))  # a block need not be longer than all there is
    n_rows, n_blocks = _checks.blocked(n_queries, n_keys, window)
    own = torch.arange(n_rows, device=q.device)[:, None] + (n_keys - n_queries) // window
    blocks = own + torch.arange(-1, 2 if two_sided else 1, device=q.device)
    blocks = torch.where((blocks >= 0) & (blocks < n_blocks), blocks, -1)

    def near(q_pos: Tensor, kv_pos: Tensor) -> Tensor:
        behind = abs(q_pos - kv_pos) if two_sided else q_pos - kv_pos
        return (behind >= 0) & (behind < window)

    part = _gathered(
        queries,
        keys,
        values,
        blocks[None],
        key_mask,
        block_len=window,
        mask_mod=near,
        scale=scale,
        softcap=softcap,
    )
    return _together(part, q.shape[-2], k.shape[-2])
