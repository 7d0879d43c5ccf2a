"""Tables that a notebook computes, with headed rows and columns; a wide one scrolls by itself."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

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
        One sequence of cells a row, each as long as the header. A float is written with ``fmt`` and
        set flush right; everything else as text.
    caption
        What the table shows, in a line above it.
    fmt
        Format of the floats.

    Raises
    ------
    ValueError
        A row has another number of cells than the header.
    """
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


def _cell(cell: Any, fmt: str) -> tuple[str, str]:
    """Give a cell's text and the side it is set flush with."""
    if isinstance(cell, float):  # NumPy's float64 is one too
        return f"{cell:{fmt}}".replace("-", "−"), "right"
    return html.escape(str(cell)), "left"
