"""The directive ``{mermaid}``: a diagram drawn at build, as SVG whose colours follow the page.

```{mermaid}
:alt: What the diagram shows, for a reader who cannot see it.
:caption: A line below it (optional).

graph LR
A[input] --> B[encoder]
```
"""

from __future__ import annotations

import hashlib
import html
import re

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from attsite.renderer import RenderError, render

LOGGER = logging.getLogger(__name__)


class Mermaid(SphinxDirective):
    """Draw the content with ``beautiful-mermaid``."""

    has_content = True
    option_spec = {"alt": directives.unchanged_required, "caption": directives.unchanged}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Return the figure, or the source where it cannot be drawn (a warning, so no build)."""
        source = "\n".join(self.content)
        alt = " ".join(self.options.get("alt", "").split())
        if not alt:
            raise self.error("a diagram needs a text alternative: add ':alt: what it shows'")
        try:
            svg = self._draw(source)
        except RenderError as error:
            LOGGER.warning("mermaid: %s", error, location=self.get_location())
            return [nodes.literal_block(source, source)]
        svg = re.sub(
            r"<svg ", f'<svg role="img" aria-label="{html.escape(alt, quote=True)}" ', svg, count=1
        )
        caption = self.options.get("caption", "")
        below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
        figure = f'<figure class="att-figure att-diagram">{svg}{below}</figure>'
        return [nodes.raw("", figure, format="html")]

    def _draw(self, source: str) -> str:
        svg = render("diagram", source)
        digest = hashlib.sha256(source.encode()).hexdigest()[:8]
        # Two diagrams of a page must not share the ids of their arrow heads.
        for name in set(re.findall(r'\bid="([^"]+)"', svg)):
            svg = svg.replace(f'id="{name}"', f'id="d{digest}-{name}"')
            svg = svg.replace(f"url(#{name})", f"url(#d{digest}-{name})")
        return svg


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("mermaid", Mermaid)
