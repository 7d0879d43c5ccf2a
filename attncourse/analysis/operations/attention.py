"""Operations of attention that compares every query with every key."""

from __future__ import annotations

from attncourse import _checks
from attncourse.analysis._sizes import sizes
from attncourse.analysis.operations.counted import Operations


def attention_operations(
    q_len: int,
    kv_len: int,
    *,
    n_heads: int,
    d_k: int,
    d_v: int | None = None,
    pairs: int | None = None,
    batch: int = 1,
) -> Operations:
    r"""Count what scaled dot-product attention does, forward.

    .. math:: C_\text{matmul} = 2 \, b \, h \, P \, (d_k + d_v), \qquad
        C_\text{elementwise} = 5 \, b \, h \, P, \qquad C_\text{exponentials} = b \, h \, P

    where :math:`b` is the batch, :math:`h` is n_heads and :math:`P` is the number of pairs of a
    query and a key. The five: scale, maximum, subtract it, sum, divide. The products are those that
    PyTorch's ``FlopCounterMode`` counts.

    Source: Vaswani et al. (2017), Attention Is All You Need, table 1, arXiv:1706.03762.

    Parameters
    ----------
    q_len, kv_len, n_heads, d_k, d_v, batch : int
        ``d_v`` is ``d_k`` if left out. Sharing keys and values among heads saves no arithmetic.
    pairs : int, optional
        How many pairs are computed: all if left out, as the plain path computes what it then masks;
        :func:`visible_pairs` gives what a kernel with skipping computes.

    Examples
    --------
    >>> attention_operations(3, 5, n_heads=2, d_k=4)
    Operations(matmul=480, elementwise=150, exponentials=30)
    """
    d_v = d_k if d_v is None else d_v
    sizes(q_len=q_len, kv_len=kv_len, n_heads=n_heads, d_k=d_k, d_v=d_v, batch=batch)
    scores = batch * n_heads * _pairs(q_len, kv_len, pairs)
    return Operations(2 * scores * (d_k + d_v), 5 * scores, scores)


def attention_backward_operations(
    q_len: int,
    kv_len: int,
    *,
    n_heads: int,
    d_k: int,
    d_v: int | None = None,
    pairs: int | None = None,
    recompute: bool = False,
    batch: int = 1,
) -> Operations:
    r"""Count what the gradient of scaled dot-product attention costs.

    .. math:: dV = A^\top dO, \quad dA = dO\, V^\top, \quad
        dS = A \odot (dA - \text{rowsum}(dA \odot A)), \quad dQ = dS\, K, \quad dK = dS^\top Q

    where :math:`A` are the weights, :math:`S` the scores, and :math:`dX` is the gradient of the
    loss by X: four products instead of the forward pass's two. The elementwise work of a pair:
    multiply, sum, subtract, multiply, scale.

    Source: Dao et al. (2022), FlashAttention, appendix B.2 and algorithm 4, arXiv:2205.14135.

    Parameters
    ----------
    q_len, kv_len, n_heads, d_k, d_v, pairs, batch
        As in :func:`attention_operations`.
    recompute : bool
        Whether the weights are computed again from a kept log-sum-exp, as FlashAttention does: one
        product, a scale, a subtraction and an exponential more a pair.

    Examples
    --------
    >>> forward = attention_operations(3, 5, n_heads=2, d_k=4).matmul
    >>> attention_backward_operations(3, 5, n_heads=2, d_k=4).matmul / forward
    2.0
    >>> attention_backward_operations(3, 5, n_heads=2, d_k=4, recompute=True).matmul / forward
    2.5
    """
    d_v = d_k if d_v is None else d_v
    sizes(q_len=q_len, kv_len=kv_len, n_heads=n_heads, d_k=d_k, d_v=d_v, batch=batch)
    scores = batch * n_heads * _pairs(q_len, kv_len, pairs)
    matmul, elementwise = 4 * scores * (d_k + d_v), 5 * scores
    if recompute:
        return Operations(matmul + 2 * scores * d_k, elementwise + 2 * scores, scores)
    return Operations(matmul, elementwise)


def _pairs(q_len: int, kv_len: int, pairs: int | None) -> int:
    every = q_len * kv_len
    return every if pairs is None else _checks.count("pairs", pairs, maximum=every)
