"""Formulas as KaTeX's HTML and MathML, made at build: no script runs in the reader's browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinxcontrib import katex

LOGGER = logging.getLogger(__name__)
SITE = Path(__file__).parents[2]
KATEX = SITE / "node_modules" / "katex" / "dist"


def _html(self: Any, node: nodes.Element, **options: Any) -> str:
    try:
        return katex.render_latex(node.astext(), options)
    except katex.KaTeXError as error:
        LOGGER.warning("KaTeX: %s in %r", error, node.astext(), location=node)
        return f"<code>{self.encode(node.astext())}</code>"


def inline(self: Any, node: nodes.Element) -> None:
    """Write an inline formula."""
    self.body.append(f'<span class="math">{_html(self, node)}</span>')
    raise nodes.SkipNode


def block(self: Any, node: nodes.Element) -> None:
    """Write a displayed formula, with its number if it has one; a wide one scrolls in its box."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(_html(self, node, displayMode=True))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def start(app: Sphinx) -> None:
    """Point the render server at the locked KaTeX and at the build's node."""
    katex.NODEJS_BINARY = os.environ.get("ATTSITE_NODE", "node")
    katex.KATEX_DEFAULT_OPTIONS = {"throwOnError": True, "strict": "ignore"}
    katex.KaTeXServer.katex_path = KATEX / "katex.min.js"


def setup(app: Sphinx) -> None:
    """Register the renderer; ``html_math_renderer: attsite`` chooses it."""
    app.add_html_math_renderer("attsite", (inline, None), (block, None))
    app.connect("builder-inited", start)
