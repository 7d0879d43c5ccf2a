"""FlashAttention, backward: each tile's weights are computed again, then dropped again."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.backward.attention import AttentionGradients, sum_copies
from attncourse.pytorch.flash.tiles import _cut, _part, _Tiles, _zero
from attncourse.pytorch.softmax.stable import finite


@in_full_precision
def flash_attention_backward(
    grad: Float[Tensor, "*batch n_heads q_len d_v"],
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    output: Float[Tensor, "*batch n_heads q_len d_v"],
    log_sum_exp: Float[Tensor, "*batch n_heads q_len"],
    *,
    grad_log_sum_exp: Float[Tensor, "*batch n_heads q_len"] | None = None,
    mask: Bool[Tensor, "*#scores"] | None = None,
    mask_mod: Callable[[Tensor, Tensor], Tensor] | None = None,
    bias: Float[Tensor, "*#scores"] | None = None,
    causal: bool = False,
    window: int | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Float[Tensor, " n_heads"] | None = None,
    q_tile: int = 128,
    kv_tile: int = 128,
) -> AttentionGradients:
    r"""Give the gradients of :func:`flash_attention`, in memory linear in the length.

    .. math:: P = e^{S - L}, \quad D = \operatorname{rowsum}(dO \circ O), \quad
        dV = P^\top dO, \quad dS = P \circ (dO \, V^\top - D), \quad
        dQ = \alpha \, dS \, K, \quad dK = \alpha \, dS^\top Q

    where :math:`O` and :math:`L` are the output and the log-sum-exp of the forward pass, :math:`S`
    the scores and :math:`\alpha` the scale. :math:`P` and :math:`dS` exist one tile at a time;
    :math:`D`, which the softmax's sum asks for, is known before the first tile. A soft-cap
    multiplies :math:`dS` by :math:`1 - \tanh^2`.

    Source: Dao et al. (2022), FlashAttention, appendix B, arXiv:2205.14135; Dao (2023),
    FlashAttention-2, algorithm 2, arXiv:2307.08691.

    Parameters
    ----------
    grad, grad_log_sum_exp : arrays, floating
        The gradients with respect to output and log-sum-exp; the second if the loss depends on it.
    output, log_sum_exp : arrays, floating
        What the forward pass gave.
    q, k, v, mask, mask_mod, bias, causal, window, scale, softcap, sinks
        What the forward pass was given.
    q_tile, kv_tile : int
        They need not be those of the forward pass.

    Notes
    -----
    Cost: n_heads · q_len · kv_len · (3 d_k + 2 d_v) multiply-adds for each sequence: five
    products of matrices to the forward pass's two.

    Examples
    --------
    >>> q, k = torch.zeros(1, 2), torch.eye(2)
    >>> v = torch.tensor([[0.0], [4.0]])
    >>> output, log_sum_exp = torch.tensor([[2.0]]), torch.log(torch.tensor([2.0]))
    >>> grads = flash_attention_backward(torch.ones(1, 1), q, k, v, output, log_sum_exp, scale=1.0)
    >>> grads.q  # two scores of zero: dS = 1/2 (0 - 2) and 1/2 (4 - 2)
    tensor([[-1.,  1.]])
    >>> grads.v
    tensor([[0.5000],
            [0.5000]])
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
    _checks.flash_backward(Tensor, grad, q, v, output, log_sum_exp, grad_log_sum_exp)
    return _backward(grad, grad_log_sum_exp, q, k, v, bias, sinks, output, log_sum_exp, tiles)


def _backward(
    grad: Tensor,
    grad_log_sum_exp: Tensor | None,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    bias: Tensor | None,
    sinks: Tensor | None,
    output: Tensor,
    log_sum_exp: Tensor,
    tiles: _Tiles,
) -> AttentionGradients:
    dtype = torch.promote_types(q.dtype, torch.float32)
    lse = finite(log_sum_exp.to(dtype))[..., None]
    d = (grad.to(dtype) * output.to(dtype)).sum(-1, keepdim=True)
    if grad_log_sum_exp is not None:
        d = d - grad_log_sum_exp.to(dtype)[..., None]
    zero = _zero(q, k, v, grad, d, lse, bias, sinks, tiles.mask, dtype=dtype)
    grad_q, grad_k, grad_v = (zero + torch.zeros_like(a, dtype=dtype) for a in (q, k, v))
    grad_bias = None if bias is None else zero + torch.zeros_like(bias, dtype=dtype)
    for rows in tiles.queries():
        q_rows, grad_rows = (a[..., rows, :].to(dtype) for a in (q, grad))
        for columns in tiles.keys(rows):
            k_columns = tiles.repeated(k[..., columns, :].to(dtype))
            v_columns = tiles.repeated(v[..., columns, :].to(dtype))
            capped = tiles.scores(q_rows, k_columns)
            weights = torch.exp(tiles.hide(capped, bias, rows, columns) - lse[..., rows, :])
            grad_weights = grad_rows @ v_columns.transpose(-1, -2)
            grad_scores = weights * (grad_weights - d[..., rows, :])
            if grad_bias is not None:
                into = _part(grad_bias, rows, columns)
                into += grad_scores.sum_to_size(into.shape)
            if tiles.softcap is not None:
                grad_scores = grad_scores * (1 - (capped / tiles.softcap) ** 2)
            grad_scores = tiles.scale * grad_scores
            grad_q[..., rows, :] += grad_scores @ k_columns
            grad_k[..., columns, :] += sum_copies(grad_scores.transpose(-1, -2) @ q_rows, k.shape)
            grad_v[..., columns, :] += sum_copies(weights.transpose(-1, -2) @ grad_rows, v.shape)
    grad_sinks = None
    if sinks is not None:
        # A sink has weight e^(sink - L), and its value is zero: dP = 0.
        column = sinks.to(dtype).reshape((-1, 1, 1) if q.ndim > 2 else (1, 1))
        grad_sinks = (-torch.exp(column - lse) * d).sum_to_size(column.shape)
        grad_sinks = grad_sinks.reshape(sinks.shape).to(sinks.dtype)
    return AttentionGradients(
        grad_q.to(q.dtype),
        grad_k.to(k.dtype),
        grad_v.to(v.dtype),
        None if bias is None or grad_bias is None else grad_bias.to(bias.dtype),
        grad_sinks,
    )
