"""The reference starts in little more than NumPy's own time: it must never pull in torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

ALLOWED = {"attncourse", "numpy", "einops", "jaxtyping"}


def imported(statement: str) -> set[str]:
    """Top-level packages outside the standard library that a fresh Python loads."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = {name.split(".")[0] for name in run.stdout.split()}
    return {name for name in names if name not in sys.stdlib_module_names}


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [("import attncourse", {"attncourse"}), ("import attncourse.reference", ALLOWED)],
)
def test_imports_nothing_more(statement, allowed):
    found = {name for name in imported(statement) if not name.startswith("_")}
    assert "attncourse" in found
    assert found <= allowed
