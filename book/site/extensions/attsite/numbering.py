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
    """Give every page of a chapter its number, and its headings none.

    Sphinx numbers anew in every build, so what a page was written with is kept apart: a page
    whose number has not changed is not written again.
    """
    count: Counter[int] = Counter()
    numbers: dict[str, dict[str, Any]] = {}
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
        numbers[page] = env.toc_secnumbers[page] = secnumbers
        env.titles[page]["secnumber"] = own
    before = getattr(env, "attsite_secnumbers", {})
    env.attsite_secnumbers = numbers  # pyrefly: ignore
    return [page for page in numbers if numbers[page] != before.get(page)]


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
