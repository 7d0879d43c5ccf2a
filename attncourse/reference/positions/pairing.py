"""The two pairings of rotary positions: one is the other with the features in another order."""

from __future__ import annotations

import numpy as np
from einops import rearrange
from jaxtyping import Float

from attncourse import _checks


def interleaved_to_half_split(
    x: Float[np.ndarray, "*shape"],
    *,
    n_heads: int = 1,
    d_rotary: int | None = None,
    axis: int = -1,
) -> Float[np.ndarray, "*shape"]:
    r"""Reorder features whose neighbours pair up so that the first half pairs with the second.

    .. math:: (a_0, b_0, a_1, b_1, \dots) \to (a_0, a_1, \dots, b_0, b_1, \dots)

    where :math:`(a_i, b_i)` is what rotary positions turn by :math:`\theta_i`. Applied to the
    features of queries and keys alike it leaves every score as it was. Applied to the columns of
    the projections, and to their biases and norms, it turns weights trained with one pairing into
    weights for the other.

    Source: Su et al. (2021), RoFormer, equation 34, arXiv:2104.09864, is interleaved; Black et al.
    (2022), GPT-NeoX-20B, arXiv:2204.06745, and Llama's weights as Hugging Face publishes them are
    half-split.

    Parameters
    ----------
    x : array, floating
        Features, or weights that make them.
    n_heads : int
        How many heads stand side by side along the axis; each is reordered by itself.
    d_rotary : int, optional
        How many of each head's features turn; all of them if left out. The others stay.
    axis : int
        Where the features are: the last for a weight of ours, the first for ``torch.nn.Linear``.

    Examples
    --------
    >>> interleaved_to_half_split(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), d_rotary=4)
    array([0., 2., 1., 3., 4.])
    """
    return _regroup(x, "... (pair two) -> ... (two pair)", n_heads, d_rotary, axis)


def half_split_to_interleaved(
    x: Float[np.ndarray, "*shape"],
    *,
    n_heads: int = 1,
    d_rotary: int | None = None,
    axis: int = -1,
) -> Float[np.ndarray, "*shape"]:
    r"""Reorder features whose first half pairs with the second so that neighbours pair up.

    .. math:: (a_0, a_1, \dots, b_0, b_1, \dots) \to (a_0, b_0, a_1, b_1, \dots)

    where :math:`(a_i, b_i)` is what rotary positions turn by :math:`\theta_i`. The way back of
    :func:`interleaved_to_half_split`.

    Source: Su et al. (2021), RoFormer, equation 34, arXiv:2104.09864.

    Parameters
    ----------
    x, n_heads, d_rotary, axis
        As in :func:`interleaved_to_half_split`.

    Examples
    --------
    >>> half_split_to_interleaved(np.array([0.0, 2.0, 1.0, 3.0, 4.0]), d_rotary=4)
    array([0., 1., 2., 3., 4.])
    """
    return _regroup(x, "... (two pair) -> ... (pair two)", n_heads, d_rotary, axis)


def _regroup(
    x: np.ndarray, pattern: str, n_heads: int, d_rotary: int | None, axis: int
) -> np.ndarray:
    d_rotary = _checks.pairing(np.ndarray, x, n_heads, d_rotary, axis)
    last = np.moveaxis(x, axis, -1)
    features = rearrange(last, "... (head d) -> ... head d", head=n_heads)
    turning = rearrange(features[..., :d_rotary], pattern, two=2)
    features = np.concatenate([turning, features[..., d_rotary:]], axis=-1)
    return np.moveaxis(features.reshape(last.shape), -1, axis)
