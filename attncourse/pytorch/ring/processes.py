"""Ring attention on several devices: one process each, on torch.distributed.

Gloo on CPUs, NCCL on GPUs. It has no twin: NumPy has no process groups.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float, Int
from torch import Tensor

from attncourse.pytorch.flash import flash_attention, flash_attention_backward, merge_attention
from attncourse.pytorch.ring.agreement import _agree, _Ring


def ring_attention(
    q: Float[Tensor, "*batch n_heads shard_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads shard_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads shard_len d_v"],
    order: Int[Tensor, " seq_len"] | None = None,
    *,
    causal: bool = False,
    window: int | None = None,
    scale: float | None = None,
    group: Any = None,
) -> Float[Tensor, "*batch n_heads shard_len d_v"]:
    r"""Attend over a text that is shared among processes: each calls this with its own shard.

    .. math:: (O_d, L_d) \leftarrow \text{merge}\big( (O_d, L_d),\;
        \text{Attention}(Q_d, K_s, V_s) \big), \qquad s = (d - h) \bmod n

    where at hop :math:`h` process :math:`d` of :math:`n` holds the keys and values of process
    :math:`s`, while the next ones are on their way to it. In the backward pass they go round once
    more, and their gradients with them, each device adding its own part, until they are home.

    Source: Liu et al. (2023), section 3, arXiv:2310.01889; zig-zag shards: Llama Team (2024), The
    Llama 3 Herd of Models, section 3.3.2, arXiv:2407.21783.

    Parameters
    ----------
    q, k, v : tensors, floating
        This process's shard of queries, keys and values, all on its device.
    order : integer tensor (seq_len,), optional
        The position at each place of the whole text, the same on every process, which holds one
        of n equal parts of it. :func:`zigzag_order` shares causal work out evenly. The text's own
        order if left out.
    causal : bool
        Hide the future, by position. What lies in the future as a whole is skipped.
    window : int, optional
        Let a query see itself and the ``window - 1`` positions before it.
    scale : float, optional
        Multiplies the dot products; ``1 / sqrt(d_k)`` if left out.
    group : process group, optional
        Those who share the text; all processes if left out.

    Returns
    -------
    tensor
        This process's shard of the output, in the dtype of ``q``. Autograd goes through it.

    Raises
    ------
    TypeError
        If a tensor is not floating (``order``: not integer), or the dtypes differ.
    ValueError
        If shapes do not fit together, the heads do not divide, ``order`` is no order of the text,
        or processes disagree. What one process gets wrong raises on all of them, so that none
        waits for ever.

    Notes
    -----
    Cost: as in :func:`simulated_ring_attention`; a shard's keys and values in memory twice, that
    in use and that on its way. The scores of one tile exist at a time
    (:func:`flash_attention`). The check before the first hop gathers a few numbers from all; with
    NCCL that needs ``torch.cuda.set_device`` first.

    Examples
    --------
    >>> store = dist.HashStore()  # a ring of one; torchrun starts more, and init finds them
    >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)
    >>> q = k = torch.zeros(1, 3, 2)
    >>> ring_attention(q, k, torch.tensor([[[2.0], [4.0], [9.0]]]), causal=True)
    tensor([[[2.],
             [3.],
             [5.]]])
    >>> dist.destroy_process_group()
    """
    if not dist.is_initialized():
        raise ValueError(
            "group: expected an initialised process group; start the processes with torchrun and "
            "call torch.distributed.init_process_group in each."
        )
    ring = _agree(q, k, v, order, causal, window, scale, group)
    return _RingAttention.apply(q, k, v, ring)


class _RingAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, ring: _Ring) -> Tensor:
        dtype = torch.promote_types(q.dtype, torch.float32)
        output = torch.zeros(*q.shape[:-1], v.shape[-1], dtype=dtype, device=q.device)
        log_sum_exp = torch.full(q.shape[:-1], -torch.inf, dtype=dtype, device=q.device)
        held = [k, v]
        for hop, source in enumerate(ring.sources()):
            coming = _Exchange(held, ring) if hop < ring.size - 1 else None
            for rows, columns, options in ring.blocks(source):
                keys, values = (x[..., columns, :].to(dtype) for x in held)
                part = flash_attention(q[..., rows, :].to(dtype), keys, values, **options)
                joined = merge_attention(
                    torch.stack([output[..., rows, :], part[0]]),
                    torch.stack([log_sum_exp[..., rows], part[1]]),
                )
                output[..., rows, :], log_sum_exp[..., rows] = joined
            if coming is not None:
                held = coming.wait()
        ctx.save_for_backward(q, k, v, output, log_sum_exp)
        ctx.ring = ring
        return output.to(q.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable  # what other processes sent is no graph here
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor | None, ...]:  # pyrefly: ignore[bad-override]
        (grad,) = grad_outputs
        q, k, v, output, log_sum_exp = ctx.saved_tensors
        ring, dtype = ctx.ring, output.dtype
        grad_q = torch.zeros_like(q, dtype=dtype)
        held = [k, v]
        travelling = [torch.zeros_like(x, dtype=dtype) for x in held]
        for hop, source in enumerate(ring.sources()):
            coming = _Exchange(held, ring) if hop < ring.size - 1 else None
            for rows, columns, options in ring.blocks(source):
                keys, values = (x[..., columns, :].to(dtype) for x in held)
                part = flash_attention_backward(
                    grad[..., rows, :].to(dtype),
                    q[..., rows, :].to(dtype),
                    keys,
                    values,
                    output[..., rows, :],
                    log_sum_exp[..., rows],
                    **options,
                )
                grad_q[..., rows, :] += part.q
                travelling[0][..., columns, :] += part.k
                travelling[1][..., columns, :] += part.v
            if coming is not None:
                held = coming.wait()
            # The last of n steps brings the gradients home, to where their keys began.
            travelling = _Exchange(travelling, ring).wait()
        grad_k, grad_v = travelling
        return grad_q.to(q.dtype), grad_k.to(k.dtype), grad_v.to(v.dtype), None


class _Exchange:
    """Send tensors to the next process, and receive those of the one before, without waiting."""

    def __init__(self, tensors: list[Tensor], ring: _Ring) -> None:
        self.requests, self.received = [], tensors
        if ring.size == 1:
            return
        outgoing = [x.contiguous() for x in tensors]
        self.kept = outgoing  # alive until they have gone
        self.received = [torch.empty_like(x) for x in outgoing]
        group: Any = dist.group.WORLD if ring.group is None else ring.group
        following, previous = (
            dist.get_global_rank(group, (ring.rank + step) % ring.size) for step in (1, -1)
        )
        # All at once: two blocking sends round a ring would wait for each other.
        self.requests = dist.batch_isend_irecv(
            [dist.P2POp(dist.isend, x, following, group) for x in outgoing]
            + [dist.P2POp(dist.irecv, x, previous, group) for x in self.received]
        )

    def wait(self) -> list[Tensor]:
        for request in self.requests:
            request.wait()
        return self.received
