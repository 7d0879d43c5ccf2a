"""T5's relative bias: one learned number for each head and each bucket of distances."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.positions.grid import relative_positions


def t5_buckets(
    q_len: int,
    kv_len: int,
    *,
    bidirectional: bool,
    n_buckets: int = 32,
    max_distance: int = 128,
    device: torch.device | str | None = None,
) -> Int[Tensor, "q_len kv_len"]:
    r"""Sort distances into buckets: near ones each into its own, far ones ever more to a bucket.

    .. math:: \text{bucket}(\delta) = \begin{cases}
        \delta & \delta < e \\
        \min\!\left(n - 1, \; e + \left\lfloor (n - e) \,
        \frac{\log(\delta / e)}{\log(D / e)} \right\rfloor\right) & \delta \ge e
        \end{cases}

    where :math:`\delta` is how far behind the query a key stands, :math:`n` is the number of
    buckets, :math:`e = \lfloor n / 2 \rfloor` of them hold one distance each, and :math:`D` is
    max_distance, from which on all share the last bucket. Whole numbers decide where a bucket
    begins, with the result of T5's logarithms in float32.

    Source: Raffel et al. (2020), section 2.1, arXiv:1910.10683; the formula is in its code,
    ``mesh_tensorflow``, https://github.com/tensorflow/mesh.

    Parameters
    ----------
    q_len, kv_len : int
        How many queries and keys there are. The last query stands at the last key.
    bidirectional : bool
        True, for an encoder: the past takes the first half of the buckets and the future the
        second. False, for a decoder: the past takes all, and the future shares bucket 0 with the
        query's own position (the causal mask hides it anyway).
    n_buckets, max_distance : int
        How many buckets both directions have together; where the last begins, at the latest.
    device : torch.device or str, optional
        Where to make them; torch's default device if left out.

    Examples
    --------
    >>> t5_buckets(1, 9, bidirectional=False, n_buckets=6, max_distance=9)  # from 8 behind to 0
    tensor([[5, 5, 4, 4, 3, 3, 2, 1, 0]])
    >>> t5_buckets(3, 3, bidirectional=True, n_buckets=4, max_distance=9)
    tensor([[0, 3, 3],
            [1, 0, 3],
            [1, 1, 0]])
    """
    if bidirectional:
        n_each = _checks.even("n_buckets", n_buckets, minimum=4) // 2
    else:
        n_each = _checks.count("n_buckets", n_buckets, minimum=2)
    _checks.count("max_distance", max_distance, minimum=n_each // 2 + 1)
    relative = relative_positions(q_len, kv_len, device=device)
    starts = torch.tensor(_bucket_starts(n_each, max_distance), device=device)
    if bidirectional:
        return torch.bucketize(abs(relative), starts, right=True) + n_each * (relative > 0)
    return torch.bucketize(-relative, starts, right=True)


def t5_bias(
    q_len: int,
    kv_len: int,
    table: Float[Tensor, "n_buckets n_heads"],
    *,
    bidirectional: bool,
    max_distance: int = 128,
) -> Float[Tensor, "n_heads q_len kv_len"]:
    r"""Look up a learned bias for each pair, by how far apart its two positions are.

    .. math:: B_{hij} = T_{\text{bucket}(j - i), \, h}

    where :math:`T` is learned and the bucket is that of :func:`t5_buckets`. T5's encoder shares one
    table, its decoder another, and T5 does not scale its dot products: give ``scale=1``.

    Source: Raffel et al. (2020), section 2.1, arXiv:1910.10683.

    Parameters
    ----------
    table : array, floating
        One row for each bucket, one column for each head.
    q_len, kv_len, bidirectional, max_distance
        As in :func:`t5_buckets`.

    Examples
    --------
    >>> table = torch.tensor([[0.0], [-1.0], [-2.0], [-3.0]])  # one head
    >>> t5_bias(2, 4, table, bidirectional=False, max_distance=9)
    tensor([[[-2., -1.,  0.,  0.],
             [-2., -2., -1.,  0.]]])
    """
    _checks.floating(Tensor, table=table)
    n_buckets = _checks.shapes(table=(table, "n_buckets n_heads"))["n_buckets"]
    buckets = t5_buckets(
        q_len,
        kv_len,
        bidirectional=bidirectional,
        n_buckets=n_buckets,
        max_distance=max_distance,
        device=table.device,
    )
    return table[buckets].permute(2, 0, 1)


def _bucket_starts(n_buckets: int, max_distance: int) -> list[int]:
    """Give the first distance of each bucket but bucket 0, in whole numbers: nothing is rounded."""
    n_exact = n_buckets // 2
    n_wide = n_buckets - n_exact
    starts = list(range(1, n_exact + 1))
    distance = n_exact
    for k in range(1, n_wide):
        # (distance / n_exact)^n_wide >= (max_distance / n_exact)^k, without the fractions.
        while distance**n_wide < max_distance**k * n_exact ** (n_wide - k):
            distance += 1
        starts.append(distance)
    return starts
