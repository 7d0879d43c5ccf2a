"""Give every page a description, taken from its first paragraph unless its metadata has one.

sphinxext-opengraph does not serve here: it writes ``og:url`` on every page, which needs the site's
address, and the course is read from any folder or server; and it cuts a description within a word,
where this one ends with a sentence.
"""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

#: Pages that Sphinx makes itself.
GENERATED = {
    "search": "Search the course by word: pages, headings and functions.",
    "genindex": "The index: terms and functions in alphabetical order.",
}
LONGEST = 200


def first_paragraph(doctree: nodes.document) -> str:
    """The first running text of a page, as plain text."""
    for paragraph in doctree.findall(nodes.paragraph):
        inside: nodes.Node | None = paragraph.parent
        while inside is not None and not isinstance(inside, nodes.Admonition | nodes.table):
            inside = inside.parent
        text = " ".join(paragraph.astext().split())
        if inside is None and len(text) > 20:
            return text
    return ""


def shorten(text: str) -> str:
    """Cut at a sentence, or at a word where the first sentence is too long."""
    if len(text) <= LONGEST:
        return text
    sentence = re.match(rf"^.{{40,{LONGEST}}}[.?!:](?=\s)", text)
    if sentence:
        return sentence[0].rstrip(":") + ("." if sentence[0].endswith(":") else "")
    return text[:LONGEST].rsplit(" ", 1)[0].rstrip(",;:") + " …"


def describe(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Add the description and what a link preview shows."""
    metadata = app.env.metadata.get(pagename, {})
    text = metadata.get("description") or GENERATED.get(pagename, "")
    if not text and doctree is not None:
        text = shorten(first_paragraph(doctree))
    if not text:
        return
    title = re.sub(r"<[^>]+>", "", context.get("title", "")) or app.config.html_title
    tags: list[tuple[str, str, Any]] = [
        ("name", "description", text),
        ("property", "og:title", html.unescape(title)),
        ("property", "og:description", text),
        ("property", "og:type", "article"),
        ("property", "og:site_name", app.config.html_title),
    ]
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<meta {kind}="{name}" content="{html.escape(value, quote=True)}">'
        for kind, name, value in tags
    )


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("html-page-context", describe)
