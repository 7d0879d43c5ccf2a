"""A static cache: as many slots as the text may get positions, set aside beforehand."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.cache.positioned import positioned_attention
from attncourse.pytorch.cache.slots import _counts, _new_positions, _write


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
    r"""Set slots aside for keys and values like these, and leave them empty.

    .. math:: \ell_b = 0, \qquad K_{bhj} = V_{bhj} = 0 \quad (0 \le j < N)

    where :math:`\ell` are the lengths and :math:`N` is ``max_len``.

    Parameters
    ----------
    k, v : arrays, floating
        Any keys and values of the layer: only their shape, dtype and device are read.
    max_len : int
        How many positions each sequence may get.

    Returns
    -------
    StaticCache
        All of the same dtype and on the same device as ``k``.

    Raises
    ------
    TypeError
        If an array is not floating, the dtypes differ, or ``max_len`` is not a whole number.
    ValueError
        If the shapes do not fit together, the devices differ, or ``max_len`` is below one.

    Notes
    -----
    Cost: batch · n_kv_heads · max_len · (d_k + d_v) numbers, used or not. What is gained: shapes
    never change, so that a decoding step can be compiled once.

    References
    ----------
    Kwon et al. (2023), Efficient Memory Management for Large Language Model Serving with
    PagedAttention, section 3.1, on what setting aside wastes, arXiv:2309.06180.

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
    positions; the values likewise.

    Parameters
    ----------
    cache : StaticCache
        The past.
    k, v : arrays, floating
        Keys and values of the new positions.
    counts : integer array (batch,), optional
        How many of the new positions are real; the rest, at the end, is padding and is not
        written. All of them if left out. Sequences of a batch may thus differ in length.

    Returns
    -------
    StaticCache
        A copy with the new positions in it.

    Raises
    ------
    TypeError
        If an array has the wrong dtype, or ``cache`` is no StaticCache.
    ValueError
        If shapes do not fit together, devices differ, or a sequence would outgrow its slots.

    Notes
    -----
    Cost: a copy of the cache; see :func:`tensor_scatter` for how to write in place.

    References
    ----------
    ONNX (2025), operator TensorScatter, version 24, linear mode,
    https://onnx.ai/onnx/operators/onnx__TensorScatter.html.

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
    r"""Write the new positions into their slots, and let them attend to all that is written.

    .. math:: \text{output}_{bi} = \text{Attention}(q_{bi}, K'_b, V'_b), \qquad
        M_{bij} = [\, j \le \ell_b + i \,]

    where :math:`K', V'` are the slots after writing, :math:`\ell_b` is the length of sequence b
    before it, and :math:`M` the causal mask. Slots not yet written lie in the future.

    Parameters
    ----------
    q, k, v : arrays, floating
        Queries, keys and values of the new positions.
    cache : StaticCache
        The past.
    counts : integer array (batch,), optional
        How many of the new positions are real; the rest is padding, and its output zeros.
    **options
        ``mask``, ``bias``, ``causal``, ``window`` and so on, as in :func:`positioned_attention`,
        with kv_len = max_len and slot j at position j.

    Returns
    -------
    output : array, or (array, weights) if asked for
        One mixture of values for each new position.
    cache : StaticCache
        The past and the new positions.

    Raises
    ------
    TypeError
        If an array has the wrong dtype, ``cache`` is no StaticCache, or an option is unknown.
    ValueError
        If shapes do not fit together, devices differ, or a sequence would outgrow its slots.

    Notes
    -----
    Cost: n_heads · q_len · max_len · (d_k + d_v) multiply-adds: empty slots cost as much as full
    ones.

    References
    ----------
    Pope et al. (2022), Efficiently Scaling Transformer Inference, section 2, arXiv:2211.05102.

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
