"""Formulas as KaTeX's HTML and MathML, made at build: no script runs in the reader's browser.

Sphinx's own extensions draw formulas in the browser or as pictures. sphinxcontrib-katex renders at
build too, about as fast, with a KaTeX of its own and a second node process beside the diagrams'.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from attsite.renderer import RenderError, render

LOGGER = logging.getLogger(__name__)


def _html(self: Any, node: nodes.Element, *, display: bool) -> str:
    try:
        return render("formula", node.astext(), display)
    except RenderError as error:
        LOGGER.warning("%s in the formula %r", error, node.astext(), location=node)
        return f"<code>{self.encode(node.astext())}</code>"


def inline(self: Any, node: nodes.Element) -> None:
    """Write an inline formula."""
    self.body.append(f'<span class="math">{_html(self, node, display=False)}</span>')
    raise nodes.SkipNode


def block(self: Any, node: nodes.math_block) -> None:
    """Write a displayed formula, with its number if it has one; a wide one scrolls in its box."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(_html(self, node, display=True))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the renderer; ``html_math_renderer: attsite`` chooses it."""
    app.add_html_math_renderer("attsite", (inline, None), (block, None))
