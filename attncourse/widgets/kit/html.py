"""The HTML of a widget on a page without a kernel."""

import hashlib
import json
import re
from html import escape
from pathlib import Path
from typing import Any

_MOUNT = (Path(__file__).parent / "mount.js").read_text(encoding="utf-8")


def alone(spec: dict[str, Any], *, module: str, style: str, without_javascript: str) -> str:
    """Return a widget's HTML, complete: its state, its module, and what shows without JavaScript.

    ``spec`` is what the mount reads: id, name and state.
    """
    # In JSON `<` may be written as an escape, so no text can close the script element.
    data = json.dumps({**spec, "module": _key(module)}, allow_nan=False).replace("<", "\\u003c")
    return "\n".join(
        [
            f'<style data-ac-once="{_key(style)}">{style}</style>',
            f'<div class="ac-widget"><script type="application/json">{data}</script>',
            f'<div class="ac-fallback">{without_javascript}</div></div>',
            f'<script type="text/plain" data-ac-once="{_key(module)}">{module}</script>',
            f'<script data-ac-once="{_key(_MOUNT)}">{_MOUNT}</script>',
        ]
    )


def _key(text: str) -> str:
    """Name a text by its content, so that a page can tell whether it has it already."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


_ONCE = re.compile(r'<(style|script)\b[^>]*? data-ac-once="([^"]+)"[^>]*>.*?</\1>\n?', re.DOTALL)


def share_once(html: str) -> str:
    """Return a page with each module, style sheet and mount kept where it first stands.

    A widget's HTML is complete, so that any one output can be shown alone. A page with several of
    them needs what they share only once; the widgets below the first one find it there.
    """
    seen: set[str] = set()

    def keep_first(match: re.Match[str]) -> str:
        first = match[2] not in seen
        seen.add(match[2])
        return match[0] if first else ""

    return _ONCE.sub(keep_first, html)


def table(header: list[str], rows: list[list[str]], caption: str) -> str:
    """Return an HTML table whose first column heads its rows; every cell is escaped."""
    # A heading without a word is none.
    head = "".join(
        f'<th scope="col">{escape(cell)}</th>' if cell else "<td></td>" for cell in header
    )
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<table class="ac-table"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
