"""Bytes that a cache keeps."""

from __future__ import annotations

from attncourse import _checks
from attncourse.analysis._sizes import sizes


def kv_cache_bytes(
    n_tokens: int,
    *,
    n_layers: int,
    n_kv_heads: int,
    d_k: int,
    d_v: int | None = None,
    window: int | None = None,
    itemsize: int = 2,
) -> int:
    r"""Count the bytes of a cache of keys and values: multi-head, grouped-query or multi-query.

    .. math:: B = s \, L \, \min(n, w) \, h_\text{kv} (d_k + d_v)

    where :math:`n` is n_tokens, :math:`w` the window if there is one, :math:`L` n_layers,
    :math:`h_\text{kv}` n_kv_heads and :math:`s` the bytes of a number.

    Source: Shazeer (2019), Fast Transformer Decoding, section 2.4, arXiv:1911.02150; Ainslie et al.
    (2023), GQA, section 2.2, arXiv:2305.13245.

    Parameters
    ----------
    n_tokens : int
        How many tokens are cached, all sequences together; 1 gives the bytes a token.
    n_layers, n_kv_heads, d_k, d_v, itemsize : int
        ``n_kv_heads`` is ``n_heads`` for multi-head attention, 1 for multi-query.
    window : int, optional
        How many positions a rolling cache keeps (of one sequence).

    Examples
    --------
    >>> kv_cache_bytes(1, n_layers=32, n_kv_heads=32, d_k=128)  # Llama 2 7B: half a megabyte
    524288
    """
    _checks.count("n_tokens", n_tokens)
    d_v = d_k if d_v is None else d_v
    sizes(n_layers=n_layers, n_kv_heads=n_kv_heads, d_k=d_k, d_v=d_v, itemsize=itemsize)
    if window is not None:
        n_tokens = min(n_tokens, _checks.count("window", window, minimum=1))
    return itemsize * n_layers * n_tokens * n_kv_heads * (d_k + d_v)


def latent_cache_bytes(
    n_tokens: int, *, n_layers: int, d_latent: int, d_rope: int, itemsize: int = 2
) -> int:
    r"""Count the bytes of a cache of latents (multi-head latent attention).

    .. math:: B = s \, L \, n \, (r + d_R)

    where :math:`n` is n_tokens, :math:`L` n_layers, :math:`r` d_latent, :math:`d_R` d_rope and
    :math:`s` the bytes of a number. It does not depend on the number of heads.

    Source: DeepSeek-AI (2024), DeepSeek-V2, section 2.1.4 and table 1, arXiv:2405.04434.

    Parameters
    ----------
    n_tokens, n_layers, itemsize
        As in :func:`kv_cache_bytes`.
    d_latent, d_rope : int
        The widths of the latent that stands for keys and values, and of the rotary key that all
        heads share.

    Examples
    --------
    >>> latent_cache_bytes(1, n_layers=60, d_latent=512, d_rope=64)  # DeepSeek-V2
    69120
    """
    _checks.count("n_tokens", n_tokens)
    sizes(n_layers=n_layers, d_latent=d_latent, d_rope=d_rope, itemsize=itemsize)
    return itemsize * n_layers * n_tokens * (d_latent + d_rope)


def linear_state_bytes(
    n_sequences: int, *, n_layers: int, n_heads: int, d_k: int, d_v: int, itemsize: int = 2
) -> int:
    r"""Count the bytes of the states that linear attention keeps in place of a cache.

    .. math:: B = s \, L \, b \, h \, d_k d_v

    where :math:`b` is n_sequences, :math:`L` n_layers, :math:`h` n_heads and :math:`s` the bytes of
    a number. It does not depend on the length. The normaliser is not counted.

    Source: Katharopoulos et al. (2020), Transformers are RNNs, section 3.4, arXiv:2006.16236.

    Parameters
    ----------
    n_sequences, n_heads : int
        How many sequences there are, each with a state for each head.
    n_layers, d_k, d_v, itemsize : int
        As in :func:`kv_cache_bytes`; ``d_k`` is the width after the feature map.

    Examples
    --------
    >>> linear_state_bytes(1, n_layers=32, n_heads=32, d_k=128, d_v=128)  # as much as 256 tokens
    33554432
    """
    sizes(n_sequences=n_sequences, n_layers=n_layers, n_heads=n_heads, d_k=d_k, d_v=d_v)
    sizes(itemsize=itemsize)
    return itemsize * n_layers * n_sequences * n_heads * d_k * d_v
