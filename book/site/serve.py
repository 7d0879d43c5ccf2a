"""Serve the book and rebuild it whenever a source changes. ``make serve`` calls this.

Other options than ``--port`` are ``build.py``'s: ``--only PAGE`` rebuilds one page.
"""

from __future__ import annotations

import argparse
import functools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from sphinx_autobuild.filter import IgnoreFilter
from sphinx_autobuild.middleware import JavascriptInjectorMiddleware
from sphinx_autobuild.server import RebuildServer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles

ROOT = Path(__file__).resolve().parents[2]
WATCHED = ("book", "exercises", "attncourse", "_config.yml", "_toc.yml")
IGNORED = (r"/(__pycache__|node_modules|\.ipynb_checkpoints|\.ruff_cache)(/|$)", r"\.lock$")


def build(options: Sequence[str], changed_paths: Sequence[Path] = ()) -> None:
    """Build a draft; what is wrong with it is printed, and the last pages stay."""
    for path in changed_paths:
        print(f"changed   {path}", flush=True)
    command = [sys.executable, str(ROOT / "book/site/build.py"), "--draft", *options]
    subprocess.run(command, cwd=ROOT, check=False)


def main() -> None:
    """Build once, then serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, default=ROOT / "_build")
    parser.add_argument("--port", type=int, default=8000)
    args, passed_on = parser.parse_known_args()

    # The watcher calls it in a process of its own, so it must be a plain function.
    rebuild = functools.partial(build, ["--build", str(args.build), *passed_on])
    rebuild()
    html = args.build / "html"
    address = f"localhost:{args.port}"
    watcher = RebuildServer(
        [ROOT / name for name in WATCHED], IgnoreFilter((), IGNORED), change_callback=rebuild
    )
    app = Starlette(
        routes=[
            WebSocketRoute("/websocket-reload", watcher, name="reload"),
            Mount("/", app=StaticFiles(directory=html, html=True), name="pages"),
        ],
        middleware=[Middleware(JavascriptInjectorMiddleware, ws_url=address)],
        lifespan=watcher.lifespan,
    )
    print(f"serving   http://{address} (stop with Ctrl+C)", flush=True)
    uvicorn.run(app, host="localhost", port=args.port, log_level="warning")


if __name__ == "__main__":
    main()
