"""Multi-head latent attention: keys and values of all heads from one small latent."""

from __future__ import annotations

import math
from typing import Any

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.latent.parameters import LatentCache, LatentParameters
from attncourse.pytorch.multihead import merge_heads, split_heads
from attncourse.pytorch.positions import rotary
from attncourse.pytorch.scaled_dot_product import scaled_dot_product_attention
from attncourse.pytorch.transformer.norms import rms_norm


def multi_head_latent_attention(
    x: Float[Tensor, "*batch seq d_model"],
    parameters: LatentParameters,
    frequencies: Float[Tensor, " d_rope/2"],
    *,
    n_heads: int,
    cache: LatentCache | None = None,
    positions: Int[Tensor, "*batch seq"] | None = None,
    interleaved: bool = True,
    attention_factor: float = 1.0,
    eps: float = 1e-6,
    scale: float | None = None,
    **options: Any,
) -> tuple[Any, LatentCache]:
    r"""Attend with keys and values that are unpacked from a latent: DeepSeek's MLA.

    .. math:: c_t = \text{RMS}(x_t W^{DKV}), \qquad r_t = \text{RoPE}(x_t W^{KR}), \qquad
        k_{t,i} = [\, c_t W^{UK}_i ;\; r_t \,], \qquad v_{t,i} = c_t W^{UV}_i

    where :math:`c_t` is the latent of position t and :math:`r_t` its rotary key, one of each for
    all heads, and i is a head. Queries are :math:`q_{t,i} = [\, z_t W^{UQ}_i ;\;
    \text{RoPE}(z_t W^{QR}_i) \,]` with :math:`z_t = \text{RMS}(x_t W^{DQ})`, or :math:`z_t = x_t`
    without a query latent. Positions have a part of their own, because a rotation between
    :math:`W^{UQ}` and :math:`W^{UK}` could not be absorbed
    (:func:`absorbed_latent_attention`).

    Parameters
    ----------
    x : array, floating
        The new positions.
    parameters : LatentParameters
        What is learned.
    frequencies : floating array (d_rope / 2,)
        The angles of one step, from :func:`rotary_frequencies` or one of its scalings.
    n_heads : int
        How many heads there are.
    cache : LatentCache, optional
        The past; none at the start.
    positions : integer array, optional
        Where the new positions stand, ``(seq,)`` or ``(*batch, seq)``; after those in the cache if
        left out.
    interleaved : bool
        Which features turn together (see :func:`rotate`). DeepSeek's weights pair neighbours.
    attention_factor : float
        Lengthens the turned parts, as in :func:`rotary`.
    eps : float
        Of the RMS norms of the latents.
    scale : float, optional
        Multiplies the dot products; ``1 / sqrt(d_nope + d_rope)`` if left out. With YaRN DeepSeek
        multiplies it by ``yarn_attention_factor(...) ** 2``.
    **options
        ``mask``, ``bias``, ``causal``, ``window``, ``softcap``, ``sinks`` and ``return_weights``
        as in :func:`scaled_dot_product_attention`, with kv_len counted after appending.

    Returns
    -------
    output : array, or (array, weights) if asked for
        As many positions as ``x``.
    cache : LatentCache
        The past and the new positions.

    Raises
    ------
    TypeError
        If an array has the wrong dtype, ``parameters`` or ``cache`` is no such named tuple, or an
        option is unknown.
    ValueError
        If shapes do not fit together, a projection's width does not divide into the heads, or
        devices differ.

    Notes
    -----
    Cost: kv_rank + d_rope numbers a position and layer in the cache, whatever the number of
    heads; multi-head attention keeps 2 · n_heads · d_head, grouped-query attention
    2 · n_kv_heads · d_head. In DeepSeek-V3 (128 heads of 128, kv_rank 512, d_rope 64) at two bytes
    a number: 1152 bytes; 65536 with multi-head and 4096 with 8 groups. This form unpacks the whole
    cache at every step: kv_len · kv_rank · n_heads · (d_nope + d_v) multiply-adds. It suits
    training and prompts, where that happens once.

    References
    ----------
    DeepSeek-AI (2024), DeepSeek-V2, section 2.1 and table 1, arXiv:2405.04434; DeepSeek-AI
    (2024), DeepSeek-V3 Technical Report, section 2.1.1, arXiv:2412.19437.

    Examples
    --------
    >>> one, turn = torch.eye(2), torch.zeros((2, 2))  # d_rope = 2, and a rotary part of zeros
    >>> p = LatentParameters(one, turn, one[:, :1], None, one[:1], turn, 3 * one[:1], one)
    >>> x = torch.tensor([[2.0, 0.0], [2.0, 5.0]])  # latents 2, normed to 1
    >>> output, cache = multi_head_latent_attention(x, p, torch.ones(1), n_heads=1)
    >>> output.round(decimals=3)
    tensor([[3., 0.],
            [3., 0.]])
    >>> print(*cache.latents.shape, "and", *cache.rotary_keys.shape)
    2 1 and 2 2
    """
    q, q_turned, cache = _project(
        x, parameters, frequencies, n_heads, cache, positions, interleaved, attention_factor, eps
    )
    k = split_heads(cache.latents @ parameters.w_key_up, n_heads)
    v = split_heads(cache.latents @ parameters.w_value_up, n_heads)
    shared = cache.rotary_keys[..., None, :, :]
    shared = shared.expand(*k.shape[:-1], -1)
    q, k = torch.cat([q, q_turned], -1), torch.cat([k, shared], -1)
    attended = scaled_dot_product_attention(q, k, v, scale=scale, **options)
    if isinstance(attended, tuple):
        output, weights = attended
        return (merge_heads(output) @ parameters.w_out, weights), cache
    return merge_heads(attended) @ parameters.w_out, cache


