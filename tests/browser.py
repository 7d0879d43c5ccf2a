"""A real browser for tests: Chromium without the network, watched for errors.

``chromium_page`` opens pages; at the end of a test it fails on anything the console complained of,
any failed request and any request to another machine. A test that provokes such a thing empties
``page.problems`` itself. ``serve`` gives a folder an address on localhost; ``axe`` lists what an
accessibility check finds.
"""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

_ARGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-gpu"]
_LOCAL = {"localhost", "127.0.0.1", "[::1]", "::1"}


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "slow: takes half a minute or more (leave out with -m 'not slow')"
    )


def chromium_path() -> str | None:
    """Where Chromium is, if it is installed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.fixture(scope="session")
def chromium():
    """The browser of a test run."""
    path = chromium_path()
    if path is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("Chromium is not installed, and in CI these tests must run", pytrace=False)
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGS)
        yield browser
        browser.close()


def watched(browser, **options):
    """Open a context and a page whose ``problems`` list what goes wrong: errors, foreign requests."""
    context = browser.new_context(**options)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.problems = []
    note = page.problems.append

    def refuse(route):
        note(f"request to another machine: {route.request.url}")
        route.abort()

    def elsewhere(url):
        where = urlsplit(url)
        return where.scheme in ("http", "https", "ws", "wss") and where.hostname not in _LOCAL

    context.route(elsewhere, refuse)
    page.on("console", lambda m: note(f"console {m.type}: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda error: note(f"uncaught: {error}"))
    page.on("requestfailed", lambda r: note(f"failed request: {r.url} ({r.failure})"))
    page.on("response", lambda r: note(f"{r.status}: {r.url}") if r.status >= 400 else None)
    return context, page


@pytest.fixture
def chromium_page(chromium):
    """A function that opens a watched page: ``chromium_page(url, dark=True, phone=True)``."""
    opened = []

    def open_page(url=None, *, phone=False, dark=False, javascript=True, **context_options):
        options = {
            "viewport": {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900},
            "has_touch": phone,
            "is_mobile": phone,
            "color_scheme": "dark" if dark else "light",
            "java_script_enabled": javascript,
            **context_options,
        }
        context, page = watched(chromium, **options)
        opened.append((context, page))
        if url is not None:
            page.goto(url)
        return page

    yield open_page
    problems = [problem for _, page in opened for problem in page.problems]
    for context, _ in opened:
        context.close()
    assert not problems, "the browser complained:\n" + "\n".join(problems)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def serve():
    """A function that serves a folder on localhost and returns its address, without a slash."""
    servers = []

    def start(folder: str | Path) -> str:
        handler = functools.partial(_Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def axe(page, context=None) -> list[str]:
    """What axe finds on a page, one line a place; nothing is the answer to hope for."""
    from axe_playwright_python.sync_playwright import Axe

    results = Axe().run(page, context=context)
    return [
        f"{found['id']}: {found['help']} at {' '.join(map(str, node['target']))}"
        for found in results.response["violations"]
        for node in found["nodes"]
    ]


#: What a page may take on the average, in seconds of one core.
SECONDS_A_PAGE = 5
_visits: list = []


def pytest_runtest_logreport(report):
    """Collect what the visits of ``tests/site`` took, from every process of the run."""
    if report.when == "call":
        _visits.extend(value for name, value in report.user_properties if name == "visit")


def pytest_terminal_summary(terminalreporter):
    """Say what the visits took, so that a page that costs too much is seen."""
    if not _visits:
        return
    total = sum(seconds for _, seconds, _ in _visits)
    slow = sorted(_visits, key=lambda visit: -visit[1])[:5]
    terminalreporter.section("visits of pages")
    terminalreporter.line(
        f"{len(_visits)} pages, {total:.0f} s of one core, {total / len(_visits):.1f} s a page "
        f"(at most {SECONDS_A_PAGE} on a quiet machine); most: "
        + ", ".join(f"{page} {seconds:.1f}" for page, seconds, _ in slow)
    )
