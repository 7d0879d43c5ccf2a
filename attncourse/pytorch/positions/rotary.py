"""Rotary positions: turn queries and keys by their position, so that scores see the difference."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attncourse import _checks


def rotary_tables(
    positions: Int[Tensor, "*positions"],
    frequencies: Float[Tensor, " n_pairs"],
    *,
    attention_factor: float = 1.0,
) -> tuple[Float[Tensor, "*positions n_pairs"], Float[Tensor, "*positions n_pairs"]]:
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
    >>> cos, sin = rotary_tables(torch.tensor([0, 1]), torch.tensor([torch.pi / 2]))
    >>> torch.cat([cos, sin], dim=-1).round(decimals=3) + 0.0
    tensor([[1., 0.],
            [0., 1.]])
    """
    _checks.integer(Tensor, positions=positions)
    _checks.floating(Tensor, frequencies=frequencies)
    _checks.one_device(positions=positions, frequencies=frequencies)
    _checks.shapes(frequencies=(frequencies, "n_pairs"))
    _checks.positive("attention_factor", attention_factor)
    frequencies = frequencies.to(torch.promote_types(frequencies.dtype, torch.float32))
    angles = positions[..., None].to(frequencies.dtype) * frequencies
    return attention_factor * torch.cos(angles), attention_factor * torch.sin(angles)


def rotate(
    x: Float[Tensor, "*batch seq d"],
    cos: Float[Tensor, "*positions n_pairs"],
    sin: Float[Tensor, "*positions n_pairs"],
    *,
    interleaved: bool = False,
) -> Float[Tensor, "*batch seq d"]:
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
    >>> x, quarter = torch.tensor([[1.0, 2.0, 3.0, 4.0]]), (torch.zeros((1, 2)), torch.ones((1, 2)))
    >>> rotate(x, *quarter)  # pairs (1, 3) and (2, 4)
    tensor([[-3., -4.,  1.,  2.]])
    >>> rotate(x, *quarter, interleaved=True)  # pairs (1, 2) and (3, 4)
    tensor([[-2.,  1., -4.,  3.]])
    """
    _checks.rotation(Tensor, x, cos, sin)
    dtype = torch.promote_types(x.dtype, torch.float32)
    cos, sin = cos.to(dtype), sin.to(dtype)
    if cos.ndim > 2:  # the same for all heads
        cos, sin = cos.unsqueeze(-3), sin.unsqueeze(-3)
    n_pairs = cos.shape[-1]
    turning, rest = x[..., : 2 * n_pairs].to(dtype), x[..., 2 * n_pairs :]
    if interleaved:
        a, b = turning[..., 0::2], turning[..., 1::2]
    else:
        a, b = turning[..., :n_pairs], turning[..., n_pairs:]
    a, b = a * cos - b * sin, a * sin + b * cos
    turned = (
        torch.stack([a, b], dim=-1).reshape(turning.shape)
        if interleaved
        else torch.cat([a, b], dim=-1)
    )
    return torch.cat([turned.to(x.dtype), rest], dim=-1)


def rotary(
    x: Float[Tensor, "*batch seq d"],
    positions: Int[Tensor, "*positions"],
    frequencies: Float[Tensor, " n_pairs"],
    *,
    interleaved: bool = False,
    attention_factor: float = 1.0,
) -> Float[Tensor, "*batch seq d"]:
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
    >>> x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    >>> quarter_turns = torch.tensor([torch.pi / 2])
    >>> rotary(x, torch.tensor([0, 1, 4]), quarter_turns).round(decimals=3) + 0.0
    tensor([[1., 0.],
            [0., 1.],
            [1., 0.]])
    """
    _checks.floating(Tensor, x=x)
    _checks.integer(Tensor, positions=positions)
    _checks.floating(Tensor, frequencies=frequencies)
    _checks.one_device(x=x, positions=positions, frequencies=frequencies)
    _checks.at_positions("positions", positions.shape, x)
    n_pairs = _checks.shapes(frequencies=(frequencies, "n_pairs"))["n_pairs"]
    _checks.pairs("frequencies", n_pairs, x)
    cos, sin = rotary_tables(positions, frequencies, attention_factor=attention_factor)
    return rotate(x, cos, sin, interleaved=interleaved)
