"""Ring attention on one machine: what each device computes, hop by hop."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from attncourse import _checks
from attncourse.reference.flash import flash_attention, merge_attention
from attncourse.reference.masks import position_mask
from attncourse.reference.ring.order import inverse_order


def simulated_ring_attention(
    q: Float[np.ndarray, "*batch n_heads seq_len d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads seq_len d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads seq_len d_v"],
    order: Int[np.ndarray, " seq_len"] | None = None,
    *,
    n_devices: int,
    causal: bool = False,
    window: int | None = None,
    scale: float | None = None,
) -> tuple[Float[np.ndarray, "*batch n_heads seq_len d_v"], Int[np.ndarray, "n_devices n_hops"]]:
    r"""Attend over shards that travel round a ring, and count who computes how much when.

    .. math:: (O_d, L_d) \leftarrow \text{merge}\big( (O_d, L_d),\;
        \text{Attention}(Q_d, K_s, V_s) \big), \qquad s = (d - h) \bmod n

    where at hop :math:`h` device :math:`d` of :math:`n` holds the keys and values that began on
    device :math:`s`. Its queries stay; output :math:`O_d` and log-sum-exp :math:`L_d` grow until
    it has met every shard. The result is exact: that of :func:`scaled_dot_product_attention`.

    Source: Liu et al. (2023), section 3, arXiv:2310.01889; Brandon et al. (2023), Striped
    Attention, arXiv:2311.09431.

    Parameters
    ----------
    q, k, v : arrays, floating
        Queries, keys and values of the whole text, in its order.
    order : integer array (seq_len,), optional
        The position at each place, from :func:`zigzag_order` or :func:`striped_order`; device d
        holds the d-th of ``n_devices`` equal parts. The text's own order if left out.
    n_devices : int
        How many devices share the text.
    causal : bool
        Hide the future, by position.
    window : int, optional
        Let a query see itself and the ``window - 1`` positions before it.
    scale : float, optional
        Multiplies the dot products; ``1 / sqrt(d_k)`` if left out.

    Returns
    -------
    output : array
        In the order of the text.
    work : integer array (n_devices, n_hops)
        How many pairs of query and key, for one head of one sequence, each device computes at
        each hop. All wait for the slowest: a hop takes as long as its largest number.

    Notes
    -----
    Cost: n_heads · seq_len² / n_devices · (d_k + d_v) multiply-adds a device without a mask, and
    n_devices - 1 hops in each of which a device sends one shard of keys and values. Sending hides
    behind computing once a shard is long enough.

    Examples
    --------
    >>> from attncourse.reference import zigzag_order
    >>> q = k = v = np.ones((1, 8, 2))
    >>> for order in (None, zigzag_order(8, 2)):
    ...     output, work = simulated_ring_attention(q, k, v, order, n_devices=2, causal=True)
    ...     print(work.tolist())
    [[10, 0], [10, 16]]
    [[10, 8], [10, 8]]
    """
    _checks.attention(np.ndarray, q, k, v)
    _checks.shards(q, k, n_devices)
    if order is None:
        order = np.arange(q.shape[-2])
    _checks.order(np.ndarray, order, q.shape[-2])
    _checks.one_device(q=q, order=order)
    # Parts stay in float32 until all are joined.
    dtype = np.promote_types(q.dtype, np.float32)
    positions = order.reshape(n_devices, -1)
    qs, ks, vs = ([x[..., p, :].astype(dtype) for p in positions] for x in (q, k, v))
    outputs, work = [], []
    for device in range(n_devices):
        parts, counted = [], []
        for hop in range(n_devices):
            source = (device - hop) % n_devices
            mask = position_mask(positions[device], positions[source], causal=causal, window=window)
            parts.append(
                flash_attention(qs[device], ks[source], vs[source], mask=mask, scale=scale)
            )
            counted.append(mask.sum())
        # A device would join each part to the one before; together they come to the same.
        output, _ = merge_attention(*(np.stack(pieces) for pieces in zip(*parts, strict=True)))
        outputs.append(output)
        work.append(np.stack(counted))
    output = np.concatenate(outputs, -2)[..., inverse_order(order), :]
    return output.astype(q.dtype), np.stack(work)
