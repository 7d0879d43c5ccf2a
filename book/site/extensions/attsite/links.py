"""Plain links that the site makes more of: terms of the glossary, and citations.

``[query](../01-background/terms.md#term-query)`` leads into the glossary, and the build fails
where the glossary has no such term. ``[Vaswani et al., 2017](https://… "vaswani2017")`` leads to
the entry of the bibliography with that key, and gets the letter by which the list tells apart two
works of one year.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.nodes import make_refnode
from sphinxcontrib.bibtex.citation_target import CitationTarget
from sphinxcontrib.bibtex.roles import CitationRef

from attsite.bibliography import label, textual
from attsite.boxes import TRANSLATED

LOGGER = logging.getLogger(__name__)
TERM = "term-"
CITATION = "attsite-citation"


class Links(SphinxTransform):
    """Turn both kinds of link into references that Sphinx resolves and checks."""

    default_priority = TRANSLATED + 3

    def apply(self, **_: Any) -> None:
        """Change the tree."""
        for link in list(self.document.findall(addnodes.pending_xref)):
            target = link.get("reftargetid") or ""
            if link.get("reftype") == "myst" and target.startswith(TERM):
                link.attributes.update(
                    refdomain="std", reftype="term", reftarget=target, refwarn=True
                )
                for inner in link.children:
                    if isinstance(inner, nodes.Element):
                        inner["classes"] = ["xref", "std", "std-term"]
        for link in list(self.document.findall(nodes.reference)):
            key = link.get("reftitle")
            if key and link.get("refuri"):
                link.parent.replace(link, self._citation(link, key))

    def _citation(self, link: nodes.reference, key: str) -> nodes.Element:
        domain: Any = self.env.get_domain("cite")
        if key not in domain.bibdata.data.entries:
            LOGGER.warning("references.bib has no entry %r", key, location=link)
            return link
        pending = addnodes.pending_xref(
            "",
            nodes.inline("", "", *link.children, classes=["xref", "cite"]),
            refdomain="",
            reftype=CITATION,
            reftarget=key,
            refdoc=self.env.docname,
            refwarn=True,
        )
        pending.source, pending.line = link.source, link.line
        # The bibliography lists what is cited, and says where: it needs a place to point back to.
        self.document.note_explicit_target(pending, pending)
        domain.citation_refs.append(
            CitationRef(
                citation_ref_id=pending["ids"][0],
                docname=self.env.docname,
                line=link.line or 0,
                targets=[CitationTarget(key=key, pre="", post="")],
            )
        )
        return pending


def resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Find the term or the entry of the bibliography that a link means."""
    std: Any = env.get_domain("std")
    cite: Any = env.get_domain("cite")
    if node["reftype"] == "term" and node["reftarget"].startswith(TERM):
        for (kind, _), (page, place) in std.objects.items():
            if kind == "term" and place == node["reftarget"]:
                return make_refnode(app.builder, node["refdoc"], page, place, content)
    elif node["reftype"] == CITATION:
        for citation in cite.citations:
            if citation.key == node["reftarget"]:
                page = citation.bibliography_key.docname
                place = citation.citation_id
                _add_letter(content, citation)
                made = make_refnode(app.builder, node["refdoc"], page, place, content)
                made["ids"] = node["ids"]
                return made
    return None


def _add_letter(content: nodes.Element, citation: Any) -> None:
    entry, words = citation.entry, content.astext()
    letter = citation.formatted_entry.label.removeprefix(label(entry))
    if len(letter) == 1 and words in (label(entry), textual(entry)):
        better = label(entry, letter) if words == label(entry) else textual(entry, letter)
        content.children = []
        content.append(nodes.Text(better))


def setup(app: Sphinx) -> None:
    """Register the transform and the resolver."""
    app.add_transform(Links)
    app.connect("missing-reference", resolve)
