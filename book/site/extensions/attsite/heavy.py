"""What widgets load when their reader asks: a script each, beside the site's other ones.

A page opened by double click may load nothing but scripts, and none from elsewhere.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

from attncourse.widgets import CourseWidget
from attncourse.widgets.kit.heavy import FOLDER, Heavy


def known(kind: type[CourseWidget] = CourseWidget) -> set[Heavy]:
    """Everything that any widget may ask for."""
    own = {kind.HEAVY} if kind.HEAVY else set()
    return own.union(*map(known, kind.__subclasses__()))


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the scripts, and drop those of an earlier build that nobody asks for any more."""
    if error or app.builder.name != "html":
        return
    written = {heavy.write(Path(app.outdir)) for heavy in known()}
    for path in Path(app.outdir, FOLDER).glob("*"):
        if path not in written:
            path.unlink()


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("build-finished", write)
