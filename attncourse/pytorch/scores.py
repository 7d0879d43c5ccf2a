"""Scores: how well each query matches each key, before any softmax."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks


def dot_scores(
    q: Float[Tensor, "*batch q_len d_k"],
    k: Float[Tensor, "*batch kv_len d_k"],
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each pair by its dot product.

    .. math:: s_{ij} = q_i \cdot k_j, \qquad S = Q K^\top

    where :math:`q_i` is a query and :math:`k_j` a key, of the same width.

    Parameters
    ----------
    q, k : arrays, floating
        Queries and keys. The leading dimensions, here as everywhere, are the same for both.

    Returns
    -------
    array
        One row for each query, one column for each key.

    Raises
    ------
    TypeError
        If an argument is not floating, or the dtypes differ.
    ValueError
        If the shapes do not fit together, or the devices differ.

    Notes
    -----
    Cost: q_len · kv_len · d_k multiply-adds. No parameters.

    References
    ----------
    Luong et al. (2015), Effective Approaches to Attention-based Neural Machine Translation,
    section 3.1 ("dot"), arXiv:1508.04025.

    Examples
    --------
    >>> dot_scores(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([[3., 8.]])
    """
    _checks.floating(Tensor, q=q, k=k)
    _checks.one_device(q=q, k=k)
    _checks.shapes(q=(q, "*batch q_len d_k"), k=(k, "*batch kv_len d_k"))
    return q @ k.swapaxes(-1, -2)


def scaled_dot_scores(
    q: Float[Tensor, "*batch q_len d_k"],
    k: Float[Tensor, "*batch kv_len d_k"],
    *,
    scale: float | None = None,
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each pair by its dot product over the square root of the width.

    .. math:: S = \frac{Q K^\top}{\sqrt{d_k}}

    where :math:`d_k` is the width of queries and keys. If their components are independent with
    mean zero and variance one, a dot product has variance :math:`d_k`; the scale brings it back
    to one, so that the softmax does not saturate.

    Parameters
    ----------
    q, k : arrays, floating
        Queries and keys.
    scale : float, optional
        Multiplies the dot products; ``1 / sqrt(d_k)`` if left out.

    Returns
    -------
    array
        One row for each query, one column for each key.

    Raises
    ------
    TypeError
        If an argument is not floating, or the dtypes differ.
    ValueError
        If the shapes do not fit together, the devices differ, or the scale is not finite.

    Notes
    -----
    Cost: q_len · kv_len · d_k multiply-adds, as for :func:`dot_scores`.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need, equation 1, arXiv:1706.03762.

    Examples
    --------
    >>> q, k = torch.tensor([[2.0, 0.0, 0.0, 0.0]]), torch.eye(4)
    >>> scaled_dot_scores(q, k)
    tensor([[1., 0., 0., 0.]])
    """
    if scale is None:
        _checks.floating(Tensor, q=q)
        _checks.shapes(q=(q, "*batch q_len d_k"))
        scale = 1 / math.sqrt(_checks.count("d_k", q.shape[-1], minimum=1))
    _checks.real("scale", scale)
    return dot_scores(q, k) * scale


def general_scores(
    q: Float[Tensor, "*batch q_len d_q"],
    k: Float[Tensor, "*batch kv_len d_k"],
    w: Float[Tensor, "d_q d_k"],
) -> Float[Tensor, "*batch q_len kv_len"]:
    r"""Score each pair by a learned bilinear form (multiplicative attention).

    .. math:: s_{ij} = q_i^\top W k_j, \qquad S = Q W K^\top

    where :math:`W` is learned. Queries and keys may have different widths. With the identity for
    :math:`W` this is :func:`dot_scores`; with :math:`W = W_Q W_K^\top` it is what a Transformer
    computes from its inputs.

    Parameters
    ----------
    q, k : arrays, floating
        Queries and keys.
    w : array, floating
        The weight matrix, from the width of a query to the width of a key.

    Returns
    -------
    array
        One row for each query, one column for each key.

    Raises
    ------
    TypeError
        If an argument is not floating, or the dtypes differ.
    ValueError
        If the shapes do not fit together, or the devices differ.

    Notes
    -----
    Cost: q_len · d_q · d_k + q_len · kv_len · d_k multiply-adds; d_q · d_k parameters.

    References
    ----------
    Luong et al. (2015), Effective Approaches to Attention-based Neural Machine Translation,
    section 3.1 ("general"), arXiv:1508.04025.

    Examples
    --------
    >>> w = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0]])  # 2 wide queries, 3 wide keys
    >>> general_scores(torch.tensor([[1.0, 10.0]]), torch.tensor([[9.0, 3.0, 4.0]]), w)
    tensor([[83.]])
    """
    _checks.floating(Tensor, q=q, k=k, w=w)
    _checks.one_device(q=q, k=k, w=w)
    _checks.shapes(q=(q, "*batch q_len d_q"), k=(k, "*batch kv_len d_k"), w=(w, "d_q d_k"))
    return q @ w @ k.swapaxes(-1, -2)


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

    Raises
    ------
    TypeError
        If an argument is not floating, or the dtypes differ.
    ValueError
        If the shapes do not fit together, or the devices differ.

    Notes
    -----
    Cost: (q_len · d_q + kv_len · d_k) · d_hidden multiply-adds for the projections, each done
    once, and q_len · kv_len · d_hidden tanh, all held in memory together.

    References
    ----------
    Bahdanau et al. (2015), Neural Machine Translation by Jointly Learning to Align and Translate,
    appendix A.1.2, arXiv:1409.0473.

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
