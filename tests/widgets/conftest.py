"""What the widgets' tests share: a page with the widget that a file is about."""

import pytest

from tests.widgets.pages import load_heavy, settle, write_page


@pytest.fixture
def show(request, chromium_page, tmp_path):
    """Open a page with widgets, one of the file's ``WIDGET`` unless given, and wait until they live.

    What a widget loads when asked is loaded, unless the page is to be met ``asleep``.
    """
    kind = request.module.WIDGET
    folder = kind.__module__.rpartition(".")[2]

    def open_page(*widgets, fragment="", theme="", asleep=False, **options):
        widgets = widgets or (kind(),)
        address = write_page(tmp_path / "page.html", *widgets, theme=theme)
        page = chromium_page(address + fragment, **options)
        if options.get("javascript", True):
            page.wait_for_function(
                "([name, n]) => document.querySelectorAll(name).length === n",
                arg=[f".ac-{folder}", len(widgets)],
            )
            settle(page)
            if kind.HEAVY and not asleep:
                load_heavy(page)
        return page

    return open_page
