"""Read a page again when its source did not change but something else that makes it did.

That is its notebook's outputs, or the site itself: style, templates, these extensions. Sphinx
notices neither.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

SITE = Path(__file__).parents[2]


def _keys(app: Sphinx) -> dict[str, str]:
    path = Path(app.config.attsite_build, "executed.json")
    if not path.exists():
        return {}
    return {page: run["key"] for page, run in json.loads(path.read_text("utf8")).items()}


def _look() -> str:
    digest = hashlib.sha256()
    for folder in ("static", "templates", "extensions"):
        for path in sorted((SITE / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.read_bytes())
    digest.update((SITE / "package-lock.json").read_bytes())
    return digest.hexdigest()


def outdated(app: Sphinx, env: Any, *_: Any) -> list[str]:
    """Pages that would not look as they did in the last build."""
    look, before = _look(), getattr(env, "attsite_look", "")
    env.attsite_look = look
    if look != before:
        return list(env.found_docs)
    seen = getattr(env, "attsite_keys", {})
    keys = _keys(app)
    return [page for page in env.found_docs if page in keys and keys[page] != seen.get(page)]


def remember(app: Sphinx, doctree: nodes.document) -> None:
    """Note which outputs the page was read with."""
    env: Any = app.env
    if not hasattr(env, "attsite_keys"):
        env.attsite_keys = {}
    env.attsite_keys[env.docname] = _keys(app).get(env.docname)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-read", remember)
