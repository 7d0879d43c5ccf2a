"""The delta rule chunk by chunk, or all of it at once."""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.delta.recurrent import _attend
from attncourse.pytorch.linear.chunked import _chunk, _chunked, _faded_scores
from attncourse.pytorch.linear.decay import _left


@in_full_precision
def delta_rule_chunked(
    q: Float[Tensor, "*batch n_heads seq d_k"],
    k: Float[Tensor, "*batch n_kv_heads seq d_k"],
    v: Float[Tensor, "*batch n_kv_heads seq d_v"],
    beta: Float[Tensor, "*#keys"],
    *,
    log_decay: Float[Tensor, "*#gates"] | None = None,
    state: Float[Tensor, "*batch n_kv_heads d_k d_v"] | None = None,
    scale: float | None = None,
    chunk_len: int = 64,
) -> tuple[Float[Tensor, "*batch n_heads seq d_v"], Float[Tensor, "*batch n_kv_heads d_k d_v"]]:
    r"""Read chunk by chunk: solve for what all keys of a chunk write, then attend linearly to it.

    .. math:: (I + \text{diag}(\beta) \, L) \, [U, W] = \text{diag}(\beta) \, [V, K \odot \Lambda],
        \qquad \tilde V = U - W R

    where :math:`K` and :math:`V` are a chunk's keys and values, :math:`L` is the part of
    :math:`(K K^\top) \odot D` below the diagonal (:func:`decay_matrix`), :math:`\Lambda_i` what the
    gates up to i leave of the state :math:`R` before the chunk, and :math:`\tilde V` what the keys
    write. Linear attention with these values is the delta rule: :func:`linear_attention_chunked`.
    U and W do not need the state, so all chunks can be solved at the same time. The result is that
    of :func:`delta_rule_recurrent`.

    Parameters
    ----------
    q, k, v, beta, log_decay, state, scale
        As in :func:`delta_rule_recurrent`.
    chunk_len : int
        How many positions a chunk has; the last may be shorter.

    Returns
    -------
    output : array
        What the memory answers to each query, in the dtype of ``q``.
    state : array
        What the next call goes on from, in at least float32.

    Raises
    ------
    TypeError
        As in :func:`delta_rule_recurrent`, or if ``chunk_len`` is not a whole number.
    ValueError
        As in :func:`delta_rule_recurrent`, or if ``chunk_len`` is below one.

    Notes
    -----
    Cost: that of :func:`linear_attention_chunked`, and for each chunk of C positions and each key
    head C² · (3 · d_k + d_v) / 2 multiply-adds to solve (by a triangular solver) and C · d_k · d_v
    to subtract what the state knows.

    References
    ----------
    Yang et al. (2024), Parallelizing Linear Transformers with the Delta Rule, section 3,
    arXiv:2406.06484 (the WY representation and the UT transform); with gates: Yang et al. (2024),
    Gated Delta Networks, section 3, arXiv:2412.06464.

    Examples
    --------
    >>> k = torch.ones((3, 1))  # the same key three times, and each value replaces the last
    >>> v = torch.tensor([[4.0], [8.0], [9.0]])
    >>> delta_rule_chunked(k, k, v, torch.ones(3), chunk_len=2)[0].flatten()
    tensor([4., 8., 9.])
    """
    chunk_len = _checks.count("chunk_len", chunk_len, minimum=1)
    read = partial(_chunked, chunk=_delta_chunk, chunk_len=chunk_len)
    return _attend(read, q, k, v, beta, log_decay, state, scale)


@in_full_precision
def delta_rule_parallel(
    q: Float[Tensor, "*batch n_heads seq d_k"],
    k: Float[Tensor, "*batch n_kv_heads seq d_k"],
    v: Float[Tensor, "*batch n_kv_heads seq d_v"],
    beta: Float[Tensor, "*#keys"],
    *,
    log_decay: Float[Tensor, "*#gates"] | None = None,
    state: Float[Tensor, "*batch n_kv_heads d_k d_v"] | None = None,
    scale: float | None = None,
) -> tuple[Float[Tensor, "*batch n_heads seq d_v"], Float[Tensor, "*batch n_kv_heads d_k d_v"]]:
    r"""Read the whole sequence at once: one triangular solve, then one attention matrix.

    .. math:: \tilde V = (I + \text{diag}(\beta) \, L)^{-1} \, \text{diag}(\beta) \, V, \qquad
        O = s \, \big( (Q K^\top) \odot D \big) \tilde V

    where :math:`Q`, :math:`K`, :math:`V` are all queries, keys and values, :math:`D` is
    :func:`decay_matrix`, :math:`L` the part of :math:`(K K^\top) \odot D` below the diagonal and
    :math:`s` the scale. A state adds what came before, as if it were one chunk of
    :func:`delta_rule_chunked`. The result is that of :func:`delta_rule_recurrent`.

    Parameters
    ----------
    q, k, v, beta, log_decay, state, scale
        As in :func:`delta_rule_recurrent`.

    Returns
    -------
    output : array
        What the memory answers to each query, in the dtype of ``q``.
    state : array
        What the next call goes on from, in at least float32.

    Raises
    ------
    TypeError
        As in :func:`delta_rule_recurrent`.
    ValueError
        As in :func:`delta_rule_recurrent`.

    Notes
    -----
    Cost: that of :func:`linear_attention_parallel`, and n_kv_heads · seq² · (3 · d_k + d_v) / 2
    multiply-adds to solve.

    References
    ----------
    Yang et al. (2024), Parallelizing Linear Transformers with the Delta Rule, section 3,
    arXiv:2406.06484.

    Examples
    --------
    >>> k = torch.ones((3, 1))  # the same key three times, and each value replaces the last
    >>> v = torch.tensor([[4.0], [8.0], [9.0]])
    >>> delta_rule_parallel(k, k, v, torch.ones(3))[0].flatten()
    tensor([4., 8., 9.])
    """
    return _attend(_delta_chunk, q, k, v, beta, log_decay, state, scale)


def _delta_chunk(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor,
    gates: Tensor,
    memory: Tensor,
) -> tuple[Tensor, Tensor]:
    """Find what each key of a chunk writes, all at once, and attend to that."""
    since_start, left = torch.exp(gates.cumsum(dim=-2)), _left(gates.mT)
    known = torch.tril(beta * _faded_scores(k, k, left), -1)
    wanted = torch.cat([v, k * since_start], dim=-1)
    # The diagonal of ones goes without saying.
    solved = torch.linalg.solve_triangular(known, beta * wanted, upper=False, unitriangular=True)
    written, recalled = solved.split([v.shape[-1], k.shape[-1]], dim=-1)
    return _chunk(q, k, written - recalled @ memory, gates, memory)
