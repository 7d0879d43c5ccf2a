"""Rotary positions: turn queries and keys by their position, so that scores see the difference."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from attncourse import _checks


def rotary_tables(
    positions: Int[np.ndarray, "*positions"],
    frequencies: Float[np.ndarray, " n_pairs"],
    *,
    attention_factor: float = 1.0,
) -> tuple[Float[np.ndarray, "*positions n_pairs"], Float[np.ndarray, "*positions n_pairs"]]:
    r"""Give the cosines and sines of all angles: what :func:`rotate` needs, once for all layers.

    .. math:: c_{pi} = m \cos(p \, \theta_i), \qquad s_{pi} = m \sin(p \, \theta_i)

    where :math:`p` is a position, :math:`\theta_i` a frequency, :math:`m` the attention factor.

    Source: Su et al. (2021), RoFormer, section 3.4.2, arXiv:2104.09864.

    Parameters
    ----------
    positions : integer array of any shape
        Where each token stands. With a cache: the positions of the new tokens, not 0, 1, 2.
    frequencies : array, floating
        As :func:`rotary_frequencies` gives them, scaled or not.
    attention_factor : float
        Lengthens what is rotated; one leaves norms alone. See :func:`yarn_attention_factor`.

    Examples
    --------
    >>> cos, sin = rotary_tables(np.array([0, 1]), np.array([np.pi / 2]))
    >>> np.concatenate([cos, sin], axis=-1).round(3)
    array([[1., 0.],
           [0., 1.]])
    """
    _checks.integer(np.ndarray, positions=positions)
    _checks.floating(np.ndarray, frequencies=frequencies)
    _checks.one_device(positions=positions, frequencies=frequencies)
    _checks.shapes(frequencies=(frequencies, "n_pairs"))
    _checks.positive("attention_factor", attention_factor)
    frequencies = frequencies.astype(np.promote_types(frequencies.dtype, np.float32))
    angles = positions[..., None].astype(frequencies.dtype) * frequencies
    return attention_factor * np.cos(angles), attention_factor * np.sin(angles)


def rotate(
    x: Float[np.ndarray, "*batch seq d"],
    cos: Float[np.ndarray, "*positions n_pairs"],
    sin: Float[np.ndarray, "*positions n_pairs"],
    *,
    interleaved: bool = False,
) -> Float[np.ndarray, "*batch seq d"]:
    r"""Turn each pair of features by the angle whose cosine and sine are given.

    .. math:: \begin{pmatrix} a' \\ b' \end{pmatrix} =
        \begin{pmatrix} c & -s \\ s & c \end{pmatrix} \begin{pmatrix} a \\ b \end{pmatrix}

    where :math:`a` and :math:`b` are the two features of a pair, :math:`c` and :math:`s` the
    cosine and sine for its position. Which features pair up is a convention:

    - interleaved: neighbours, (0, 1), (2, 3), ..., as in the paper and in GPT-J;
    - half-split: (0, n), (1, n + 1), ... with n pairs, as in GPT-NeoX and Llama.

    One is the other with the features in another order (:func:`interleaved_to_half_split`).
    Features behind the first ``2 * n_pairs`` are left as they are (a partial rotation).

    Source: Su et al. (2021), RoFormer, equation 34, arXiv:2104.09864.

    Parameters
    ----------
    x : array, floating
        Queries or keys.
    cos, sin : arrays, floating
        From :func:`rotary_tables`: ``(seq, n_pairs)``, or ``(*batch, seq, n_pairs)`` for an x
        of ``(*batch, heads, seq, d)`` whose sequences stand at positions of their own.
    interleaved : bool
        Pair neighbours. False pairs the first half with the second.

    Examples
    --------
    >>> x, quarter = np.array([[1.0, 2.0, 3.0, 4.0]]), (np.zeros((1, 2)), np.ones((1, 2)))
    >>> rotate(x, *quarter)  # pairs (1, 3) and (2, 4)
    array([[-3., -4.,  1.,  2.]])
    >>> rotate(x, *quarter, interleaved=True)  # pairs (1, 2) and (3, 4)
    array([[-2.,  1., -4.,  3.]])
    """
    _checks.rotation(np.ndarray, x, cos, sin)
    dtype = np.promote_types(x.dtype, np.float32)
    cos, sin = cos.astype(dtype), sin.astype(dtype)
    if cos.ndim > 2:  # the same for all heads
        cos, sin = np.expand_dims(cos, -3), np.expand_dims(sin, -3)
    n_pairs = cos.shape[-1]
    turning, rest = x[..., : 2 * n_pairs].astype(dtype), x[..., 2 * n_pairs :]
    if interleaved:
        a, b = turning[..., 0::2], turning[..., 1::2]
    else:
        a, b = turning[..., :n_pairs], turning[..., n_pairs:]
    a, b = a * cos - b * sin, a * sin + b * cos
    turned = (
        np.stack([a, b], axis=-1).reshape(turning.shape)
        if interleaved
        else np.concatenate([a, b], axis=-1)
    )
    return np.concatenate([turned.astype(x.dtype), rest], axis=-1)


def rotary(
    x: Float[np.ndarray, "*batch seq d"],
    positions: Int[np.ndarray, "*positions"],
    frequencies: Float[np.ndarray, " n_pairs"],
    *,
    interleaved: bool = False,
    attention_factor: float = 1.0,
) -> Float[np.ndarray, "*batch seq d"]:
    r"""Turn queries or keys by an angle that grows with their position (RoPE).

    .. math:: x'_p = R_p \, x_p, \qquad
        (R_p \, q) \cdot (R_{p'} \, k) = q \cdot R_{p' - p} \, k

    where :math:`R_p` turns pair i of the features by :math:`p \, \theta_i`. Each is turned by its
    own position, and their product sees the difference only. Values are not turned.

    Source: Su et al. (2021), RoFormer, equations 14 to 16 and 34, arXiv:2104.09864.

    Parameters
    ----------
    x : array, floating
        Queries or keys. Keys are turned before they go into a cache.
    positions : integer array
        Where each token stands: ``(seq,)``, or ``(*batch, seq)`` for an x with heads.
    frequencies : array, floating
        As :func:`rotary_frequencies` gives them, scaled or not. Fewer than d / 2 of them rotate
        only the first features (a partial rotation).
    interleaved, attention_factor
        As in :func:`rotate` and :func:`rotary_tables`, whose tables layers can share.

    Examples
    --------
    >>> x = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    >>> quarter_turns = np.array([np.pi / 2])
    >>> rotary(x, np.array([0, 1, 4]), quarter_turns).round(3) + 0.0
    array([[1., 0.],
           [0., 1.],
           [1., 0.]])
    """
    _checks.floating(np.ndarray, x=x)
    _checks.integer(np.ndarray, positions=positions)
    _checks.floating(np.ndarray, frequencies=frequencies)
    _checks.one_device(x=x, positions=positions, frequencies=frequencies)
    _checks.at_positions("positions", positions.shape, x)
    n_pairs = _checks.shapes(frequencies=(frequencies, "n_pairs"))["n_pairs"]
    _checks.pairs("frequencies", n_pairs, x)
    cos, sin = rotary_tables(positions, frequencies, attention_factor=attention_factor)
    return rotate(x, cos, sin, interleaved=interleaved)
