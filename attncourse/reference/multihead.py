"""Many heads: attention several times side by side, each on its own projection of the features.

Heads divide the *features*. Every head sees the whole sequence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from einops import rearrange
from jaxtyping import Float

from attncourse import _checks
from attncourse.reference.scaled_dot_product import scaled_dot_product_attention


def split_heads(
    x: Float[np.ndarray, "*batch seq n_heads*d_head"], n_heads: int
) -> Float[np.ndarray, "*batch n_heads seq d_head"]:
    r"""Cut the features into heads, and put the heads before the sequence.

    .. math:: y_{b,h,t,i} = x_{b,t,\,h d + i}

    where :math:`h` is the head, :math:`t` the position and :math:`d` the width of a head.

    Parameters
    ----------
    x : array, floating
        Features, the heads side by side.
    n_heads : int
        How many heads there are.

    Returns
    -------
    array
        One sequence for each head. A reshape alone would mix positions with heads.

    Raises
    ------
    TypeError
        If ``x`` is not floating, or ``n_heads`` not a whole number.
    ValueError
        If ``x`` has fewer than two dimensions, or its width does not divide by ``n_heads``.

    Notes
    -----
    Cost: no arithmetic.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need, section 3.2.2, arXiv:1706.03762.

    Examples
    --------
    >>> split_heads(np.array([[1.0, 2.0, 3.0, 4.0]]), n_heads=2)
    array([[[1., 2.]],
    <BLANKLINE>
           [[3., 4.]]])
    """
    _checks.floating(np.ndarray, x=x)
    _checks.shapes(x=(x, "*batch seq features"))
    _checks.divides("n_heads", n_heads, "the width of x", x.shape[-1])
    return rearrange(x, "... seq (heads dim) -> ... heads seq dim", heads=n_heads)


def merge_heads(
    x: Float[np.ndarray, "*batch n_heads seq d_head"],
) -> Float[np.ndarray, "*batch seq n_heads*d_head"]:
    r"""Put the heads side by side again, the inverse of :func:`split_heads`.

    .. math:: x_{b,t,\,h d + i} = y_{b,h,t,i}

    where :math:`h` is the head, :math:`t` the position and :math:`d` the width of a head.

    Parameters
    ----------
    x : array, floating
        One sequence for each head.

    Returns
    -------
    array
        Features, the heads side by side.

    Raises
    ------
    TypeError
        If ``x`` is not floating.
    ValueError
        If ``x`` has fewer than three dimensions.

    Notes
    -----
    Cost: no arithmetic; one copy.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need, section 3.2.2 ("Concat"), arXiv:1706.03762.

    Examples
    --------
    >>> merge_heads(np.array([[[1.0, 2.0]], [[3.0, 4.0]]]))
    array([[1., 2., 3., 4.]])
    """
    _checks.floating(np.ndarray, x=x)
    _checks.shapes(x=(x, "*batch n_heads seq d_head"))
    return rearrange(x, "... heads seq dim -> ... seq (heads dim)")


def multi_head_attention(
    x: Float[np.ndarray, "*batch q_len d_model"],
    w_query: Float[np.ndarray, "d_model n_heads*d_k"],
    w_key: Float[np.ndarray, "d_context n_heads*d_k"],
    w_value: Float[np.ndarray, "d_context n_heads*d_v"],
    w_out: Float[np.ndarray, "n_heads*d_v d_out"],
    *,
    n_heads: int,
    context: Float[np.ndarray, "*batch kv_len d_context"] | None = None,
    **options: Any,
) -> Any:
    r"""Attend with several heads, each with keys and values of its own.

    .. math:: \text{MultiHead}(X, C) = [\text{head}_1, \dots, \text{head}_h] \, W_O, \qquad
        \text{head}_i = \text{Attention}(X W_Q^i, C W_K^i, C W_V^i)

    where :math:`X` asks, :math:`C` is the context that is asked (:math:`X` itself in
    self-attention), and :math:`W^i` are the columns of a projection that belong to head i.

    Parameters
    ----------
    x : array, floating
        The sequence that asks.
    w_query, w_key, w_value : arrays, floating
        The projections, the heads side by side in their columns.
    w_out : array, floating
        Mixes what the heads bring back.
    n_heads : int
        How many heads there are.
    context : array, floating, optional
        The sequence that is asked: cross-attention. ``x`` if left out: self-attention.
    **options
        ``mask``, ``bias``, ``causal``, ``window``, ``scale``, ``softcap``, ``sinks`` and
        ``return_weights``, as in :func:`scaled_dot_product_attention`.

    Returns
    -------
    array, or (array, weights) if asked for
        As many positions as ``x``; the weights are (*batch, n_heads, q_len, kv_len).

    Raises
    ------
    TypeError
        If an array is not floating, the dtypes differ, or an option is unknown.
    ValueError
        If shapes do not fit together, or a projection's width does not divide into the heads.

    Notes
    -----
    Cost, at d_model = d_context = n_heads · d_k = n_heads · d_v: 4 · n · d_model² multiply-adds
    for the projections and 2 · n² · d_model for attention, for any number of heads; n_heads · n²
    scores in memory. 4 · d_model² parameters.

    References
    ----------
    Vaswani et al. (2017), Attention Is All You Need, section 3.2.2, arXiv:1706.03762.

    Examples
    --------
    >>> x, one = np.array([[1.0, 2.0], [3.0, 4.0]]), np.eye(2)
    >>> multi_head_attention(x, 0 * one, one, one, one, n_heads=2)  # no question: the average
    array([[2., 3.],
           [2., 3.]])
    """
    return grouped_query_attention(
        x,
        w_query,
        w_key,
        w_value,
        w_out,
        n_heads=n_heads,
        n_kv_heads=n_heads,
        context=context,
        **options,
    )


def multi_query_attention(
    x: Float[np.ndarray, "*batch q_len d_model"],
    w_query: Float[np.ndarray, "d_model n_heads*d_k"],
    w_key: Float[np.ndarray, "d_context d_k"],
    w_value: Float[np.ndarray, "d_context d_v"],
    w_out: Float[np.ndarray, "n_heads*d_v d_out"],
    *,
    n_heads: int,
    context: Float[np.ndarray, "*batch kv_len d_context"] | None = None,
    **options: Any,
) -> Any:
    r"""Attend with several heads of queries that share one head of keys and values.

    .. math:: \text{head}_i = \text{Attention}(X W_Q^i, C W_K, C W_V)

    where :math:`X` asks, :math:`C` is the context that is asked, and only :math:`W_Q` differs
    from head to head. The cache of a decoder becomes n_heads times smaller.

    Parameters
    ----------
    x : array, floating
        The sequence that asks.
    w_query : array, floating
        The queries' projection, the heads side by side in its columns.
    w_key, w_value : arrays, floating
        The projections of the one shared head.
    w_out : array, floating
        Mixes what the heads bring back.
    n_heads : int
        How many heads of queries there are.
    context : array, floating, optional
        The sequence that is asked: cross-attention. ``x`` if left out: self-attention.
    **options
        As in :func:`scaled_dot_product_attention`.

    Returns
    -------
    array, or (array, weights) if asked for
        As many positions as ``x``; the weights are (*batch, n_heads, q_len, kv_len).

    Raises
    ------
    TypeError
        If an array is not floating, the dtypes differ, or an option is unknown.
    ValueError
        If shapes do not fit together, or a projection's width does not divide into the heads.

    Notes
    -----
    Cost: attention itself as in :func:`multi_head_attention`; projections of keys and values, and
    a cache of them, n_heads times smaller.

    References
    ----------
    Shazeer (2019), Fast Transformer Decoding: One Write-Head is All You Need, section 3,
    arXiv:1911.02150.

    Examples
    --------
    >>> x, one = np.array([[1.0, 2.0], [3.0, 4.0]]), np.eye(2)
    >>> multi_query_attention(x, 0 * one, one[:, :1], one[:, :1], one, n_heads=2)
    array([[2., 2.],
           [2., 2.]])
    """
    return grouped_query_attention(
        x,
        w_query,
        w_key,
        w_value,
        w_out,
        n_heads=n_heads,
        n_kv_heads=1,
        context=context,
        **options,
    )


def grouped_query_attention(
    x: Float[np.ndarray, "*batch q_len d_model"],
    w_query: Float[np.ndarray, "d_model n_heads*d_k"],
    w_key: Float[np.ndarray, "d_context n_kv_heads*d_k"],
    w_value: Float[np.ndarray, "d_context n_kv_heads*d_v"],
    w_out: Float[np.ndarray, "n_heads*d_v d_out"],
    *,
    n_heads: int,
    n_kv_heads: int,
    context: Float[np.ndarray, "*batch kv_len d_context"] | None = None,
    **options: Any,
) -> Any:
    r"""Attend with groups of query heads, each group sharing one head of keys and values.

    .. math:: \text{head}_i = \text{Attention}(X W_Q^i, C W_K^{g(i)}, C W_V^{g(i)}), \qquad
        g(i) = \lfloor i \, n_\text{kv} / n_\text{heads} \rfloor

    where :math:`X` asks, :math:`C` is the context that is asked, and :math:`g(i)` is the group of
    head i, counted from zero. With one group this is multi-query attention, with as many groups as
    heads multi-head attention.

    Parameters
    ----------
    x : array, floating
        The sequence that asks.
    w_query, w_key, w_value : arrays, floating
        The projections, the heads side by side in their columns.
    w_out : array, floating
        Mixes what the heads bring back.
    n_heads, n_kv_heads : int
        How many heads of queries, and of keys and values.
    context : array, floating, optional
        The sequence that is asked: cross-attention. ``x`` if left out: self-attention.
    **options
        As in :func:`scaled_dot_product_attention`.

    Returns
    -------
    array, or (array, weights) if asked for
        As many positions as ``x``; the weights are (*batch, n_heads, q_len, kv_len).

    Raises
    ------
    TypeError
        If an array is not floating, the dtypes differ, or an option is unknown.
    ValueError
        If shapes do not fit together, the heads do not divide, or a projection's width does not
        divide into the heads.

    Notes
    -----
    Cost: attention itself as in :func:`multi_head_attention`; projections of keys and values, and
    a cache of them, n_heads / n_kv_heads times smaller.

    References
    ----------
    Ainslie et al. (2023), GQA: Training Generalized Multi-Query Transformer Models from Multi-Head
    Checkpoints, section 2.2, arXiv:2305.13245.

    Examples
    --------
    >>> x, one = np.array([[1.0, 2.0], [3.0, 4.0]]), np.eye(2)
    >>> w_query, w_out = np.zeros((2, 4)), np.eye(4)  # four query heads, two of keys and values
    >>> grouped_query_attention(x, w_query, one, one, w_out, n_heads=4, n_kv_heads=2)
    array([[2., 2., 3., 3.],
           [2., 2., 3., 3.]])
    """
    context = x if context is None else context
    _check(x=x, context=context, w_query=w_query, w_key=w_key, w_value=w_value, w_out=w_out)
    _checks.divides("n_heads", n_heads, "the width of w_query", w_query.shape[-1])
    _checks.divides("n_kv_heads", n_kv_heads, "the width of w_key", w_key.shape[-1])
    _checks.divides("n_kv_heads", n_kv_heads, "the width of w_value", w_value.shape[-1])
    _checks.equals(
        "the height of w_out",
        w_out.shape[0],
        "n_heads * d_v",
        n_heads * (w_value.shape[-1] // n_kv_heads),
    )

    q = split_heads(x @ w_query, n_heads)
    k = split_heads(context @ w_key, n_kv_heads)
    v = split_heads(context @ w_value, n_kv_heads)
    attended = scaled_dot_product_attention(q, k, v, **options)
    if options.get("return_weights"):
        output, weights = attended
        return merge_heads(output) @ w_out, weights
    return merge_heads(attended) @ w_out


def _check(**arrays: np.ndarray) -> None:
    _checks.floating(np.ndarray, **arrays)
    _checks.one_device(**arrays)
    patterns = {
        "x": "*batch q_len d_model",
        "context": "*batch kv_len d_context",
        "w_query": "d_model n_heads*d_k",
        "w_key": "d_context n_kv_heads*d_k",
        "w_value": "d_context n_kv_heads*d_v",
        "w_out": "n_heads*d_v d_out",
    }
    _checks.shapes(**{name: (array, patterns[name]) for name, array in arrays.items()})
