"""A ``mermaid`` fence: a diagram drawn at build, as SVG whose colours follow the page.

```mermaid
graph LR
    accDescr: What the diagram shows, for a reader who cannot see it.
    A[input] --> B[encoder]
```

The fence is a directive here (``myst_fence_as_directive``), and Mermaid's own elsewhere.
"""

from __future__ import annotations

import hashlib
import html
import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from attsite.renderer import RenderError, render

LOGGER = logging.getLogger(__name__)
DESCRIPTION = re.compile(r"^[ \t]*accDescr[ \t]*(?::[ \t]*(.+)|\{([^}]*)\})[ \t]*\n?", re.M)


class Mermaid(SphinxDirective):
    """Draw the content with ``beautiful-mermaid``."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the figure, or the source where it cannot be drawn (a warning, so no build)."""
        source = "\n".join(self.content)
        described = DESCRIPTION.search(source)
        alt = " ".join((described[1] or described[2] or "").split()) if described else ""
        if not alt:
            raise self.error("a diagram needs a text alternative: add 'accDescr: what it shows'")
        source = DESCRIPTION.sub("", source)
        try:
            svg = self._draw(source)
        except RenderError as error:
            LOGGER.warning("mermaid: %s", error, location=self.get_location())
            return [nodes.literal_block(source, source)]
        svg = re.sub(
            r"<svg ", f'<svg role="img" aria-label="{html.escape(alt, quote=True)}" ', svg, count=1
        )
        figure = f'<figure class="att-figure att-diagram">{svg}</figure>'
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
