"""Read a page again when its notebook was executed again, though its source did not change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def _keys(app: Sphinx) -> dict[str, str]:
    path = Path(app.config.attsite_build, "executed.json")
    if not path.exists():
        return {}
    return {page: run["key"] for page, run in json.loads(path.read_text("utf8")).items()}


def outdated(app: Sphinx, env: BuildEnvironment, *_: Any) -> list[str]:
    """Pages whose outputs are not those of the last build."""
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
