"""ALiBi: the further a key, the lower its score, at a rate of each head's own."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.positions.grid import relative_positions


def alibi_slopes(
    n_heads: int, *, dtype: str = "float64", device: torch.device | str | None = None
) -> Float[Tensor, " n_heads"]:
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
    device : torch.device or str, optional
        Where to make them; torch's default device if left out.

    Examples
    --------
    >>> alibi_slopes(2)
    tensor([0.0625, 0.0039], dtype=torch.float64)
    >>> torch.log2(alibi_slopes(3))
    tensor([-4., -8., -2.], dtype=torch.float64)
    """
    n_heads = _checks.count("n_heads", n_heads, minimum=1)
    _checks.one_of("dtype", dtype, ("float32", "float64"))
    n_smaller = 1 << (n_heads.bit_length() - 1)  # the largest power of two that is not above
    exponents = [8 * head / n_smaller for head in range(1, n_smaller + 1)]
    exponents += [4 * head / n_smaller for head in range(1, 2 * (n_heads - n_smaller), 2)]
    slopes = [2.0**-exponent for exponent in exponents]
    return torch.tensor(slopes, dtype=getattr(torch, dtype), device=device)


def alibi_bias(
    q_len: int, kv_len: int, slopes: Float[Tensor, " n_heads"]
) -> Float[Tensor, "n_heads q_len kv_len"]:
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
    >>> alibi_bias(1, 3, torch.tensor([0.5, 2.0])) + 0.0
    tensor([[[-1.0000, -0.5000,  0.0000]],
    <BLANKLINE>
            [[-4.0000, -2.0000,  0.0000]]])
    """
    _checks.floating(Tensor, slopes=slopes)
    _checks.shapes(slopes=(slopes, "n_heads"))
    distances = abs(relative_positions(q_len, kv_len, device=slopes.device))
    dtype = torch.promote_types(slopes.dtype, torch.float32)
    return (-slopes.to(dtype)[:, None, None] * distances.to(dtype)).to(slopes.dtype)
