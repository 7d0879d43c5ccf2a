"""Keys for the delta rule: vectors of length one."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks


def l2_normalize(
    x: Float[Tensor, "*batch d_k"], *, eps: float = 1e-6
) -> Float[Tensor, "*batch d_k"]:
    r"""Give every vector the length one, as the delta rule wants its keys.

    .. math:: y = \frac{x}{\max(\lVert x \rVert, \varepsilon)}

    where :math:`x` is a query or a key and :math:`\varepsilon` keeps the length away from zero.
    With keys of length one and :math:`\beta \le 2` the delta rule never stretches what the state
    holds; with longer keys it may, again at every step.

    Parameters
    ----------
    x : array, floating
        The vectors along the last axis.
    eps : float
        Shorter vectors than this are divided by it instead.

    Returns
    -------
    array with the shape and dtype of x
        Vectors of length one; zero stays zero.

    Raises
    ------
    TypeError
        If ``x`` is not floating, or ``eps`` not a number.
    ValueError
        If ``x`` has no dimension or a NaN, or ``eps`` is not above zero.

    Notes
    -----
    Cost: 2 · d_k multiply-adds and a root for each vector.

    References
    ----------
    Yang et al. (2024), Parallelizing Linear Transformers with the Delta Rule, arXiv:2406.06484.

    Examples
    --------
    >>> l2_normalize(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    _checks.floating(Tensor, x=x)
    _checks.shapes(x=(x, "*batch d_k"))
    _checks.positive("eps", eps)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    length = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
    return (wide / length.clamp(min=eps)).to(x.dtype)
