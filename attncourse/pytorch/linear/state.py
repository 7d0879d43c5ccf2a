"""What the causal forms share: the state, and everything around the reading itself."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.linear.grouped import _masked, _mixed, _with_one, grouped, grouped_gates


class LinearState(NamedTuple):
    """What linear attention remembers of the keys and values it has read, in at least float32.

    Attributes
    ----------
    key_value_sum : array
        The faded sum of each key times its value, ``(*batch, n_kv_heads, d_k, d_v)``.
    key_sum : array
        The faded sum of the keys, which normalises, ``(*batch, n_kv_heads, d_k)``.
    """

    key_value_sum: Float[Tensor, "*batch n_kv_heads d_k d_v"]
    key_sum: Float[Tensor, "*batch n_kv_heads d_k"]


def _begin(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_decay: Tensor | None,
    mask: Tensor | None,
    state: LinearState | None,
    scale: float | None,
) -> tuple[Tensor, ...]:
    """Check, and put heads side by side and ones beside values; the first array is the memory."""
    known = {}
    if state is not None:
        _checks.record("state", state, LinearState)
        known = state._asdict()
    _checks.recurrence(Tensor, q, k, v, log_decay=log_decay, mask=mask, scale=scale, **known)
    queries, keys, values = grouped(q, k, v, scale)
    keys, values = _masked(keys, mask), _with_one(values)
    gates = grouped_gates(k, log_decay, keys.dtype)
    if state is None:
        memory = keys.new_zeros((*keys.shape[:-2], keys.shape[-1], values.shape[-1]))
    else:
        sums = [state.key_value_sum, state.key_sum[..., None]]
        memory = torch.cat([x.to(keys.dtype) for x in sums], dim=-1)[..., None, :, :]
    return memory, queries, keys, values, gates


def _end(
    outputs: list[Tensor], memory: Tensor, q: Tensor, normalize: bool
) -> tuple[Tensor, LinearState]:
    """Lay positions one after the other, and divide by the weights' sum if asked for."""
    output, memory = torch.cat(outputs, dim=-2), memory[..., 0, :, :]
    return _mixed(output, q, normalize), LinearState(memory[..., :-1], memory[..., -1])
