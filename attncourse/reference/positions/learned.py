"""Learned positions: a table with one row for each, added to the embeddings."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from attncourse import _checks


def learned_positions(
    table: Float[np.ndarray, "n_positions d_model"],
    positions: Int[np.ndarray, "*positions"],
) -> Float[np.ndarray, "*positions d_model"]:
    r"""Look each position up in a learned table.

    .. math:: PE_p = T_p

    where :math:`T` has a learned row a position, and none beyond the last: it caps the length.

    Source: Gehring et al. (2017), section 3.1, arXiv:1705.03122; Devlin et al. (2019), BERT,
    arXiv:1810.04805.

    Parameters
    ----------
    table : array, floating
        One row for each position.
    positions : integer array of any shape
        Where each token stands.

    Examples
    --------
    >>> learned_positions(np.array([[0.5, 1.0], [2.0, 3.0]]), np.array([1, 1, 0]))
    array([[2. , 3. ],
           [2. , 3. ],
           [0.5, 1. ]])
    """
    _checks.inside_table(np.ndarray, table, positions)
    return table[positions]
