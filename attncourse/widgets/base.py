"""What every widget of the course shares: one state, one front-end module, two homes.

With a kernel a widget is an :class:`anywidget.AnyWidget`. On a page without one, its HTML holds the
state as JSON, a table for readers without JavaScript, and a small mount that runs the same module.

A new widget takes one folder, ``attncourse/widgets/<name>/``:

1. ``widget.js``, an anywidget module in plain JavaScript:
   ``export default { render({ model, el }) }``. Draw from ``model.get(...)``; after a change call
   ``model.set(...)`` and ``model.save_changes()``; listen with ``model.on("change:<trait>", draw)``
   and return a function that stops listening. Export ``compute(state)``, so that a test can hold
   it equal to NumPy, and ``toLink(state)`` and ``fromLink(link, state)``, which throws where a
   link does not fit. Offer "Copy link" where ``model.link`` exists, which is on a page without a
   kernel. Give each focusable element ``data-lm-suppress-shortcuts``, or JupyterLab takes its keys.
2. ``widget.css``, all of it below one class, with colours from that class's custom properties.
3. ``__init__.py``, a subclass of :class:`CourseWidget` with the traits, tagged ``sync=True``, a
   validator for each that says what it expected and what came, ``_esm`` and ``_css`` (use
   :func:`read`), and ``fallback_html()``, the numbers of the state as a table.
4. ``tests/widgets/test_<name>_*.py``: numbers, behaviour, Python. The browser for them comes from
   ``tests/browser.py``.
"""

import hashlib
import itertools
import json
import re
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

_HERE = Path(__file__).parent
_COUNT = itertools.count(1)


def read(folder: str | Path, *names: str) -> str:
    """Return files of a widget's folder, one after the other, as one text."""
    return "\n".join((Path(folder) / name).read_text(encoding="utf-8") for name in names)


class CourseWidget(anywidget.AnyWidget):
    """An anywidget that also shows itself on a page without a kernel.

    Parameters
    ----------
    name : str
        The widget's name in links to its state: lower-case letters, digits and hyphens. Two widgets
        of one page with the same name are told apart by a number.

    """

    name = traitlets.Unicode("widget").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        # Not random: building the book twice gives the same pages.
        state = json.dumps(self.page_state(), sort_keys=True)
        self._page_id = f"{hashlib.sha256(state.encode()).hexdigest()[:8]}-{next(_COUNT)}"

    @traitlets.validate("name")
    def _check_name(self, proposal: dict[str, Any]) -> str:
        name = proposal["value"]
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            raise traitlets.TraitError(
                "name: expected lower-case letters, digits and hyphens, starting with a letter "
                f"(it becomes part of a link), got {name!r}"
            )
        return name

    def page_state(self) -> dict[str, Any]:
        """Return the state that the module reads: the synced traits of the widget itself."""
        own = self.traits(sync=True).keys() - anywidget.AnyWidget.class_traits().keys()
        return {key: getattr(self, key) for key in sorted(own) if not key.startswith("_")}

    def fallback_html(self) -> str:
        """Return the state as HTML that needs no JavaScript. Every widget writes its own."""
        raise NotImplementedError(
            f"{type(self).__name__} needs fallback_html(): its numbers as a table"
        )

    def _repr_html_(self) -> str:
        without_javascript = self.fallback_html()
        module, style = str(self.trait_values()["_esm"]), str(self.trait_values()["_css"])
        mount = read(_HERE, "mount.js")
        spec = {
            "id": self._page_id,
            "name": self.name,
            "module": _key(module),
            "state": self.page_state(),
        }
        # In JSON `<` may be written as an escape, so no text can close the script element.
        data = json.dumps(spec, allow_nan=False).replace("<", "\\u003c")
        return "\n".join(
            [
                f'<style data-ac-once="{_key(style)}">{style}</style>',
                f'<div class="ac-widget"><script type="application/json">{data}</script>',
                f'<div class="ac-fallback">{without_javascript}</div></div>',
                f'<script type="text/plain" data-ac-once="{_key(module)}">{module}</script>',
                f'<script data-ac-once="{_key(mount)}">{mount}</script>',
            ]
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        return {**data, "text/html": self._repr_html_()}, metadata


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
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
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
