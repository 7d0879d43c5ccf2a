"""Joining attention over parts of the keys into attention over all of them."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.softmax import softmax
from attncourse.pytorch.softmax.stable import finite


def merge_attention(
    outputs: Float[Tensor, "n_parts *batch q_len d_v"],
    log_sum_exps: Float[Tensor, "n_parts *batch q_len"],
) -> tuple[Float[Tensor, "*batch q_len d_v"], Float[Tensor, "*batch q_len"]]:
    r"""Join attention over parts of the keys into attention over all of them, exactly.

    .. math:: L = \log \sum_p e^{L_p}, \qquad O = \sum_p e^{L_p - L} \, O_p

    where :math:`O_p` is a query's output over part p of the keys alone, and :math:`L_p` the
    log-sum-exp of its scores there. The parts do not overlap and come in any order. Ring attention
    and decoding with the cache split among processors rest on this. Give sinks to one part alone.

    Source: Dao et al. (2023), https://crfm.stanford.edu/2023/10/12/flashdecoding.html; Liu et al.
    (2023), Ring Attention, arXiv:2310.01889.

    Parameters
    ----------
    outputs, log_sum_exps : arrays, floating
        What :func:`flash_attention` gave for each part, stacked on a new first axis.

    Returns
    -------
    output, log_sum_exp : arrays
        Together they are one part again. To join one part after another, keep both in float32.

    Examples
    --------
    >>> outputs = torch.tensor([[[10.0]], [[40.0]]])  # a part with 2 equal keys, and one with 1
    >>> output, log_sum_exp = merge_attention(outputs, torch.log(torch.tensor([[2.0], [1.0]])))
    >>> output, log_sum_exp.exp()
    (tensor([[20.]]), tensor([3.]))
    """
    _checks.parts(Tensor, outputs, log_sum_exps)
    lse = log_sum_exps.to(torch.promote_types(log_sum_exps.dtype, torch.float32))
    weights = softmax(lse, axis=0)
    dtype = torch.promote_types(lse.dtype, outputs.dtype)
    output = (weights[..., None] * outputs.to(dtype)).sum(0)
    maximum = lse.amax(0)
    total = torch.exp(lse - finite(maximum)).sum(0)
    return output.to(outputs.dtype), maximum + torch.log(torch.where(total == 0, 1, total))
