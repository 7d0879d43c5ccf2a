"""Boxes, cards and folds from plain Markdown, which reads as well where nothing is processed.

- ``> **Predict.** Which …?`` becomes a box; so does the section ``## Takeaways``.
- A list in which every item begins with a link in bold becomes a row of cards.
- The first line of a folded cell, a comment, is the fold's label.
- A line in italics right below a diagram is its caption.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.i18n import Locale

#: When Sphinx has put a translation in place of the text.
TRANSLATED: int = Locale.default_priority or 20
#: The words that begin a box, and the class by which the style sheet knows it.
BOXES = {"Predict": "predict"}
SECTIONS = {"Takeaways": "takeaways"}


def inline(node: nodes.Node) -> list[nodes.Node]:
    """What a paragraph consists of, without the empty texts that the parser leaves."""
    return [child for child in node.children if not isinstance(child, nodes.Text) or str(child)]


def opening(block: nodes.Element) -> nodes.strong | None:
    """The strong words with which a block quote or a list's item begins."""
    first = block.children[0] if block.children else None
    lead = inline(first)[:1] if isinstance(first, nodes.paragraph) else []
    return lead[0] if lead and isinstance(lead[0], nodes.strong) else None


class Mark(SphinxTransform):
    """Mark what is to become a box, by its English words, before they are translated."""

    default_priority = TRANSLATED - 2

    def apply(self, **_: Any) -> None:
        """Set classes; nothing moves yet."""
        for quote in self.document.findall(nodes.block_quote):
            lead = opening(quote)
            kind = BOXES.get(lead.astext().rstrip(".:")) if lead else None
            if kind:
                quote["classes"].append(kind)
        for section in self.document.findall(nodes.section):
            kind = SECTIONS.get(section[0].astext())
            if kind:
                section["classes"].append(kind)


class Boxes(SphinxTransform):
    """Make the boxes, from the words as they now are."""

    default_priority = TRANSLATED + 4

    def apply(self, **_: Any) -> None:
        """Change the tree."""
        for quote in list(self.document.findall(nodes.block_quote)):
            lead = opening(quote)
            if lead and set(quote["classes"]) & set(BOXES.values()):
                quote.parent.replace(quote, self._box(quote, lead))
        for items in list(self.document.findall(nodes.bullet_list)):
            if items.children and all(self._card(item) for item in items.children):
                items["classes"].append("att-cards")
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") == "cell_code" and cell.get("hide_mode"):
                self._label(cell)
        for kind in ("mime_bundle", "cell_code_output"):
            # A cell that only quotes numbers shows nothing, and takes no room.
            for box in list(self.document.findall(nodes.container)):
                if box.get("nb_element") == kind and not box.children:
                    box.parent.remove(box)
        for figure in list(self.document.findall(nodes.raw)):
            if "att-diagram" in figure.astext():
                self._caption(figure)

    def _box(self, quote: nodes.block_quote, lead: nodes.strong) -> nodes.admonition:
        title = nodes.title("", lead.astext().rstrip(".:。：").strip())
        paragraph = lead.parent
        paragraph.children = inline(paragraph)[1:]
        if paragraph.children and isinstance(paragraph[0], nodes.Text):
            paragraph[0] = nodes.Text(str(paragraph[0]).lstrip())
        body = [node for node in quote.children if node is not paragraph or paragraph.astext()]
        box = nodes.admonition("", title, *body, classes=list(quote["classes"]))
        box.source, box.line = quote.source, quote.line
        return box

    def _card(self, item: nodes.Node) -> bool:
        """Whether a list's item begins with a link in bold."""
        lead = opening(item) if isinstance(item, nodes.list_item) else None
        return lead is not None and any(
            isinstance(child, nodes.reference | addnodes.pending_xref) for child in inline(lead)[:1]
        )

    def _label(self, cell: nodes.container) -> None:
        code = next(iter(cell.findall(nodes.literal_block)), None)
        first = code.astext().strip().split("\n")[0] if code is not None else ""
        if first.startswith("# "):
            label = first.removeprefix("# ").strip().rstrip(".")
            cell["prompt_show"] = cell["prompt_hide"] = label

    def _caption(self, figure: nodes.raw) -> None:
        below = figure.next_node(descend=False, siblings=True)
        if isinstance(below, nodes.paragraph) and [type(n) for n in inline(below)] == [
            nodes.emphasis
        ]:
            below.parent.remove(below)
            begin = figure.astext().removesuffix("</figure>") + "<figcaption>"
            head = nodes.raw("", begin, format="html")
            foot = nodes.raw("", "</figcaption></figure>", format="html")
            parent, here = figure.parent, figure.parent.index(figure)
            parent[here : here + 1] = [head, *inline(below)[0].children, foot]


def setup(app: Sphinx) -> None:
    """Register the transforms."""
    app.add_transform(Mark)
    app.add_transform(Boxes)
