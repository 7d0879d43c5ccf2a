"""Every widget of the course, found by itself, and pages with widgets on them."""

import importlib
import pkgutil
import sys
from pathlib import Path

import attncourse.widgets
from attncourse.widgets import CourseWidget, share_once


def every_widget() -> list[type[CourseWidget]]:
    """All classes of widgets in the package, exported or not. Nobody has to list one."""
    for room in pkgutil.walk_packages(attncourse.widgets.__path__, "attncourse.widgets."):
        importlib.import_module(room.name)
    found, ahead = [], [CourseWidget]
    while ahead:
        kinds = ahead.pop().__subclasses__()
        ahead += kinds
        # Tests spoil copies of a class; what counts is what a file of the package calls by its name.
        found += [
            kind
            for kind in kinds
            if kind.__module__.startswith("attncourse.")
            and getattr(sys.modules[kind.__module__], kind.__name__, None) is kind
        ]
    return sorted(found, key=lambda kind: kind.__name__)


def write_page(path: Path, *widgets, theme: str = "") -> str:
    """Write a page as the book does, and give its file:// address."""
    body = "\n".join(widget._repr_html_() for widget in widgets)
    html = (
        f'<!doctype html><html lang="en"{theme and f" data-theme={theme!r}"}><head>'
        '<meta charset="utf-8"><title>Widgets</title><link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f"<body><main><h1>Widgets</h1>\n{body}\n</main></body></html>"
    )
    path.write_text(share_once(html), encoding="utf-8")
    for heavy in {widget.HEAVY for widget in widgets} - {None}:
        heavy.write(path.parent)
    return path.as_uri()


def load_heavy(page) -> None:
    """Press every offer to load something, and wait until it is there."""
    offers = page.locator(".ac-kit .heavy .load").filter(visible=True)
    while offers.count():
        offers.first.press("Enter")
        page.wait_for_function(
            "() => ![...document.querySelectorAll('.load')].some((e) => e.textContent === 'Loading …')"
        )
        settle(page)
        failed = page.locator(".ac-kit .heavy", has_text="could not be loaded").filter(visible=True)
        assert not failed.count(), failed.first.inner_text()


def settle(page) -> None:
    """Wait until a drawing that was asked for is done."""
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")


def finger(page):
    """Give what sends a page one event of touch: its kind, and where fingers are."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    return send
