"""Eight bits for a number: each row of a matrix keeps a scale of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

#: The name of a matrix's scales, behind its own.
SCALE = ".scale"
#: The largest number of a row becomes this one.
MOST = 127


def rounded(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    r"""Round matrices to int8, each row by its own scale; vectors stay float32.

    .. math:: Q_{ij} = \text{round}(W_{ij} / s_i), \qquad s_i = \max_j |W_{ij}| / 127

    Vectors (biases) are few, and a network is touchy about them.

    Parameters
    ----------
    arrays
        Matrices and vectors by name.

    Examples
    --------
    >>> rounded({"w": np.array([[1.0, -0.5], [0.0, 0.0]])})["w"].tolist()
    [[127, -64], [0, 0]]
    """
    found: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if array.ndim == 1:
            found[name] = array.astype(np.float32)
            continue
        if array.ndim != 2:
            raise ValueError(f"{name}: expected a matrix or a vector, got shape {array.shape}")
        scale = (np.abs(array).max(axis=1) / MOST).astype(np.float32)
        # A row of zeros has no scale; any number but zero will do.
        by = np.where(scale > 0, scale, 1).astype(np.float64)[:, None]
        found[name] = np.clip(np.rint(array / by), -MOST, MOST).astype(np.int8)
        found[name + SCALE] = scale
    return found


def restored(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give back what :func:`rounded` rounded, as float64.

    An int8 times a float32 fits float64 without rounding, so every language gets the same numbers.

    Parameters
    ----------
    arrays
        What :func:`rounded` gave.

    Examples
    --------
    >>> given = {"w": np.array([[1.0, -0.5]]), "b": np.array([0.25])}
    >>> {name: array.round(3).tolist() for name, array in restored(rounded(given)).items()}
    {'w': [[1.0, -0.504]], 'b': [0.25]}
    """
    return {
        name: array.astype(np.float64) * arrays[name + SCALE].astype(np.float64)[:, None]
        if name + SCALE in arrays
        else array.astype(np.float64)
        for name, array in arrays.items()
        if not name.endswith(SCALE)
    }
