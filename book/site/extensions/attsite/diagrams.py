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
import os
import re
import subprocess
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)
SITE = Path(__file__).parents[2]
RENDER = SITE / "mermaid.mjs"


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
        except RuntimeError as error:
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
        digest = hashlib.sha256(RENDER.read_bytes() + source.encode()).hexdigest()[:16]
        kept = Path(self.config.attsite_build, ".diagrams", f"{digest}.svg")
        if not kept.exists():
            done = subprocess.run(
                [os.environ.get("ATTSITE_NODE", "node"), str(RENDER)],
                input=source,
                capture_output=True,
                text=True,
                encoding="utf8",
            )
            if done.returncode:
                raise RuntimeError(done.stderr.strip().splitlines()[-1])
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(done.stdout, "utf8")
        # Two diagrams of a page must not share the ids of their arrow heads.
        svg = kept.read_text("utf8")
        for name in set(re.findall(r'\bid="([^"]+)"', svg)):
            svg = svg.replace(f'id="{name}"', f'id="d{digest}-{name}"')
            svg = svg.replace(f"url(#{name})", f"url(#d{digest}-{name})")
        return svg


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("mermaid", Mermaid)
