"""Buttons that lead to the published sources: only where ``_config.yml`` has an address.

*Edit* leads to what a person would edit: an exercise's page is made from ``solutions/``, a page of
the library from docstrings, the references from the BibTeX file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from attsite import library

#: Switches of the theme that make a button of the address.
BUTTONS = ("use_repository_button", "use_edit_page_button", "use_issues_button")


def options(given: dict[str, Any]) -> dict[str, Any]:
    """The theme's options, without the buttons that would lead nowhere."""
    address = given.get("repository_url") or ""
    kept = dict(given)
    if not address:
        kept |= dict.fromkeys(BUTTONS, False)
        kept |= {"repository_url": "", "launch_buttons": {}}
    elif "github.com" not in address:  # the only place that Colab opens notebooks from
        launch = kept.get("launch_buttons") or {}
        kept["launch_buttons"] = {k: v for k, v in launch.items() if k != "colab_url"}
    return kept


def configure(app: Sphinx, config: Config) -> None:
    """Apply :func:`options` before the theme reads them."""
    config.html_theme_options = options(config.html_theme_options)


def edited(root: Path, page: str, suffix: str) -> str:
    """The path, from the root of the sources, of what a change to this page would change."""
    own = f"{page}{suffix}"
    folder, _, rest = page.partition("/")
    if folder == "exercises" and (root / "solutions" / f"{rest}{suffix}").exists():
        return f"solutions/{rest}{suffix}"
    if suffix != ".md" or not (root / own).exists():
        return own
    text = (root / own).read_text("utf8")
    if found := library.calls(text):
        files = {str(next(iter(thing.modules.values())).__file__) for thing in found}
        path = Path(os.path.commonpath(files)).resolve()
        return path.relative_to(root.resolve()).as_posix() if path.is_relative_to(root) else own
    if re.search(r"^```\{bibliography\}", text, re.M):
        return "book/references.bib"
    return own


def lead_to_source(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Let the theme's address for *edit* be that of the source."""
    theirs: Callable[[], tuple[str, str]] | None = context.get("get_edit_provider_and_url")
    suffix = context.get("page_source_suffix")
    if theirs is None or not suffix or not app.config.html_theme_options.get("repository_url"):
        return
    root = Path(app.srcdir)
    target = edited(root, pagename, suffix)

    def ours() -> tuple[str, str]:
        provider, url = theirs()
        url = url.replace(f"{pagename}{suffix}", target)
        if (root / target).is_dir():  # a folder can be looked at, not edited
            url = url.replace("/edit/", "/tree/", 1).removesuffix("?mode=edit")
        return provider, url

    context["get_edit_provider_and_url"] = ours


def setup(app: Sphinx) -> None:
    """Connect to Sphinx; the page's own address is there before the theme makes its buttons."""
    app.connect("config-inited", configure, priority=400)
    app.connect("html-page-context", lead_to_source)
