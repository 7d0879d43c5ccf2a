"""The table of contents as the build uses it.

``sphinx_external_toc`` reads and writes it. Leaving pages out is ours: Sphinx takes a page that the
table names and the folder lacks for an error, and the library has no table of a part.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from sphinx_external_toc.api import Document, FileItem
from sphinx_external_toc.parsing import create_toc_dict, parse_toc_yaml


def name(page: str) -> str:
    """A page's document name: its path without the ending."""
    return page.removesuffix(".ipynb").removesuffix(".md")


def pages_of(toc: Path) -> list[str]:
    """Every page of a table of contents, in reading order."""
    return [name(page) for page in parse_toc_yaml(toc)]


def write_toc(source: Path, target: Path, only: str, draft: bool) -> Path:
    """Write the table that this build follows; a draft has only the pages that exist.

    Raises
    ------
    SystemExit
        ``only`` names no page of the table.
    """
    only = name(only)
    if only and only not in pages_of(source):
        raise SystemExit(f"{only} is not in {source.name}: {', '.join(pages_of(source))}")
    table = parse_toc_yaml(source)

    def kept(page: str) -> bool:
        exists = any((source.parent / f"{name(page)}{end}").exists() for end in (".ipynb", ".md"))
        if not exists:
            print(f"draft     {page} is not there yet", flush=True)
        return exists

    def prune(page: Document) -> None:
        """Keep what is wanted and there; a page below one that goes moves up."""
        for tree in page.subtrees:
            found: list = []
            for item in tree.items:
                if not isinstance(item, FileItem):
                    found.append(item)
                    continue
                prune(table[item])
                if kept(item) and only in ("", name(item)):
                    found.append(item)
                else:
                    found += [below for inner in table[item].subtrees for below in inner.items]
            tree.items = found
        page.subtrees = [tree for tree in page.subtrees if tree.items]

    if draft:
        if not kept(table.root.docname):
            raise SystemExit(f"the front page {table.root.docname} is missing")
        prune(table.root)
    text = yaml.safe_dump(create_toc_dict(table), sort_keys=False)
    if not target.exists() or target.read_text("utf8") != text:
        target.write_text(text, "utf8")
    return target
