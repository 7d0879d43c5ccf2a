"""Put the run's values in the place of the numbers in a page's text: ``87%<!--=with_8-->``.

It comes after Sphinx's translation, so that a page in another language carries the same anchors
and gets the same numbers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from quoted import ANCHOR, word
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from attsite.boxes import TRANSLATED

LOGGER = logging.getLogger(__name__)
SPANS = (nodes.emphasis, nodes.strong, nodes.literal)


def values_of(app: Sphinx, page: str) -> dict[str, dict[str, Any]] | None:
    """What the page's run quoted; None where it has not been run."""
    path = Path(app.config.attsite_build, "numbers.json")
    return json.loads(path.read_text("utf8")).get(page) if path.exists() else None


class Quotations(SphinxTransform):
    """Replace every anchored value."""

    default_priority = TRANSLATED + 2

    def apply(self, **_: Any) -> None:
        """Replace them, and complain about anchors without a value and values without one."""
        values = values_of(self.app, self.env.docname)
        used = set()
        for anchor in list(self.document.findall(nodes.raw)):
            match = ANCHOR.fullmatch(anchor.astext().strip())
            if not match:
                continue
            name = match[1]
            used.add(name)
            if values is not None and name not in values:
                LOGGER.warning(
                    "the text quotes %r, but no cell has numbers.quote(%s=…)",
                    name,
                    name,
                    location=anchor,
                )
            elif values is not None:
                self._put(anchor, name, values[name]["text"])
            anchor.parent.remove(anchor)
        for name in sorted(set(values or {}) - used):
            LOGGER.warning(
                "a cell quotes %r, but the text has no <!--=%s-->",
                name,
                name,
                location=self.env.docname,
            )

    def _put(self, anchor: nodes.raw, name: str, text: str) -> None:
        parent = anchor.parent
        here = parent.index(anchor)
        # The parser leaves an empty text behind a strong span.
        while here and isinstance(parent[here - 1], nodes.Text) and not str(parent[here - 1]):
            parent.pop(here - 1)
            here -= 1
        before = parent[here - 1] if here else None
        if isinstance(before, SPANS):
            before.children = []
            before.append(nodes.Text(text))
            return
        first = here
        while first and isinstance(parent[first - 1], nodes.Text):
            first -= 1
        whole = "".join(str(node) for node in parent[first:here])
        start = word(whole)
        if not whole[start:].strip():
            LOGGER.warning("there is nothing before the anchor of %r", name, location=anchor)
            return
        parent[first:here] = [nodes.Text(whole[:start] + text)]


def setup(app: Sphinx) -> None:
    """Register the transform."""
    app.add_transform(Quotations)
