"""What the course adds to Sphinx; each module is one small extension."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from attsite import (
    accessible,
    assets,
    boxes,
    claims,
    descriptions,
    diagrams,
    fresh,
    gallery,
    heavy,
    languages,
    library,
    links,
    mathematics,
    numbering,
    outline,
    predictions,
    quotations,
    references,
    repository,
    search_texts,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register every part."""
    app.add_config_value("attsite_build", "_build", "")
    # Jupyter Book sets this one for an extension that the course leaves out.
    app.add_config_value("comments_config", {}, "")
    parts = (
        accessible,
        assets,
        boxes,
        claims,
        outline,
        languages,
        descriptions,
        diagrams,
        fresh,
        gallery,
        heavy,
        library,
        links,
        mathematics,
        numbering,
        predictions,
        quotations,
        references,
        repository,
        search_texts,
    )
    for part in parts:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": False}
