"""The roofline: whether arithmetic or memory sets the pace."""

from __future__ import annotations

from attncourse import _checks
from attncourse.analysis.operations.attention import attention_operations
from attncourse.analysis.traffic import least_attention_bytes


def attainable_rate(intensity: float, *, peak: float, bandwidth: float) -> float:
    r"""Give the highest rate at which a kernel of this arithmetic intensity can compute.

    .. math:: R = \min(\pi, \ \beta I)

    where :math:`I` is the intensity, :math:`\pi` the peak rate and :math:`\beta` the bandwidth.
    Left of the ridge at :math:`\pi / \beta` memory sets the pace, right of it arithmetic does.

    Source: Williams et al. (2009), Roofline, https://doi.org/10.1145/1498765.1498785.

    Parameters
    ----------
    intensity : float
        Operations a byte moved.
    peak, bandwidth : float
        Operations a second that the device can do, and bytes a second that its memory can move.

    Examples
    --------
    >>> attainable_rate(2.0, peak=1000.0, bandwidth=10.0)
    20.0
    >>> attainable_rate(200.0, peak=1000.0, bandwidth=10.0)
    1000.0
    """
    for name, value in {"intensity": intensity, "peak": peak, "bandwidth": bandwidth}.items():
        _checks.positive(name, value)
    return min(peak, bandwidth * intensity)


def shortest_time(operations: float, n_bytes: float, *, peak: float, bandwidth: float) -> float:
    r"""Give the least seconds that a kernel can take: the longer of computing and moving.

    .. math:: t = \max(C / \pi, \ B / \beta)

    where :math:`C` is how much is computed and :math:`B` how much is moved, :math:`\pi` is the peak
    rate and :math:`\beta` the bandwidth. It assumes that both overlap without a gap.

    Source: Williams et al. (2009), Roofline, https://doi.org/10.1145/1498765.1498785.

    Parameters
    ----------
    operations, n_bytes : float
        Operations, and bytes read and written, in all.
    peak, bandwidth : float
        As in :func:`attainable_rate`.

    Examples
    --------
    >>> shortest_time(1000.0, 500.0, peak=1000.0, bandwidth=10.0)
    50.0
    """
    given = {"operations": operations, "n_bytes": n_bytes, "peak": peak, "bandwidth": bandwidth}
    for name, value in given.items():
        _checks.positive(name, value)
    return max(operations / peak, n_bytes / bandwidth)


def attention_intensity(
    q_len: int,
    kv_len: int,
    *,
    n_heads: int,
    n_kv_heads: int | None = None,
    d_k: int,
    d_v: int | None = None,
    pairs: int | None = None,
    itemsize: int = 2,
) -> float:
    r"""Give the operations a byte of attention at its best: every input read once, no squares.

    .. math:: I = \frac{2 h P (d_k + d_v)}{s \, (d_k + d_v) (h \, m + h_\text{kv} \, n)}

    where :math:`P` is the number of pairs, :math:`m` is q_len, :math:`n` is kv_len, :math:`h` and
    :math:`h_\text{kv}` the heads and :math:`s` the bytes of a number. Reading a prompt (prefill, m
    = n) it grows with the length. Writing one token (decode, m = 1) it is about :math:`2 h / (s \,
    h_\text{kv})`, whatever the length: decoding waits for memory, and sharing keys and values among
    heads is what raises it. No implementation can have a higher one.

    Source: Shazeer (2019), Fast Transformer Decoding, sections 2.4 and 3.1, arXiv:1911.02150.

    Parameters
    ----------
    q_len, kv_len, n_heads, n_kv_heads, d_k, d_v, pairs
        As in :func:`multi_head_operations`: ``(n, n)`` for prefill, ``(1, n)`` for decode.
    itemsize : int
        Bytes of one number.

    Examples
    --------
    >>> attention_intensity(1, 4095, n_heads=8, d_k=64)  # decode: one multiply-add a number read
    0.999755859375
    >>> attention_intensity(4096, 4096, n_heads=8, d_k=64)  # prefill
    2048.0
    """
    done = attention_operations(q_len, kv_len, n_heads=n_heads, d_k=d_k, d_v=d_v, pairs=pairs)
    heads = {"n_heads": n_heads, "n_kv_heads": n_kv_heads, "d_k": d_k, "d_v": d_v}
    return done.matmul / least_attention_bytes(q_len, kv_len, itemsize=itemsize, **heads)
