"""How sparse attention computes only what it keeps.

Its keys come in parts that share none: blocks gathered for blocks of queries, or a few keys that
all queries see. Each part gives an output and a log-sum-exp, in at least float32, and they merge.
Here arrays have an axis for heads, and a mask of keys has none for queries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from attncourse.pytorch.flash import flash_attention, merge_attention


def _with_heads(array: Tensor, n_heads: int) -> Tensor:
    """Give an axis for heads, n_heads of them, in at least float32."""
    wide = array.to(torch.promote_types(array.dtype, torch.float32))
    wide = wide[None] if wide.ndim == 2 else wide
    return wide.repeat_interleave(n_heads // wide.shape[-3], dim=-3)


def _key_mask(mask: Tensor | None, k: Tensor) -> Tensor:
    """Give the mask of keys, (..., heads, kv_len)."""
    if mask is None:
        return torch.ones(1, k.shape[-2], dtype=torch.bool, device=k.device)
    mask = mask.reshape(*[1] * (3 - mask.ndim), *mask.shape)[..., 0, :]
    return mask.expand(*mask.shape[:-1], k.shape[-2])


def _gathered(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    blocks: Tensor,
    key_mask: Tensor,
    *,
    block_len: int,
    mask_mod: Callable[[Tensor, Tensor], Tensor],
    scale: float | None,
    softcap: float | None,
) -> tuple[Tensor, Tensor]:
    """Let each block of queries attend to the blocks of keys that its row of the table names."""
    q_len, kv_len = q.shape[-2], k.shape[-2]
    if q_len == 0:  # there may be no block of queries to cut
        return flash_attention(q, k, v, scale=scale, softcap=softcap)
    lead = (kv_len - q_len) % block_len
    queries = _cut(q, block_len, axis=-2, before=lead)
    n_rows, n_picks = queries.shape[-3], blocks.shape[-1]
    real = (blocks >= 0) & _first(blocks)
    picked = torch.where(real, blocks, 0)

    # Each row's blocks end to end: (..., n_rows, n_picks * block_len, dim).
    keys, values = (
        x.reshape(*x.shape[:-3], n_rows, n_picks * block_len, x.shape[-1])
        for x in (_picked(_cut(array, block_len, axis=-2), picked, 2) for array in (k, v))
    )
    allowed = _picked(_cut(key_mask, block_len, axis=-1), picked, 1)
    allowed = allowed.reshape(*allowed.shape[:-2], n_rows, n_picks, block_len) & real[..., None]
    allowed = allowed.reshape(*allowed.shape[:-2], 1, n_picks * block_len)

    start = kv_len - q_len - lead
    q_pos = start + torch.arange(n_rows * block_len, device=q.device).reshape(n_rows, block_len, 1)
    kv_pos = picked[..., None] * block_len + torch.arange(block_len, device=q.device)
    kv_pos = kv_pos.reshape(*picked.shape[:-1], 1, n_picks * block_len)
    allowed = allowed & mask_mod(q_pos, kv_pos)
    output, lse = flash_attention(queries, keys, values, mask=allowed, scale=scale, softcap=softcap)
    output = output.reshape(*output.shape[:-3], n_rows * block_len, output.shape[-1])
    lse = lse.reshape(*lse.shape[:-2], n_rows * block_len)
    return output[..., lead : lead + q_len, :], lse[..., lead : lead + q_len]


def _columns(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    tokens: Tensor,
    key_mask: Tensor,
    *,
    causal: bool,
    scale: float | None,
    softcap: float | None,
) -> tuple[Tensor, Tensor]:
    """Let every query attend to the keys at a few positions, each once."""
    allowed = (key_mask[..., tokens] & _first(tokens))[..., None, :]
    if causal:
        q_pos = torch.arange(q.shape[-2], device=q.device) + (k.shape[-2] - q.shape[-2])
        allowed = allowed & (tokens <= q_pos[:, None])
    keys, values = k[..., tokens, :], v[..., tokens, :]
    return flash_attention(q, keys, values, mask=allowed, scale=scale, softcap=softcap)


def _rows(
    part: tuple[Tensor, Tensor],
    q: Tensor,
    k: Tensor,
    v: Tensor,
    tokens: Tensor,
    key_mask: Tensor,
    *,
    causal: bool,
    scale: float | None,
    softcap: float | None,
) -> tuple[Tensor, Tensor]:
    """Let the queries at a few positions attend to all keys, instead of what they gave so far."""
    q_len, kv_len = q.shape[-2], k.shape[-2]
    if q_len == 0:
        return part
    start = kv_len - q_len
    asking = q[..., (tokens - start).clamp(0, q_len - 1), :]
    allowed = key_mask[..., None, :]
    if causal:
        allowed = allowed & (torch.arange(kv_len, device=q.device) <= tokens[:, None])
    output, lse = flash_attention(asking, k, v, mask=allowed, scale=scale, softcap=softcap)
    same = tokens == torch.arange(start, kv_len, device=q.device)[:, None]
    which, here = same.int().argmax(-1), same.any(-1)
    return (
        torch.where(here[:, None], output[..., which, :], part[0]),
        torch.where(here, lse[..., which], part[1]),
    )


def _joined(parts: Sequence[tuple[Tensor, Tensor]], sinks: Tensor | None, like: Tensor) -> Tensor:
    """Merge the parts and the sinks, in the shape and dtype of the queries."""
    output, lse = parts[0]
    if sinks is not None:
        # A sink is a part whose value is zero.
        sink = sinks.to(lse.dtype)[:, None].expand(lse.shape)
        parts = [*parts, (torch.zeros_like(output), sink)]
    if len(parts) > 1:
        output, _ = merge_attention(*(torch.stack(arrays) for arrays in zip(*parts, strict=True)))
    return (output[0] if like.ndim == 2 else output).to(like.dtype)


def _first(table: Tensor) -> Tensor:
    """Say of each entry along the last axis whether the same does not stand before it."""
    same = table[..., :, None] == table[..., None, :]
    return ~same.tril(-1).any(-1)


def _cut(x: Tensor, length: int, *, axis: int, before: int = 0) -> Tensor:
    """Cut an axis into pieces of one length, with zeros before it, and after it to fill up."""
    after = -(before + x.shape[axis]) % length
    pads = [0, 0] * (-1 - axis) + [before, after]  # torch counts from the last axis
    x, at = pad(x, pads), x.ndim + axis
    return x.reshape(*x.shape[:at], x.shape[at] // length, length, *x.shape[at + 1 :])


def _picked(blocks: Tensor, table: Tensor, n_inner: int) -> Tensor:
    """Take the blocks that a table names, row after row; a block has n_inner axes."""
    # As take_along_dim, which asks for the number of blocks: each would be a graph of its own.
    axis = blocks.ndim - 1 - n_inner
    index = table.reshape(*table.shape[:-2], table.shape[-2] * table.shape[-1])
    index = index.reshape(*[1] * (axis + 1 - index.ndim), *index.shape, *[1] * n_inner)
    lead = torch.broadcast_shapes(blocks.shape[:axis], index.shape[:axis])
    blocks = blocks.expand(*lead, *blocks.shape[axis:])
    index = index.expand(*lead, index.shape[axis], *blocks.shape[axis + 1 :])
    return blocks.gather(axis, index)


def _apart(q: Tensor, k: Tensor, v: Tensor, key_mask: Tensor, n_apart: int) -> tuple[Tensor, ...]:
    """Take a sequence apart into those of positions 0 D 2D ..., 1 D+1 2D+1 ... and so on."""
    lead = (k.shape[-2] - q.shape[-2]) % n_apart
    queries, keys, values = (
        _cut(array, n_apart, axis=-2, before=before).swapaxes(-3, -2)
        for array, before in ((q, lead), (k, 0), (v, 0))
    )
    return queries, keys, values, _cut(key_mask, n_apart, axis=-1).swapaxes(-2, -1)


def _together(part: tuple[Tensor, Tensor], q_len: int, kv_len: int) -> tuple[Tensor, Tensor]:
    """Put together again what was taken apart."""
    output, lse = part[0].swapaxes(-3, -2), part[1].swapaxes(-2, -1)
    *batch, n_pieces, n_apart, d_v = output.shape
    output, lse = (
        output.reshape(*batch, n_pieces * n_apart, d_v),
        lse.reshape(*batch, n_pieces * n_apart),
    )
    lead = (kv_len - q_len) % n_apart
    return output[..., lead : lead + q_len, :], lse[..., lead : lead + q_len]
