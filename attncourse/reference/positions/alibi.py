"""ALiBi: the further a key, the lower its score, at a rate of each head's own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attncourse import _checks
from attncourse.reference.positions.grid import relative_positions


def alibi_slopes(n_heads: int, *, dtype: str = "float64") -> Float[np.ndarray, " n_heads"]:
    r"""Give each head its slope: how much a step further costs.

    .. math:: m_h = 2^{-8 h / n}, \qquad 1 \le h \le n

    where :math:`n` is n_heads, if a power of two. If not, the first slopes are those of the next
    smaller one, the others every second one of the next larger (the authors' code; BLOOM).

    Source: Press et al. (2021), Train Short, Test Long, section 3, arXiv:2108.12409.

    Parameters
    ----------
    n_heads : int
        How many heads there are.
    dtype : str
        ``"float64"`` or ``"float32"``.

    Examples
    --------
    >>> alibi_slopes(2)
    array([0.0625    , 0.00390625])
    >>> np.log2(alibi_slopes(3))
    array([-4., -8., -2.])
    """
    n_heads = _checks.count("n_heads", n_heads, minimum=1)
    _checks.one_of("dtype", dtype, ("float32", "float64"))
    n_smaller = 1 << (n_heads.bit_length() - 1)  # the largest power of two that is not above
    exponents = [8 * head / n_smaller for head in range(1, n_smaller + 1)]
    exponents += [4 * head / n_smaller for head in range(1, 2 * (n_heads - n_smaller), 2)]
    slopes = [2.0**-exponent for exponent in exponents]
    return np.array(slopes, dtype=dtype)


def alibi_bias(
    q_len: int, kv_len: int, slopes: Float[np.ndarray, " n_heads"]
) -> Float[np.ndarray, "n_heads q_len kv_len"]:
    r"""Lower each score in proportion to the distance: a bias for scaled dot-product attention.

    .. math:: B_{hij} = -m_h \, \lvert j - (i + n - m) \rvert

    where :math:`m_h` is the slope of head h, :math:`m` is q_len and :math:`n` is kv_len. With
    ``causal=True`` only the past is left, as in the paper. (BLOOM adds :math:`m_h \, j`.)

    Source: Press et al. (2021), Train Short, Test Long, section 3, arXiv:2108.12409.

    Parameters
    ----------
    q_len, kv_len : int
        The last query stands at the last key.
    slopes : array, floating
        As :func:`alibi_slopes` gives them. Their dtype is that of the bias.

    Examples
    --------
    >>> alibi_bias(1, 3, np.array([0.5, 2.0])) + 0.0
    array([[[-1. , -0.5,  0. ]],
    <BLANKLINE>
           [[-4. , -2. ,  0. ]]])
    """
    _checks.floating(np.ndarray, slopes=slopes)
    _checks.shapes(slopes=(slopes, "n_heads"))
    distances = abs(relative_positions(q_len, kv_len))
    dtype = np.promote_types(slopes.dtype, np.float32)
    return (-slopes.astype(dtype)[:, None, None] * distances.astype(dtype)).astype(slopes.dtype)
