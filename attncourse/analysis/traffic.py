"""Bytes that attention moves to and from slow memory."""

from __future__ import annotations

from attncourse import _checks
from attncourse.analysis._sizes import sizes


def plain_attention_bytes(
    q_len: int,
    kv_len: int,
    *,
    n_heads: int,
    d_k: int,
    d_v: int | None = None,
    itemsize: int = 2,
    batch: int = 1,
) -> int:
    r"""Count the bytes that attention in three steps moves to and from slow memory.

    .. math:: B = s \, b \, h \, \bigl[ m d_k + n d_k + n d_v + m d_v + 4 m n \bigr]

    where :math:`m` is q_len, :math:`n` is kv_len, :math:`h` the heads, :math:`b` the batch and
    :math:`s` the bytes of a number. The squares go through memory four times: scores are written
    and read, and so are weights.

    Source: Dao et al. (2022), FlashAttention, algorithm 0 and theorem 2, arXiv:2205.14135.

    Parameters
    ----------
    q_len, kv_len, n_heads, d_k, d_v, batch
        As in :func:`attention_operations`; shared keys and values count as repeated.
    itemsize : int
        Bytes of one number: 2 for half precision, 4 for float32.

    Examples
    --------
    >>> plain_attention_bytes(1024, 1024, n_heads=1, d_k=64)
    8912896
    """
    d_v = d_k if d_v is None else d_v
    sizes(q_len=q_len, kv_len=kv_len, n_heads=n_heads, d_k=d_k, d_v=d_v)
    sizes(itemsize=itemsize, batch=batch)
    numbers = (q_len + kv_len) * (d_k + d_v) + 4 * q_len * kv_len
    return itemsize * batch * n_heads * numbers


def flash_attention_bytes(
    q_len: int,
    kv_len: int,
    *,
    n_heads: int,
    d_k: int,
    sram_bytes: int,
    itemsize: int = 2,
    batch: int = 1,
) -> int:
    r"""Count the bytes that FlashAttention moves to and from slow memory, forward.

    .. math:: B = s \, b \, h \, \bigl[ 2 n d + m (d + 2) + T (3 m d + 4 m) \bigr], \qquad
        T = \lceil n / B_c \rceil, \quad B_c = \lceil M / 4 d \rceil

    where :math:`M` is how many numbers fit into fast memory, :math:`d` is d_k, and the rest is as
    in :func:`plain_attention_bytes`. Keys and values are read once; for each of :math:`T` tiles of
    keys, the queries are read, and the output with its two statistics is read and written: about
    :math:`12 m n d^2 / M` numbers. A later version loops over queries first and writes the output
    once.

    Source: Dao et al. (2022), FlashAttention, algorithm 1 and theorem 2, arXiv:2205.14135.

    Parameters
    ----------
    q_len, kv_len, n_heads, d_k, itemsize, batch
        As in :func:`plain_attention_bytes`; a value is as wide as a key.
    sram_bytes : int
        The fast memory for one tile's work: on a GPU, the shared memory of one multiprocessor.

    Examples
    --------
    >>> flash_attention_bytes(1024, 1024, n_heads=1, d_k=64, sram_bytes=100_000)
    2805760
    """
    sizes(q_len=q_len, kv_len=kv_len, n_heads=n_heads, d_k=d_k, itemsize=itemsize, batch=batch)
    _checks.count("sram_bytes", sram_bytes, minimum=4 * d_k * itemsize)
    tile_len = -(-(sram_bytes // itemsize) // (4 * d_k))
    n_tiles = -(-kv_len // tile_len)
    numbers = 2 * kv_len * d_k + q_len * (d_k + 2) + n_tiles * q_len * (3 * d_k + 4)
    return itemsize * batch * n_heads * numbers


def least_attention_bytes(
    q_len: int,
    kv_len: int,
    *,
    n_heads: int,
    n_kv_heads: int | None = None,
    d_k: int,
    d_v: int | None = None,
    itemsize: int = 2,
    batch: int = 1,
) -> int:
    r"""Count the bytes that any attention moves: every input read once, the output written once.

    .. math:: B = s \, b \, (d_k + d_v) (h \, m + h_\text{kv} \, n)

    where :math:`m` is q_len, :math:`n` is kv_len, :math:`h` and :math:`h_\text{kv}` the heads,
    :math:`b` the batch and :math:`s` the bytes of a number. It is what a kernel in tiles comes to
    when fast memory holds the keys and values of a head.

    Source: Shazeer (2019), Fast Transformer Decoding, sections 2.4 and 3.1, arXiv:1911.02150.

    Parameters
    ----------
    q_len, kv_len, n_heads, n_kv_heads, d_k, d_v, batch
        As in :func:`multi_head_operations`.
    itemsize : int
        Bytes of one number.

    Examples
    --------
    >>> least_attention_bytes(1, 4096, n_heads=32, n_kv_heads=8, d_k=128)  # decode
    16793600
    """
    n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
    d_v = d_k if d_v is None else d_v
    sizes(q_len=q_len, kv_len=kv_len, n_heads=n_heads, n_kv_heads=n_kv_heads, d_k=d_k, d_v=d_v)
    sizes(itemsize=itemsize, batch=batch)
    _checks.heads(n_heads, n_kv_heads)
    return itemsize * batch * (d_k + d_v) * (n_heads * q_len + n_kv_heads * kv_len)


def product_bytes(rows: int, d_in: int, d_out: int, *, itemsize: int = 2) -> int:
    r"""Count the bytes that a product with a matrix of weights moves at the least.

    .. math:: B = s \, (m \, a + a \, c + m \, c)

    where :math:`m` is rows, :math:`a` is d_in, :math:`c` is d_out and :math:`s` the bytes of a
    number: rows in, weights, rows out, each once. The weights are read once for all rows, so the
    :math:`2 m a c` operations are about :math:`2 m / s` for each byte while the rows are few.

    Source: Williams et al. (2009), Roofline, on compulsory traffic,
    https://doi.org/10.1145/1498765.1498785.

    Parameters
    ----------
    rows : int
        How many rows meet the matrix: the tokens of all sequences.
    d_in, d_out, itemsize : int
        The matrix's shape, and the bytes of one number.

    Examples
    --------
    >>> product_bytes(1, 4096, 4096)  # the weights, and little else
    33570816
    """
    sizes(rows=rows, d_in=d_in, d_out=d_out, itemsize=itemsize)
    return itemsize * (rows * d_in + d_in * d_out + rows * d_out)
