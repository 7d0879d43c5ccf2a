"""Random features: an estimate of the exponential of a dot product, as a dot product."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attncourse import _checks


def positive_features(
    x: Float[np.ndarray, "*batch d_k"], projection: Float[np.ndarray, "n_features d_k"]
) -> Float[np.ndarray, "*batch n_features"]:
    r"""Map a vector to positive random features, whose dot product estimates the exponential.

    .. math:: \phi(x)_i = \frac{1}{\sqrt m} \exp\left(\omega_i \cdot x -
        \tfrac12 \lVert x \rVert^2\right), \qquad
        \mathbb E[\phi(q) \cdot \phi(k)] = e^{q \cdot k}

    where :math:`x` is a query or a key, :math:`\omega_i` is row i of the projection, Gaussian
    with variance one, and :math:`m` is the number of rows. The variance is smallest where the
    kernel is small, which is where most weights are.

    Source: Choromanski et al. (2021), lemma 1, arXiv:2009.14794.

    Parameters
    ----------
    x : array, floating
        Queries or keys. For the kernel of scaled dot-product attention multiply both by
        :math:`d_k^{-1/4}` first.
    projection : array, floating
        Gaussian rows, independent or orthogonal (:func:`orthogonal_projection`); the same for
        queries and keys. It may have a dtype of its own.

    Returns
    -------
    array (..., n_features), in the dtype of x
        The features, never negative.

    Notes
    -----
    Cost: n_features · d_k multiply-adds and n_features exponentials for each vector. Nothing is
    taken away from the exponents, so that the estimate is unbiased; long vectors in half precision
    may overflow. :func:`performer_attention` takes care of that.

    Examples
    --------
    >>> projection = np.array([[0.5], [-0.5]])
    >>> positive_features(np.array([1.0]), projection).round(3)  # 1/√2, e⁻¹/√2
    array([0.707, 0.26 ])
    """
    _checks.random_features(np.ndarray, projection, x=x)
    exponents = _exponents(x, projection)
    return (np.exp(exponents) / len(projection) ** 0.5).astype(x.dtype)


def trigonometric_features(
    x: Float[np.ndarray, "*batch d_k"], projection: Float[np.ndarray, "n_features d_k"]
) -> Float[np.ndarray, "*batch 2*n_features"]:
    r"""Map a vector to sines and cosines: the older estimate of the exponential, with any sign.

    .. math:: \phi(x) = \frac{e^{\lVert x \rVert^2 / 2}}{\sqrt m} \,
        [\sin(\omega_1 \cdot x), \dots, \sin(\omega_m \cdot x),
        \cos(\omega_1 \cdot x), \dots, \cos(\omega_m \cdot x)]

    where :math:`x` is a query or a key, :math:`\omega_i` is row i of the projection, Gaussian
    with variance one, and :math:`m` is the number of rows. Unbiased as :func:`positive_features`
    is, but an estimate of a small weight may be negative and its variance is large: a sum of such
    weights can be close to zero, and a division by it can give anything.

    Source: Rahimi and Recht (2007),
    https://papers.nips.cc/paper/3182-random-features-for-large-scale-kernel-machines; Choromanski
    et al. (2021), section 2.3, arXiv:2009.14794.

    Parameters
    ----------
    x : array, floating
        Queries or keys. For the kernel of scaled dot-product attention multiply both by
        :math:`d_k^{-1/4}` first.
    projection : array, floating
        As in :func:`positive_features`.

    Returns
    -------
    array (..., 2 · n_features), in the dtype of x
        The features: sines, then cosines.

    Notes
    -----
    Cost: n_features · d_k multiply-adds, 2 · n_features sines and cosines for each vector.

    Examples
    --------
    >>> trigonometric_features(np.array([0.0]), np.array([[0.5], [-0.5]])).round(3)
    array([0.   , 0.   , 0.707, 0.707])
    """
    _checks.random_features(np.ndarray, projection, x=x)
    wide, angles = _projected(x, projection)
    amplitude = np.exp(np.square(wide).sum(-1, keepdims=True) / 2) / len(projection) ** 0.5
    return (amplitude * np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)).astype(x.dtype)


def orthogonal_projection(
    noise: Float[np.ndarray, "n_features d_k"],
) -> Float[np.ndarray, "n_features d_k"]:
    r"""Turn Gaussian rows at right angles to each other, each keeping its length.

    .. math:: \omega_i = \lVert g_i \rVert \, u_i, \qquad
        u_i = \frac{g_i - \sum_{j < i} (g_i \cdot u_j) \, u_j}{\lVert \dots \rVert}

    where :math:`g_i` is row i of the noise and the sum runs over the rows of its block before it:
    :math:`d_k` rows make a block, since no more can be orthogonal. A row keeps its length, which
    for Gaussian rows is independent of its direction, so each row is as Gaussian as before and
    estimates stay unbiased; as rows no longer repeat each other, the variance falls.

    Source: Choromanski et al. (2021), section 2.4, arXiv:2009.14794.

    Parameters
    ----------
    noise : array, floating
        Independent normal numbers with mean zero and variance one.

    Returns
    -------
    array with the shape and dtype of noise
        The projection; rows of one block are orthogonal, blocks are independent.

    Examples
    --------
    >>> noise = np.array([[3.0, 0.0], [1.0, 1.0], [0.0, 2.0]])  # two blocks: 2 rows, then 1
    >>> orthogonal_projection(noise).round(3) + 0.0
    array([[3.   , 0.   ],
           [0.   , 1.414],
           [0.   , 2.   ]])
    """
    _checks.random_features(np.ndarray, noise, name="noise")
    wide = noise.astype(np.promote_types(noise.dtype, np.float32))
    blocks = []
    for start in range(0, len(wide), wide.shape[-1]):
        block = wide[start : start + wide.shape[-1]]
        directions, triangle = np.linalg.qr(block.T)
        # The factorisation leaves signs open; Gram-Schmidt keeps each row on its own side.
        signs = np.where(np.diagonal(triangle) < 0, -1, 1)
        lengths = np.linalg.norm(block, axis=-1)
        blocks.append((directions * signs * lengths).T)
    return np.concatenate(blocks).astype(noise.dtype)


def _projected(x: np.ndarray, projection: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give x in at least float32, and its dot products with the rows of the projection."""
    wide = x.astype(np.promote_types(x.dtype, np.float32))
    return wide, wide @ projection.astype(wide.dtype).T


def _exponents(x: np.ndarray, projection: np.ndarray) -> np.ndarray:
    wide, products = _projected(x, projection)
    return products - np.square(wide).sum(-1, keepdims=True) / 2
