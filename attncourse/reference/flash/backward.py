"""FlashAttention, backward: each tile's weights are computed again, then dropped again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.backward.attention import AttentionGradients, sum_copies, sum_to
from attncourse.reference.flash.tiles import _cut, _part, _Tiles
from attncourse.reference.softmax.stable import finite


def flash_attention_backward(
    grad: Float[np.ndarray, "*batch n_heads q_len d_v"],
    q: Float[np.ndarray, "*batch n_heads q_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads kv_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads kv_len d_v"],
    output: Float[np.ndarray, "*batch n_heads q_len d_v"],
    log_sum_exp: Float[np.ndarray, "*batch n_heads q_len"],
    *,
    grad_log_sum_exp: Float[np.ndarray, "*batch n_heads q_len"] | None = None,
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
    >>> q, k, v = np.zeros((1, 2)), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0], [4.0]])
    >>> output, log_sum_exp = np.array([[2.0]]), np.log([2.0])  # two scores of zero
    >>> grads = flash_attention_backward(np.ones((1, 1)), q, k, v, output, log_sum_exp, scale=1.0)
    >>> grads.q  # dS = 1/2 (0 - 2) and 1/2 (4 - 2)
    array([[-1.,  1.]])
    >>> grads.v
    array([[0.5],
           [0.5]])
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
    _checks.flash_backward(np.ndarray, grad, q, v, output, log_sum_exp, grad_log_sum_exp)
    return _backward(grad, grad_log_sum_exp, q, k, v, bias, sinks, output, log_sum_exp, tiles)


def _backward(
    grad: np.ndarray,
    grad_log_sum_exp: np.ndarray | None,
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    bias: np.ndarray | None,
    sinks: np.ndarray | None,
    output: np.ndarray,
    log_sum_exp: np.ndarray,
    tiles: _Tiles,
) -> AttentionGradients:
    dtype = np.promote_types(q.dtype, np.float32)
    lse = finite(log_sum_exp.astype(dtype))[..., None]
    d = (grad.astype(dtype) * output.astype(dtype)).sum(-1, keepdims=True)
    if grad_log_sum_exp is not None:
        d = d - grad_log_sum_exp.astype(dtype)[..., None]
    grad_q, grad_k, grad_v = (np.zeros(array.shape, dtype) for array in (q, k, v))
    grad_bias = None if bias is None else np.zeros(bias.shape, dtype)
    for rows in tiles.queries():
        q_rows, grad_rows = (a[..., rows, :].astype(dtype) for a in (q, grad))
        for columns in tiles.keys(rows):
            k_columns = tiles.repeated(k[..., columns, :].astype(dtype))
            v_columns = tiles.repeated(v[..., columns, :].astype(dtype))
            capped = tiles.scores(q_rows, k_columns)
            weights = np.exp(tiles.hide(capped, bias, rows, columns) - lse[..., rows, :])
            grad_weights = grad_rows @ v_columns.swapaxes(-1, -2)
            grad_scores = weights * (grad_weights - d[..., rows, :])
            if grad_bias is not None:
                into = _part(grad_bias, rows, columns)
                into += sum_to(grad_scores, into.shape)
            if tiles.softcap is not None:
                grad_scores = grad_scores * (1 - (capped / tiles.softcap) ** 2)
            grad_scores = tiles.scale * grad_scores
            grad_q[..., rows, :] += grad_scores @ k_columns
            grad_k[..., columns, :] += sum_copies(grad_scores.swapaxes(-1, -2) @ q_rows, k.shape)
            grad_v[..., columns, :] += sum_copies(weights.swapaxes(-1, -2) @ grad_rows, v.shape)
    grad_sinks = None
    if sinks is not None:
        # A sink has weight e^(sink - L), and its value is zero: dP = 0.
        column = sinks.astype(dtype).reshape((-1, 1, 1) if q.ndim > 2 else (1, 1))
        grad_sinks = sum_to(-np.exp(column - lse) * d, column.shape)
        grad_sinks = grad_sinks.reshape(sinks.shape).astype(sinks.dtype)
    return AttentionGradients(
        grad_q.astype(q.dtype),
        grad_k.astype(k.dtype),
        grad_v.astype(v.dtype),
        None if bias is None or grad_bias is None else grad_bias.astype(bias.dtype),
        grad_sinks,
    )
