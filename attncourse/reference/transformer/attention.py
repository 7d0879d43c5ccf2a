"""The attention layer: projections, heads, positions, a cache, and attention between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from attncourse import _checks
from attncourse.reference.cache import (
    KVCache,
    StaticCache,
    append_to_cache,
    append_to_static_cache,
)
from attncourse.reference.masks import position_mask
from attncourse.reference.positions import rotary
from attncourse.reference.scaled_dot_product import scaled_dot_product_attention
from attncourse.reference.transformer.affine import _affine
from attncourse.reference.transformer.places import _places
from attncourse.reference.transformer.residuals import NormParameters, _normalise


class AttentionParameters(NamedTuple):
    """What an attention layer learns.

    Attributes
    ----------
    w_query, w_key, w_value : arrays (d_in, heads*d_head)
        The projections, the heads side by side in their columns.
    w_out : array (n_heads*d_v, d_model)
        Mixes what the heads bring back.
    b_query : array (n_heads*d_k,), or None
        Added to the queries.
    b_key : array (n_kv_heads*d_k,), or None
        Added to the keys. With softmax it changes nothing, unless there are rotary positions, a
        QK-norm, sinks or a soft-cap.
    b_value, b_out : arrays (n_kv_heads*d_v,) and (d_model,), or None
        Added to the values, and at the end.
    query_norm, key_norm : NormParameters
        Of the norm of each query and each key (QK-norm), arrays (d_k,).
    sinks : array (n_heads,), or None
        One more score in each head's softmax.
    """

    w_query: Float[np.ndarray, "d_model n_heads*d_k"]
    w_key: Float[np.ndarray, "d_context n_kv_heads*d_k"]
    w_value: Float[np.ndarray, "d_context n_kv_heads*d_v"]
    w_out: Float[np.ndarray, "n_heads*d_v d_model"]
    b_query: Float[np.ndarray, " n_heads*d_k"] | None = None
    b_key: Float[np.ndarray, " n_kv_heads*d_k"] | None = None
    b_value: Float[np.ndarray, " n_kv_heads*d_v"] | None = None
    b_out: Float[np.ndarray, " d_model"] | None = None
    query_norm: NormParameters = NormParameters()
    key_norm: NormParameters = NormParameters()
    sinks: Float[np.ndarray, " n_heads"] | None = None


def attention_layer(
    x: Float[np.ndarray, "*batch q_len d_model"],
    parameters: AttentionParameters,
    *,
    n_heads: int,
    n_kv_heads: int | None = None,
    context: Float[np.ndarray, "*batch kv_len d_context"] | None = None,
    cache: KVCache | StaticCache | None = None,
    qk_norm: Callable[..., Any] | None = None,
    positions: Int[np.ndarray, "*positions"] | None = None,
    frequencies: Float[np.ndarray, " n_pairs"] | None = None,
    interleaved: bool = False,
    attention_factor: float = 1.0,
    padding: Bool[np.ndarray, "*batch kv_len"] | None = None,
    mask: Bool[np.ndarray, "*#scores"] | None = None,
    bias: Float[np.ndarray, "*#scores"] | Callable[..., Any] | None = None,
    causal: bool = False,
    window: int | None = None,
    return_weights: bool = False,
    attend: Callable[..., Any] = scaled_dot_product_attention,
    **options: Any,
) -> tuple[Any, KVCache | StaticCache]:
    r"""Project, split into heads, norm and turn queries and keys, attend, merge, project.

    .. math:: \text{Layer}(X, C) = [\text{head}_1, \dots, \text{head}_h] \, W_O + b_O, \qquad
        \text{head}_i = \text{Attention}(R \, q^i, R \, k^{g(i)}, v^{g(i)}), \qquad
        q = \text{norm}(X W_Q + b_Q), \quad k = \text{norm}(C W_K + b_K), \quad v = C W_V + b_V

    where :math:`X` asks, :math:`C` is the context that is asked (:math:`X` itself in
    self-attention), :math:`g(i)` is the head of keys and values that head i shares, and :math:`R`
    turns each position by its angle. Norm, rotation, biases and sinks are there if they are given.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.2.2, arXiv:1706.03762.
    QK-norm: Henry et al. (2020), arXiv:2010.04245. Rotary: Su et al. (2021), RoFormer,
    arXiv:2104.09864. Sinks: OpenAI (2025), gpt-oss model card, arXiv:2508.10925.

    Parameters
    ----------
    x, context : arrays, floating
        The sequence that asks, and the one that is asked: ``x`` itself if left out.
    parameters : AttentionParameters
        The projections, and what may stand beside them.
    n_heads, n_kv_heads : int
        How many heads of queries there are, and of keys and values; as many if left out.
    cache : KVCache or StaticCache, optional
        In self-attention the past; in cross-attention the context's keys and values (a KVCache),
        which are then not computed again.
    qk_norm : callable, optional
        :func:`rms_norm` or :func:`layer_norm`, of each head's queries and keys. Where the paper
        divides by the length, RMS norm leaves the length sqrt(d_k); ``scale=`` is its factor.
    positions : integer array, optional
        Where each token of ``x`` stands, (q_len,) or (\*batch, q_len); if left out, behind the
        cache, padding not counted.
    frequencies, interleaved, attention_factor
        As in :func:`rotary`, in self-attention. Nothing turns if left out.
    padding : boolean array (\*batch, kv_len), optional
        True = a real key; of all keys, with those in the cache.
    bias : floating array, or function of positions, optional
        Added to the scores. A function takes the positions of queries and of keys, as in
        :func:`positioned_attention`.
    mask, causal, window, return_weights
        As in :func:`scaled_dot_product_attention`, with kv_len counted after appending. A mask of
        two dimensions is one of (q_len, kv_len).
    attend : callable
        What the heads do: takes ``(q, k, v, **options)``.
    **options
        What else ``attend`` takes: ``scale``, ``softcap``, ``dropout`` ...

    Returns
    -------
    output : array, or (array, weights) if asked for
        As many positions as ``x``.
    cache : KVCache or StaticCache
        Keys and values, after norm and rotation: the past and the new ones, or the context's.

    Examples
    --------
    >>> x, one = np.array([[1.0, 2.0], [3.0, 4.0]]), np.eye(2)
    >>> parameters = AttentionParameters(0 * one, one, one, one, b_out=np.array([0.0, 10.0]))
    >>> output, cache = attention_layer(x, parameters, n_heads=2)  # no question: the average
    >>> output
    array([[ 2., 13.],
           [ 2., 13.]])
    """
    _checks.transformer.record("parameters", parameters, AttentionParameters)
    p, n_kv_heads = parameters, n_heads if n_kv_heads is None else n_kv_heads
    past: Any = cache
    asked, static = x if context is None else context, isinstance(cache, StaticCache)
    heads = {"n_heads": n_heads, "n_kv_heads": n_kv_heads}
    _checks.transformer.attention_layer(np.ndarray, x, asked, p, **heads, qk_norm=qk_norm)
    _checks.transformer.cache(
        np.ndarray, cache, x, KVCache, *((StaticCache,) if context is None else ())
    )
    _checks.transformer.of_one_sequence(context, frequencies, bias)
    _checks.transformer.mask_of_a_layer(np.ndarray, "mask", mask, x, "padding=")
    seen = 0 if past is None or static or context is not None else past.k.shape[-2]
    kv_len = seen + (past.k if static else asked).shape[-2]
    _checks.transformer.padding(np.ndarray, padding, x, kv_len)
    _checks.flag("causal", causal)
    placed = padding is not None or static
    queries: Any = None
    keys: Any = None
    if context is None and (placed or frequencies is not None or callable(bias)):
        queries, keys = _places(x.shape[-2], cache, padding)

    q = _split(_affine(x, p.w_query, p.b_query), n_heads)
    if qk_norm is not None:
        q = _normalise(qk_norm, q, p.query_norm)
    if context is None or cache is None:
        k = _split(_affine(asked, p.w_key, p.b_key), n_kv_heads)
        v = _split(_affine(asked, p.w_value, p.b_value), n_kv_heads)
        if qk_norm is not None:
            k = _normalise(qk_norm, k, p.key_norm)
        if frequencies is not None:
            where = queries if positions is None else positions
            turn = {"interleaved": interleaved, "attention_factor": attention_factor}
            q = rotary(q, where, frequencies, **turn)
            k = rotary(k, where, frequencies, **turn)
        append: Any = append_to_static_cache if static else append_to_cache
        after = KVCache(k, v) if past is None else append(past, k, v)
    else:
        after = cache

    if padding is not None and context is not None:
        real = padding[..., None, None, :]
        mask = real if mask is None else mask & real
    elif placed:
        visible = position_mask(queries, keys, causal=causal, window=window)
        mask, causal, window = visible if mask is None else mask & visible, False, None
    if callable(bias):
        own = (queries, keys)
        if positions is not None:
            own = positions, keys if seen or static else positions
        bias = bias(*_facing(*own))

    given: dict[str, Any] = {"mask": mask, "bias": bias, "window": window, "sinks": p.sinks}
    options |= {name: value for name, value in given.items() if value is not None}
    options |= {"causal": True} if causal else {}
    options |= {"return_weights": True} if return_weights else {}
    attended = attend(q, after.k, after.v, **options)
    output, *more = attended if isinstance(attended, tuple) else (attended,)
    output = _affine(_merge(output), p.w_out, p.b_out)
    return (output, *more) if return_weights else output, after


def _split(x: np.ndarray, n_heads: int) -> np.ndarray:
    """Do what split_heads does, once everything is checked."""
    return x.reshape(*x.shape[:-1], n_heads, x.shape[-1] // n_heads).swapaxes(-2, -3)


def _merge(x: np.ndarray) -> np.ndarray:
    """Do what merge_heads does."""
    return x.swapaxes(-2, -3).reshape(*x.shape[:-3], x.shape[-2], x.shape[-3] * x.shape[-1])


def _facing(queries: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shape positions so that they broadcast to the scores."""
    queries, keys = queries[..., :, None], keys[..., None, :]
    if max(queries.ndim, keys.ndim) > 2:
        queries, keys = queries[..., None, :, :], keys[..., None, :, :]
    return queries, keys
