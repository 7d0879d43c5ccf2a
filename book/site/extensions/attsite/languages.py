"""Mark Chinese words as Chinese: a screen reader says them so, a browser picks their glyphs."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

# Characters, with the punctuation and the Latin words between two of them.
HAN = re.compile(r"[\u3400-\u9fff](?:[\u3000-\u9fff\uff00-\uffef→ ·]*[\u3400-\u9fff])?")
SKIP = (nodes.literal, nodes.literal_block, nodes.raw, nodes.math, nodes.comment, nodes.math_block)


class MarkChinese(SphinxTransform):
    """Wrap runs of Chinese characters in an element with their language."""

    default_priority = 950

    def apply(self, **kwargs: Any) -> None:
        """Split the text nodes that have some."""
        if self.config.language.startswith("zh"):
            return
        for text in list(self.document.findall(nodes.Text)):
            parent = text.parent
            if (
                isinstance(parent, SKIP)
                or "language-zh" in parent.get("classes", [])
                or not HAN.search(text)
            ):
                continue
            pieces: list[nodes.Node] = []
            end = 0
            for match in HAN.finditer(text):
                pieces += [nodes.Text(text[end : match.start()])] if match.start() > end else []
                pieces.append(nodes.inline("", match[0], classes=["language-zh"]))
                end = match.end()
            pieces += [nodes.Text(text[end:])] if end < len(text) else []
            parent.replace(text, pieces)


def setup(app: Sphinx) -> None:
    """Register the transform."""
    app.add_transform(MarkChinese)
