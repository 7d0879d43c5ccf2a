"""Claims of the article on its listing, 3.12.3 to 3.12.6 (chapter 5 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from attncourse.claims.core import Verdict, by_run


@by_run(
    "C15",
    sections="3.12.4, 3.12.5, 3.12.6",
    says="The attention layer of the listing computes multi-head attention.",
    chinese="层实现了多头注意力机制",
    reading="Computes (实现) is read as: the layer runs, each output moves with every position "
    "that it may attend to, and the outputs are those of the definition with the same weights.",
    sources=("vaswani2017",),
)
def layer_works(*, undefined: Sequence[str], reach: ArrayLike, error: float) -> Verdict:
    """Compare the listing's layer with the definition.

    Parameters
    ----------
    undefined
        Names that the layer uses and nobody defines.
    reach
        A row for each output and a column for each position: whether changing the position moves
        the output, once the names are defined.
    error
        The largest distance from the definition's outputs, with the same weights.
    """
    moved = np.asarray(reach, dtype=bool)
    alone = np.array_equal(moved, np.eye(len(moved), dtype=bool))
    names = f"It uses {', '.join(undefined)}, which nobody defines. " if undefined else ""
    heard = "its own position alone" if alone else f"{moved.mean():.0%} of the positions"
    because = (
        f"{names}{'Once it is defined, an' if undefined else 'An'} output moves with {heard}; "
        f"it lies up to {error:.2g} from the definition's."
    )
    right = not undefined and moved.all() and error < 1e-5
    return Verdict("holds" if right else "does not hold", because)


@by_run(
    "C16",
    sections="3.12.1, 3.12.3",
    says="The model of the listing generates text.",
    chinese="我们的文本生成模型将基于Transformer架构",
    reading="A model that generates text (文本生成模型) is read as: asked for the next character "
    "when there is nothing but the text so far, it does better than a table of pairs of "
    "characters, from every seed. Its missing layers are filled in.",
    sources=("vaswani2017",),
)
def model_writes(
    *, undefined: Sequence[str], losses: Mapping[str, Sequence[float]], pairs: float
) -> Verdict:
    """Compare losses in writing with those of a table of pairs.

    Parameters
    ----------
    undefined
        Layers that the model uses and the listing does not have.
    losses
        For the listing's model and for each repair, in order: the loss of the next character, one
        a seed.
    pairs
        The same of a table of pairs.
    """
    told = "; ".join(f"{name} {np.mean(found):.2f}" for name, found in losses.items())
    missing = f"It uses {' and '.join(undefined)}, which the listing lacks. " if undefined else ""
    because = f"{missing}Loss in writing: {told}; a table of pairs {pairs:.2f}."
    if max(next(iter(losses.values()))) >= pairs:
        return Verdict("does not hold", because)
    if undefined:
        return Verdict("holds if", because, "the missing layers are filled in")
    return Verdict("holds", because)
