"""Number a page of ``NN-chapter/`` as NN.1, NN.2 …, in the order of the table of contents.

Sphinx counts chapters one after another. The course keeps the numbers of its plan, in which
some chapters are not there yet.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

CHAPTER = re.compile(r"^book/(\d\d)-[^/]+/")


def number(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give every page of a chapter its number, and its headings none."""
    count: Counter[int] = Counter()
    changed = []
    for page in _reading_order(env):
        match = CHAPTER.match(page)
        if not match:
            continue
        chapter = int(match[1])
        count[chapter] += 1
        own = (chapter, count[chapter])
        toc = env.tocs[page]
        first, *others = list(toc.findall(nodes.reference))
        first["secnumber"] = own
        secnumbers: dict[str, Any] = {"": own}
        for reference in others:
            secnumbers[reference["anchorname"]] = None
        if env.toc_secnumbers.get(page) != secnumbers:
            changed.append(page)
        env.toc_secnumbers[page] = secnumbers
        env.titles[page]["secnumber"] = own
    return changed


def _reading_order(env: BuildEnvironment) -> list[str]:
    order: list[str] = []

    def visit(page: str) -> None:
        order.append(page)
        for child in env.toctree_includes.get(page, []):
            if child not in order:
                visit(child)

    visit(env.config.root_doc)
    return order


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, after its own numbering."""
    app.connect("env-get-updated", number, priority=900)
