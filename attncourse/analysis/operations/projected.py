"""Operations of attention layers, their projections included."""

from __future__ import annotations

from attncourse import _checks
from attncourse.analysis._sizes import sizes
from attncourse.analysis.operations.attention import attention_operations
from attncourse.analysis.operations.counted import Operations, add_operations


def multi_head_operations(
    q_len: int,
    kv_len: int,
    *,
    d_model: int,
    n_heads: int,
    n_kv_heads: int | None = None,
    d_k: int | None = None,
    d_v: int | None = None,
    d_context: int | None = None,
    n_cached: int = 0,
    pairs: int | None = None,
    batch: int = 1,
) -> Operations:
    r"""Count what an attention layer does: multi-head, grouped-query or multi-query; no biases.

    .. math:: C_\text{matmul} = 2 b \bigl[ m \, d \, h \, d_k
        + (n - n_c) \, d_c \, h_\text{kv} (d_k + d_v) + h P (d_k + d_v) + m \, h \, d_v \, d \bigr]

    where :math:`m` is q_len, :math:`n` is kv_len, :math:`n_c` is n_cached, :math:`d` is d_model,
    :math:`d_c` is d_context, :math:`h` and :math:`h_\text{kv}` are the heads, :math:`b` is the
    batch and :math:`P` the pairs. The terms: queries, keys and values, attention, output.

    Source: Ainslie et al. (2023), GQA, section 2.2, arXiv:2305.13245.

    Parameters
    ----------
    q_len, kv_len, pairs, batch
        As in :func:`attention_operations`; cached keys are keys.
    d_model, n_heads, n_kv_heads, d_k, d_v, d_context : int
        Left out, ``n_kv_heads`` is ``n_heads``, ``d_k`` is ``d_model / n_heads``, ``d_v`` is
        ``d_k``, and ``d_context``, the width of what is asked, is ``d_model``.
    n_cached : int
        How many keys and values come from a cache and are not projected again.

    Examples
    --------
    >>> multi_head_operations(3, 3, d_model=8, n_heads=2).matmul  # 8 n d² + 4 n² d
    1824
    """
    d_context = d_model if d_context is None else d_context
    n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
    sizes(d_model=d_model, n_heads=n_heads, n_kv_heads=n_kv_heads, d_context=d_context)
    _checks.heads(n_heads, n_kv_heads)
    if d_k is None:
        _checks.divides("n_heads", n_heads, "d_model", d_model)
        d_k = d_model // n_heads
    d_v = d_k if d_v is None else d_v
    attention = attention_operations(
        q_len, kv_len, n_heads=n_heads, d_k=d_k, d_v=d_v, pairs=pairs, batch=batch
    )
    n_new = kv_len - _checks.count("n_cached", n_cached, maximum=kv_len)
    weights = q_len * d_model * n_heads * (d_k + d_v) + n_new * d_context * n_kv_heads * (d_k + d_v)
    return add_operations(attention, Operations(2 * batch * weights))


