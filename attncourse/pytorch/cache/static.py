"""A static cache: as many slots as the text may get positions, set aside beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.masks import position_mask
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention


class StaticCache(NamedTuple):
    """Slots for a fixed number of positions; slot j holds position j.

    Attributes
    ----------
    k : array (batch, n_kv_heads, max_len, d_k)
        The keys, zeros where nothing is written yet.
    v : array (batch, n_kv_heads, max_len, d_v)
        The values.
    lengths : integer array (batch,)
        How many slots of each sequence are in use.
    """

    k: Float[Tensor, "batch n_kv_heads max_len d_k"]
    v: Float[Tensor, "batch n_kv_heads max_len d_v"]
    lengths: Int[Tensor, " batch"]


def static_cache(
    k: Float[Tensor, "batch n_kv_heads seq d_k"],
    v: Float[Tensor, "batch n_kv_heads seq d_v"],
    max_len: int,
) -> StaticCache:
    """Set slots aside for keys and values like these, and leave them empty.

    They take batch · n_kv_heads · max_len · (d_k + d_v) numbers, used or not. In return, shapes
    never change, and a decoding step can be compiled once.

    Source: Kwon et al. (2023), PagedAttention, arXiv:2309.06180, section 3.1 (what setting aside
    wastes).

    Parameters
    ----------
    k, v : arrays
        Any keys and values of the layer: only their shape, dtype and device are read.
    max_len : int
        How many positions each sequence may get.

    Examples
    --------
    >>> cache = static_cache(torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 5), max_len=6)
    >>> print(*cache.k.shape, "and", *cache.v.shape, cache.lengths)
    1 2 6 4 and 1 2 6 5 tensor([0])
    """
    _checks.appended(Tensor, k, v)
    _checks.shapes(k=(k, "batch n_kv_heads seq d_k"))
    _checks.count("max_len", max_len, minimum=1)
    return StaticCache(
        k=k.new_zeros(*k.shape[:2], max_len, k.shape[-1]),
        v=v.new_zeros(*v.shape[:2], max_len, v.shape[-1]),
        lengths=k.new_zeros(k.shape[0], dtype=torch.int64),
    )


def append_to_static_cache(
    cache: StaticCache,
    k: Float[Tensor, "batch n_kv_heads seq d_k"],
    v: Float[Tensor, "batch n_kv_heads seq d_v"],
    *,
    counts: Int[Tensor, " batch"] | None = None,
) -> StaticCache:
    r"""Write new keys and values into the next free slots of each sequence.

    .. math:: K'_{b,\, \ell_b + i} = k_{b,i} \quad (0 \le i < c_b), \qquad
        \ell'_b = \ell_b + c_b

    where :math:`\ell_b` is the length of sequence b so far and :math:`c_b` its count of new
    positions. The cache is copied; :func:`tensor_scatter` says how to write in place.

    Source: ONNX (2025), operator TensorScatter, version 24, linear mode,
    https://onnx.ai/onnx/operators/onnx__TensorScatter.html.

    Parameters
    ----------
    cache, k, v
        The past, and keys and values of the new positions.
    counts : integer array (batch,), optional
        How many of the new positions are real; the rest, at the end, is padding and is not written.

    Examples
    --------
    >>> k = v = torch.tensor([[[[7.0], [8.0]]], [[[9.0], [0.0]]]])
    >>> cache = append_to_static_cache(static_cache(k, v, 3), k, v, counts=torch.tensor([2, 1]))
    >>> cache.lengths, cache.k[:, 0, :, 0]
    (tensor([2, 1]), tensor([[7., 8., 0.],
            [9., 0., 0.]]))
    """
    _checks.record("cache", cache, StaticCache)
    _checks.slots(Tensor, cache, k, v)
    counts = _counts(counts, cache.lengths, k.shape[-2])
    lengths, max_len = cache.lengths + counts, cache.k.shape[-2]
    _checks.room("positions of one sequence", lengths, max_len, "set aside a larger max_len")
    source = torch.arange(max_len, device=k.device) - cache.lengths[:, None]
    source = torch.where(source < counts[:, None], source, -1)
    return StaticCache(_write(cache.k, k, source), _write(cache.v, v, source), lengths)


def static_cached_attention(
    q: Float[Tensor, "batch n_heads q_len d_k"],
    k: Float[Tensor, "batch n_kv_heads q_len d_k"],
    v: Float[Tensor, "batch n_kv_heads q_len d_v"],
    cache: StaticCache,
    *,
    counts: Int[Tensor, " batch"] | None = None,
    **options: Any,
) -> tuple[Any, StaticCache]:
    """Write the new positions into their slots, and let them attend to all that is written.

    Slots not yet written lie in the future: the causal mask hides them. They cost as much as full.

    Source: Pope et al. (2022), arXiv:2211.05102, section 2.

    Parameters
    ----------
    q, k, v, cache
        Queries, keys and values of the new positions, and the past.
    counts : integer array (batch,), optional
        As in :func:`append_to_static_cache`. The output of padding is zero.
    **options
        As in :func:`positioned_attention`, with kv_len = max_len and slot j at position j.

    Examples
    --------
    >>> x = torch.tensor([[[[2.0]]]])
    >>> output, cache = static_cached_attention(0 * x, x, x, static_cache(x, x, 5))
    >>> output, cache = static_cached_attention(0 * x, 2 * x, 2 * x, cache)
    >>> output, cache.lengths  # the average of 2 and 4; three slots are still empty
    (tensor([[[[3.]]]]), tensor([2]))
    """
    _checks.new_queries(Tensor, q, k)
    after = append_to_static_cache(cache, k, v, counts=counts)
    start = torch.zeros_like(after.lengths)
    kv_positions = _new_positions(start, after.lengths, after.k.shape[-2])
    q_positions = _new_positions(cache.lengths, after.lengths - cache.lengths, q.shape[-2])
    return positioned_attention(q, after.k, after.v, q_positions, kv_positions, **options), after


def tensor_scatter(
    past: Float[Tensor, "*past"],
    update: Float[Tensor, "*update"],
    write_indices: Int[Tensor, " batch"] | None = None,
    *,
    axis: int = -2,
    circular: bool = False,
) -> Float[Tensor, "*past"]:
    r"""Write new rows over old ones, from an index of its own for each sequence of the batch.

    .. math:: y_{b,\, w_b + i} = u_{b,i} \quad (0 \le i < m), \qquad
        y_{b,j} = x_{b,j} \ \text{elsewhere}

    where :math:`x` is the past, :math:`u` the update of m rows, and :math:`w_b` where sequence b
    is written from. The result is a copy; in place, ``past[:, :, w : w + m] = update`` does it.

    Source: ONNX (2025), operator TensorScatter, version 24,
    https://onnx.ai/onnx/operators/onnx__TensorScatter.html.

    Parameters
    ----------
    past, update : arrays
        The slots, with the batch as first axis, and the new rows, shaped alike but for ``axis``.
    write_indices : integer array (batch,), optional
        The slot of the first new row; zeros if left out.
    axis : int
        The axis of the slots; not the first.
    circular : bool
        Go on at the first slot after the last one.

    Examples
    --------
    >>> past, update = torch.zeros((1, 4, 1)), torch.tensor([[[1.0], [2.0]]])
    >>> tensor_scatter(past, update, torch.tensor([3]), circular=True)[0, :, 0]
    tensor([2., 0., 0., 1.])
    """
    _checks.floating(Tensor, past=past, update=update)
    if write_indices is None:
        write_indices = torch.zeros(past.shape[0], dtype=torch.int64, device=past.device)
    _checks.integer(Tensor, write_indices=write_indices)
    _checks.one_device(past=past, update=update, write_indices=write_indices)
    n_slots, n_new = _checks.scattered(past, update, write_indices, axis)
    source = torch.arange(n_slots, device=past.device) - write_indices[:, None]
    if circular:
        source = source % n_slots
    else:
        _checks.between("write_indices", write_indices, 0, n_slots - n_new)
    return _write(past, update, torch.where(source < n_new, source, -1), axis)


def _write(past: Tensor, new: Tensor, source: Tensor, axis: int = -2) -> Tensor:
    """Give each slot the new row that ``source`` (batch, n_slots) names; negative keeps the old."""
    n_slots = past.shape[axis]
    slots = torch.arange(n_slots, device=past.device)
    index = torch.where(source >= 0, n_slots + source, slots)
    shape = [1] * past.ndim
    shape[0], shape[axis] = index.shape
    both = torch.cat([past, new], axis)
    # take_along_dim does the same, but fixes the lengths under torch.compile.
    return both.gather(axis, index.reshape(shape).expand(past.shape))


def _counts(counts: Tensor | None, lengths: Tensor, seq: int) -> Tensor:
    """Give how many of the new positions of each sequence are real: all, if not said."""
    if counts is None:
        return torch.full_like(lengths, seq)
    _checks.counts(Tensor, counts, lengths, seq)
    return counts


def _new_positions(lengths: Tensor, counts: Tensor, seq: int) -> Tensor:
    """Give the positions of what comes next, (batch, seq); -1 for padding."""
    steps = torch.arange(seq, device=lengths.device)
    return torch.where(steps < counts[:, None], lengths[:, None] + steps, -1)


@in_full_precision
def positioned_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    q_positions: Int[Tensor, "*batch q_len"],
    kv_positions: Int[Tensor, "*batch kv_len"],
    *,
    mask: Bool[Tensor, "*#scores"] | Callable[..., Any] | None = None,
    bias: Float[Tensor, "*#scores"] | Callable[..., Any] | None = None,
    causal: bool = True,
    window: int | None = None,
    **options: Any,
) -> Any:
    r"""Attend among queries and keys that say where they stand, in whatever order they come.

    .. math:: s_{ij} = \frac{q_i \cdot k_j}{\sqrt{d_k}} + b(p_i, r_j), \qquad
        M_{ij} = [\, 0 \le r_j \le p_i \,] \wedge m(p_i, r_j)

    where :math:`p_i` and :math:`r_j` are the positions of query i and key j, :math:`b` is the bias
    and :math:`m` the mask. Every cache with slots comes down to this.

    Source: Dong et al. (2024), Flex Attention, arXiv:2412.05496 (masks as functions of positions).

    Parameters
    ----------
    q, k, v, causal, window, **options
        As in :func:`scaled_dot_product_attention`, by position. What lies in an empty place must
        still be finite.
    q_positions, kv_positions : integer arrays
        Where each query and each key stands in its text; negative: nobody is there.
    mask, bias : arrays that broadcast to the scores, or functions, optional
        A function takes the positions of queries and keys, as in :func:`create_mask`.

    Examples
    --------
    >>> q, k = torch.zeros((1, 2)), torch.zeros((3, 2))
    >>> v = torch.tensor([[30.0], [10.0], [20.0]])
    >>> order = torch.tensor([2, 0, 1])  # the value 30 belongs to the future of position 1
    >>> positioned_attention(q, k, v, torch.tensor([1]), order)
    tensor([[15.]])
    """
    scores_shape = _checks.attention(Tensor, q, k, v)
    allowed = position_mask(q_positions, kv_positions, causal=causal, window=window)
    _checks.one_device(q=q, q_positions=q_positions)
    _checks.broadcasts("positions", allowed, scores_shape, "the scores")
    queries, keys = q_positions[..., :, None], kv_positions[..., None, :]
    if allowed.ndim > 2:
        queries, keys = queries[..., None, :, :], keys[..., None, :, :]
    mask = mask(queries, keys) if callable(mask) else mask
    bias = bias(queries, keys) if callable(bias) else bias
    if mask is not None:
        _checks.boolean(Tensor, mask=mask)
        _checks.broadcasts("mask", mask, scores_shape, "the scores")
        _checks.one_device(q=q, mask=mask)
        allowed = allowed & mask
    return scaled_dot_product_attention(q, k, v, mask=allowed, bias=bias, **options)
