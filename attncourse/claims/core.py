"""What a claim check is: a statement, what decides it, and the verdict.

The course follows an article whose statements are often wrong. Each statement gets a boxed check
where the reader meets it. Some are decided **by run**: a pure function turns a measurement into a
verdict, so a test can feed it a counterexample and see the verdict flip. Others are decided
**by source**: a publication settles them. The appendix table is generated from the same records.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["holds", "holds if", "does not hold"]

RECORD_MIME = "application/vnd.attncourse.claim+json"

_REGISTRY: dict[str, Claim] = {}


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check and the reason, with the measured numbers in it.

    Parameters
    ----------
    outcome
        ``"holds"``, ``"holds if"`` or ``"does not hold"``.
    because
        One or two plain sentences. A number in it comes from the measurement.
    condition
        What must be true, for ``"holds if"`` only; it completes the phrase "holds if …".
    """

    outcome: Outcome
    because: str
    condition: str = ""

    def __post_init__(self) -> None:
        if (self.outcome == "holds if") != bool(self.condition):
            raise ValueError(
                'a condition belongs to the outcome "holds if" and to no other; '
                f"got outcome {self.outcome!r} with condition {self.condition!r}"
            )

    def __str__(self) -> str:
        return f"holds if {self.condition}" if self.condition else self.outcome


@dataclass(frozen=True)
class Claim:
    """A statement of the article, paraphrased, with what decides it."""

    id: str
    sections: str
    says: str
    kind: Literal["run", "source"]
    decide: Callable[..., Verdict]
    sources: tuple[str, ...] = ()


def by_run(id: str, *, sections: str, says: str) -> Callable[[Callable[..., Verdict]], Any]:
    """Register a function that turns a measurement into a verdict.

    Parameters
    ----------
    id
        The claim's number, ``"C07"``.
    sections
        The article's sections that make the claim, ``"3.2, 3.3"``.
    says
        The claim in one line, in our words.
    """

    def register(decide: Callable[..., Verdict]) -> Callable[..., Verdict]:
        _add(Claim(id, sections, says, "run", decide))
        return decide

    return register


def by_source(
    id: str, *, sections: str, says: str, verdict: Verdict, sources: tuple[str, ...]
) -> None:
    """Register a claim that a publication settles.

    Parameters
    ----------
    id, sections, says
        As in :func:`by_run`.
    verdict
        What the sources say of it.
    sources
        BibTeX keys; at least one.
    """
    if not sources:
        raise ValueError(f"claim {id} is decided by source, so it needs at least one BibTeX key")
    _add(Claim(id, sections, says, "source", lambda: verdict, sources))


def _add(claim: Claim) -> None:
    known = _REGISTRY.get(claim.id)
    if known is not None and known.decide.__module__ != claim.decide.__module__:
        raise ValueError(f"claim {claim.id} is registered twice")
    _REGISTRY[claim.id] = claim


def registry() -> dict[str, Claim]:
    """All claims by number, in order."""
    return dict(sorted(_REGISTRY.items()))


def lookup(id: str) -> Claim:
    """The claim of that number; a ``KeyError`` names the known ones."""
    try:
        return _REGISTRY[id]
    except KeyError:
        raise KeyError(
            f"no claim is registered as {id!r}; known: {', '.join(registry())}"
        ) from None


def record(claim: Claim, verdict: Verdict) -> dict[str, Any]:
    """What the appendix table and the tests read: plain data, no objects."""
    return {
        "id": claim.id,
        "sections": claim.sections,
        "says": claim.says,
        "kind": claim.kind,
        "sources": list(claim.sources),
        "verdict": str(verdict),
        **asdict(verdict),
    }


_MARK = {"holds": "✓", "holds if": "≈", "does not hold": "✗"}


def as_html(claim: Claim, verdict: Verdict) -> str:
    """The box a reader sees. It carries its own few styles, so that it reads well anywhere."""
    decided = "decided by running it" if claim.kind == "run" else "decided by the literature"
    slug = verdict.outcome.replace(" ", "-")
    return (
        f'<aside class="att-claim" id="claim-{claim.id}" data-verdict="{slug}" '
        f'aria-label="Claim check {claim.id}" '
        'style="border-left:4px solid var(--att-verdict,#8a8f98);padding:.6rem 1rem;margin:1rem 0">'
        f'<div class="att-claim-head" style="font-size:.85em">Claim check {claim.id} · '
        f"article § {html.escape(claim.sections)} · {decided}</div>"
        f'<div class="att-claim-says" style="margin:.35rem 0">“{html.escape(claim.says)}”</div>'
        f'<div class="att-claim-verdict"><strong><span aria-hidden="true">{_MARK[verdict.outcome]}'
        f"</span> {html.escape(str(verdict))}</strong> — {html.escape(verdict.because)}</div>"
        "</aside>"
    )


def as_text(claim: Claim, verdict: Verdict) -> str:
    """The same box where there is no HTML."""
    return (
        f"Claim check {claim.id} (article § {claim.sections})\n"
        f"  says:    {claim.says}\n"
        f"  verdict: {verdict}\n"
        f"  because: {verdict.because}"
    )
