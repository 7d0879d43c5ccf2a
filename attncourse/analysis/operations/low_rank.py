"""Operations of attention that approximates: random features, projected keys, landmarks."""

from __future__ import annotations

from attncourse.analysis._sizes import sizes
from attncourse.analysis.operations.attention import attention_operations
from attncourse.analysis.operations.counted import Operations, add_operations


def performer_operations(
    q_len: int,
    kv_len: int,
    *,
    n_heads: int,
    d_k: int,
    n_features: int,
    d_v: int | None = None,
    batch: int = 1,
) -> Operations:
    r"""Count what attention by random features does, without a causal mask: linear in both lengths.

    .. math:: C_\text{matmul} = 2 b h \, \bigl[ (m + n) \, d_k f + n f d_v + m f d_v + m f \bigr]

    where :math:`m` is q_len, :math:`n` is kv_len and :math:`f` is n_features. The terms: project
    queries and keys, sum up the values once, read the sum, and read the normaliser. Each feature is
    one exponential; outside products, n f additions for the normaliser and m d_v divisions. Norms
    and maxima of the feature map are not counted.

    Source: Choromanski et al. (2021), section 2.1, arXiv:2009.14794.

    Parameters
    ----------
    q_len, kv_len, n_heads, d_k, d_v, batch
        As in :func:`attention_operations`.
    n_features : int
        How many random features stand for the exponential.

    Examples
    --------
    >>> performer_operations(10, 20, n_heads=1, d_k=4, n_features=5, d_v=3).matmul
    2200
    """
    d_v = d_k if d_v is None else d_v
    sizes(q_len=q_len, kv_len=kv_len, n_heads=n_heads, d_k=d_k, d_v=d_v, batch=batch)
    sizes(n_features=n_features)
    both, heads = q_len + kv_len, batch * n_heads
    products = both * d_k * n_features + both * n_features * d_v + q_len * n_features
    return Operations(
        2 * heads * products, heads * (kv_len * n_features + q_len * d_v), heads * both * n_features
    )


def linformer_operations(
    q_len: int,
    kv_len: int,
    *,
    n_heads: int,
    d_k: int,
    n_projected: int,
    d_v: int | None = None,
    batch: int = 1,
) -> Operations:
    r"""Count what attention over projected keys and values does: linear in both lengths.

    .. math:: C_\text{matmul} = 2 b h \, (d_k + d_v) \, (r \, n + m \, r)

    where :math:`m` is q_len, :math:`n` is kv_len and :math:`r` is n_projected. First the keys and
    values are projected along the sequence to r of them, then attention runs over those.

    Source: Wang et al. (2020), Linformer, equation 7, arXiv:2006.04768.

    Parameters
    ----------
    q_len, kv_len, n_heads, d_k, d_v, batch
        As in :func:`attention_operations`.
    n_projected : int
        How many keys and values are left.

    Examples
    --------
    >>> linformer_operations(10, 20, n_heads=1, d_k=4, n_projected=5).matmul
    2400
    """
    sizes(kv_len=kv_len, n_projected=n_projected)
    attention = attention_operations(
        q_len, n_projected, n_heads=n_heads, d_k=d_k, d_v=d_v, batch=batch
    )
    d_v = d_k if d_v is None else d_v
    return add_operations(
        attention, Operations(2 * batch * n_heads * n_projected * kv_len * (d_k + d_v))
    )


def nystrom_operations(
    q_len: int,
    kv_len: int,
    *,
    n_heads: int,
    d_k: int,
    n_landmarks: int,
    n_iterations: int = 6,
    d_v: int | None = None,
    batch: int = 1,
) -> Operations:
    r"""Count what attention by landmarks does: linear in both lengths.

    .. math:: C_\text{matmul} = 2 b h \, \bigl[ r (m + r + n) d_k + 4 s \, r^3
        + r n d_v + r^2 d_v + m r d_v \bigr]

    where :math:`m` is q_len, :math:`n` is kv_len, :math:`r` is n_landmarks and :math:`s` is
    n_iterations. The terms: three softmaxes of scores against landmarks, four products of r by r in
    each iteration towards the inverse, and the product from right to left. Outside products: five
    for each entry of the softmaxes, d_k for each query and key averaged into a landmark, 4 r² an
    iteration.

    Source: Xiong et al. (2021), Nyströmformer, sections 3.3 and 3.4, arXiv:2102.03902.

    Parameters
    ----------
    q_len, kv_len, n_heads, d_k, d_v, batch
        As in :func:`attention_operations`.
    n_landmarks, n_iterations : int
        How many landmarks stand for the queries (and the keys), and how many steps approach the
        pseudo-inverse.

    Examples
    --------
    >>> nystrom_operations(6, 6, n_heads=1, d_k=4, n_landmarks=2).matmul
    832
    """
    d_v = d_k if d_v is None else d_v
    sizes(q_len=q_len, kv_len=kv_len, n_heads=n_heads, d_k=d_k, d_v=d_v, batch=batch)
    sizes(n_landmarks=n_landmarks, n_iterations=n_iterations)
    r, heads = n_landmarks, batch * n_heads
    scores = r * (q_len + r + kv_len)
    products = scores * d_k + 4 * n_iterations * r**3 + scores * d_v
    elementwise = 5 * scores + (q_len + kv_len) * d_k + 4 * n_iterations * r**2
    return Operations(2 * heads * products, heads * elementwise, heads * scores)
