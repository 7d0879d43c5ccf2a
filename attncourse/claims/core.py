"""What a claim check is: a statement, what decides it, and the verdict.

Some of the source article's statements are wrong. Each one gets a boxed check where the reader
meets it: what the article says in our words, the few Chinese words that decide how it is read, the
verdict and the reason. Some are decided **by run**: a pure function turns a measurement into a
verdict, so a test can feed it a counterexample and see the verdict flip. Others are decided
**by source**: a publication settles them. The appendix table is generated from the same records.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from attncourse.claims.sources import SOURCES

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
    """A statement of the article with what decides it.

    Parameters
    ----------
    id
        The claim's number, ``"C07"``.
    sections
        The article's sections that make the claim, ``"3.2, 3.3"``.
    says
        The claim in one line, in our words: a paraphrase, so it never stands in quotation marks.
    chinese
        The few words of the article that decide how it is read, as they stand there.
    reading
        How these words are read here, as one or two sentences.
    kind
        ``"run"`` or ``"source"``.
    decide
        Turns a measurement into a verdict; asks for nothing where a source decides.
    sources
        BibTeX keys.
    """

    id: str
    sections: str
    says: str
    chinese: str
    reading: str
    kind: Literal["run", "source"]
    decide: Callable[..., Verdict]
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(mark in self.says for mark in '"“”„‘«»「」'):
            raise ValueError(
                f"claim {self.id} is told in our words, so it has no quotation marks; "
                f"got says={self.says!r}. The article's own words go into chinese="
            )
        if not (self.chinese.strip() and self.reading.strip()):
            raise ValueError(
                f"claim {self.id} needs the Chinese words that decide its reading, and the reading"
            )
        unknown = set(self.sources) - set(SOURCES)
        if unknown:
            raise ValueError(
                f"claim {self.id} cites {', '.join(sorted(unknown))}; "
                "add the source to attncourse/claims/sources.py"
            )
        if self.kind == "source" and not self.sources:
            raise ValueError(
                f"claim {self.id} is decided by source, so it needs at least one BibTeX key"
            )


def by_run(
    id: str,
    *,
    sections: str,
    says: str,
    chinese: str,
    reading: str,
    sources: tuple[str, ...] = (),
) -> Callable[[Callable[..., Verdict]], Any]:
    """Register a function that turns a measurement into a verdict; see :class:`Claim`."""

    def register(decide: Callable[..., Verdict]) -> Callable[..., Verdict]:
        _add(Claim(id, sections, says, chinese, reading, "run", decide, sources))
        return decide

    return register


def by_source(
    id: str,
    *,
    sections: str,
    says: str,
    chinese: str,
    reading: str,
    verdict: Verdict,
    sources: tuple[str, ...],
) -> None:
    """Register a claim that a publication settles; see :class:`Claim`."""
    _add(Claim(id, sections, says, chinese, reading, "source", lambda: verdict, sources))


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
    """What the book's box and table and the tests read: plain data, no objects."""
    return {
        "id": claim.id,
        "sections": claim.sections,
        "says": claim.says,
        "chinese": claim.chinese,
        "reading": claim.reading,
        "kind": claim.kind,
        "sources": list(claim.sources),
        "verdict": str(verdict),
        **asdict(verdict),
    }


MARK = {"holds": "✓", "holds if": "≈", "does not hold": "✗"}
DECIDED = {"run": "decided by running it", "source": "decided by the literature"}


def as_html(claim: Claim, verdict: Verdict) -> str:
    """The box a reader sees. It carries its own few styles, so that it reads well anywhere.

    The book builds its own box from the record in ``data-record``, with links to its other pages.
    """
    say = html.escape
    slug = verdict.outcome.replace(" ", "-")
    carried = say(json.dumps(record(claim, verdict), ensure_ascii=False), quote=True)
    cited = "; ".join(
        f'<a href="{say(SOURCES[key].address)}">{say(SOURCES[key].text)}</a>'
        for key in claim.sources
    )
    return (
        f'<aside class="att-claim" id="claim-{claim.id}" data-verdict="{slug}" '
        f'aria-label="Claim check {claim.id}" data-record="{carried}" '
        'style="border-left:4px solid var(--att-verdict,#8a8f98);padding:.6rem 1rem;margin:1rem 0">'
        f'<div class="att-claim-head" style="font-size:.85em">Claim check {claim.id} · the source '
        f"article, § {say(claim.sections)} · {DECIDED[claim.kind]}</div>"
        f'<div class="att-claim-says" style="margin:.35rem 0">It says: {say(claim.says)}</div>'
        f'<div class="att-claim-verdict"><strong><span aria-hidden="true">{MARK[verdict.outcome]}'
        f"</span> {say(sentence(str(verdict)))}</strong> {say(verdict.because)}</div>"
        f'<details class="att-claim-reading" style="font-size:.9em;margin:.35rem 0">'
        f'<summary>In its words</summary><span lang="zh">{say(claim.chinese)}</span>. '
        f"{say(claim.reading)}</details>"
        + (f'<div class="att-claim-sources">Sources: {cited}.</div>' if cited else "")
        + "</aside>"
    )


def sentence(text: str) -> str:
    """A clause as a sentence: a capital first, a full stop last."""
    return f"{text[0].upper()}{text[1:]}."


def as_text(claim: Claim, verdict: Verdict) -> str:
    """The same box where there is no HTML."""
    lines = [
        f"Claim check {claim.id} (the source article, § {claim.sections})",
        f"  it says:  {claim.says}",
        f"  in its words: {claim.chinese}. {claim.reading}",
        f"  verdict:  {verdict}",
        f"  because:  {verdict.because}",
    ]
    lines += [f"  source:   {SOURCES[key].text}, {SOURCES[key].address}" for key in claim.sources]
    return "\n".join(lines)
