"""Claims of the article on the generation of text, 2.4 and 3.6 (chapter 5 of the course)."""

from __future__ import annotations

from collections.abc import Mapping

from attncourse.claims.core import Verdict, by_run


@by_run(
    "C18-writing",
    sections="2.4, 3.6, 9.6",
    says="Attention finds the key parts of the text so far and makes generated text more fluent "
    "and more coherent.",
    chinese="自动聚焦于输入文本的关键部分，生成更加流畅、连贯的文本",
    reading="More (更加) is read as: more than counts of up to eight characters, which have no "
    "attention. Fluent (流畅): a lower loss on plays that neither has read. Coherent (连贯): a "
    "name that the text so far holds costs less than by counts, and the text far back, which "
    "attention can focus on (聚焦), saves more on it than on a name that does not stand there. A "
    "small model, a short training.",
    sources=("vaswani2017",),
)
def writing_gains(
    *,
    losses: Mapping[str, float],
    ahead: tuple[float, float],
    names: Mapping[str, float],
    saved: tuple[float, float],
) -> Verdict:
    """Compare a small Transformer with counts of characters, on unread plays.

    Parameters
    ----------
    losses
        Nats a character, by ``"counts"`` and by the ``"Transformer"``.
    ahead
        The 95 % interval of the Transformer's lead over counts.
    names
        Nats for a name that the text so far holds: by ``"counts"``, by counts with a ``"memory"``
        of the text so far, and by the ``"Transformer"``.
    saved
        The 95 % interval of what the text far back saves the Transformer on such a name, beyond
        what it saves on a name that the text does not hold.
    """
    fluent = ahead[0] > 0
    coherent = names["Transformer"] < names["counts"] and saved[0] > 0
    because = (
        f"Loss a character: counts {losses['counts']:.3f}, Transformer "
        f"{losses['Transformer']:.3f}, a lead of {ahead[0]:.3f} to {ahead[1]:.3f}. A name that the "
        f"text so far holds: counts {names['counts']:.1f} nats, counts with a memory "
        f"{names['memory']:.1f}, Transformer {names['Transformer']:.1f}; that the name stands far "
        f"back saves it {saved[0]:.2f} to {saved[1]:.2f}."
    )
    if not (fluent and coherent):
        return Verdict("does not hold", because)
    if names["memory"] < names["Transformer"]:
        return Verdict("holds if", because, "counts have no memory of the text so far")
    return Verdict("holds", because)
