"""Rotary frequencies scaled by parts: the fast ones stay, the slow ones slow down."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from attncourse import _checks


def ntk_by_parts_frequencies(
    frequencies: Float[np.ndarray, " n_pairs"],
    *,
    factor: float,
    original_len: int,
    low_turns: float = 1.0,
    high_turns: float = 32.0,
) -> Float[np.ndarray, " n_pairs"]:
    r"""Slow down only what did not turn often enough in training ("NTK-by-parts" scaling).

    .. math:: \theta'_i = (1 - \gamma(r_i)) \, \frac{\theta_i}{s} + \gamma(r_i) \, \theta_i, \qquad
        \gamma(r) = \min\!\left(1, \max\!\left(0, \frac{r - \alpha}{\beta - \alpha}\right)\right)

    where :math:`r_i = L \, \theta_i / 2 \pi` is how often pair i turned over the trained length
    :math:`L`, :math:`s` is the factor, :math:`\alpha` is low_turns and :math:`\beta` high_turns.
    A pair that never came full circle knows absolute positions and is interpolated; one that
    turned many times knows only differences and stays.

    Source: Peng et al. (2023), YaRN, section 3.2 and definition 2, arXiv:2309.00071.

    Parameters
    ----------
    frequencies, factor
        As in :func:`interpolated_frequencies`.
    original_len : int
        The longest sequence in training.
    low_turns, high_turns : float
        Up to the first all is interpolated, from the second on nothing; between them linearly.

    Examples
    --------
    >>> turns = np.array([3.0, 2.0, 1.0])  # over 10 positions
    >>> limits = {"low_turns": 1, "high_turns": 3}
    >>> frequencies = turns * 2 * np.pi / 10
    >>> scaled = ntk_by_parts_frequencies(frequencies, factor=2, original_len=10, **limits)
    >>> scaled * 10 / (2 * np.pi)
    array([3. , 1.5, 0.5])
    """
    _checks.scaled_frequencies(np.ndarray, frequencies, factor, original_len)
    _checks.ordered("high_turns", high_turns, "low_turns", low_turns)
    turns = original_len * frequencies / (2 * math.pi)
    kept = np.clip((turns - low_turns) / (high_turns - low_turns), 0, 1)
    return (1 - kept) * frequencies / factor + kept * frequencies


def llama3_frequencies(
    frequencies: Float[np.ndarray, " n_pairs"],
    *,
    factor: float = 8.0,
    original_len: int = 8192,
    low_freq_factor: float = 1.0,
    high_freq_factor: float = 4.0,
) -> Float[np.ndarray, " n_pairs"]:
    r"""Scale as Llama 3.1 does, from 8192 positions to 131072.

    .. math:: \theta'_i = (1 - \gamma) \, \frac{\theta_i}{s} + \gamma \, \theta_i, \qquad
        \gamma = \frac{L / \lambda_i - l}{h - l} \ \text{within}\ [0, 1]

    where :math:`\lambda_i = 2 \pi / \theta_i` is the wavelength of pair i, :math:`L` is
    original_len, :math:`s` the factor, :math:`l` is low_freq_factor and :math:`h`
    high_freq_factor. Since :math:`L / \lambda_i` is how often pair i turned, this is
    :func:`ntk_by_parts_frequencies`, with a shorter ramp.

    Source: Llama Team (2024), The Llama 3 Herd of Models, arXiv:2407.21783; the formula is in the
    code beside the weights, https://github.com/meta-llama/llama-models.

    Parameters
    ----------
    frequencies : array, floating
        As :func:`rotary_frequencies` gives them; Llama 3's base is 500000.
    factor : float
        8 in Llama 3.1, 32 in the small models of Llama 3.2.
    original_len : int
        The longest sequence before the extension.
    low_freq_factor, high_freq_factor : float
        Up to so many turns all is interpolated, from so many on nothing.

    Examples
    --------
    >>> turns = np.array([100.0, 4.0, 2.5, 1.0, 0.01])
    >>> scaled = llama3_frequencies(turns * 2 * np.pi / 8192)
    >>> slower = scaled * 8192 / (2 * np.pi) / turns
    >>> slower.round(4)
    array([1.    , 1.    , 0.5625, 0.125 , 0.125 ])
    """
    _checks.scaled_frequencies(np.ndarray, frequencies, factor, original_len)
    _checks.ordered("high_freq_factor", high_freq_factor, "low_freq_factor", low_freq_factor)
    limits = {"low_turns": low_freq_factor, "high_turns": high_freq_factor}
    return ntk_by_parts_frequencies(frequencies, factor=factor, original_len=original_len, **limits)
