"""Keys for the delta rule: vectors of length one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attncourse import _checks


def l2_normalize(
    x: Float[np.ndarray, "*batch d_k"], *, eps: float = 1e-6
) -> Float[np.ndarray, "*batch d_k"]:
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
    >>> l2_normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    _checks.floating(np.ndarray, x=x)
    _checks.shapes(x=(x, "*batch d_k"))
    _checks.positive("eps", eps)
    wide = x.astype(np.promote_types(x.dtype, np.float32))
    length = np.linalg.norm(wide, axis=-1, keepdims=True)
    return (wide / np.maximum(length, eps)).astype(x.dtype)
