"""The delta rule step by step: the definition."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse._autocast import in_full_precision
from attncourse._checks.arrays import floating
from attncourse._checks.linear import recurrence
from attncourse.pytorch.linear.grouped import _gates, _grouped
from attncourse.pytorch.linear.state import Read


@in_full_precision
def delta_rule_recurrent(
    q: Float[Tensor, "*batch n_heads seq d_k"],
    k: Float[Tensor, "*batch n_kv_heads seq d_k"],
    v: Float[Tensor, "*batch n_kv_heads seq d_v"],
    beta: Float[Tensor, "*#keys"],
    *,
    log_decay: Float[Tensor, "*#gates"] | None = None,
    state: Float[Tensor, "*batch n_kv_heads d_k d_v"] | None = None,
    scale: float | None = None,
) -> tuple[Float[Tensor, "*batch n_heads seq d_v"], Float[Tensor, "*batch n_kv_heads d_k d_v"]]:
    r"""Read step by step; each key first asks the memory, and only the difference is written.

    .. math:: \bar R_t = \text{diag}(e^{g_t}) \, R_{t-1}, \qquad
        R_t = \bar R_t + \beta_t \, k_t (v_t - \bar R_t^\top k_t)^\top, \qquad
        o_t = s \, R_t^\top q_t

    where :math:`q_t`, :math:`k_t` and :math:`v_t` are the query, key and value of step t,
    :math:`g_t` is the logarithm of its gate, :math:`\beta_t` how far the memory's answer
    to :math:`k_t` moves towards :math:`v_t`, :math:`s` the scale and :math:`R` the state. For a key
    of length one, :math:`\beta = 1` replaces the old value and :math:`\beta = 0` leaves it. It is
    one step of gradient descent on :math:`\tfrac12 \lVert \bar R^\top k_t - v_t \rVert^2`.

    Parameters
    ----------
    q, k, v : arrays, floating
        Queries, keys and values; the keys of length one (:func:`l2_normalize`). With fewer key
        and value heads, each serves the same number of neighbouring query heads. Two dimensions
        mean one head.
    beta : array, floating
        The rate of writing, between 0 and 1, or up to 2 for steps that overshoot. It broadcasts to
        ``(*batch, n_kv_heads, seq)``. Zero at a padded position leaves the state as it is.
    log_decay : floating array that broadcasts to k, optional
        The logarithms of the gates, at or below zero: one for each head,
        ``(*batch, n_kv_heads, seq, 1)`` (Gated DeltaNet), or one for each feature,
        ``(*batch, n_kv_heads, seq, d_k)`` (Kimi Delta Attention). Nothing fades if left out.
        ``beta`` and ``log_decay`` may have dtypes of their own.
    state : array, floating, optional
        What came before, ``(*batch, n_kv_heads, d_k, d_v)``; nothing if left out.
    scale : float, optional
        Multiplies the queries; ``1 / sqrt(d_k)`` if left out.

    Returns
    -------
    output : array
        What the memory answers to each query, in the dtype of ``q``.
    state : array
        What the next call goes on from, in at least float32.

    Raises
    ------
    TypeError
        If an array is not floating, or the dtypes of q, k, v differ.
    ValueError
        If shapes do not fit together, the heads do not divide, there are not as many queries as
        keys, a gate's logarithm is above zero, devices differ, or an array holds a NaN.

    Notes
    -----
    Cost: (2 · n_kv_heads + n_heads) · seq · d_k · d_v multiply-adds, one step after the other; the
    state has n_kv_heads · d_k · d_v numbers, however long the sequence.

    References
    ----------
    Schlag et al. (2021), Linear Transformers Are Secretly Fast Weight Programmers,
    arXiv:2102.11174; with a gate: Yang et al. (2024), Gated Delta Networks, arXiv:2412.06464; with
    one for each feature: Kimi Team (2025), Kimi Linear, arXiv:2510.26692.

    Examples
    --------
    >>> k = torch.ones((2, 1))  # the same key twice, with values 4 and 8
    >>> v, beta = torch.tensor([[4.0], [8.0]]), torch.tensor([1.0, 0.5])
    >>> output, state = delta_rule_recurrent(k, k, v, beta)
    >>> output.flatten()  # 4 is written, then moves half way to 8
    tensor([4., 6.])
    """
    return _attend(_corrected, q, k, v, beta, log_decay, state, scale)


def _corrected(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor,
    gates: Tensor,
    memory: Tensor,
) -> tuple[Tensor, Tensor]:
    """Fade the memory, ask it with the key, write the difference, and read it with the query."""
    outputs = []
    for t in range(k.shape[-2]):
        now = slice(t, t + 1)
        memory = torch.exp(gates[..., t, :, None]) * memory
        missing = beta[..., now, :] * (v[..., now, :] - k[..., now, :] @ memory)
        memory = memory + k[..., t, :, None] * missing
        outputs.append(q[..., now, :] @ memory)
    return torch.cat(outputs, dim=-2), memory


def _attend(
    read: Read,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor,
    log_decay: Tensor | None,
    state: Tensor | None,
    scale: float | None,
) -> tuple[Tensor, Tensor]:
    """Check, put the heads side by side, and let ``read`` go through the sequence."""
    known = {} if state is None else {"state": state}
    floating(Tensor, beta=beta)  # linear attention has none, the delta rule must
    recurrence(Tensor, q, k, v, beta=beta, log_decay=log_decay, scale=scale, **known)
    queries, keys, values = _grouped(q, k, v, scale)
    rates = torch.broadcast_to(beta.to(keys.dtype), k.shape[:-1])[..., None, :, None]
    if state is None:
        memory = keys.new_zeros((*k.shape[:-2], k.shape[-1], v.shape[-1]))
    else:
        memory = state.to(keys.dtype)
    gates = _gates(k, log_decay, keys.dtype)
    output, memory = read(queries, keys, values, rates, gates, memory[..., None, :, :])
    return output.reshape(*q.shape[:-1], v.shape[-1]).to(q.dtype), memory[..., 0, :, :]
