"""Causal linear attention step by step: the definition."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse.reference.linear.state import LinearState, _begin, _end


def linear_attention_recurrent(
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
    r"""Read the sequence step by step, with a state of fixed size as the only memory.

    .. math:: R_t = \text{diag}(e^{g_t}) \, R_{t-1} + k_t v_t^\top, \qquad
        z_t = e^{g_t} \odot z_{t-1} + k_t, \qquad o_t = s \, q_t^\top R_t

    where :math:`g_t` is the logarithm of step t's gate, :math:`s` the scale, and :math:`R` and
    :math:`z` the state. Normalised, the output is :math:`q_t^\top R_t / q_t^\top z_t`.

    Source: Katharopoulos et al. (2020), Transformers are RNNs, arXiv:2006.16236, section 3.4;
    gates: Yang et al. (2023), Gated Linear Attention, arXiv:2312.06635.

    Parameters
    ----------
    q, k, v : arrays
        For another kernel than the dot product, features of queries and keys (:func:`elu_features`
        and others). With fewer key and value heads, each serves as many neighbouring query heads.
        Two dimensions mean one head.
    log_decay : array that broadcasts to k, optional
        Logarithms of gates, at or below zero: ``(*batch, n_kv_heads, seq, d_k)`` for each feature
        (GLA), ``(*batch, n_kv_heads, seq, 1)`` for each head (Mamba-2), ``(n_kv_heads, 1, 1)``
        constant (RetNet). ``-inf`` forgets all before. Its dtype may be another than that of q.
    mask : boolean array, optional
        As in :func:`linear_attention`. What is False is not written; its gate still acts.
    state : LinearState, optional
        What came before, given back by the call before, in at least float32.
    normalize : bool
        Divide by the sum of the weights, which features that are not negative keep positive; where
        the sum is zero, so is the output.
    scale : float, optional
        Multiplies the dot products; ``1 / sqrt(d_k)`` if left out.

    Examples
    --------
    >>> ones, v = np.ones((3, 1)), np.array([[1.0], [2.0], [4.0]])
    >>> output, state = linear_attention_recurrent(ones, ones, v, log_decay=np.log(0.5 * ones))
    >>> output.ravel()  # 1, then 1/2 + 2, then 1/4 + 1 + 4
    array([1.  , 2.5 , 5.25])
    """
    memory, queries, keys, values, gates = _begin(q, k, v, log_decay, mask, state, scale)
    fade, outputs = np.exp(gates), []
    for t in range(q.shape[-2]):
        memory = fade[..., t, :, None] * memory
        memory = memory + keys[..., t, :, None] * values[..., t, None, :]
        outputs.append(queries[..., t, None, :] @ memory)
    return _end(outputs, memory, q, normalize)
