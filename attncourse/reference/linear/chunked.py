"""Causal linear attention chunk by chunk, or all of it at once."""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.linear.decay import _left
from attncourse.reference.linear.state import LinearState, Read, _attend


def linear_attention_chunked(
    q: Float[np.ndarray, "*batch n_heads seq d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads seq d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads seq d_v"],
    *,
    log_decay: Float[np.ndarray, "*#gates"] | None = None,
    mask: Bool[np.ndarray, "*#keys"] | None = None,
    state: LinearState | None = None,
    normalize: bool = False,
    scale: float | None = None,
    chunk_len: int = 64,
) -> tuple[Float[np.ndarray, "*batch n_heads seq d_v"], LinearState]:
    r"""Read the sequence chunk by chunk: at once within a chunk, by the state between chunks.

    .. math:: O = s \left[ (Q \odot \Lambda) R + \big( (Q K^\top) \odot D \big) V \right], \qquad
        R' = \text{diag}(\Lambda_C) \, R + (K \odot D_C)^\top V

    where :math:`Q`, :math:`K`, :math:`V` are a chunk of C positions, :math:`R` is the state before
    it and :math:`R'` after it, :math:`\Lambda_i` what the chunk's gates up to i leave of the
    state, :math:`D` is :func:`decay_matrix` (with its last row :math:`D_C`), and :math:`s` the
    scale. With a gate for each feature, D acts within the dot product. The result is that of
    :func:`linear_attention_recurrent`.

    Parameters
    ----------
    q, k, v, log_decay, mask, state, normalize, scale
        As in :func:`linear_attention_recurrent`.
    chunk_len : int
        How many positions a chunk has; the last may be shorter.

    Returns
    -------
    output : array
        One mixture of values for each query, in the dtype of ``q``.
    state : LinearState
        What the next call goes on from.

    Raises
    ------
    TypeError
        As in :func:`linear_attention_recurrent`, or if ``chunk_len`` is not a whole number.
    ValueError
        As in :func:`linear_attention_recurrent`, or if ``chunk_len`` is below one.

    Notes
    -----
    Cost: seq · ((n_heads + n_kv_heads) · d_k · d_v + n_heads · chunk_len · (d_k + d_v))
    multiply-adds in large matrix products, seq / chunk_len steps one after the other, and
    n_heads · chunk_len² scores at a time. A gate for each feature costs memory for
    n_kv_heads · chunk_len² · d_k factors; kernels divide the chunk once more.

    References
    ----------
    Yang et al. (2023), Gated Linear Attention, arXiv:2312.06635; Sun et al. (2023), Retentive
    Network, section 2.1, arXiv:2307.08621.

    Examples
    --------
    >>> ones = np.ones((3, 1))
    >>> v = np.array([[1.0], [2.0], [4.0]])
    >>> linear_attention_chunked(ones, ones, v, chunk_len=2)[0].ravel()
    array([1., 3., 7.])
    """
    chunk_len = _checks.count("chunk_len", chunk_len, minimum=1)
    read = partial(_chunked, chunk=_chunk, chunk_len=chunk_len)
    return _attend(read, q, k, v, log_decay, mask, state, normalize, scale)


def linear_attention_parallel(
    q: Float[np.ndarray, "*batch n_heads seq d_k"],
    k: Float[np.ndarray, "*batch n_kv_heads seq d_k"],
    v: Float[np.ndarray, "*batch n_kv_heads seq d_v"],
    *,
    log_decay: Float[np.ndarray, "*#gates"] | None = None,
    mask: Bool[np.ndarray, "*#keys"] | None = None,
    state: LinearState | None = None,
    normalize: bool = False,
    scale: float | None = None,
) -> tuple[Float[np.ndarray, "*batch n_heads seq d_v"], LinearState]:
    r"""Read the whole sequence at once, as attention does, with decay in place of the softmax.

    .. math:: O = s \, \big( (Q K^\top) \odot D \big) V

    where :math:`Q`, :math:`K`, :math:`V` are all queries, keys and values, :math:`D` is
    :func:`decay_matrix` and :math:`s` the scale. A state adds what came before, as if it were one
    chunk of :func:`linear_attention_chunked`. The result is that of
    :func:`linear_attention_recurrent`.

    Parameters
    ----------
    q, k, v, log_decay, mask, state, normalize, scale
        As in :func:`linear_attention_recurrent`.

    Returns
    -------
    output : array
        One mixture of values for each query, in the dtype of ``q``.
    state : LinearState
        What the next call goes on from.

    Raises
    ------
    TypeError
        As in :func:`linear_attention_recurrent`.
    ValueError
        As in :func:`linear_attention_recurrent`.

    Notes
    -----
    Cost: n_heads · seq² · (d_k + d_v) multiply-adds and n_heads · seq² scores in memory, as in
    softmax attention, and nothing waits for a step before it. A gate for each feature costs memory
    for n_kv_heads · seq² · d_k factors.

    References
    ----------
    Sun et al. (2023), Retentive Network, section 2.1, arXiv:2307.08621.

    Examples
    --------
    >>> ones = np.ones((3, 1))
    >>> v = np.array([[1.0], [2.0], [4.0]])
    >>> linear_attention_parallel(ones, ones, v)[0].ravel()
    array([1., 3., 7.])
    """
    return _attend(_chunk, q, k, v, log_decay, mask, state, normalize, scale)


def _chunk(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, gates: np.ndarray, memory: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Answer all queries of a chunk at once, from its own keys and from the memory before it."""
    since_start, left = np.exp(gates.cumsum(axis=-2)), _left(gates.swapaxes(-1, -2))
    until_end = left[..., -1, :].swapaxes(-1, -2)
    output = _faded_scores(q, k, left) @ v + (q * since_start) @ memory
    written = (k * until_end).swapaxes(-1, -2) @ v
    return output, since_start[..., -1, :, None] * memory + written


def _faded_scores(q: np.ndarray, k: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Multiply queries and keys, each product faded by what is left of it; gates come first."""
    if left.shape[-3] == 1:  # one gate for all features: it can wait until they are summed
        return (q @ k.swapaxes(-1, -2)) * left[..., 0, :, :]
    return np.einsum("...id,...jd,...dij->...ij", q, k, left, optimize=True)


def _chunked(*arrays: np.ndarray, chunk: Read, chunk_len: int) -> tuple[np.ndarray, np.ndarray]:
    """Go from chunk to chunk; the last argument is the memory, which each hands to the next."""
    *sequences, memory = arrays
    outputs = []
    for start in range(0, sequences[0].shape[-2], chunk_len):
        parts = [x[..., start : start + chunk_len, :] for x in sequences]
        output, memory = chunk(*parts, memory)
        outputs.append(output)
    return np.concatenate(outputs, axis=-2), memory
