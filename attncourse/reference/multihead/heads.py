"""Between features and heads: a reshape and a transpose."""

from __future__ import annotations

import numpy as np
from einops import rearrange
from jaxtyping import Float

from attncourse import _checks


def split_heads(
    x: Float[np.ndarray, "*batch seq n_heads*d_head"], n_heads: int
) -> Float[np.ndarray, "*batch n_heads seq d_head"]:
    r"""Cut the features into heads, and put the heads before the sequence.

    .. math:: y_{b,h,t,i} = x_{b,t,\,h d + i}

    where :math:`h` is the head, :math:`t` the position and :math:`d` the width of a head. A reshape
    alone would mix positions with heads.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.2.2, arXiv:1706.03762.

    Parameters
    ----------
    x : array, floating
        Features, the heads side by side.
    n_heads : int
        How many heads there are.

    Examples
    --------
    >>> split_heads(np.array([[1.0, 2.0, 3.0, 4.0]]), n_heads=2)
    array([[[1., 2.]],
    <BLANKLINE>
           [[3., 4.]]])
    """
    _checks.floating(np.ndarray, x=x)
    _checks.shapes(x=(x, "*batch seq features"))
    _checks.divides("n_heads", n_heads, "the width of x", x.shape[-1])
    return rearrange(x, "... seq (heads dim) -> ... heads seq dim", heads=n_heads)


def merge_heads(
    x: Float[np.ndarray, "*batch n_heads seq d_head"],
) -> Float[np.ndarray, "*batch seq n_heads*d_head"]:
    r"""Put the heads side by side again, the inverse of :func:`split_heads`.

    .. math:: x_{b,t,\,h d + i} = y_{b,h,t,i}

    where :math:`h` is the head, :math:`t` the position and :math:`d` the width of a head.

    Source: Vaswani et al. (2017), section 3.2.2 ("Concat"), arXiv:1706.03762.

    Parameters
    ----------
    x : array, floating
        One sequence for each head.

    Examples
    --------
    >>> merge_heads(np.array([[[1.0, 2.0]], [[3.0, 4.0]]]))
    array([[1., 2., 3., 4.]])
    """
    _checks.floating(np.ndarray, x=x)
    _checks.shapes(x=(x, "*batch n_heads seq d_head"))
    return rearrange(x, "... heads seq dim -> ... seq (heads dim)")