def absorbed_latent_attention(
    x: Float[Tensor, "*batch seq d_model"],
    parameters: LatentParameters,
    frequencies: Float[Tensor, " d_rope/2"],
    *,
    n_heads: int,
    cache: LatentCache | None = None,
    positions: Int[Tensor, "*batch seq"] | None = None,
    interleaved: bool = True,
    attention_factor: float = 1.0,
    eps: float = 1e-6,
    scale: float | None = None,
    **options: Any,
) -> tuple[Any, LatentCache]:
    r"""Attend in the space of the latents: the same numbers, and nothing is unpacked.

    .. math:: q_{t,i}^\top k_{s,i} = (q^C_{t,i} {W^{UK}_i}^\top) \cdot c_s + q^R_{t,i} \cdot r_s,
        \qquad o_{t,i} = \Big( \sum_s a_{t,s,i} \, c_s \Big) W^{UV}_i

    where :math:`q^C` and :math:`q^R` are the two parts of a query, :math:`c_s` the latent and
    :math:`r_s` the rotary key of position s, and :math:`a` the weights. The projection of the keys
    has moved to the query, that of the values behind the sum. What is left is multi-query
    attention: all heads share one key :math:`[c_s ;\; r_s]` and one value :math:`c_s`.

    Parameters
    ----------
    x, parameters, frequencies, n_heads, cache, positions, interleaved, attention_factor, eps, scale
        As in :func:`multi_head_latent_attention`.
    **options
        Likewise.

    Returns
    -------
    output : array, or (array, weights) if asked for
        As many positions as ``x``.
    cache : LatentCache
        The past and the new positions.

    Raises
    ------
    TypeError
        If an array has the wrong dtype, ``parameters`` or ``cache`` is no such named tuple, or an
        option is unknown.
    ValueError
        If shapes do not fit together, a projection's width does not divide into the heads, or
        devices differ.

    Notes
    -----
    Cost: n_heads · q_len · kv_len · (2 · kv_rank + d_rope) multiply-adds, more than the
    d_nope + d_rope + d_v of the other form, but each number of the cache is read once for all
    heads. Decoding waits for memory, so this form is the faster one there.

    References
    ----------
    DeepSeek-AI (2024), DeepSeek-V2, section 2.1.2 (:math:`W^{UK}` absorbed into :math:`W^{UQ}`,
    :math:`W^{UV}` into :math:`W^O`), arXiv:2405.04434.

    Examples
    --------
    >>> one, turn = torch.eye(2), torch.zeros((2, 2))
    >>> p = LatentParameters(one, turn, one[:, :1], None, one[:1], turn, 3 * one[:1], one)
    >>> x = torch.tensor([[2.0, 0.0], [-2.0, 5.0]])
    >>> output, _ = absorbed_latent_attention(x, p, torch.ones(1), n_heads=1)
    >>> same, _ = multi_head_latent_attention(x, p, torch.ones(1), n_heads=1)
    >>> torch.allclose(output, same)
    True
    """
    q, q_turned, cache = _project(
        x, parameters, frequencies, n_heads, cache, positions, interleaved, attention_factor, eps
    )
    if scale is None:
        scale = 1 / math.sqrt(q.shape[-1] + q_turned.shape[-1])
    w_key = rearrange(parameters.w_key_up, "rank (head dim) -> head dim rank", head=n_heads)
    w_value = rearrange(parameters.w_value_up, "rank (head dim) -> head rank dim", head=n_heads)
    q = torch.cat([q @ w_key, q_turned], -1)
    k = torch.cat(cache, -1)[..., None, :, :]
    v = cache.latents[..., None, :, :]
    attended = scaled_dot_product_attention(q, k, v, scale=scale, **options)
    if isinstance(attended, tuple):
        output, weights = attended
        return (merge_heads(output @ w_value) @ parameters.w_out, weights), cache
    return merge_heads(attended @ w_value) @ parameters.w_out, cache


def _project(
    x: Tensor,
    p: LatentParameters,
    frequencies: Tensor,
    n_heads: int,
    cache: LatentCache | None,
    positions: Tensor | None,
    interleaved: bool,
    attention_factor: float,
    eps: float,
) -> tuple[Tensor, Tensor, LatentCache]:
    """Give the two parts of the queries, and the cache with the new positions in it."""
    _checks.record("parameters", p, LatentParameters)
    if cache is not None:
        _checks.record("cache", cache, LatentCache)
    _checks.latent(Tensor, x, p, frequencies, n_heads=n_heads, cache=cache, positions=positions)
    if positions is None:
        past = 0 if cache is None else cache.latents.shape[-2]
        positions = past + torch.arange(x.shape[-2], device=x.device)
    turn = {"interleaved": interleaved, "attention_factor": attention_factor}
    z = x if p.w_query_down is None else rms_norm(x @ p.w_query_down, p.query_norm, eps=eps)
    q = split_heads(z @ p.w_query_up, n_heads)
    q_turned = rotary(split_heads(z @ p.w_query_rope, n_heads), positions, frequencies, **turn)
    latents = rms_norm(x @ p.w_kv_down, p.kv_norm, eps=eps)
    one_head = (x @ p.w_key_rope)[..., None, :, :]
    rotary_keys = rotary(one_head, positions, frequencies, **turn)[..., 0, :, :]
    if cache is not None:
        latents = torch.cat([cache.latents, latents], -2)
        rotary_keys = torch.cat([cache.rotary_keys, rotary_keys], -2)
    kept = q.dtype  # under autocast a projection, a norm and a cache may differ
    return q, q_turned.to(kept), LatentCache(latents.to(kept), rotary_keys.to(kept))
