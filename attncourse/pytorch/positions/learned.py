"""Learned positions: a table with one row for each, added to the embeddings."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor

from attncourse import _checks


def learned_positions(
    table: Float[Tensor, "n_positions d_model"],
    positions: Int[Tensor, "*positions"],
) -> Float[Tensor, "*positions d_model"]:
    """Look each position up in a learned table.

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
    >>> import torch
    >>> learned_positions(torch.tensor([[0.5, 1.0], [2.0, 3.0]]), torch.tensor([1, 1, 0]))
    tensor([[2.0000, 3.0000],
            [2.0000, 3.0000],
            [0.5000, 1.0000]])
    """
    _checks.inside_table(Tensor, table, positions)
    return table[positions.long()]
