"""The table of contents as the build uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def name(page: str) -> str:
    """A page's document name: its path without the ending."""
    return page.removesuffix(".ipynb").removesuffix(".md")


def pages_of(toc: Path) -> list[str]:
    """Every page of a table of contents, in reading order."""

    def walk(node: Any) -> list[str]:
        if isinstance(node, list):
            return [page for item in node for page in walk(item)]
        if isinstance(node, dict):
            own = [
                node[k].removesuffix(".ipynb").removesuffix(".md")
                for k in ("root", "file")
                if k in node
            ]
            return own + [p for k in ("parts", "chapters", "sections") for p in walk(node.get(k))]
        return []

    return walk(yaml.safe_load(toc.read_text("utf8")))


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
    table = yaml.safe_load(source.read_text("utf8"))

    def kept(page: str) -> bool:
        exists = any((source.parent / f"{page}{end}").exists() for end in (".ipynb", ".md"))
        if draft and not exists:
            print(f"draft     {page} is not there yet", flush=True)
        return exists or not draft

    def prune(items: list[dict]) -> list[dict]:
        """Keep what is wanted and there; a page below another one moves up if it is alone."""
        found: list[dict] = []
        for item in items:
            below = prune(item.get("sections", []))
            if kept(item["file"]) and only in ("", item["file"]):
                found.append({**item, "sections": below} if below else {"file": item["file"]})
            else:
                found += below
        return found

    if draft:
        if not kept(table["root"]):
            raise SystemExit(f"the front page {table['root']} is missing")
        for part in table.get("parts", []):
            part["chapters"] = prune(part["chapters"])
        table["parts"] = [part for part in table.get("parts", []) if part["chapters"]]
    text = yaml.safe_dump(table, sort_keys=False)
    if not target.exists() or target.read_text("utf8") != text:
        target.write_text(text, "utf8")
    return target
