"""Scores by a small network: every query beside every key, through one hidden layer."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks


def additive_scores(
    q: Float[Tensor, "*batch q_len d_q"],
    k: Float[Tensor, "*batch kv_len d_k"],
    w_query: Float[Tensor, "d_q d_hidden"],
    w_key: Float[Tensor, "d_k d_hidden"],
    v: Float[Tensor, " d_hidden"],
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each pair by a small network with one hidden layer (Bahdanau attention).

    .. math:: s_{ij} = v^\top \tanh(q_i W_q + k_j W_k)

    where :math:`W_q`, :math:`W_k` and :math:`v` are learned. In a recurrent translator the query
    is the decoder's previous state and the keys are the encoder's states. The field also writes
    :math:`v^\top \tanh(W s_{i-1} + U h_j)`, and calls it concat attention: one matrix times the
    query and key joined end to end is the same sum.

    Source: Bahdanau et al. (2015), appendix A.1.2, arXiv:1409.0473.

    Parameters
    ----------
    q, k : arrays, floating
        Queries and keys; their widths may differ.
    w_query, w_key : arrays, floating
        The first layer, one matrix for each side.
    v : array, floating
        The second layer: one number for each hidden unit. (Not the values.)

    Returns
    -------
    array
        One row for each query, one column for each key; each score lies within ± the sum of abs(v).

    Notes
    -----
    Cost: (q_len · d_q + kv_len · d_k) · d_hidden multiply-adds for the projections, each done
    once, and q_len · kv_len · d_hidden tanh, all held in memory together.

    Examples
    --------
    >>> one = torch.ones((1, 1))
    >>> additive_scores(one, torch.tensor([[-1.0], [1e9]]), one, one, torch.tensor([3.0]))
    tensor([[0., 3.]])
    """
    _checks.floating(Tensor, q=q, k=k, w_query=w_query, w_key=w_key, v=v)
    _checks.one_device(q=q, k=k, w_query=w_query, w_key=w_key, v=v)
    _checks.shapes(
        q=(q, "*batch q_len d_q"),
        k=(k, "*batch kv_len d_k"),
        w_query=(w_query, "d_q d_hidden"),
        w_key=(w_key, "d_k d_hidden"),
        v=(v, "d_hidden"),
    )
    # Every query beside every key: (*batch, q_len, 1, d_hidden) + (*batch, 1, kv_len, d_hidden).
    hidden = torch.tanh((q @ w_query)[..., :, None, :] + (k @ w_key)[..., None, :, :])
    return hidden @ v


def concat_scores(
    q: Float[Tensor, "*batch q_len d_q"],
    k: Float[Tensor, "*batch kv_len d_k"],
    w: Float[Tensor, "d_q+d_k d_hidden"],
    v: Float[Tensor, " d_hidden"],
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each pair, joined end to end, by a small network with one hidden layer.

    .. math:: s_{ij} = v^\top \tanh([q_i; k_j] \, W)

    where :math:`W` and :math:`v` are learned, and :math:`[q; k]` has the features of the query
    first. The upper rows of :math:`W` meet only the query, the lower rows only the key: this is
    :func:`additive_scores` with the two matrices stacked, and is computed so.

    Source: Luong et al. (2015), section 3.1 ("concat"), arXiv:1508.04025.

    Parameters
    ----------
    q, k : arrays, floating
        Queries and keys; their widths may differ.
    w : array, floating
        The first layer, for the query's features and then the key's.
    v : array, floating
        The second layer: one number for each hidden unit. (Not the values.)

    Returns
    -------
    array
        One row for each query, one column for each key; each score lies within ± the sum of abs(v).

    Notes
    -----
    Cost: that of :func:`additive_scores`. To join every pair first, and then multiply, would take
    q_len · kv_len · (d_q + d_k) · d_hidden multiply-adds.

    Examples
    --------
    >>> q, k = torch.tensor([[1.0]]), torch.tensor([[-1.0], [1e9]])
    >>> concat_scores(q, k, torch.ones((2, 1)), torch.tensor([3.0]))
    tensor([[0., 3.]])
    """
    _checks.floating(Tensor, q=q, k=k, w=w, v=v)
    _checks.one_device(q=q, k=k, w=w, v=v)
    dims = _checks.shapes(q=(q, "*batch q_len d_q"), k=(k, "*batch kv_len d_k"))
    _checks.shapes(w=(w, (dims["d_q"] + dims["d_k"], "d_hidden")), v=(v, "d_hidden"))
    return additive_scores(q, k, w[: dims["d_q"]], w[dims["d_q"] :], v)