def latent_operations(
    q_len: int,
    kv_len: int,
    *,
    d_model: int,
    n_heads: int,
    d_latent: int,
    d_nope: int,
    d_rope: int,
    d_v: int,
    d_q_latent: int | None = None,
    n_cached: int = 0,
    pairs: int | None = None,
    batch: int = 1,
) -> Operations:
    r"""Count what multi-head latent attention does when each call unpacks all keys and values.

    .. math:: C_\text{matmul} = C_q + 2 b \bigl[ (n - n_c) \, d \, (r + d_R)
        + n \, r \, h (d_N + d_v) + h P (d_N + d_R + d_v) + m \, h \, d_v \, d \bigr]

    where :math:`r` is d_latent, :math:`d_N` and :math:`d_R` are the parts of a head without and
    with a rotary position, and the other symbols are those of :func:`multi_head_operations`.
    :math:`C_q` is :math:`2bm\,d\,h(d_N + d_R)`, or :math:`2bm\,r_q (d + h(d_N + d_R))` with a
    latent of width :math:`r_q` for the queries.

    Source: DeepSeek-AI (2024), DeepSeek-V2, section 2.1 and appendix C, arXiv:2405.04434.

    Parameters
    ----------
    q_len, kv_len, d_model, n_heads, d_v, n_cached, pairs, batch
        As in :func:`multi_head_operations`.
    d_latent, d_nope, d_rope, d_q_latent : int
        The widths of the formula, in this order; without ``d_q_latent`` queries are projected
        directly.

    Examples
    --------
    >>> sizes = dict(d_model=8, n_heads=2, d_latent=3, d_nope=4, d_rope=2, d_v=4)
    >>> latent_operations(1, 50, n_cached=49, **sizes).matmul
    7200
    >>> absorbed_latent_operations(1, 50, n_cached=49, **sizes).matmul
    2096
    """
    sizes(d_model=d_model, d_latent=d_latent, d_nope=d_nope, d_rope=d_rope, d_v=d_v)
    attention = attention_operations(
        q_len, kv_len, n_heads=n_heads, d_k=d_nope + d_rope, d_v=d_v, pairs=pairs, batch=batch
    )
    n_new = kv_len - _checks.count("n_cached", n_cached, maximum=kv_len)
    weights = _latent_queries(q_len, d_model, n_heads * (d_nope + d_rope), d_q_latent)
    weights += n_new * d_model * (d_latent + d_rope)
    weights += kv_len * d_latent * n_heads * (d_nope + d_v)
    weights += q_len * n_heads * d_v * d_model
    return add_operations(attention, Operations(2 * batch * weights))


def absorbed_latent_operations(
    q_len: int,
    kv_len: int,
    *,
    d_model: int,
    n_heads: int,
    d_latent: int,
    d_nope: int,
    d_rope: int,
    d_v: int,
    d_q_latent: int | None = None,
    n_cached: int = 0,
    pairs: int | None = None,
    batch: int = 1,
) -> Operations:
    r"""Count what multi-head latent attention does on the latents themselves, for the same result.

    .. math:: C_\text{matmul} = C_q + 2 b \bigl[ (n - n_c) \, d \, (r + d_R)
        + m \, h \, r (d_N + d_v) + h P (2 r + d_R) + m \, h \, d_v \, d \bigr]

    where the symbols are those of :func:`latent_operations`. The matrix that would unpack the keys
    is absorbed into the queries, the one for the values into the output: nothing is unpacked, but
    every score is a product of width :math:`r + d_R`. It pays when q_len is far below kv_len.

    Source: DeepSeek-AI (2024), DeepSeek-V2, section 2.1.2, arXiv:2405.04434.

    Parameters
    ----------
    q_len, kv_len, d_model, n_heads, d_v, n_cached, pairs, batch
        As in :func:`multi_head_operations`.
    d_latent, d_nope, d_rope, d_q_latent
        As in :func:`latent_operations`.

    Examples
    --------
    >>> sizes = dict(d_model=8, n_heads=2, d_latent=3, d_nope=4, d_rope=2, d_v=4)
    >>> absorbed_latent_operations(1, 50, n_cached=49, **sizes).matmul
    2096
    """
    sizes(d_model=d_model, d_nope=d_nope, d_rope=d_rope, d_v=d_v, d_latent=d_latent)
    attention = attention_operations(
        q_len,
        kv_len,
        n_heads=n_heads,
        d_k=d_latent + d_rope,
        d_v=d_latent,
        pairs=pairs,
        batch=batch,
    )
    n_new = kv_len - _checks.count("n_cached", n_cached, maximum=kv_len)
    weights = _latent_queries(q_len, d_model, n_heads * (d_nope + d_rope), d_q_latent)
    weights += n_new * d_model * (d_latent + d_rope)
    weights += q_len * n_heads * d_latent * (d_nope + d_v)
    weights += q_len * n_heads * d_v * d_model
    return add_operations(attention, Operations(2 * batch * weights))


def _latent_queries(q_len: int, d_model: int, width: int, d_q_latent: int | None) -> int:
    if d_q_latent is None:
        return q_len * d_model * width
    sizes(d_q_latent=d_q_latent)
    return q_len * d_q_latent * (d_model + width)
