"""FlashAttention, forward: one pass over tiles, with a running softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse._autocast import in_full_precision
from attncourse.pytorch.flash.backward import _backward
from attncourse.pytorch.flash.tiles import _cut, _Tiles, _zero
from attncourse.pytorch.softmax.stable import finite


@in_full_precision
def flash_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    *,
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
) -> tuple[Float[Tensor, "*batch n_heads q_len d_v"], Float[Tensor, "*batch n_heads q_len"]]:
    r"""Compute attention exactly, tile by tile, in memory linear in the length.

    .. math:: m' = \max(m, \max_j s_j), \qquad
        d' = d \, e^{m - m'} + \sum_j e^{s_j - m'}, \qquad
        o' = o \, e^{m - m'} + \sum_j e^{s_j - m'} v_j

    where :math:`s` are one query's scores of the next tile of keys, :math:`v` their values, and
    :math:`m`, :math:`d`, :math:`o` the running maximum, normaliser and output, from
    :math:`-\infty`, 0 and 0 on. In the end the output is :math:`o / d`, that of
    :func:`scaled_dot_product_attention`, and :math:`m + \log d` is the log-sum-exp of the query's
    scores, which the backward pass and :func:`merge_attention` need.

    Source: Dao et al. (2022), FlashAttention, algorithm 1, arXiv:2205.14135; Dao (2023),
    FlashAttention-2, algorithm 1, arXiv:2307.08691.

    Parameters
    ----------
    q, k, v, mask, bias, causal, window, scale, softcap, sinks
        As in :func:`scaled_dot_product_attention`. Mask and bias are the caller's memory: keep an
        axis of size one where you can. Tiles that ``causal`` or ``window`` hides as a whole are
        skipped.
    mask_mod : callable, optional
        A mask that is never whole: as in :func:`create_mask`, asked for each tile anew.
    q_tile, kv_tile : int
        How many queries and keys meet in one tile. They change memory and speed, not the result.

    Returns
    -------
    output : array
        One mixture of values for each query; zeros where it has nothing to attend to.
    log_sum_exp : array
        One number for each query, sinks included, in at least float32; ``-inf`` for an empty one.

    Notes
    -----
    Cost: the multiply-adds of the plain form. Beside inputs and outputs one tile is in memory:
    n_heads · q_tile · (kv_tile + d_v) numbers. PyTorch's autograd calls
    :func:`flash_attention_backward`, so training takes linear memory as well.

    Examples
    --------
    >>> q = k = torch.zeros(3, 2)  # all scores are zero: a log-sum-exp is the log of a count
    >>> v = torch.tensor([[2.0], [4.0], [9.0]])
    >>> output, log_sum_exp = flash_attention(q, k, v, causal=True, kv_tile=2)
    >>> output
    tensor([[2.],
            [3.],
            [5.]])
    >>> log_sum_exp.exp().round()
    tensor([1., 2., 3.])
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
    # Half precision is rounded after autograd has kept the output: its backward pass needs it.
    output, log_sum_exp = _Flash.apply(q, k, v, bias, sinks, mask, tiles)
    return output.to(q.dtype), log_sum_exp


class _Flash(torch.autograd.Function):
    """Tell autograd of the backward pass by hand: its own would keep every tile."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        q: Tensor,
        k: Tensor,
        v: Tensor,
        bias: Tensor | None,
        sinks: Tensor | None,
        mask: Tensor | None,
        tiles: _Tiles,
    ) -> tuple[Tensor, Tensor]:
        return _forward(q, k, v, bias, sinks, replace(tiles, mask=mask))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: tuple[Tensor, Tensor]) -> None:
        *arrays, ctx.tiles = inputs
        ctx.save_for_backward(*arrays, *output)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        grad, grad_log_sum_exp = grads
        q, k, v, bias, sinks, mask, output, log_sum_exp = ctx.saved_tensors
        arrays = (grad, grad_log_sum_exp, q, k, v, bias, sinks, output, log_sum_exp)
        return (*_backward(*arrays, replace(ctx.tiles, mask=mask)), None, None)


def _forward(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    bias: Tensor | None,
    sinks: Tensor | None,
    tiles: _Tiles,
) -> tuple[Tensor, Tensor]:
    dtype = torch.promote_types(q.dtype, torch.float32)
    zero = _zero(q, k, v, bias, sinks, tiles.mask, dtype=dtype)
    output = zero + q.new_zeros(*q.shape[:-1], v.shape[-1], dtype=dtype)
    log_sum_exp = zero + q.new_zeros(q.shape[:-1], dtype=dtype)
    for rows in tiles.queries():
        q_rows = q[..., rows, :].to(dtype)
        mixed = q_rows.new_zeros(*q_rows.shape[:-1], v.shape[-1])
        maximum = q_rows.new_full((*q_rows.shape[:-1], 1), -torch.inf)
        normaliser = torch.zeros_like(maximum)
        if sinks is not None:
            # A sink is one score that was seen before all others, and brought no value.
            maximum = normaliser + sinks.to(dtype).reshape((-1, 1, 1) if q.ndim > 2 else (1, 1))
            normaliser = torch.ones_like(maximum)
        for columns in tiles.keys(rows):
            k_columns = tiles.repeated(k[..., columns, :].to(dtype))
            v_columns = tiles.repeated(v[..., columns, :].to(dtype))
            scores = tiles.hide(tiles.scores(q_rows, k_columns), bias, rows, columns)
            new_maximum = torch.maximum(maximum, scores.amax(-1, keepdim=True))
            kept = torch.exp(maximum - finite(new_maximum))
            exponentials = torch.exp(scores - finite(new_maximum))
            normaliser = normaliser * kept + exponentials.sum(-1, keepdim=True)
            mixed = mixed * kept + exponentials @ v_columns
            maximum = new_maximum
        # An empty row has normaliser zero: divide its zeros by one.
        normaliser = torch.where(normaliser == 0, 1, normaliser)
        output[..., rows, :] = mixed / normaliser
        log_sum_exp[..., rows] = (maximum + torch.log(normaliser))[..., 0]
    return output, log_sum_exp
