"""A gallery's cards show the attention map that the page behind each of them drew in its own run.

In a page called ``gallery`` every card (see ``boxes``) gets the picture of the cell with the tag
``gallery`` in the notebook that it links to; ``gallery-first-of-4`` takes the upper quarter, where
a figure has maps below each other. Letters are left out: a card is too small for them, and the
page has them.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
TAG = re.compile(r"tag_gallery(?:-first-of-(\d+))?")
VIEW = re.compile(r'viewBox="([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)"')
#: A name for the reader, and a style that lets a drawing reach beyond its frame.
LABEL = re.compile(r' role="img" aria-label="[^"]*"(?: style="[^"]*")?')


def picture(svg: str, first_of: int = 1) -> str:
    """Give a figure's drawing without letters, and of rows only the first.

    >>> picture('<figure><svg viewBox="0 0 9 8" role="img" aria-label="x"><text>a</text></svg>', 4)
    '<svg viewBox="0.0 0.0 9.0 2.0" aria-hidden="true"></svg>'
    """
    svg = svg[svg.index("<svg") : svg.index("</svg>") + len("</svg>")]
    svg = re.sub(r"<text\b.*?</text>", "", svg, flags=re.DOTALL)
    left, top, width, height = map(float, VIEW.search(svg).groups())  # type: ignore[union-attr]
    svg = VIEW.sub(f'viewBox="{left} {top} {width} {height / first_of}"', svg, count=1)
    return LABEL.sub(' aria-hidden="true"', svg, count=1)


def drawn(env: BuildEnvironment, page: str) -> str | None:
    """The picture that a notebook marks for the gallery."""
    for cell in env.get_doctree(page).findall(nodes.container):
        tags = [found for name in cell["classes"] if (found := TAG.fullmatch(name))]
        for node in cell.findall(nodes.raw) if tags else ():
            if "<svg" in node.astext():
                return picture(node.astext(), int(tags[0][1] or 1))
    return None


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the pictures into the cards, above their words."""
    if PurePosixPath(docname).name != "gallery":
        return
    for cards in doctree.findall(nodes.bullet_list):
        if "att-cards" not in cards["classes"]:
            continue
        cards["classes"].append("att-gallery")
        for card in list(cards.findall(nodes.list_item)):
            link = next(iter(card.findall(nodes.reference)))
            page = re.sub(r"\.html(#.*)?$", "", link["refuri"])
            page = posixpath.normpath(posixpath.join(posixpath.dirname(docname), page))
            svg = drawn(app.env, page) if page in app.env.found_docs else None
            if svg is None:
                LOGGER.warning("%s has no figure with the tag gallery", page, location=docname)
            else:
                card.insert(0, nodes.raw("", f'<div class="att-thumb">{svg}</div>', format="html"))


def again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Galleries are written in every build: the pages behind them may have run anew."""
    return [page for page in env.found_docs if PurePosixPath(page).name == "gallery"]


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("doctree-resolved", fill)
    app.connect("env-updated", again)
