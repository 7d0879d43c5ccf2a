"""Run every benchmark of this folder, one after the other: ``python -m benchmarks``."""

from __future__ import annotations

import runpy
from pathlib import Path

for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
    runpy.run_module(f"benchmarks.{path.stem}", run_name="__main__")
