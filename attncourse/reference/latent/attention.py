"""Multi-head latent attention: keys and values of all heads from one small latent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from einops import rearrange
from jaxtyping import Float, Int

from attncourse import _checks
from attncourse.reference.latent.parameters import LatentCache, LatentParameters
from attncourse.reference.multihead import merge_heads, split_heads
from attncourse.reference.positions import rotary
from attncourse.reference.scaled_dot_product import scaled_dot_product_attention
from attncourse.reference.transformer.norms import rms_norm


def multi_head_latent_attention(
    x: Float[np.ndarray, "*batch seq d_model"],
    parameters: LatentParameters,
    frequencies: Float[np.ndarray, " d_rope/2"],
    *,
    n_heads: int,
    cache: LatentCache | None = None,
    positions: Int[np.ndarray, "*batch seq"] | None = None,
    interleaved: bool = True,
    attention_factor: float = 1.0,
    eps: float = 1e-6,
    scale: float | None = None,
    **options: Any,
) -> tuple[Any, LatentCache]:
    r"""Attend with keys and values that are unpacked from a latent: DeepSeek's MLA.

    .. math:: c_t = \text{RMS}(x_t W^{DKV}), \qquad r_t = \text{RoPE}(x_t W^{KR}), \qquad
        k_{t,i} = [\, c_t W^{UK}_i ;\; r_t \,], \qquad v_{t,i} = c_t W^{UV}_i

    where i is a head. Queries are :math:`[\, z_t W^{UQ}_i ;\; \text{RoPE}(z_t W^{QR}_i) \,]` with a
    latent of their own, :math:`z_t = \text{RMS}(x_t W^{DQ})`, or :math:`z_t = x_t`. Only
    :math:`c_t` and :math:`r_t` are cached: in DeepSeek-V3 1152 bytes a position and layer, where
    multi-head attention would keep 65536.

    Source: DeepSeek-AI (2024), DeepSeek-V2, arXiv:2405.04434, section 2.1; DeepSeek-AI (2024),
    DeepSeek-V3 Technical Report, arXiv:2412.19437, section 2.1.1.

    Parameters
    ----------
    x, parameters, n_heads, cache
        The new positions, what is learned, and the past, if there is one.
    frequencies : array
        The angles of one step, from :func:`rotary_frequencies` or one of its scalings.
    positions : integer array, optional
        Where the new positions stand; after those in the cache if left out.
    interleaved, attention_factor, eps
        As in :func:`rotary` (DeepSeek's weights pair neighbours) and :func:`rms_norm`.
    scale, **options
        As in :func:`scaled_dot_product_attention`, with kv_len counted after appending. With YaRN,
        DeepSeek multiplies the scale by ``yarn_attention_factor(...) ** 2``.

    Examples
    --------
    >>> one, turn = np.eye(2), np.zeros((2, 2))  # d_rope = 2, and a rotary part of zeros
    >>> p = LatentParameters(one, turn, one[:, :1], None, one[:1], turn, 3 * one[:1], one)
    >>> x = np.array([[2.0, 0.0], [2.0, 5.0]])  # latents 2, normed to 1
    >>> output, cache = multi_head_latent_attention(x, p, np.ones(1), n_heads=1)
    >>> output.round(3)
    array([[3., 0.],
           [3., 0.]])
    """
    q, q_turned, cache = _project(
        x, parameters, frequencies, n_heads, cache, positions, interleaved, attention_factor, eps
    )
    _checks.mask_of_a_layer(np.ndarray, "mask", options.get("mask"), x, "mask[:, None, None]")
    k = split_heads(cache.latents @ parameters.w_key_up, n_heads)
    v = split_heads(cache.latents @ parameters.w_value_up, n_heads)
    shared = cache.rotary_keys[..., None, :, :]
    shared = np.broadcast_to(shared, (*k.shape[:-1], shared.shape[-1]))
    q, k = np.concatenate([q, q_turned], -1), np.concatenate([k, shared], -1)
    attended = scaled_dot_product_attention(q, k, v, scale=scale, **options)
    if isinstance(attended, tuple):
        output, weights = attended
        return (merge_heads(output) @ parameters.w_out, weights), cache
    return merge_heads(attended) @ parameters.w_out, cache


def absorbed_latent_attention(
    x: Float[np.ndarray, "*batch seq d_model"],
    parameters: LatentParameters,
    frequencies: Float[np.ndarray, " d_rope/2"],
    *,
    n_heads: int,
    cache: LatentCache | None = None,
    positions: Int[np.ndarray, "*batch seq"] | None = None,
    interleaved: bool = True,
    attention_factor: float = 1.0,
    eps: float = 1e-6,
    scale: float | None = None,
    **options: Any,
) -> tuple[Any, LatentCache]:
    r"""Attend in the space of the latents: the same numbers, and nothing is unpacked.

    .. math:: q_{t,i}^\top k_{s,i} = (q^C_{t,i} {W^{UK}_i}^\top) \cdot c_s + q^R_{t,i} \cdot r_s,
        \qquad o_{t,i} = \Big( \sum_s a_{t,s,i} \, c_s \Big) W^{UV}_i

    where :math:`q^C` and :math:`q^R` are the two parts of a query, :math:`c_s` and :math:`r_s` what
    is cached of position s, and :math:`a` the weights. All heads share one key and one value. It
    takes more multiply-adds, but decoding waits for memory, and the cache is read once for all
    heads. A rotation between :math:`W^{UQ}` and :math:`W^{UK}` could not be absorbed: hence
    :math:`r_s`.

    Source: DeepSeek-AI (2024), DeepSeek-V2, arXiv:2405.04434, section 2.1.2.

    Parameters
    ----------
    x, parameters, frequencies, n_heads, cache, positions
        As in :func:`multi_head_latent_attention`.
    interleaved, attention_factor, eps, scale, **options
        As in :func:`multi_head_latent_attention`.

    Examples
    --------
    >>> one, turn = np.eye(2), np.zeros((2, 2))
    >>> p = LatentParameters(one, turn, one[:, :1], None, one[:1], turn, 3 * one[:1], one)
    >>> x = np.array([[2.0, 0.0], [-2.0, 5.0]])
    >>> output, _ = absorbed_latent_attention(x, p, np.ones(1), n_heads=1)
    >>> same, _ = multi_head_latent_attention(x, p, np.ones(1), n_heads=1)
    >>> np.allclose(output, same)
    True
    """
    q, q_turned, cache = _project(
        x, parameters, frequencies, n_heads, cache, positions, interleaved, attention_factor, eps
    )
    _checks.mask_of_a_layer(np.ndarray, "mask", options.get("mask"), x, "mask[:, None, None]")
    if scale is None:
        scale = 1 / math.sqrt(q.shape[-1] + q_turned.shape[-1])
    w_key = rearrange(parameters.w_key_up, "rank (head dim) -> head dim rank", head=n_heads)
    w_value = rearrange(parameters.w_value_up, "rank (head dim) -> head rank dim", head=n_heads)
    q = np.concatenate([q @ w_key, q_turned], -1)
    k = np.concatenate(cache, -1)[..., None, :, :]
    v = cache.latents[..., None, :, :]
    attended = scaled_dot_product_attention(q, k, v, scale=scale, **options)
    if isinstance(attended, tuple):
        output, weights = attended
        return (merge_heads(output @ w_value) @ parameters.w_out, weights), cache
    return merge_heads(attended @ w_value) @ parameters.w_out, cache


def _project(
    x: np.ndarray,
    p: LatentParameters,
    frequencies: np.ndarray,
    n_heads: int,
    cache: LatentCache | None,
    positions: np.ndarray | None,
    interleaved: bool,
    attention_factor: float,
    eps: float,
) -> tuple[np.ndarray, np.ndarray, LatentCache]:
    """Give the two parts of the queries, and the cache with the new positions in it."""
    _checks.record("parameters", p, LatentParameters)
    if cache is not None:
        _checks.record("cache", cache, LatentCache)
    _checks.latent(np.ndarray, x, p, frequencies, n_heads=n_heads, cache=cache, positions=positions)
    if positions is None:
        past = 0 if cache is None else cache.latents.shape[-2]
        positions = past + np.arange(x.shape[-2])
    turn = {"interleaved": interleaved, "attention_factor": attention_factor}
    z = x if p.w_query_down is None else rms_norm(x @ p.w_query_down, p.query_norm, eps=eps)
    q = split_heads(z @ p.w_query_up, n_heads)
    q_turned = rotary(split_heads(z @ p.w_query_rope, n_heads), positions, frequencies, **turn)
    latents = rms_norm(x @ p.w_kv_down, p.kv_norm, eps=eps)
    one_head = (x @ p.w_key_rope)[..., None, :, :]
    rotary_keys = rotary(one_head, positions, frequencies, **turn)[..., 0, :, :]
    if cache is not None:
        latents = np.concatenate([cache.latents, latents], -2)
        rotary_keys = np.concatenate([cache.rotary_keys, rotary_keys], -2)
    return q, q_turned, LatentCache(latents, rotary_keys)
