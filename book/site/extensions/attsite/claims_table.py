"""The directive ``{claims-table}``: every claim check of the book's runs, in one table."""

from __future__ import annotations

import json
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

HEAD = ("Claim", "What it says", "Verdict", "Decided", "Article §")


class ClaimsTable(SphinxDirective):
    """Write the table from ``claims.json``, which the execution of the notebooks leaves."""

    def run(self) -> list[nodes.Node]:
        """Build the nodes."""
        path = Path(self.config.attsite_build, "claims.json")
        self.env.note_dependency(str(path))
        records = json.loads(path.read_text("utf8")) if path.exists() else []
        if not records:
            return [nodes.paragraph("", "No page has checked a claim yet.")]
        table = nodes.table(classes=["claims-table"])
        group = nodes.tgroup(cols=len(HEAD))
        table += group
        group.extend(nodes.colspec(colwidth=width) for width in (8, 40, 30, 12, 10))
        head, body = nodes.thead(), nodes.tbody()
        group.extend([head, body])
        head += self._row(*(nodes.paragraph("", name) for name in HEAD))
        for record in records:
            target = self.env.app.builder.get_relative_uri(self.env.docname, record["page"])
            link = nodes.reference(
                "", record["id"], internal=True, refuri=f"{target}#claim-{record['id']}"
            )
            how = "by run" if record["kind"] == "run" else "by source"
            slug = record["outcome"].replace(" ", "-")
            row = self._row(
                nodes.paragraph("", "", link),
                nodes.paragraph("", record["says"]),
                nodes.paragraph(
                    "", "", nodes.inline("", record["verdict"], classes=[f"verdict-{slug}"])
                ),
                nodes.paragraph("", how),
                nodes.paragraph("", record["sections"]),
            )
            body += row
        return [table]

    @staticmethod
    def _row(*cells: nodes.Node) -> nodes.row:
        row = nodes.row()
        row.extend(nodes.entry("", cell) for cell in cells)
        return row


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("claims-table", ClaimsTable)
