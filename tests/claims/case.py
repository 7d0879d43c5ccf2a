from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A measurement like the notebook's, and one of a world in which the claim fares otherwise."""

    measured: dict[str, Any]
    expected: str
    counterexample: dict[str, Any]
    flipped: str


def every() -> dict[str, Case]:
    """The cases of every chapter, by the number of their claim."""
    here = importlib.import_module("tests.claims")
    names = [module.name for module in pkgutil.iter_modules(here.__path__)]
    chapters = [importlib.import_module(f"tests.claims.{n}") for n in names if n[:6] == "cases_"]
    cases = [item for chapter in chapters for item in chapter.CASES.items()]
    assert len(dict(cases)) == len(cases), "a claim has two cases"
    return dict(cases)
