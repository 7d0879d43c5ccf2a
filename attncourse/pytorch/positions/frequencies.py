"""How fast each pair of features turns, as in the paper or slower, to reach further."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks


def rotary_frequencies(
    d_rotary: int,
    *,
    base: float = 10000.0,
    dtype: str = "float64",
    device: torch.device | str | None = None,
) -> Float[Tensor, " n_pairs"]:
    r"""Give each pair of features its angle for one step: a clock with hands of many speeds.

    .. math:: \theta_i = b^{-2i / d}, \qquad 0 \le i < d / 2

    where :math:`d` is d_rotary, the number of features that turn, and :math:`b` the base. The
    first pair turns by one radian a step, the last almost by one over the base.

    Source: Su et al. (2021), RoFormer, section 3.2.2, arXiv:2104.09864.

    Parameters
    ----------
    d_rotary : int
        How many features turn; even.
    base : float
        The larger, the slower the last pairs. 10000 in the paper; 500000 in Llama 3.
    dtype : str
        ``"float64"``, or ``"float32"``: at position 100000 an angle is off by up to 0.01 in it.
    device : torch.device or str, optional
        Where to make them; torch's default device if left out.

    Examples
    --------
    >>> rotary_frequencies(4, base=100.0)
    tensor([1.0000, 0.1000], dtype=torch.float64)
    """
    _checks.even("d_rotary", d_rotary)
    _checks.positive("base", base)
    _checks.one_of("dtype", dtype, ("float32", "float64"))
    exponents = torch.arange(0, d_rotary, 2, dtype=getattr(torch, dtype), device=device) / d_rotary
    return base**-exponents


def interpolated_frequencies(
    frequencies: Float[Tensor, " n_pairs"], *, factor: float
) -> Float[Tensor, " n_pairs"]:
    r"""Slow all frequencies down alike: position interpolation ("linear" scaling).

    .. math:: \theta'_i = \theta_i / s

    where :math:`s` is the factor. The same as dividing every position by it: a sequence s times as
    long fits between the positions seen in training, but neighbours are harder to tell apart.

    Source: Chen et al. (2023), section 2.3, arXiv:2306.15595.

    Parameters
    ----------
    frequencies : array, floating
        As :func:`rotary_frequencies` gives them.
    factor : float
        How many times longer sequences become.

    Examples
    --------
    >>> interpolated_frequencies(torch.tensor([1.0, 0.5, 0.25]), factor=2)
    tensor([0.5000, 0.2500, 0.1250])
    """
    _checks.scaled_frequencies(Tensor, frequencies, factor)
    return frequencies / factor


def ntk_frequencies(
    frequencies: Float[Tensor, " n_pairs"], *, factor: float
) -> Float[Tensor, " n_pairs"]:
    r"""Slow the frequencies down the more, the slower they are ("NTK-aware" scaling).

    .. math:: \theta'_i = \theta_i \, s^{-i / (n - 1)}, \qquad 0 \le i < n

    where :math:`s` is the factor and :math:`n` the number of pairs. The fastest stays, and still
    tells neighbours apart; the slowest is divided by all of s. The same as a larger base,
    :math:`b' = b \, s^{d / (d - 2)}` with :math:`d = 2n`.

    Source: Peng et al. (2023), YaRN, section 3.1 and definition 1, arXiv:2309.00071.

    Parameters
    ----------
    frequencies, factor
        As in :func:`interpolated_frequencies`; two frequencies or more.

    Examples
    --------
    >>> ntk_frequencies(torch.tensor([1.0, 0.5, 0.25]), factor=4)
    tensor([1.0000, 0.2500, 0.0625])
    """
    _checks.scaled_frequencies(Tensor, frequencies, factor, minimum=2)
    n_pairs = len(frequencies)
    exponents = torch.arange(n_pairs, dtype=frequencies.dtype, device=frequencies.device) / (
        n_pairs - 1
    )
    return frequencies * factor**-exponents


def dynamic_ntk_frequencies(
    frequencies: Float[Tensor, " n_pairs"],
    *,
    seq_len: int,
    original_len: int,
    factor: float = 1.0,
) -> Float[Tensor, " n_pairs"]:
    r"""Scale only as far as the present sequence needs it ("dynamic NTK" scaling).

    .. math:: \theta' = \text{NTK}(\theta, s), \qquad
        s = f \, \frac{\max(\ell, L)}{L} - (f - 1)

    where :math:`\text{NTK}` is :func:`ntk_frequencies`, :math:`\ell` is seq_len, :math:`L` is
    original_len, and :math:`f` is the factor: one in the paper, so that :math:`s = \ell / L`. Up
    to the trained length nothing changes.

    Source: Peng et al. (2023), YaRN, section 3.3, arXiv:2309.00071.

    Parameters
    ----------
    frequencies : array, floating
        Two or more, as :func:`rotary_frequencies` gives them.
    seq_len : int
        How long the sequence is now. In decoding it grows, and so the frequencies change: keys go
        into the cache before they are rotated, or the old ones do not fit the new.
    original_len : int
        The longest sequence in training.
    factor : float
        How much faster than the sequence the scale grows; ``factor`` in configuration files.

    Examples
    --------
    >>> dynamic_ntk_frequencies(torch.tensor([1.0, 0.5, 0.25]), seq_len=40, original_len=10)
    tensor([1.0000, 0.2500, 0.0625])
    """
    _checks.scaled_frequencies(Tensor, frequencies, factor, original_len)
    longest = max(_checks.count("seq_len", seq_len, minimum=1), original_len)
    return ntk_frequencies(frequencies, factor=factor * longest / original_len - (factor - 1))
