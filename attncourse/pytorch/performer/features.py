"""Random features: an estimate of the exponential of a dot product, as a dot product."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse._autocast import in_full_precision


@in_full_precision
def positive_features(
    x: Float[Tensor, "*batch d_k"], projection: Float[Tensor, "n_features d_k"]
) -> Float[Tensor, "*batch n_features"]:
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
    >>> projection = torch.tensor([[0.5], [-0.5]])
    >>> positive_features(torch.tensor([1.0]), projection).round(decimals=3)  # 1/√2, e⁻¹/√2
    tensor([0.7070, 0.2600])
    """
    _checks.random_features(Tensor, projection, x=x)
    exponents = _exponents(x, projection)
    return (torch.exp(exponents) / len(projection) ** 0.5).to(x.dtype)


@in_full_precision
def trigonometric_features(
    x: Float[Tensor, "*batch d_k"], projection: Float[Tensor, "n_features d_k"]
) -> Float[Tensor, "*batch 2*n_features"]:
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
    >>> trigonometric_features(torch.tensor([0.0]), torch.tensor([[0.5], [-0.5]])).round(decimals=3)
    tensor([0.0000, 0.0000, 0.7070, 0.7070])
    """
    _checks.random_features(Tensor, projection, x=x)
    wide, angles = _projected(x, projection)
    amplitude = torch.exp(torch.square(wide).sum(-1, keepdim=True) / 2) / len(projection) ** 0.5
    return (amplitude * torch.cat([torch.sin(angles), torch.cos(angles)], dim=-1)).to(x.dtype)


def orthogonal_projection(
    noise: Float[Tensor, "n_features d_k"],
) -> Float[Tensor, "n_features d_k"]:
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
    >>> noise = torch.tensor([[3.0, 0.0], [1.0, 1.0], [0.0, 2.0]])  # two blocks: 2 rows, then 1
    >>> orthogonal_projection(noise).round(decimals=3) + 0.0
    tensor([[3.0000, 0.0000],
            [0.0000, 1.4140],
            [0.0000, 2.0000]])
    """
    _checks.random_features(Tensor, noise, name="noise")
    wide = noise.to(torch.promote_types(noise.dtype, torch.float32))
    blocks = []
    for start in range(0, len(wide), wide.shape[-1]):
        block = wide[start : start + wide.shape[-1]]
        directions, triangle = torch.linalg.qr(block.T)
        # The factorisation leaves signs open; Gram-Schmidt keeps each row on its own side.
        signs = torch.where(torch.diagonal(triangle) < 0, -1, 1)
        lengths = torch.linalg.vector_norm(block, dim=-1)
        blocks.append((directions * signs * lengths).T)
    return torch.cat(blocks).to(noise.dtype)


def _projected(x: Tensor, projection: Tensor) -> tuple[Tensor, Tensor]:
    """Give x in at least float32, and its dot products with the rows of the projection."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    return wide, wide @ projection.to(wide.dtype).T


def _exponents(x: Tensor, projection: Tensor) -> Tensor:
    wide, products = _projected(x, projection)
    return products - torch.square(wide).sum(-1, keepdim=True) / 2
