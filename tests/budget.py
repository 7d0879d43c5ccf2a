"""Tolerances that are measured: how far from float64 may a result in low precision be?

Twice as far as the formula written out in that precision, operation by operation, with no care
taken. The yardstick is computed from the same inputs, so no tolerance is tuned by hand.
"""

from __future__ import annotations

import torch
from torch import Tensor

FACTOR = 2


def assert_within_budget(found: Tensor, careless: Tensor, exact: Tensor) -> None:
    """Hold the largest error and the root mean square: either alone hides what the other shows."""
    assert found.dtype == careless.dtype, "the yardstick is of the same precision"
    half_a_step = torch.finfo(found.dtype).eps / 2
    found, careless, exact = (x.double() for x in (found, careless, exact))
    assert found.shape == careless.shape == exact.shape
    error, yardstick = (found - exact).abs(), (careless - exact).abs()
    # Luck may give a careless result without error; the last rounding is always allowed.
    budget = FACTOR * yardstick.maximum(half_a_step * exact.abs())
    assert error.max() <= budget.max()
    assert error.square().mean() <= budget.square().mean()


def careless_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    causal: bool = False,
    window: int | None = None,
    scale: float | None = None,
    softcap: float | None = None,
    sinks: Tensor | None = None,
) -> Tensor:
    """Write attention out, every step rounded to the dtype of the inputs."""
    n_repeats = q.shape[-3] // k.shape[-3]
    k, v = (x.repeat_interleave(n_repeats, -3) for x in (k, v))
    scores = q @ k.mT * (q.shape[-1] ** -0.5 if scale is None else scale)
    if softcap is not None:
        scores = (scores / softcap).tanh() * softcap
    if bias is not None:
        scores = scores + bias.to(scores.dtype)
    q_len, kv_len = scores.shape[-2:]
    allowed = torch.ones(q_len, kv_len, dtype=torch.bool)
    if mask is not None:
        allowed = allowed & mask
    if causal or window is not None:
        allowed = allowed & torch.ones(q_len, kv_len, dtype=torch.bool).tril(kv_len - q_len)
    if window is not None:
        allowed = allowed & torch.ones(q_len, kv_len, dtype=torch.bool).triu(
            kv_len - q_len - window + 1
        )
    scores = scores.masked_fill(~allowed, -torch.inf)
    if sinks is not None:
        column = sinks.to(scores.dtype)[:, None, None].expand(*scores.shape[:-1], 1)
        scores = torch.cat([scores, column], -1)
    powers = (scores - scores.amax(-1, keepdim=True).clamp(min=-1e4)).exp()
    total = powers.sum(-1, keepdim=True)
    return torch.where(total > 0, powers / total, 0)[..., :kv_len] @ v
