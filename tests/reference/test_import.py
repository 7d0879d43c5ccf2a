"""The reference starts in little more than NumPy's own time: it must never pull in torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

ALLOWED = {"attncourse", "numpy", "einops", "jaxtyping"}
#: What the package may add to NumPy's own import, in seconds.
MAY_ADD = 0.15


def fresh(code: str) -> str:
    """Run a few lines in a Python of their own."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def imported(statement: str) -> set[str]:
    """Top-level packages outside the standard library that a fresh Python loads."""
    names = fresh(
        f"import sys; old = set(sys.modules); {statement}; print(*set(sys.modules) - old)"
    )
    return {name.split(".")[0] for name in names.split()} - sys.stdlib_module_names


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [("import attncourse", {"attncourse"}), ("import attncourse.reference", ALLOWED)],
)
def test_imports_nothing_more(statement, allowed):
    found = {name for name in imported(statement) if not name.startswith("_")}
    assert "attncourse" in found
    assert found <= allowed


def test_imports_quickly():
    """The least of several runs, NumPy and the package in turn: the machine may be busy."""

    def seconds(package: str) -> float:
        timed = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
        return float(fresh(timed.format(package)))

    pairs = [(seconds("numpy"), seconds("attncourse")) for _ in range(3)]
    numpy_alone, with_package = (min(times) for times in zip(*pairs, strict=True))
    assert with_package <= numpy_alone + MAY_ADD
