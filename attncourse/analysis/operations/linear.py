"""Operations of attention that keeps a state: linear attention and the delta rule."""

from __future__ import annotations

from attncourse.analysis._sizes import sizes
from attncourse.analysis.operations.counted import Operations


def recurrent_linear_operations(
    length: int, *, n_heads: int, d_k: int, d_v: int, batch: int = 1
) -> Operations:
    r"""Count what linear attention does step by step.

    .. math:: R_t = R_{t-1} + k_t^\top v_t, \quad z_t = z_{t-1} + k_t, \quad
        o_t = \frac{q_t R_t}{q_t \cdot z_t}

    where :math:`R` is the state of d_k by d_v and :math:`z` the normaliser, and queries and keys
    have been through their feature map. A step writes the state and reads it: :math:`4 \, d_k d_v`
    in matrix products. Outside: d_k to add to the normaliser, 2 d_k to read it and d_v to divide.

    Source: Katharopoulos et al. (2020), Transformers are RNNs, section 3.4, arXiv:2006.16236.

    Parameters
    ----------
    length, n_heads, batch : int
        How many steps, states and sequences there are.
    d_k, d_v : int
        The width of a key after the feature map, and of a value.

    Examples
    --------
    >>> recurrent_linear_operations(10, n_heads=1, d_k=4, d_v=3)
    Operations(matmul=480, elementwise=150, exponentials=0)
    """
    sizes(length=length, n_heads=n_heads, d_k=d_k, d_v=d_v, batch=batch)
    n = batch * n_heads * length
    return Operations(4 * n * d_k * d_v, n * (3 * d_k + d_v))


def chunked_linear_operations(
    length: int, *, chunk_len: int, n_heads: int, d_k: int, d_v: int, batch: int = 1
) -> Operations:
    r"""Count what linear attention does in chunks: squares within, a state between, no normaliser.

    .. math:: C_\text{matmul} = 2 b h \Bigl[ \sum_c c^2 (d_k + d_v) + 2 n \, d_k d_v \Bigr]

    where :math:`c` is the length of each chunk and :math:`n` the whole length. Within a chunk every
    pair is computed and half of them masked (:math:`c^2`); between chunks the state is read and
    written once a position. More arithmetic than step by step, in products large enough to be fast.

    Source: Yang et al. (2023), section 2.2, arXiv:2312.06635.

    Parameters
    ----------
    length, n_heads, d_k, d_v, batch
        As in :func:`recurrent_linear_operations`.
    chunk_len : int
        How many positions a chunk has; the last may be shorter.

    Examples
    --------
    >>> chunked_linear_operations(10, chunk_len=4, n_heads=1, d_k=4, d_v=3).matmul
    984
    """
    sizes(length=length, chunk_len=chunk_len, n_heads=n_heads, d_k=d_k, d_v=d_v, batch=batch)
    within = sum(c * c for c in _chunks(length, chunk_len)) * (d_k + d_v)
    return Operations(2 * batch * n_heads * (within + 2 * length * d_k * d_v))


def recurrent_delta_operations(
    length: int, *, n_heads: int, d_k: int, d_v: int, gated: bool = False, batch: int = 1
) -> Operations:
    r"""Count what the delta rule does step by step.

    .. math:: R_t = \alpha_t R_{t-1}
        + \beta_t \, k_t^\top \bigl( v_t - k_t \, \alpha_t R_{t-1} \bigr),
        \qquad o_t = q_t R_t

    where :math:`R` is the state, :math:`\beta_t` how much is written and :math:`\alpha_t` the gate,
    one if not ``gated``. A step reads the old value, writes the difference and reads the answer:
    :math:`6 \, d_k d_v` in matrix products, half as many again as linear attention. Outside: 2 d_v
    for the difference and its strength, d_k d_v for the gate.

    Source: Schlag et al. (2021), section 4.2, arXiv:2102.11174. Gate: Yang et al. (2024), Gated
    Delta Networks, section 3, arXiv:2412.06464.

    Parameters
    ----------
    length, n_heads, d_k, d_v, batch
        As in :func:`recurrent_linear_operations`.
    gated : bool
        Whether the state decays before each step.

    Examples
    --------
    >>> recurrent_delta_operations(10, n_heads=1, d_k=4, d_v=3)
    Operations(matmul=720, elementwise=60, exponentials=0)
    """
    sizes(length=length, n_heads=n_heads, d_k=d_k, d_v=d_v, batch=batch)
    n = batch * n_heads * length
    return Operations(6 * n * d_k * d_v, n * (2 * d_v + (d_k * d_v if gated else 0)))


def chunked_delta_operations(
    length: int, *, chunk_len: int, n_heads: int, d_k: int, d_v: int, batch: int = 1
) -> Operations:
    r"""Count what the delta rule does in chunks, by the WY representation.

    .. math:: C_\text{matmul} = 2 b h \Bigl[ \sum_c \bigl( c^2 (2 d_k + d_v)
        + \tfrac{c (c - 1)}{2} (d_k + d_v) \bigr) + 3 n \, d_k d_v \Bigr]

    where :math:`c` is the length of each chunk and :math:`n` the whole length. A chunk compares its
    keys with each other (c² d_k) and its queries with its keys (c² d_k), solves a triangular system
    for what each step really writes (half a square, by forward substitution), and mixes (c² d_v).
    Between chunks the state is read twice and written once.

    Source: Yang et al. (2024), section 3, arXiv:2406.06484.

    Parameters
    ----------
    length, chunk_len, n_heads, d_k, d_v, batch
        As in :func:`chunked_linear_operations`.

    Examples
    --------
    >>> chunked_delta_operations(4, chunk_len=2, n_heads=1, d_k=4, d_v=3).matmul
    492
    """
    sizes(length=length, chunk_len=chunk_len, n_heads=n_heads, d_k=d_k, d_v=d_v, batch=batch)
    within = sum(
        c * c * (2 * d_k + d_v) + c * (c - 1) // 2 * (d_k + d_v) for c in _chunks(length, chunk_len)
    )
    return Operations(2 * batch * n_heads * (within + 3 * length * d_k * d_v))


def _chunks(length: int, chunk_len: int) -> list[int]:
    full, rest = divmod(length, chunk_len)
    return [chunk_len] * full + [rest] * (rest > 0)
