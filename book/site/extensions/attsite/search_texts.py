"""Keep the text of every page beside it, in a script that the search page loads for its extracts.

Sphinx fetches each page that it found. A page opened by double click may not do that, and over a
network it is a megabyte a page; the text alone is some ten kilobytes. It is cut at every address of
the page, so that an extract begins where its result leads.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

#: A result has its heading as its title already.
SILENT = (
    nodes.title,
    nodes.Invisible,
    nodes.math_block,
    addnodes.index,
    addnodes.toctree,
    nodes.image,
)
#: Folds that hold code: what a reader searches for is not in the code of a figure.
CODE = {"sd-dropdown", "toggle", "tag_hide-input", "tag_remove-input", "tag_remove-cell"}


def pieces(node: nodes.Node) -> Iterator[tuple[str, str]]:
    """Walk the tree: ``("id", address)`` where one stands, ``("text", words)`` where words do."""
    if isinstance(node, nodes.Text):
        yield "text", str(node)
        return
    if not isinstance(node, nodes.Element) or isinstance(node, SILENT):
        return
    for address in node.get("ids", []):
        yield "id", address
    if isinstance(node, nodes.container | addnodes.only) and CODE & set(node.get("classes", [])):
        return
    if isinstance(node, nodes.raw):
        if "html" in node.get("format", ""):
            drawn = re.sub(r"<(svg|script|style)\b.*?</\1>", " ", node.astext(), flags=re.S)
            yield "text", html.unescape(re.sub(r"<[^>]+>", " ", drawn))
    elif isinstance(node, nodes.math):
        formula = node.astext()
        yield "text", formula if "\\" not in formula else "…"
    else:
        for child in node.children:
            yield from pieces(child)
        if isinstance(node, nodes.TextElement | nodes.Body) and not isinstance(node, nodes.Inline):
            yield "text", " "


def chunks(doctree: nodes.document) -> list[tuple[str, str]]:
    """The page's words, cut at its addresses."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for kind, value in pieces(doctree):
        if kind == "text":
            found[-1][1].append(value)
        else:
            found.append((value, []))
    return [(address, " ".join("".join(words).split())) for address, words in found]


def write(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Write one page's script."""
    if doctree is None or app.builder.name != "html":
        return
    path = Path(app.outdir, "_static", "search", f"{pagename}.js")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(chunks(doctree), ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"attncourseText({json.dumps(pagename)},{text});\n", "utf8")


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("html-page-context", write)
