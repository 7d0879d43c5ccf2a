"""Claim checks: the article's statements, decided where the reader meets them.

In a notebook, measure first, then let the claim's own function decide:

>>> from attncourse import claims
>>> from attncourse.claims import Verdict
>>> str(Verdict("holds if", "Three of four runs agree.", "there is one query"))
'holds if there is one query'

``claims.check("C07", ...)`` shows the box and leaves a record from which the appendix is generated.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from attncourse.claims.core import (
    RECORD_MIME,
    Claim,
    Verdict,
    as_html,
    as_text,
    by_run,
    by_source,
    lookup,
    record,
    registry,
)

__all__ = ["RECORD_MIME", "Claim", "Verdict", "by_run", "by_source", "check", "lookup", "registry"]

for _module in pkgutil.iter_modules(__path__):
    if _module.name.startswith("ch"):
        importlib.import_module(f"{__name__}.{_module.name}")


def check(id: str, **measurement: Any) -> None:
    """Decide a claim from a measurement and show its box.

    Parameters
    ----------
    id
        The claim's number, ``"C07"``.
    **measurement
        What the claim's deciding function asks for; nothing for a claim decided by source.

    Raises
    ------
    KeyError
        No claim has that number.
    TypeError
        The measurement does not fit the deciding function.
    """
    from IPython.display import display

    claim = lookup(id)
    verdict = claim.decide(**measurement)
    display(
        {
            "text/html": as_html(claim, verdict),
            "text/plain": as_text(claim, verdict),
            RECORD_MIME: record(claim, verdict),
        },
        raw=True,
    )
