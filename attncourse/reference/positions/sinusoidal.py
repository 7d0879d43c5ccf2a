"""Sinusoidal positions: sines and cosines of many wavelengths, added to the embeddings."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from attncourse import _checks
from attncourse.reference.positions.frequencies import rotary_frequencies


def sinusoidal_positions(
    positions: Int[np.ndarray, "*positions"],
    d_model: int,
    *,
    base: float = 10000.0,
    dtype: str = "float64",
) -> Float[np.ndarray, "*positions d_model"]:
    r"""Describe each position by sines and cosines of many wavelengths.

    .. math:: PE_{p, 2i} = \sin(p \, \theta_i), \qquad PE_{p, 2i+1} = \cos(p \, \theta_i),
        \qquad \theta_i = b^{-2i / d}

    where :math:`p` is a position, :math:`d` is d_model and :math:`b` the base. A step of the
    position turns each pair by a fixed angle, so a linear map of the features can look k steps
    back. (tensor2tensor and fairseq put all sines first, then all cosines, and divide by d / 2 - 1
    in the exponent: weights do not carry over.)

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.5, arXiv:1706.03762.

    Parameters
    ----------
    positions : integer array of any shape
        Where each token stands: ``arange(n)`` for a whole sequence, the next position alone when
        decoding step by step.
    d_model : int
        The width of the embeddings; even.
    base : float
        The longest wavelength is almost 2π times this.
    dtype : str
        ``"float64"`` or ``"float32"``.

    Examples
    --------
    >>> sinusoidal_positions(np.array([0, 1]), 4, base=100.0).round(3)
    array([[0.   , 1.   , 0.   , 1.   ],
           [0.841, 0.54 , 0.1  , 0.995]])
    """
    _checks.integer(np.ndarray, positions=positions)
    _checks.even("d_model", d_model)
    frequencies = rotary_frequencies(d_model, base=base, dtype=dtype)
    angles = positions[..., None].astype(frequencies.dtype) * frequencies
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return pairs.reshape(*positions.shape, d_model)
