"""One check for many numbers."""

from __future__ import annotations

from attncourse import _checks


def sizes(**values: int) -> None:
    """Raise unless every number is whole and at least one."""
    for name, value in values.items():
        _checks.count(name, value, minimum=1)
