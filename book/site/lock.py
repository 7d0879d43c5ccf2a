"""Compile ``requirements.txt`` from ``pyproject.toml``. ``make lock`` calls this.

One file serves Python 3.11 and newer on every system. torch keeps no local version and its CUDA
packages are left to torch itself, so that pip's own configuration chooses the build.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = """\
# The locked environment, for Python 3.11 and newer: every package pinned. Written by `make lock`; \
do not edit.
# torch carries no local version, and its CUDA packages are left to torch itself, so that pip's \
own configuration chooses the build.
"""
TORCHS_OWN = re.compile(r"^(nvidia|cuda|triton|pytorch-triton)[-=]")


def main() -> None:
    """Resolve, filter, write."""
    uv = Path(sys.executable).parent / "uv"
    options = ["--all-extras", "--universal", "--python-version", "3.11"]
    quietly = ["--no-header", "--no-annotate", "--quiet"]
    done = subprocess.run(
        [uv, "pip", "compile", "pyproject.toml", *options, *quietly],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    lines = [
        re.sub(r"^(torch==[^+\s]+)\+\S+", r"\1", line)
        for line in done.stdout.splitlines()
        if not TORCHS_OWN.match(line)
    ]
    (ROOT / "requirements.txt").write_text(HEADER + "\n".join(lines) + "\n", "utf8")


if __name__ == "__main__":
    main()
