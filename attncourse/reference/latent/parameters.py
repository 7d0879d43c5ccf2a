"""What latent attention has learned, and what it keeps of the past."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class LatentParameters(NamedTuple):
    """The projections of multi-head latent attention, by their names in the paper.

    Attributes
    ----------
    w_query_up : array (q_rank, n_heads*d_nope)
        W^UQ: queries of all heads side by side; without a query latent (d_model, ...).
    w_query_rope : array (q_rank, n_heads*d_rope)
        W^QR: the part of the queries that is turned by position; likewise.
    w_kv_down : array (d_model, kv_rank)
        W^DKV: one latent for keys and values of all heads.
    kv_norm : array (kv_rank,) or None
        The weight of the RMS norm of that latent.
    w_key_up : array (kv_rank, n_heads*d_nope)
        W^UK: keys from the latent.
    w_key_rope : array (d_model, d_rope)
        W^KR: the one key that is turned by position, shared by all heads.
    w_value_up : array (kv_rank, n_heads*d_v)
        W^UV: values from the latent.
    w_out : array (n_heads*d_v, d_out)
        W^O: mixes what the heads bring back.
    w_query_down : array (d_model, q_rank) or None
        W^DQ: a latent for the queries, which saves no cache, but activations in training.
        DeepSeek-V2-Lite has none.
    query_norm : array (q_rank,) or None
        The weight of the RMS norm of that latent.
    """

    w_query_up: Float[np.ndarray, "q_rank n_heads*d_nope"]
    w_query_rope: Float[np.ndarray, "q_rank n_heads*d_rope"]
    w_kv_down: Float[np.ndarray, "d_model kv_rank"]
    kv_norm: Float[np.ndarray, " kv_rank"] | None
    w_key_up: Float[np.ndarray, "kv_rank n_heads*d_nope"]
    w_key_rope: Float[np.ndarray, "d_model d_rope"]
    w_value_up: Float[np.ndarray, "kv_rank n_heads*d_v"]
    w_out: Float[np.ndarray, "n_heads*d_v d_out"]
    w_query_down: Float[np.ndarray, "d_model q_rank"] | None = None
    query_norm: Float[np.ndarray, " q_rank"] | None = None


class LatentCache(NamedTuple):
    """All that latent attention keeps of a position: no heads, no values.

    Attributes
    ----------
    latents : array (*batch, kv_len, kv_rank)
        The normed latents, from which keys and values of all heads follow.
    rotary_keys : array (*batch, kv_len, d_rope)
        The shared keys, already turned.
    """

    latents: Float[np.ndarray, "*batch kv_len kv_rank"]
    rotary_keys: Float[np.ndarray, "*batch kv_len d_rope"]
