"""Longformer: a sliding window, and a few tokens that see past it."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.flash import merge_attention
from attncourse.pytorch.sparse.parts import (
    _columns,
    _joined,
    _key_mask,
    _rows,
    _with_heads,
)
from attncourse.pytorch.sparse.window import _window


def longformer_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    tokens: Int[Tensor, " n_global"],
    *,
    window: int,
    dilation: int = 1,
    causal: bool = False,
    global_qkv: tuple[Tensor, Tensor, Tensor] | None = None,
    mask: Bool[Tensor, "*#heads 1 kv_len"] | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[Tensor, " n_heads"] | None = None,
) -> Float[Tensor, "*batch n_heads q_len d_v"]:
    r"""Attend within a window, but for a few tokens that see all and are seen by all.

    .. math:: o_i = \text{Attention}\big(q_i, \{(k_j, v_j) : j \in W_i \cup G\}\big), \qquad
        o_g = \text{Attention}\big(q_g, \{(k_j, v_j) : \text{all } j\}\big), \quad g \in G

    where :math:`W_i` is the window of query i and :math:`G` are the global tokens. The result is
    that of :func:`scaled_dot_product_attention` with
    ``two_sided_window_mask(...) | global_mask(...)``, and ``& causal_mask(...)`` if causal.

    Source: Beltagy et al. (2020), Longformer, section 3.1, arXiv:2004.05150.

    Parameters
    ----------
    tokens : integer array
        The positions of the global tokens among the keys: of a question, say, or of the token
        that sums the text up.
    window, dilation : int
        How many positions a query sees on either side, itself included in both; how far apart.
    causal : bool
        Hide the future, also from and behind the global tokens.
    global_qkv : tuple of three arrays, floating, optional
        Queries, keys and values of projections of their own, shaped as q, k and v, with which the
        global tokens ask. The same q, k and v if left out.
    q, k, v, mask, scale, softcap, sinks
        As in :func:`sliding_window_attention`.

    Notes
    -----
    Cost: n_heads · (3 · q_len · window + n_global · (q_len + kv_len)) · (d_k + d_v)
    multiply-adds, linear in the length.

    Examples
    --------
    >>> q = k = torch.zeros(4, 2)  # all scores equal: a mean of what is seen
    >>> v = torch.tensor([[2.0], [4.0], [9.0], [1.0]])
    >>> longformer_attention(q, k, v, torch.tensor([0]), window=1)  # each itself, and the first
    tensor([[4.0000],
            [3.0000],
            [5.5000],
            [1.5000]])
    """
    _checks.flag("causal", causal)
    _, kv_len = _checks.sparse(
        Tensor, q, k, v, mask=mask, scale=scale, softcap=softcap, sinks=sinks
    )
    _checks.count("window", window, minimum=1)
    _checks.count("dilation", dilation, minimum=1)
    _checks.members(Tensor, "tokens", tokens, kv_len)
    _checks.one_device(q=q, tokens=tokens)
    if global_qkv is not None:
        _checks.beside(Tensor, "global_qkv", global_qkv, q, k, v)
    n_heads = 1 if q.ndim == 2 else q.shape[-3]
    wide = _with_heads(q, n_heads), _with_heads(k, n_heads), _with_heads(v, n_heads)
    asking = [_with_heads(array, n_heads) for array in global_qkv or (q, k, v)]
    key_mask, options = _key_mask(mask, k), {"scale": scale, "softcap": softcap}
    is_global = (torch.arange(kv_len, device=q.device)[:, None] == tokens).any(-1)
    parts = [
        _window(
            *wide,
            key_mask & ~is_global,
            window=window,
            dilation=dilation,
            two_sided=not causal,
            **options,
        ),
        _columns(*wide, tokens, key_mask, causal=causal, **options),
    ]
    merged = merge_attention(*(torch.stack(arrays) for arrays in zip(*parts, strict=True)))
    part = _rows(
        merged, asking[0], asking[1], asking[2], tokens, key_mask, causal=causal, **options
    )
    return _joined([part], sinks, q)
