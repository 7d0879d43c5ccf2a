"""Claims of the article on the generation of text, 2.4 and 3.6 (chapter 5 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attncourse.claims.core import Verdict, by_run


@by_run(
    "C18-writing",
    sections="2.4, 3.6, 9.6",
    says="Attention finds the key parts of the text so far and makes generated text more fluent "
    "and more coherent.",
    chinese="自动聚焦于输入文本的关键部分，生成更加流畅、连贯的文本",
    reading="More (更加) is read as: more than a table of counts, which has no attention. Fluent "
    "(流畅): a lower loss on plays that neither has read, from every seed. Coherent (连贯): a name "
    "that the text so far holds costs less if the text far back is told, and more if the head that "
    "looks there (聚焦, focuses) is switched off, above what other heads of its layer cost.",
    sources=("vaswani2017",),
)
def writing_gains(
    *,
    table: float,
    losses: Mapping[int, Sequence[float]],
    names: Mapping[str, float],
    saved: tuple[float, float],
    lost: float,
    lost_other: float,
) -> Verdict:
    """Compare a small Transformer with a table of counts, and with itself without one head.

    Parameters
    ----------
    table
        The table's loss on unread plays, in nats a character.
    losses
        The Transformer's, for each number of training steps: one a seed.
    names
        What a name costs that the text so far holds, in nats: by ``"counts"``, by counts with a
        ``"memory"`` of the text so far, and by the ``"Transformer"``.
    saved
        The 95 % interval of what the text far back saves on a repeated name, in nats.
    lost
        What the same names cost more without the head that looks back.
    lost_other
        The most that they cost more without another head of its layer.
    """
    fluent = {n: max(found) < table for n, found in sorted(losses.items())}
    told = "; ".join(f"{n:,} steps {np.mean(found):.2f}" for n, found in sorted(losses.items()))
    coherent = (
        names["Transformer"] < names["counts"] and saved[0] > 0 and lost > max(0.0, lost_other)
    )
    because = (
        f"Loss on unread plays: a table of counts {table:.2f}; the Transformer after {told}. A "
        f"name that the text so far holds costs counts {names['counts']:.1f} nats, counts with a "
        f"memory {names['memory']:.1f}, the Transformer {names['Transformer']:.1f}; what stands "
        f"far back saves it {np.mean(saved):.1f}. Without the head that looks there the name costs "
        f"{lost:.1f} more, without another of its layer at most {lost_other:.1f}."
    )
    last = max(fluent)
    if not (fluent[last] and coherent):
        return Verdict("does not hold", because)
    conditions = []
    if not all(fluent.values()):
        conditions.append(f"the model is trained long enough ({last:,} steps)")
    if names["memory"] < names["Transformer"]:
        conditions.append("the counts that it is compared with forget the text so far")
    if conditions:
        return Verdict("holds if", because, " and ".join(conditions))
    return Verdict("holds", because)
