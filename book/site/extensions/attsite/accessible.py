"""Mend what Sphinx writes and an accessibility check refuses."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx

MENDS = [
    # A bibliography is a list of list items; the role that docutils writes was withdrawn.
    (re.compile(r'role="doc-biblioentry"'), 'role="listitem"'),
    # The empty corner of a table heads nothing.
    (re.compile(r'<th class="head[^"]*">\s*(?:<p>\s*</p>)?\s*</th>'), "<td></td>"),
]


def mend(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Apply the mends to the page's body."""
    for pattern, better in MENDS:
        context["body"] = pattern.sub(better, context.get("body", ""))


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("html-page-context", mend)
