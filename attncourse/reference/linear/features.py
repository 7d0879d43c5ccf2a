"""Feature maps: the dot product of two features is the weight that a query gives to a key.

No feature map at all, the identity, is what RetNet, GLA and Mamba-2 use: pass q and k themselves.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attncourse import _checks
from attncourse.reference.softmax import softmax


def elu_features(x: Float[np.ndarray, "*batch d_k"]) -> Float[np.ndarray, "*batch d_k"]:
    r"""Make every feature positive: a straight line above zero, an exponential below.

    .. math:: \phi(x)_i = \text{elu}(x_i) + 1 =
        \begin{cases} x_i + 1 & x_i > 0 \\ e^{x_i} & x_i \le 0 \end{cases}

    where :math:`x` is a query or a key. Slope and value have no step at zero.

    Source: Katharopoulos et al. (2020), Transformers are RNNs, arXiv:2006.16236, equation 7.

    Parameters
    ----------
    x : array
        Queries or keys.

    Examples
    --------
    >>> elu_features(np.array([-1.0, 0.0, 2.0])).round(3)
    array([0.368, 1.   , 3.   ])
    """
    _checks.floating(np.ndarray, x=x)
    wide = x.astype(np.promote_types(x.dtype, np.float32))
    return np.where(wide > 0, wide + 1, np.exp(np.minimum(wide, 0))).astype(x.dtype)


def relu_features(x: Float[np.ndarray, "*batch d_k"]) -> Float[np.ndarray, "*batch d_k"]:
    """Cut negative features off: a query sees only keys that share a positive feature with it.

    A query without a positive feature has nothing to attend to.

    Source: Kasai et al. (2021), Finetuning Pretrained Transformers into RNNs, arXiv:2103.13076.

    Parameters
    ----------
    x : array
        Queries or keys.

    Examples
    --------
    >>> relu_features(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    _checks.floating(np.ndarray, x=x)
    return np.maximum(x, 0)


def softmax_features(x: Float[np.ndarray, "*batch d_k"]) -> Float[np.ndarray, "*batch d_k"]:
    r"""Let the features of one position share one unit: exponentials that cannot overflow.

    .. math:: \phi(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}

    where :math:`x` is a query or a key, and the sum runs over its features. Hedgehog takes it of a
    learned projection and of its negative, for queries and keys. Efficient attention takes it for
    queries only and lets each feature of the keys share one unit among the *positions*, which is
    ``softmax(k, axis=-2)`` here and, as it looks at all keys, has no causal form.

    Source: Zhang et al. (2024), arXiv:2402.04347; Shen et al. (2018), Efficient Attention,
    arXiv:1812.01243, section 3.2.

    Parameters
    ----------
    x : array
        Queries or keys.

    Examples
    --------
    >>> softmax_features(np.log(np.array([1.0, 3.0])))
    array([0.25, 0.75])
    """
    return softmax(x, axis=-1)


def taylor_features(x: Float[np.ndarray, "*batch d_k"]) -> Float[np.ndarray, "*batch d_features"]:
    r"""Spell out the exponential's Taylor series up to the square, as 1 + d_k + d_k² features.

    .. math:: \phi(x) = \Big[\, 1,\; x,\; \tfrac{1}{\sqrt 2} \, x \otimes x \,\Big], \qquad
        \phi(q) \cdot \phi(k) = 1 + q \cdot k + \tfrac12 (q \cdot k)^2 \approx e^{q \cdot k}

    where :math:`\otimes` makes every product of two entries. Every weight is positive, though not
    every feature. For scaled dot-product attention, scale queries and keys by :math:`d_k^{-1/4}`.

    Source: Arora et al. (2024), arXiv:2402.18668.

    Parameters
    ----------
    x : array
        Queries or keys.

    Examples
    --------
    >>> q, k = taylor_features(np.array([[2.0], [0.5]]))
    >>> (q @ k).round(6)  # 1 + 1 + 1/2
    np.float64(2.5)
    """
    _checks.floating(np.ndarray, x=x)
    _checks.shapes(x=(x, "*batch d_k"))
    wide = x.astype(np.promote_types(x.dtype, np.float32))
    products = (wide[..., :, None] * wide[..., None, :]).reshape(*x.shape[:-1], x.shape[-1] ** 2)
    return np.concatenate([np.ones_like(wide[..., :1]), wide, products / 2**0.5], axis=-1).astype(
        x.dtype
    )


def dpfp_features(
    x: Float[np.ndarray, "*batch d_k"], *, n_shifts: int = 1
) -> Float[np.ndarray, "*batch d_features"]:
    r"""Multiply neighbouring rectified features: 2 · d_k · n_shifts features, few of them not zero.

    .. math:: \phi(x)_{2 d (j-1) + i} = r_i \, r_{i + j}, \qquad
        r = \max([x, -x], 0), \qquad j = 1, \dots, \nu

    where the index of :math:`r` runs in a circle of :math:`2 d`, d is ``d_k`` and :math:`\nu` is
    ``n_shifts``. With more features than keys, keys can be told apart without interference.

    Source: Schlag et al. (2021), arXiv:2102.11174, section 5.3 (the deterministic parameter-free
    projection).

    Parameters
    ----------
    x : array
        Queries or keys.
    n_shifts : int
        How many neighbours each feature is multiplied with.

    Examples
    --------
    >>> dpfp_features(np.array([2.0, -3.0]))  # r = [2, 0, 0, 3]; only 3 has a neighbour, 2
    array([0., 0., 0., 6.])
    """
    _checks.floating(np.ndarray, x=x)
    _checks.shapes(x=(x, "*batch d_k"))
    _checks.count("n_shifts", n_shifts, minimum=1)
    rectified = np.maximum(np.concatenate([x, -x], axis=-1), 0)
    rectified = rectified.astype(np.promote_types(x.dtype, np.float32))
    products = [rectified * np.roll(rectified, -j, axis=-1) for j in range(1, n_shifts + 1)]
    return np.concatenate(products, axis=-1).astype(x.dtype)
