"""The built book that the site's tests look at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(ROOT, os.environ.get("ATTNCOURSE_BUILD", "_build"))
WATCHED = ("_config.yml", "_toc.yml", "book", "exercises", "attncourse", "requirements.txt")


def _newest() -> float:
    files = [
        path
        for name in WATCHED
        for path in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))
        if path.is_file() and not {"node_modules", "__pycache__"} & set(path.parts)
    ]
    return max(path.stat().st_mtime for path in files)


@pytest.fixture(scope="session")
def html() -> Path:
    """The folder of the built pages; built now if a source is younger than they are."""
    BUILD.mkdir(parents=True, exist_ok=True)
    index = BUILD / "html" / "index.html"
    with FileLock(BUILD / ".testing.lock"):
        if not index.exists() or index.stat().st_mtime < _newest():
            done = subprocess.run(
                [sys.executable, "book/site/build.py", "--build", str(BUILD)],
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return BUILD / "html"


@pytest.fixture(scope="session")
def address(html, serve):
    """Where the pages are served."""
    return serve(html)


@pytest.fixture(scope="session")
def visitor(chromium, html, address):
    """The one tab that goes from page to page."""
    from tests.site.visit import Visitor

    one = Visitor(chromium, html, address)
    yield one
    one.close()
