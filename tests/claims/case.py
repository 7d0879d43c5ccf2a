from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A measurement like the notebook's, and one of a world in which the claim fares otherwise."""

    measured: dict[str, Any]
    expected: str
    counterexample: dict[str, Any]
    flipped: str
