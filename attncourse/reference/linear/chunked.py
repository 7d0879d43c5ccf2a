"""Causal linear attention chunk by chunk, or all of it at once."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.linear.decay import pairwise_decay
from attncourse.reference.linear.state import LinearState, _begin, _end


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

    where :math:`R` is the state before a chunk of C positions and :math:`R'` after it,
    :math:`\Lambda_i` what the gates up to i leave of the state, :math:`D` is :func:`decay_matrix`
    and :math:`s` the scale. With a gate for each feature, D acts within the dot product and needs
    memory for n_kv_heads · C² · d_k factors.

    Source: Yang et al. (2023), Gated Linear Attention, arXiv:2312.06635, section 4; Sun et al.
    (2023), Retentive Network, arXiv:2307.08621, equation 7.

    Parameters
    ----------
    q, k, v, log_decay, mask, state, normalize, scale
        As in :func:`linear_attention_recurrent`, which gives the same numbers.
    chunk_len : int
        How many positions a chunk has; the last may be shorter.

    Examples
    --------
    >>> ones, v = np.ones((3, 1)), np.array([[1.0], [2.0], [4.0]])
    >>> linear_attention_chunked(ones, ones, v, chunk_len=2)[0].ravel()
    array([1., 3., 7.])
    """
    chunk_len = _checks.count("chunk_len", chunk_len, minimum=1)
    memory, *sequences = _begin(q, k, v, log_decay, mask, state, scale)
    outputs = []
    for start in range(0, q.shape[-2], chunk_len):
        chunk = [x[..., start : start + chunk_len, :] for x in sequences]
        output, memory = attend_chunk(memory, *chunk)
        outputs.append(output)
    return _end(outputs, memory, q, normalize)


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

    where :math:`D` is :func:`decay_matrix` and :math:`s` the scale. A state adds what came before,
    as if all were one chunk. Scores take n_heads · seq² numbers; a gate for each feature, d_k times
    as many.

    Source: Sun et al. (2023), Retentive Network, arXiv:2307.08621, equation 5.

    Parameters
    ----------
    q, k, v, log_decay, mask, state, normalize, scale
        As in :func:`linear_attention_recurrent`, which gives the same numbers.

    Examples
    --------
    >>> ones, v = np.ones((3, 1)), np.array([[1.0], [2.0], [4.0]])
    >>> linear_attention_parallel(ones, ones, v)[0].ravel()
    array([1., 3., 7.])
    """
    output, memory = attend_chunk(*_begin(q, k, v, log_decay, mask, state, scale))
    return _end([output], memory, q, normalize)


def attend_chunk(
    memory: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray, gates: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Answer all queries of a chunk at once, from its own keys and from the memory before it."""
    since_start, left = np.exp(gates.cumsum(axis=-2)), pairwise_decay(gates.swapaxes(-1, -2))
    until_end = left[..., -1, :].swapaxes(-1, -2)
    output = faded_scores(q, k, left) @ v + (q * since_start) @ memory
    written = (k * until_end).swapaxes(-1, -2) @ v
    return output, since_start[..., -1, :, None] * memory + written


def faded_scores(q: np.ndarray, k: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Multiply queries and keys, each product faded by what is left of it; gates come first."""
    if left.shape[-3] == 1:  # one gate for all features: it can wait until they are summed
        return (q @ k.swapaxes(-1, -2)) * left[..., 0, :, :]
    return np.einsum("...id,...jd,...dij->...ij", q, k, left, optimize=True)
