"""What every page loads: the locked fonts, KaTeX's style sheet, and no script without a use."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

SITE = Path(__file__).parents[2]
NPM = SITE / "node_modules"
#: Scripts that the theme's extensions add to every page and that no page of the course uses.
UNUSED = re.compile(r"thebe|require\.min|html-manager|embed-amd|^https?:")
FONTS = ("source-serif-4", "source-sans-3", "source-code-pro")


def drop_unused(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Leave unused scripts and styles out of the page."""
    for kind in ("script_files", "css_files"):
        context[kind] = [
            asset
            for asset in context.get(kind, [])
            if not UNUSED.search(str(getattr(asset, "filename", asset) or ""))
            and "widget-state" not in str(getattr(asset, "attributes", {}).get("type", ""))
        ]


def copy(app: Sphinx, error: Exception | None) -> None:
    """Copy fonts and KaTeX's style sheet, and drop what the theme ships unused."""
    if error or app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    katex = static / "katex"
    (katex / "fonts").mkdir(parents=True, exist_ok=True)
    css = (NPM / "katex/dist/katex.min.css").read_text("utf8")
    # Every browser of the last ten years reads woff2; the older formats only weigh.
    css = re.sub(r',url\([^)]+\.(?:woff|ttf)\) format\("[^"]+"\)', "", css)
    (katex / "katex.min.css").write_text(css, "utf8")
    for font in (NPM / "katex/dist/fonts").glob("*.woff2"):
        shutil.copy2(font, katex / "fonts")
    shutil.copy2(NPM / "katex/LICENSE", katex)
    fonts = static / "fonts"
    fonts.mkdir(exist_ok=True)
    for name in FONTS:
        package = NPM / "@fontsource-variable" / name
        for subset in ("latin", "latin-ext", "greek"):
            for font in (package / "files").glob(f"{name}-{subset}-wght-*.woff2"):
                shutil.copy2(font, fonts)
        shutil.copy2(package / "LICENSE", fonts / f"{name}-LICENSE.txt")
    slim(static / "styles" / "pydata-sphinx-theme.css")
    for unused in ("scripts/*.map", "styles/*.map", "scripts/fontawesome*", "*-macros.html"):
        for path in static.glob(unused):
            path.unlink()
    shutil.rmtree(static / "vendor", ignore_errors=True)


def slim(path: Path) -> None:
    """Take FontAwesome out of the theme's style sheet: its fonts and its two thousand names."""
    css = path.read_text("utf8")
    css = re.sub(r"@font-face\{[^}]*\}", "", css)
    css = re.sub(r"(?:\.fa-[\w-]+(?::before|:after)?,?)+\{[^{}]*\}", "", css)
    path.write_text(re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css), "utf8")


def setup(app: Sphinx) -> None:
    """Connect to Sphinx; late, so that other extensions' files are seen."""
    app.connect("html-page-context", drop_unused, priority=990)
    app.connect("build-finished", copy)
    app.add_css_file("katex/katex.min.css", priority=300)
