"""Tables that a notebook computes, with headed rows and columns; a wide one scrolls by itself."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from IPython.display import HTML


def show(
    header: Sequence[str], rows: Iterable[Sequence[Any]], caption: str, *, fmt: str = ".3f"
) -> HTML:
    """Return a table whose first column heads its rows.

    Parameters
    ----------
    header
        One name a column.
    rows
        One sequence of cells a row, each as long as the header. A float is written with ``fmt``; it
        and a whole number are set flush right, everything else as text.
    caption
        What the table shows, in a line above it.
    fmt
        Format of the floats.

    Raises
    ------
    ValueError
        A row has another number of cells than the header, or a column has no name.
    """
    if unnamed := [number for number, name in enumerate(header, 1) if not name.strip()]:
        raise ValueError(f"header: expected a name for each column, got none for {unnamed[0]}.")
    body = []
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"expected {len(header)} cells a row, got {len(row)}: {list(row)!r}")
        first, *rest = (_cell(cell, fmt) for cell in row)
        body.append(f'<tr><th scope="row">{first[0]}</th>')
        body += [f'<td style="text-align:{side}">{text}</td>' for text, side in rest]
        body.append("</tr>")
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in header)
    label = html.escape(caption, quote=True)
    # A wide table scrolls by itself, and a keyboard can reach it to do so.
    return HTML(
        f'<div class="att-table" role="region" aria-label="{label}" tabindex="0" '
        f'style="overflow-x:auto;margin:1rem 0"><table><caption>{label}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def vector(values: Sequence[float], digits: int = 3) -> str:
    """Write a vector as text that does not break: ``(−1, 0)``, with true minus signs and no −0.

    Parameters
    ----------
    values
        Its components.
    digits
        How many digits to write after the point.
    """
    # Adding 0.0 turns −0.0, which rounding leaves behind, into 0.0.
    rounded = np.round(np.asarray(values, dtype=float), digits) + 0.0
    return "(" + ",\N{NO-BREAK SPACE}".join(_minus(f"{x:.{digits}f}") for x in rounded) + ")"


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _cell(cell: Any, fmt: str) -> tuple[str, str]:
    """Give a cell's text and the side it is set flush with."""
    if isinstance(cell, bool) or not isinstance(cell, Real):
        return html.escape(str(cell)), "left"
    if isinstance(cell, Integral):  # NumPy's integers are too
        return _minus(str(cell)), "right"
    return _minus(f"{cell:{fmt}}"), "right"
