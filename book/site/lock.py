"""Compile ``requirements.txt`` from ``pyproject.toml``. ``make lock`` calls this.

Versions that are pinned stay, unless ``--upgrade`` asks for the newest of each. One file serves
Python 3.11 and newer on every system. torch keeps no local version and its CUDA
packages are left to torch itself, so that pip's own configuration chooses the build.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

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
    quietly = ["--no-header", "--no-annotate", "--quiet", *sys.argv[1:]]
    with TemporaryDirectory() as folder:
        # What stands in the output file is what uv prefers.
        output = Path(shutil.copy(ROOT / "requirements.txt", folder))
        done = subprocess.run(
            [uv, "pip", "compile", "pyproject.toml", *options, *quietly, "--output-file", output],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        compiled = output.read_text("utf8").splitlines()
    lines = [
        re.sub(r"^(torch==[^+\s]+)\+\S+", r"\1", line)
        for line in compiled
        if not TORCHS_OWN.match(line)
    ]
    (ROOT / "requirements.txt").write_text(HEADER + "\n".join(lines) + "\n", "utf8")


if __name__ == "__main__":
    main()
