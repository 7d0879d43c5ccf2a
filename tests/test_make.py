"""What the pages tell a reader to type is found."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="no make")


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as a new user's shell does: no environment in its PATH, no make around it."""
    outer = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"}
    env = {k: v for k, v in os.environ.items() if k not in outer}
    env["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    return subprocess.run(
        [str(MAKE), *arguments], cwd=ROOT, env=env, capture_output=True, text=True
    )


@pytest.fixture
def probe(tmp_path):
    """A makefile that includes the project's, with a target that looks for the command."""
    path = tmp_path / "probe.mk"
    path.write_text(
        "include Makefile\nprobe:\n\t@for c in attncourse jupyter python; do command -v $$c; done\n"
    )
    return path


def test_whatever_make_starts_finds_the_command(probe):
    """A kernel and a terminal of `make lab` inherit the PATH."""
    done = make("-f", str(probe), "probe")
    assert done.returncode == 0, done.stderr
    folder = ROOT / ".venv" / "bin"
    assert done.stdout.split() == [str(folder / n) for n in ("attncourse", "jupyter", "python")]


def test_checking_is_a_target():
    done = make("-n", "check", "FILE=exercises/03-algorithm.ipynb")
    assert ".venv/bin/attncourse check exercises/03-algorithm.ipynb" in done.stdout


def test_the_readme_prints_commands_that_work_outside_the_environment():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf8"), re.MULTILINE))
    text = (ROOT / "README.md").read_text("utf8")
    assert set(re.findall(r"`make ([a-z]+)", text)) <= targets
    bare = re.findall(r"`attncourse [a-z]+[^`]*`", text)
    assert bare == [], "a fresh shell does not find attncourse: print `make check FILE=…`"
