"""A writer that only counts: characters that followed the last few, in interpolated tables.

It has no steps to train and no seed, so there is no experiment in this file: ``four_writers``
compares its losses with those of three networks.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from attncourse.experiments.text_generation import Counts, counts, looked_up, numbered


class NGrams:
    r"""Interpolated Kneser-Ney: long contexts where they were seen, shorter ones for the rest.

    .. math:: p_k(c \mid h) = \frac{\max(N(hc) - D_k, 0)}{N(h)} +
        \frac{D_k \, T(h)}{N(h)} \, p_{k-1}(c \mid h'), \qquad D_k = \frac{n_1}{n_1 + 2 n_2}

    where :math:`h` are the last k - 1 symbols, :math:`h'` the same without the first of them,
    :math:`N` counts, :math:`T(h)` how many different symbols followed, and :math:`n_1`,
    :math:`n_2` how many stretches were seen once and twice. Below the highest order, N(hc) is not
    how often hc was seen but after how many different symbols.

    Source: Chen and Goodman (1999), section 2.7, https://doi.org/10.1006/csla.1999.0128.

    Parameters
    ----------
    symbols
        The text to count in, as numbers; or a row for each of several texts. No stretch goes from
        one row to the next.
    n_symbols
        How many different ones there may be.
    order
        The longest stretch: one more than the symbols that it looks back on.

    Examples
    --------
    >>> counted = NGrams(torch.tensor([0, 1, 0, 1, 0, 1]), n_symbols=2, order=2)
    >>> after_0 = counted.losses(torch.tensor([[0, 0]]), torch.tensor([[1, 1]]))[0, 1]
    >>> round(torch.exp(-after_0).item(), 2)  # 1 always followed 0
    0.92
    """

    def __init__(self, symbols: Tensor, n_symbols: int, order: int) -> None:
        if n_symbols**order >= 2**63:
            raise ValueError(f"order: {n_symbols} symbols to the power {order} is no 64-bit number")
        self.n_symbols, self.order = n_symbols, order
        text = symbols.numpy()
        seen = {
            k: np.unique(numbered(text, k, n_symbols), return_counts=True)
            for k in range(1, order + 1)
        }
        self.tables: list[tuple[Counts, float]] = []
        for k in range(1, order + 1):
            found, how_often = seen[k]
            if k < order:
                behind = seen[k + 1][0] % n_symbols**k
                found, how_often = np.unique(behind, return_counts=True)
            self.tables.append((counts(found, how_often, n_symbols), discount_of(how_often)))

    def __len__(self) -> int:
        """Count the entries: stretches of every length."""
        return sum(len(table.counts) for table, _ in self.tables)

    def losses(self, read: Tensor, wanted: Tensor) -> Tensor:
        """Give -log p of each wanted symbol, from its own row up to the place before it."""
        given, asked = read.numpy(), wanted.numpy()
        chance = np.full(asked.shape, 1 / self.n_symbols)
        for k, (known, discount) in enumerate(self.tables, 1):
            if k > read.shape[1] + 1:
                break
            context = numbered(given, k - 1, self.n_symbols)
            context = context[:, 1:] if k == 1 else context  # one place for each symbol
            places = slice(max(0, k - 2), None)  # the first have no context that long
            whole = context * self.n_symbols + asked[:, places]
            chance[:, places] = interpolate(known, discount, context, whole, chance[:, places])
        return torch.from_numpy(-np.log(chance)).float()


def discount_of(how_often: np.ndarray) -> float:
    """Learn from what was seen once and twice how much to take from every count."""
    once, twice = ((how_often == n).sum() for n in (1, 2))
    # Where nothing was seen once there is nothing to learn it from.
    return float(once / (once + 2 * twice)) if once else 0.5


def interpolate(
    known: Counts, discount: float, context: np.ndarray, whole: np.ndarray, shorter: np.ndarray
) -> np.ndarray:
    """Give what a table says, and what shorter contexts say where it says nothing."""
    count = np.maximum(looked_up(known.stretches, known.counts, whole) - discount, 0)
    total = looked_up(known.contexts, known.totals, context)
    rest = discount * looked_up(known.contexts, known.kinds, context)
    return np.where(total > 0, (count + rest * shorter) / np.maximum(total, 1), shorter)
