"""Claim checks on the site: their boxes, on notebooks and on Markdown pages, and the table of all.

A notebook's box comes out of its run, as HTML that carries its record. Here it is rebuilt with what
only a book can give: links to the source article's sections and to the bibliography. A Markdown
page is not executed, so a claim that a publication decides stands there by the directive
``{claim}``, and its box is built from the same record. Whatever box a page shows is noted, and the
directive ``{claims-table}`` lists what was noted.
"""

from __future__ import annotations

import html
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from attncourse.claims import Claim, core, lookup
from attncourse.claims.core import DECIDED, MARK, record, sentence

ARTICLE = "book/article"
HEAD = ("Claim", "What it says", "Verdict", "Decided", "Article §")
BOX = re.compile(r'<aside class="att-claim"[^>]*?data-record="([^"]*)"')
logger = logging.getLogger(__name__)


def noted(env: Any) -> dict[str, list[dict[str, Any]]]:
    """The records of every page that was read, by page."""
    if not hasattr(env, "attsite_claims"):
        env.attsite_claims = {}
    return env.attsite_claims


def decided(env: BuildEnvironment) -> list[dict[str, Any]]:
    """All records with their page, by number."""
    found = [{**r, "page": page} for page, own in noted(env).items() for r in own]
    return sorted(found, key=lambda r: r["id"])


def section_id(number: str) -> str:
    """Where a section of the article stands on the article's page."""
    return f"section-{number.replace('.', '-')}"


def link(app: Sphinx, page: str, target: str, text: str) -> nodes.Node:
    """A link from one page to a place on another, or its text where this build lacks that page."""
    name, _, anchor = target.partition("#")
    if name not in app.env.found_docs:
        return nodes.inline("", text)
    uri = app.builder.get_relative_uri(page, name) if name != page else ""
    address = f"{uri}#{anchor}" if anchor else uri or "#"
    return nodes.reference("", text, internal=True, refuri=address)


def section_links(app: Sphinx, page: str, sections: str) -> list[nodes.Node]:
    """The article's section numbers, each a link to its line in the outline."""
    out: list[nodes.Node] = []
    for number in sections.split(", "):
        out += [nodes.Text(", ")] if out else []
        out.append(link(app, page, f"{ARTICLE}#{section_id(number)}", number))
    return out


def citation(keys: list[str]) -> nodes.Node:
    """A reference into the bibliography."""
    text = ",".join(keys)
    found = pending_xref(text, refdomain="cite", reftype="p", reftarget=text, refwarn=True)
    found += nodes.inline(text, text)
    return found


class claim_box(nodes.General, nodes.Element):
    """A box: a landmark with a name, and an address of its own."""


def open_box(writer: Any, node: claim_box) -> None:
    """Begin it in HTML."""
    number, slug = node["number"], node["outcome"].replace(" ", "-")
    writer.body.append(
        f'<aside class="att-claim" id="claim-{number}" data-verdict="{slug}" '
        f'aria-label="Claim check {number}">\n'
    )


def close_box(writer: Any, node: claim_box) -> None:
    """End it in HTML."""
    writer.body.append("</aside>\n")


def box(app: Sphinx, page: str, claim: dict[str, Any]) -> claim_box:
    """The box of one claim."""
    number = claim["id"]
    plural = "§§" if "," in claim["sections"] else "§"
    head = nodes.paragraph("", f"Claim check {number} · ", classes=["att-claim-head"])
    head += link(app, page, ARTICLE, "the source article")
    head += nodes.Text(f", {plural} ")
    head += section_links(app, page, claim["sections"])
    head += nodes.Text(f" · {DECIDED[claim['kind']]}")
    says = nodes.paragraph("", "It says: ", classes=["att-claim-says"])
    says += nodes.emphasis("", claim["says"])
    opened = '<details class="att-claim-reading"><summary>In its words</summary>'
    reading = nodes.paragraph("", "")
    reading += nodes.inline("", claim["chinese"], classes=["language-zh"])
    reading += nodes.Text(f". {claim['reading']}")
    verdict = nodes.paragraph("", classes=["att-claim-verdict"])
    mark = f'<span aria-hidden="true">{MARK[claim["outcome"]]}</span> '
    verdict += nodes.raw("", mark, format="html")
    verdict += nodes.strong("", sentence(claim["verdict"]))
    verdict += nodes.Text(f" {claim['because']}")
    fold = nodes.raw("", opened, format="html"), reading, nodes.raw("", "</details>", format="html")
    parts = [head, says, verdict, *fold]
    if claim["sources"]:
        sources = nodes.paragraph("", "Sources: ", classes=["att-claim-sources"])
        sources += citation(claim["sources"])
        parts.append(sources)
    return claim_box("", *parts, number=number, outcome=claim["outcome"])


