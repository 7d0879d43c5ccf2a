"""Attention within blocks of positions."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.sparse.blocks import block_sparse_attention


def block_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    *,
    block_len: int,
    causal: bool = False,
    mask: Bool[Tensor, "*#heads 1 kv_len"] | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[Tensor, " n_heads"] | None = None,
) -> Float[Tensor, "*batch n_heads q_len d_v"]:
    r"""Attend within one's own block of positions.

    .. math:: o_i = \text{Attention}\big(q_i, \{(k_j, v_j) :
        \lfloor j / B \rfloor = \lfloor p_i / B \rfloor\}\big), \qquad p_i = i + n - m

    where :math:`B` is the length of a block, :math:`m` is q_len and :math:`n` is kv_len. The
    result is that of :func:`scaled_dot_product_attention` with :func:`block_mask`, and
    ``& causal_mask(...)`` if causal.

    Source: Qiu et al. (2020), arXiv:1911.02972.

    Parameters
    ----------
    block_len : int
        How many positions share a block; the last block may be shorter.
    causal : bool
        Hide the future.
    q, k, v, mask, scale, softcap, sinks
        As in :func:`sliding_window_attention`.

    Examples
    --------
    >>> q = k = torch.zeros(3, 2)  # all scores equal: a mean over the block
    >>> block_attention(q, k, torch.tensor([[2.0], [4.0], [9.0]]), block_len=2)
    tensor([[3.],
            [3.],
            [9.]])
    """
    _checks.flag("causal", causal)
    q_len, kv_len = _checks.sparse(
        Tensor, q, k, v, mask=mask, scale=scale, softcap=softcap, sinks=sinks
    )
    n_rows, _ = _checks.blocked(q_len, kv_len, block_len)
    own = torch.arange(n_rows, device=q.device) + (kv_len - q_len) // block_len
    return block_sparse_attention(
        q,
        k,
        v,
        own.clamp(-1)[:, None],
        block_len=block_len,
        causal=causal,
        mask=mask,
        scale=scale,
        softcap=softcap,
        sinks=sinks,
    )
