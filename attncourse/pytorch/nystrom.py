"""Nyström attention: the whole matrix of weights from its rows and columns at a few landmarks."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.scores import scaled_dot_scores
from attncourse.pytorch.softmax import softmax


def segment_means(
    x: Float[Tensor, "*batch seq dim"], n_segments: int
) -> Float[Tensor, "*batch n_segments dim"]:
    r"""Cut a sequence into segments as even as can be, and give the mean of each.

    .. math:: \tilde x_s = \frac{1}{b_{s+1} - b_s} \sum_{j = b_s}^{b_{s+1} - 1} x_j,
        \qquad b_s = \lfloor s n / m \rfloor

    where :math:`n` is the length, :math:`m` the number of segments and :math:`b_s` where segment
    s begins. Where m does not divide n, segments differ in length by one; nothing is padded.

    Source: Xiong et al. (2021), Nyströmformer, section "Segment-means", arXiv:2102.03902.

    Parameters
    ----------
    x : array, floating
        The sequence.
    n_segments : int
        How many means to give, at most as many as there are positions.

    Returns
    -------
    array
        One mean for each segment, in the dtype of ``x``.

    Notes
    -----
    Cost: seq · dim additions. Half precision is summed in float32.

    Examples
    --------
    >>> segment_means(torch.tensor([[1.0], [3.0], [4.0], [5.0], [9.0]]), 2)  # two, then three
    tensor([[2.],
            [6.]])
    """
    _checks.floating(Tensor, x=x)
    seq = _checks.shapes(x=(x, "*batch seq dim"))["seq"]
    _checks.count("n_segments", n_segments, minimum=1, maximum=seq)
    position, segment = (torch.arange(n, device=x.device) for n in (seq, n_segments))
    lengths = (segment + 1) * seq // n_segments - segment * seq // n_segments
    # The last segment that begins at or before a position: s n < (j + 1) m.
    where = ((position + 1) * n_segments - 1) // seq
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    total = wide.new_zeros(*x.shape[:-2], n_segments, x.shape[-1]).index_add(-2, where, wide)
    return (total / lengths[:, None]).to(x.dtype)


@in_full_precision
def iterative_pseudo_inverse(
    a: Float[Tensor, "*batch rows columns"], *, iterations: int = 6
) -> Float[Tensor, "*batch columns rows"]:
    r"""Approach the Moore-Penrose inverse by products of matrices alone.

    .. math:: Z_{t+1} = \tfrac14 Z_t \left(13 I - A Z_t \left(15 I - A Z_t
        \left(7 I - A Z_t\right)\right)\right),
        \qquad Z_0 = \frac{A^\top}{\lVert A \rVert_1 \, \lVert A \rVert_\infty}

    where :math:`A` is the matrix, :math:`I` the identity, and the norms are the largest sums of
    absolute values of a column and of a row. The start makes the largest eigenvalue of
    :math:`A Z_0` at most one, and a step takes what is missing to its third power:
    :math:`I - A Z_{t+1} = (I - A Z_t)^3 (I - A Z_t / 4)`. A direction whose singular value is
    :math:`\epsilon` of the largest first has to grow, by 13/4 in each step, from about
    :math:`\epsilon^2`: an ill-conditioned matrix takes more iterations. Where the rows of A depend
    on each other, rounding grows just as fast, so that too many iterations do harm.

    Source: Xiong et al. (2021), Nyströmformer, lemma 1, arXiv:2102.03902, after Razavi et al.
    (2014), https://doi.org/10.1155/2014/563787.

    Parameters
    ----------
    a : array, floating
        The matrix, or a batch of matrices; it need be neither square nor of full rank.
    iterations : int
        How many steps to take; zero gives the start.

    Returns
    -------
    array
        About the pseudo-inverse, in the dtype of ``a``.

    Notes
    -----
    Cost: four products of matrices an iteration, about 4 · rows² · max(rows, columns)
    multiply-adds; no decomposition, so it is fast on a GPU and easy to differentiate. Half
    precision is computed in float32. A matrix of zeros has the inverse zero.

    Examples
    --------
    >>> iterative_pseudo_inverse(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    _checks.floating(Tensor, a=a)
    dims = _checks.shapes(a=(a, "*batch rows columns"))
    for name in ("rows", "columns"):
        _checks.count(name, dims[name], minimum=1)
    _checks.count("iterations", iterations)
    matrix = a.to(torch.promote_types(a.dtype, torch.float32))
    sizes = matrix.abs()
    norms = sizes.sum(-2).amax(-1) * sizes.sum(-1).amax(-1)
    inverse = matrix.transpose(-1, -2) / torch.where(norms == 0, 1, norms)[..., None, None]
    one = torch.eye(a.shape[-2], dtype=matrix.dtype, device=a.device)
    for _ in range(iterations):
        near_one = matrix @ inverse
        inner = 15 * one - near_one @ (7 * one - near_one)
        inverse = inverse @ (13 * one - near_one @ inner) / 4
    return inverse.to(a.dtype)


@in_full_precision
def nystrom_attention(
    q: Float[Tensor, "*batch n_heads q_len d_k"],
    k: Float[Tensor, "*batch n_kv_heads kv_len d_k"],
    v: Float[Tensor, "*batch n_kv_heads kv_len d_v"],
    *,
    n_landmarks: int,
    iterations: int = 6,
    scale: float | None = None,
) -> Float[Tensor, "*batch n_heads q_len d_v"]:
    r"""Approximate attention by way of a few landmarks.

    .. math:: \hat S V = \underbrace{\sigma(Q \tilde K^\top)}_{\text{queries to landmarks}}
        \underbrace{\sigma(\tilde Q \tilde K^\top)^+}_{\text{landmarks}}
        \underbrace{\sigma(\tilde Q K^\top)}_{\text{landmarks to keys}} V

    where :math:`\sigma` is the softmax of scores over :math:`\sqrt{d_k}`, :math:`\tilde Q` and
    :math:`\tilde K` are the landmarks, means of neighbouring queries and keys
    (:func:`segment_means`), and :math:`^+` is the pseudo-inverse
    (:func:`iterative_pseudo_inverse`). With every position a landmark, all three are the softmax
    matrix S, and :math:`S S^+ S = S`: exact, as far as the inverse has converged. With fewer it is
    exact for constant values, where the landmarks' matrix is regular; weights may be negative.

    Source: Xiong et al. (2021), Nyströmformer, algorithm 1, arXiv:2102.03902.

    Parameters
    ----------
    q, k, v, scale
        As in :func:`scaled_dot_product_attention`.
    n_landmarks : int
        How many segments queries and keys are cut into; their lengths need not divide.
    iterations : int
        How many steps the pseudo-inverse takes.

    Returns
    -------
    array
        One sum of values for each query, in the dtype of ``q``.

    Notes
    -----
    Cost: n_heads · n_landmarks · (q_len + kv_len) · (d_k + d_v + n_landmarks) multiply-adds and
    4 · n_heads · iterations · n_landmarks³ for the inverse: linear in the length. There is no
    causal form: a landmark is a mean over its whole segment, and the inverse mixes all of them.
    The paper adds a depthwise convolution of the values; it stands beside attention, not here.

    Examples
    --------
    >>> q = k = torch.tensor([[0.0], [0.0], [3.0], [3.0]])
    >>> v = torch.tensor([[1.0], [3.0], [5.0], [7.0]])
    >>> # Two different keys, two landmarks: as full attention.
    >>> nystrom_attention(q, k, v, n_landmarks=2, iterations=20)
    tensor([[4.0000],
            [4.0000],
            [5.9995],
            [5.9995]])
    """
    *_, q_len, kv_len = _checks.attention(Tensor, q, k, v)
    _checks.count("n_landmarks", n_landmarks, minimum=1, maximum=min(q_len, kv_len))
    dtype = torch.promote_types(q.dtype, torch.float32)
    queries, keys, values = (array.to(dtype) for array in (q, k, v))
    if q.ndim > 2:
        n_repeats = q.shape[-3] // k.shape[-3]
        keys, values = (
            keys.repeat_interleave(n_repeats, dim=-3),
            values.repeat_interleave(n_repeats, dim=-3),
        )

    q_marks, k_marks = segment_means(queries, n_landmarks), segment_means(keys, n_landmarks)
    to_marks = softmax(scaled_dot_scores(queries, k_marks, scale=scale))
    between = softmax(scaled_dot_scores(q_marks, k_marks, scale=scale))
    from_marks = softmax(scaled_dot_scores(q_marks, keys, scale=scale))
    inverse = iterative_pseudo_inverse(between, iterations=iterations)
    # From the right: no product is as long as it is wide.
    return (to_marks @ (inverse @ (from_marks @ values))).to(q.dtype)
