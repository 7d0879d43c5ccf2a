"""One visit of one page: everything that only a browser can say, in the views that differ most.

The page is opened on a dark phone, turned to a light desk, then to paper, in one browser and one
tab. A visit counts the CPU seconds of the browser, its driver and this process.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import axe_playwright_python
import psutil
from playwright.sync_api import Browser, Page, TimeoutError

from tests.browser import watched
from tests.site.pages import packed

#: Kilobytes over the wire, compressed as any server does, everything that one visit loads.
WEIGHT = 450
#: The smallest letters of a drawing on a phone, in pixels.
LETTERS = 11
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
#: A sheet of A4 between the margins that the style sheet gives it.
SHEET = {"width": 688, "height": 990}
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf8")
HERE = Path(__file__).parent
ALIVE = "!document.querySelector('.ac-widget .ac-fallback')"
#: A page answers a change of theme, size or medium when it is drawn next.
FRAME = "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(0))))"
#: What may differ between a desk and a phone, or between two themes; all else is the same document.
LOOK = ["color-contrast", "scrollable-region-focusable", "link-in-text-block", "aria-hidden-focus"]
LOOK += ["button-name", "link-name", "aria-dialog-name", "summary-name", "meta-viewport"]


def cpu() -> float:
    """Seconds of a core that this process and all below it have used so far."""
    me = psutil.Process(os.getpid())
    total = 0.0
    for process in [me, *me.children(recursive=True)]:
        try:
            times = process.cpu_times()
            total += times.user + times.system
        except psutil.Error:
            continue
    return total


@dataclass
class Report:
    """What a visit found and what it took."""

    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0  # of one core
    waited: float = 0.0
    pages: int = 0  # of paper


class Visitor:
    """A tab that goes from page to page."""

    def __init__(self, browser: Browser, root: Path, address: str):
        self.root, self.address = root, address
        self.context, self.page = watched(
            browser,
            viewport=PHONE,
            color_scheme="dark",
            device_scale_factor=1,
            # Colours that fade from one theme to the other would be measured on their way.
            reduced_motion="reduce",
        )
        self.cdp = self.context.new_cdp_session(self.page)

    def close(self) -> None:
        """Give the tab back."""
        self.context.close()

    def visit(
        self, name: str, *, axe: str = "all", twice: bool = True, pdf: bool = False, url: str = ""
    ) -> Report:
        """Look at one page; ``axe`` says whether all rules run, ``twice`` whether in both views."""
        page: Page = self.page
        page.problems.clear()
        start, clock = cpu(), time.monotonic()
        report = Report()
        self._view(PHONE, dark=True, phone=True)
        page.goto(url or f"{self.address}/{name}.html", wait_until="load")
        page.evaluate((HERE / "visit.js").read_text("utf8"))
        if page.locator(".ac-widget").count():
            with suppress(TimeoutError):  # said below, by name
                page.wait_for_function(ALIVE, timeout=8000)
        page.evaluate("document.fonts.ready.then(() => 0)")
        page.evaluate(FRAME)
        said = report.faults
        if page.evaluate("document.documentElement.dataset.theme") != "dark":
            said.append("dark: a reader who prefers the dark gets a light page")
        said += [f"phone: {x}" for x in page.evaluate("attVisit.wide()")]
        said += [f"phone: {x}" for x in page.evaluate(f"attVisit.legible({LETTERS})")]
        said += page.evaluate("attVisit.widgets()")
        if axe:
            page.evaluate(AXE + ";0")
        if axe and twice:
            said += [f"dark phone: {x}" for x in self._axe(LOOK)]
        self._view(DESK, dark=False, phone=False)
        page.evaluate("document.querySelectorAll('article details').forEach(d => d.open = true)")
        page.evaluate(FRAME)
        if page.evaluate("document.documentElement.dataset.theme") != "light":
            said.append("light: the page stays dark")
        said += [f"desk: {x}" for x in page.evaluate("attVisit.wide()")]
        if axe:
            said += [f"light desk: {x}" for x in self._axe(None)]
        page.evaluate("document.querySelectorAll('article details').forEach(d => d.open = false)")
        said += self._paper(report, pdf)
        said += self._weight(page)
        said += page.problems
        report.seconds, report.waited = cpu() - start, time.monotonic() - clock
        page.problems.clear()
        return report

    def _view(self, size: dict[str, int], *, dark: bool, phone: bool) -> None:
        self.page.set_viewport_size(size)
        self.page.emulate_media(media="screen", color_scheme="dark" if dark else "light")
        self.cdp.send("Emulation.setTouchEmulationEnabled", {"enabled": phone})

    def _axe(self, rules: list[str] | None) -> list[str]:
        options: dict = {"resultTypes": ["violations"]}
        if rules:
            options["runOnly"] = rules
        found = self.page.evaluate(
            "async options => { attVisit.thin(); "
            "try { return (await axe.run(document, options)).violations.flatMap("
            "v => v.nodes.map(n => `${v.id}: ${v.help} at ${n.target}`)) }"
            " finally { attVisit.restore() } }",
            options,
        )
        return found

    def _paper(self, report: Report, pdf: bool) -> list[str]:
        page = self.page
        # A reader with a dark page prints.
        page.emulate_media(media="screen", color_scheme="dark")
        page.set_viewport_size(SHEET)
        page.emulate_media(media="print", color_scheme="dark")
        page.evaluate(FRAME)
        found = page.evaluate("attVisit.paper()")
        page.emulate_media(media="screen", color_scheme="dark")
        if pdf:
            found += self._printed(report)
        return found

    def _printed(self, report: Report) -> list[str]:
        import pypdfium2

        sheets = pypdfium2.PdfDocument(self.page.pdf(prefer_css_page_size=True))
        words = " ".join(sheet.get_textpage().get_text_range() for sheet in sheets)
        report.pages = len(sheets)
        title = self.page.evaluate("document.querySelector('article h1')?.firstChild?.data ?? ''")
        plain = "".join(words.split())
        found = [] if "".join(title.split()) in plain else ["paper: the PDF lacks the title"]
        last = self.page.evaluate(
            "[...document.querySelectorAll('article p')].filter(p => !p.closest('details, .math'))"
            ".at(-1)?.textContent.trim().slice(0, 20) ?? ''"
        )
        if "".join(last.split())[:12] not in plain:
            found.append(f"paper: the PDF ends before {last!r}")
        return found

    def _weight(self, page: Page) -> list[str]:
        urls = page.evaluate(
            "[location.href, ...performance.getEntriesByType('resource').map(e => e.name)]"
        )
        weights: dict[str, int] = {}
        for url in urls:
            where = urlsplit(url)
            path = self.root / unquote(where.path).lstrip("/")
            if where.scheme in ("http", "https") and path.is_file():
                weights[where.path] = packed(path)
        total = sum(weights.values()) / 1024
        worst = sorted(weights.items(), key=lambda item: -item[1])[:5]
        return [] if total <= WEIGHT else [f"weighs {total:.0f} KB: {worst}"]