class Boxes(SphinxTransform):
    """Rebuild the boxes that a notebook's run left."""

    default_priority = 200

    def apply(self, **kwargs: Any) -> None:
        """Replace the raw HTML."""
        for raw in list(self.document.findall(nodes.raw)):
            found = BOX.match(raw.astext().lstrip()) if raw.get("format") == "html" else None
            if found:
                claim = json.loads(html.unescape(found[1]))
                noted(self.env).setdefault(self.env.docname, []).append(claim)
                raw.replace_self(box(self.app, self.env.docname, claim))


class ClaimDirective(SphinxDirective):
    """``{claim} C36``: the box of a claim that a publication decides."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Build the box."""
        try:
            claim: Claim = lookup(self.arguments[0])
        except KeyError as unknown:
            raise self.error(unknown.args[0]) from None
        if claim.kind != "source":
            raise self.error(
                f"claim {claim.id} is decided by a run: check it in a notebook, where it is run"
            )
        for source in sorted(Path(core.__file__).parent.glob("*.py")):
            self.env.note_dependency(str(source))
        row = record(claim, claim.decide())
        noted(self.env).setdefault(self.env.docname, []).append(row)
        return [box(self.env.app, self.env.docname, row)]


class claims_table(nodes.General, nodes.Element):
    """Stands for the table until every page is read."""


class ClaimsTable(SphinxDirective):
    """``{claims-table}``: every claim that the book decides."""

    def run(self) -> list[nodes.Node]:
        """Leave the place."""
        return [claims_table()]


class FillTable(SphinxPostTransform):
    """Write the table, once every page is read and before links are resolved."""

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        """Replace the place by the table."""
        for place in list(self.document.findall(claims_table)):
            rows = decided(self.env)
            none = nodes.paragraph("", "No page has checked a claim yet.")
            place.replace_self(self.table(rows) if rows else none)

    def table(self, rows: list[dict[str, Any]]) -> nodes.table:
        """All claims by number."""
        table, group = nodes.table(classes=["claims-table"]), nodes.tgroup(cols=len(HEAD))
        table += group
        group.extend(nodes.colspec(colwidth=width) for width in (8, 40, 30, 12, 10))
        head, body = nodes.thead(), nodes.tbody()
        group.extend([head, body])
        head += row_of(*(nodes.paragraph("", name) for name in HEAD))
        page = self.env.docname
        for claim in rows:
            how = nodes.paragraph("", "by run" if claim["kind"] == "run" else "by source: ")
            if claim["kind"] == "source":
                how += citation(claim["sources"])
            slug = claim["outcome"].replace(" ", "-")
            verdict = nodes.inline("", claim["verdict"], classes=[f"verdict-{slug}"])
            target = f"{claim['page']}#claim-{claim['id']}"
            sections = section_links(self.app, page, claim["sections"])
            body += row_of(
                nodes.paragraph("", "", link(self.app, page, target, claim["id"])),
                nodes.paragraph("", claim["says"]),
                nodes.paragraph("", "", verdict),
                how,
                nodes.paragraph("", "", *sections),
            )
        return table


def row_of(*cells: nodes.Node) -> nodes.row:
    """A row of a table."""
    row = nodes.row()
    row.extend(nodes.entry("", cell) for cell in cells)
    return row


def forget(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    """A page is read again, or is gone."""
    noted(env).pop(page, None)


def write(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Leave every record for the tests, refuse a claim decided twice, renew what shows them all."""
    rows = decided(env)
    for first, second in pairwise(rows):
        if first["id"] == second["id"]:
            logger.warning(
                "claim %s is decided twice: on %s and on %s",
                *(first["id"], first["page"], second["page"]),
                location=second["page"],
            )
    text = json.dumps(rows, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    path = Path(app.config.attsite_build, "claims.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf8")
    if text == getattr(env, "attsite_claims_shown", None):
        return []
    env.attsite_claims_shown = text  # pyrefly: ignore
    return sorted(getattr(env, "attsite_shows_claims", set()) & set(env.found_docs))


def remember(app: Sphinx, doctree: nodes.document) -> None:
    """Note which pages show the table: they change when another page does."""
    env: Any = app.env
    if not hasattr(env, "attsite_shows_claims"):
        env.attsite_shows_claims = set()
    shows = any(doctree.findall(claims_table))
    (env.attsite_shows_claims.add if shows else env.attsite_shows_claims.discard)(env.docname)


def setup(app: Sphinx) -> None:
    """Register the directives and what fills them."""
    app.add_node(claims_table)
    app.add_node(claim_box, html=(open_box, close_box))
    app.add_directive("claim", ClaimDirective)
    app.add_directive("claims-table", ClaimsTable)
    app.add_transform(Boxes)
    app.add_post_transform(FillTable)
    app.connect("env-purge-doc", forget)
    app.connect("doctree-read", remember)
    app.connect("env-updated", write)
