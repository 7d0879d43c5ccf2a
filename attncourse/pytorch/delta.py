"""The delta rule: write not the value, but what the memory still gets wrong about it.

Linear attention adds every value to its key; two values under one key become their sum. The delta
rule asks the memory first and corrects its answer, so that a key can be written again.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision
from attncourse.pytorch.linear.chunked import attend_chunk, faded_scores
from attncourse.pytorch.linear.decay import pairwise_decay
from attncourse.pytorch.linear.grouped import grouped, grouped_gates

__all__ = [
    "delta_rule_chunked",
    "delta_rule_parallel",
    "delta_rule_recurrent",
    "l2_normalize",
]


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

    where :math:`R` is the state, :math:`g_t` the logarithm of a gate and :math:`s` the scale. For
    keys of length one, :math:`\beta = 1` replaces the old value and :math:`\beta = 0` leaves it.

    Source: Schlag et al. (2021), arXiv:2102.11174, section 4.2; with a gate for each head: Yang et
    al. (2024), arXiv:2412.06464; for each feature: Kimi Team (2025), arXiv:2510.26692.

    Parameters
    ----------
    q, k, v, log_decay, scale
        As in :func:`linear_attention_recurrent`; the keys of length one (:func:`l2_normalize`).
    beta : array
        The rate of writing, from 0 to 1, or up to 2 for steps that overshoot; broadcasts to
        ``(*batch, n_kv_heads, seq)``. Zero at a padded position leaves the state as it is.
    state : array, optional
        What came before, given back by the call before, in at least float32.

    Examples
    --------
    >>> k = torch.ones((2, 1))  # the same key twice, with values 4 and 8
    >>> v, beta = torch.tensor([[4.0], [8.0]]), torch.tensor([1.0, 0.5])
    >>> delta_rule_recurrent(k, k, v, beta)[0].flatten()  # 4 is written, then moves half way to 8
    tensor([4., 6.])
    """
    memory, queries, keys, values, rates, gates = _begin(q, k, v, beta, log_decay, state, scale)
    fade, outputs = torch.exp(gates), []
    for t in range(q.shape[-2]):
        now = slice(t, t + 1)
        memory = fade[..., t, :, None] * memory
        missing = values[..., now, :] - keys[..., now, :] @ memory
        memory = memory + keys[..., t, :, None] * (rates[..., now, :] * missing)
        outputs.append(queries[..., now, :] @ memory)
    return _end(outputs, memory, q)


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

    where :math:`L` is the part of :math:`(K K^\top) \odot D` below the diagonal
    (:func:`decay_matrix`), :math:`\Lambda` what the gates leave of the state :math:`R` before the
    chunk, and :math:`\tilde V` what the keys write: values for :func:`linear_attention_chunked`.

    Source: Yang et al. (2024), arXiv:2406.06484, section 3; gates: Yang et al. (2024),
    arXiv:2412.06464.

    Parameters
    ----------
    q, k, v, beta, log_decay, state, scale
        As in :func:`delta_rule_recurrent`, which gives the same numbers.
    chunk_len : int
        How many positions a chunk has; the last may be shorter.

    Examples
    --------
    >>> k = torch.ones((3, 1))  # each value replaces the last
    >>> v = torch.tensor([[4.0], [8.0], [9.0]])
    >>> delta_rule_chunked(k, k, v, torch.ones(3), chunk_len=2)[0].flatten()
    tensor([4., 8., 9.])
    """
    chunk_len = _checks.count("chunk_len", chunk_len, minimum=1)
    memory, *sequences = _begin(q, k, v, beta, log_decay, state, scale)
    outputs = []
    for start in range(0, q.shape[-2], chunk_len):
        chunk = [x[..., start : start + chunk_len, :] for x in sequences]
        output, memory = _correct_chunk(memory, *chunk)
        outputs.append(output)
    return _end(outputs, memory, q)


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

    where :math:`D` is :func:`decay_matrix`, :math:`L` the part of :math:`(K K^\top) \odot D` below
    the diagonal and :math:`s` the scale. A state adds what came before, as if all were one chunk.

    Source: Yang et al. (2024), arXiv:2406.06484, section 3.

    Parameters
    ----------
    q, k, v, beta, log_decay, state, scale
        As in :func:`delta_rule_recurrent`, which gives the same numbers.

    Examples
    --------
    >>> k = torch.ones((3, 1))  # each value replaces the last
    >>> v = torch.tensor([[4.0], [8.0], [9.0]])
    >>> delta_rule_parallel(k, k, v, torch.ones(3))[0].flatten()
    tensor([4., 8., 9.])
    """
    output, memory = _correct_chunk(*_begin(q, k, v, beta, log_decay, state, scale))
    return _end([output], memory, q)


def l2_normalize(
    x: Float[Tensor, "*batch d_k"], *, eps: float = 1e-6
) -> Float[Tensor, "*batch d_k"]:
    r"""Give every vector the length one, as the delta rule wants its keys; zero stays zero.

    .. math:: y = \frac{x}{\max(\lVert x \rVert, \varepsilon)}

    where :math:`x` is a query or a key. With keys of length one and :math:`\beta \le 2` the delta
    rule never stretches what the state holds; with longer keys it may, again at every step.

    Source: Yang et al. (2024), arXiv:2406.06484, section 3.3.

    Parameters
    ----------
    x : array
        Queries or keys.
    eps : float
        Shorter vectors are divided by it instead of their length.

    Examples
    --------
    >>> l2_normalize(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    _checks.floating(Tensor, x=x)
    _checks.shapes(x=(x, "*batch d_k"))
    _checks.positive("eps", eps)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    length = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
    return (wide / length.clamp(min=eps)).to(x.dtype)


def _begin(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor,
    log_decay: Tensor | None,
    state: Tensor | None,
    scale: float | None,
) -> tuple[Tensor, ...]:
    """Check, and put the heads side by side; the first array is the memory."""
    known = {} if state is None else {"state": state}
    _checks.floating(Tensor, beta=beta)  # linear attention has none, the delta rule must
    _checks.recurrence(Tensor, q, k, v, beta=beta, log_decay=log_decay, scale=scale, **known)
    queries, keys, values = grouped(q, k, v, scale)
    rates = torch.broadcast_to(beta.to(keys.dtype), k.shape[:-1])[..., None, :, None]
    if state is None:
        memory = keys.new_zeros((*k.shape[:-2], k.shape[-1], v.shape[-1]))
    else:
        memory = state.to(keys.dtype)
    gates = grouped_gates(k, log_decay, keys.dtype)
    return memory[..., None, :, :], queries, keys, values, rates, gates


def _correct_chunk(
    memory: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    rates: Tensor,
    gates: Tensor,
) -> tuple[Tensor, Tensor]:
    """Find what each key of a chunk writes, all at once, and attend to that."""
    since_start, left = torch.exp(gates.cumsum(dim=-2)), pairwise_decay(gates.mT)
    known = torch.tril(rates * faded_scores(k, k, left), -1)
    wanted = torch.cat([v, k * since_start], dim=-1)
    # The diagonal of ones goes without saying.
    solved = torch.linalg.solve_triangular(known, rates * wanted, upper=False, unitriangular=True)
    written, recalled = solved.split([v.shape[-1], k.shape[-1]], dim=-1)
    return attend_chunk(memory, q, k, written - recalled @ memory, gates)


def _end(outputs: list[Tensor], memory: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """Lay positions one after the other and heads side by side again."""
    output = torch.cat(outputs, dim=-2)
    return output.reshape(*q.shape[:-1], output.shape[-1]).to(q.dtype), memory[..., 0, :, :]
