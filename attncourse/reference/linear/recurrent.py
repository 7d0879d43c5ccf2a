"""Causal linear attention step by step: the definition."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse.reference.linear.state import LinearState, _attend


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

    where :math:`q_t`, :math:`k_t` and :math:`v_t` are the query, key and value of step t,
    :math:`g_t` the logarithm of its gate, :math:`s` the scale, and :math:`R` and :math:`z` the
    state. Normalised, the output is :math:`q_t^\top R_t / q_t^\top z_t`: an average of the values.

    Parameters
    ----------
    q, k, v : arrays, floating
        Queries, keys and values; for another kernel than the dot product, features of queries
        and keys (:func:`elu_features` and others). With fewer key and value heads, each serves
        the same number of neighbouring query heads. Two dimensions mean one head.
    log_decay : floating array that broadcasts to k, optional
        The logarithms of the gates, at or below zero. ``(*batch, n_kv_heads, seq, d_k)`` has a
        gate for each feature (GLA), ``(*batch, n_kv_heads, seq, 1)`` one for each head (Mamba-2),
        ``(n_kv_heads, 1, 1)`` a constant (RetNet). ``-inf`` forgets all that came before. Nothing
        fades if left out. It may have a dtype of its own.
    mask : boolean array, optional
        True = may be attended to, by all queries alike: it broadcasts to
        ``(*batch, n_kv_heads, 1, seq)``, as :func:`padding_mask` does. A position with
        False is not written; its gate still acts.
    state : LinearState, optional
        What came before; nothing if left out.
    normalize : bool
        Divide by the sum of the weights, which features that are not negative keep positive. A
        query whose weights sum to zero gives zeros.
    scale : float, optional
        Multiplies the dot products; ``1 / sqrt(d_k)`` if left out. Normalised, it cancels.

    Returns
    -------
    output : array
        One mixture of values for each query, in the dtype of ``q``.
    state : LinearState
        What the next call goes on from.

    Raises
    ------
    TypeError
        If an array is not floating (``mask``: not boolean), the dtypes of q, k, v differ, or
        ``state`` is no LinearState.
    ValueError
        If shapes do not fit together, the heads do not divide, there are not as many queries as
        keys, a gate's logarithm is above zero, devices differ, or an array holds a NaN.

    Notes
    -----
    Cost: (n_heads + n_kv_heads) · seq · d_k · d_v multiply-adds, one step after the other; the
    state has n_kv_heads · d_k · (d_v + 1) numbers, however long the sequence.

    References
    ----------
    Katharopoulos et al. (2020), Transformers are RNNs, section 3.4, arXiv:2006.16236; gates:
    Yang et al. (2023), Gated Linear Attention, arXiv:2312.06635.

    Examples
    --------
    >>> ones = np.ones((3, 1))
    >>> v = np.array([[1.0], [2.0], [4.0]])
    >>> output, state = linear_attention_recurrent(ones, ones, v, log_decay=np.log(0.5 * ones))
    >>> output.ravel()  # 1, then 1/2 + 2, then 1/4 + 1 + 4
    array([1.  , 2.5 , 5.25])
    >>> linear_attention_recurrent(ones, ones, v, normalize=True)[0].ravel().round(3)
    array([1.   , 1.5  , 2.333])
    """
    return _attend(_recurrent, q, k, v, log_decay, mask, state, normalize, scale)


def _recurrent(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, gates: np.ndarray, memory: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fade the memory, write the key's value to it, and read it with the query."""
    outputs = []
    for t in range(k.shape[-2]):
        written = k[..., t, :, None] * v[..., t, None, :]
        memory = np.exp(gates[..., t, :, None]) * memory + written
        outputs.append(q[..., t, None, :] @ memory)
    return np.concatenate(outputs, axis=-2), memory
