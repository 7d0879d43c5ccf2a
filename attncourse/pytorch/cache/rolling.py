"""A rolling cache: the last w positions, in a ring of w slots."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.cache.static import _counts, _new_positions, _write, positioned_attention


class RollingCache(NamedTuple):
    """The last positions of each sequence; position p lies in slot p modulo the window.

    Attributes
    ----------
    k : array (batch, n_kv_heads, window, d_k)
        The keys, zeros where nothing is written yet.
    v : array (batch, n_kv_heads, window, d_v)
        The values.
    lengths : integer array (batch,)
        How many positions each sequence has had, those that were overwritten included.
    """

    k: Float[Tensor, "batch n_kv_heads window d_k"]
    v: Float[Tensor, "batch n_kv_heads window d_v"]
    lengths: Int[Tensor, " batch"]


def rolling_cache(
    k: Float[Tensor, "batch n_kv_heads seq d_k"],
    v: Float[Tensor, "batch n_kv_heads seq d_v"],
    window: int,
) -> RollingCache:
    """Set a ring of slots aside for keys and values like these, and leave it empty.

    It takes batch · n_kv_heads · window · (d_k + d_v) numbers, however long the text becomes.

    Source: Jiang et al. (2023), Mistral 7B, arXiv:2310.06825, section 2 ("Rolling Buffer Cache").

    Parameters
    ----------
    k, v : arrays
        Any keys and values of the layer: only their shape, dtype and device are read.
    window : int
        How many positions a query sees, itself included.

    Examples
    --------
    >>> cache = rolling_cache(torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 5), window=6)
    >>> print(*cache.k.shape, "and", *cache.v.shape, cache.lengths)
    1 2 6 4 and 1 2 6 5 tensor([0])
    """
    _checks.appended(Tensor, k, v)
    _checks.shapes(k=(k, "batch n_kv_heads seq d_k"))
    _checks.count("window", window, minimum=1)
    return RollingCache(
        k=k.new_zeros(*k.shape[:2], window, k.shape[-1]),
        v=v.new_zeros(*v.shape[:2], window, v.shape[-1]),
        lengths=k.new_zeros(k.shape[0], dtype=torch.int64),
    )


def append_to_rolling_cache(
    cache: RollingCache,
    k: Float[Tensor, "batch n_kv_heads seq d_k"],
    v: Float[Tensor, "batch n_kv_heads seq d_v"],
    *,
    counts: Int[Tensor, " batch"] | None = None,
) -> RollingCache:
    r"""Write new keys and values over the oldest ones.

    .. math:: K'_{b,\, (\ell_b + i) \bmod w} = k_{b,i} \quad (c_b - w \le i < c_b), \qquad
        \ell'_b = \ell_b + c_b

    where :math:`\ell_b` is the length of sequence b so far, :math:`c_b` its count of new positions,
    and :math:`w` the number of slots. A ring is never full; of many new positions the last w stay.

    Source: Jiang et al. (2023), Mistral 7B, arXiv:2310.06825, section 2 ("Rolling Buffer Cache").

    Parameters
    ----------
    cache, k, v
        The past, and keys (rotated already: no slot changes them) and values of the new positions.
    counts : integer array (batch,), optional
        As in :func:`append_to_static_cache`.

    Examples
    --------
    >>> k = v = torch.tensor([[[[5.0], [6.0], [7.0], [8.0]]]])  # positions 0 to 3
    >>> append_to_rolling_cache(rolling_cache(k, v, 3), k, v).k[0, 0, :, 0]
    tensor([8., 6., 7.])
    """
    _checks.record("cache", cache, RollingCache)
    _checks.slots(Tensor, cache, k, v)
    lengths = cache.lengths + _counts(counts, cache.lengths, k.shape[-2])
    # A slot is to hold its last position; one that was there before is not among the new rows.
    source = _positions(lengths, cache.k.shape[-2]) - cache.lengths[:, None]
    return RollingCache(_write(cache.k, k, source), _write(cache.v, v, source), lengths)


def rolling_cached_attention(
    q: Float[Tensor, "batch n_heads q_len d_k"],
    k: Float[Tensor, "batch n_kv_heads q_len d_k"],
    v: Float[Tensor, "batch n_kv_heads q_len d_v"],
    cache: RollingCache,
    *,
    counts: Int[Tensor, " batch"] | None = None,
    **options: Any,
) -> tuple[Any, RollingCache]:
    """Let the new positions attend to the ring and to each other, then write them into it.

    Attention comes before writing: the last of several new positions takes the slot of a key that
    the first of them still sees. A long prompt is better fed in pieces of about a window.

    Source: Jiang et al. (2023), Mistral 7B, arXiv:2310.06825, section 2 ("Pre-fill and Chunking").

    Parameters
    ----------
    q, k, v, cache
        Queries, keys and values of the new positions, and the past.
    counts : integer array (batch,), optional
        As in :func:`append_to_static_cache`. The output of padding is zero.
    **options
        As in :func:`positioned_attention`, without ``window``, over the w slots, then the new keys.

    Examples
    --------
    >>> x = torch.tensor([[[[1.0], [2.0], [6.0]]]])
    >>> output, cache = rolling_cached_attention(0 * x, x, x, rolling_cache(x, x, 2))
    >>> output[0, 0, :, 0], cache.k[0, 0, :, 0]  # means of two; positions 2, 1
    (tensor([1.0000, 1.5000, 4.0000]), tensor([6., 2.]))
    """
    _checks.new_queries(Tensor, q, k)
    after = append_to_rolling_cache(cache, k, v, counts=counts)
    window = cache.k.shape[-2]
    q_positions = _new_positions(cache.lengths, after.lengths - cache.lengths, q.shape[-2])
    kv_positions = torch.cat([_positions(cache.lengths, window), q_positions], -1)
    k, v = torch.cat([cache.k, k], -2), torch.cat([cache.v, v], -2)
    output = positioned_attention(q, k, v, q_positions, kv_positions, window=window, **options)
    return output, after


def _positions(lengths: Tensor, window: int) -> Tensor:
    """Give the last position before each length that belongs to a slot; negative: none yet."""
    last = lengths[:, None] - 1
    return last - (last - torch.arange(window, device=lengths.device)) % window
