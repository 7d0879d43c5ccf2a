"""Every widget of the course, found by itself, and pages with widgets on them."""

import importlib
import pkgutil
import sys
from pathlib import Path

import numpy as np

import attncourse.widgets
from attncourse.widgets import CourseWidget, share_once
from attncourse.widgets.kit.base import Look, State

#: Traits that a page's reader can set.
_HELD = (State, Look)


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


def state(page) -> dict:
    """What a reader can change or look at, as the page's first widget holds it."""
    shown = page.locator(".ac-kit").first.get_attribute("class").split()
    (kind,) = (k for k in every_widget() if f"ac-{k.__module__.rpartition('.')[2]}" in shown)
    names = [name for name, trait in kind.class_traits().items() if isinstance(trait, _HELD)]
    return page.evaluate(
        """names => Object.fromEntries(names.map(
             (name) => [name, [...window.attncourse.models.values()][0].get(name)]))""",
        [*names, "preset"],
    )


def sentence(page) -> str:
    """What the widget says of its state."""
    return page.locator(".sentence").inner_text()


def press(page, name: str) -> None:
    """By key, which also a button that has nothing left to do listens to."""
    page.get_by_role("button", name=name, exact=True).press("Enter")
    settle(page)


def click(page, name: str) -> None:
    """By mouse."""
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


def centre(page, point: str) -> tuple[float, float]:
    """Where a point that can be dragged is."""
    box = page.locator(f"[data-point={point}] .mark").first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, point: str, dx: float, dy: float = 0, steps: int = 5) -> None:
    """Move a point by mouse."""
    x, y = centre(page, point)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=steps)
    page.mouse.up()
    settle(page)


#: Work that is always the same, of a widget's kind: products of small numbers, and nodes.
REFERENCE = """() => {
  const a = new Float32Array(4096).fill(0.5);
  let sum = 0;
  for (let turn = 0; turn < 1500; turn += 1) for (let n = 0; n < a.length; n += 1) sum += a[n] * (n ^ turn);
  const host = document.createElement("div");
  for (let n = 0; n < 3000; n += 1) host.append(Object.assign(document.createElement("i"), { textContent: String(n * sum) }));
  return host.childNodes.length;
}"""
#: What it takes on an idle core of the machines that the budgets were set on, in ms.
REFERENCE_MS = 10.0


def stopwatch(page):
    """Give what tells the milliseconds of processor time that a page has spent, whoever else works.

    A core that is shared does less in a millisecond. Work that is always the same is timed at both
    ends of a stretch, and by as much as it was slower than on an idle core the stretch is shortened;
    by a faster core nothing is lengthened.
    """
    watch = page.context.new_cdp_session(page)
    watch.send("Performance.enable", {"timeDomain": "threadTicks"})

    def raw() -> float:
        metrics = watch.send("Performance.getMetrics")["metrics"]
        return 1000 * next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    def slower() -> float:
        took = []
        for _ in range(3):
            before = raw()
            page.evaluate(REFERENCE)
            took.append(raw() - before)
        return max(1.0, min(took) / REFERENCE_MS)

    total, factor, since = 0.0, slower(), raw()

    def spent() -> float:
        nonlocal total, factor, since
        stretch, now = raw() - since, slower()
        total += stretch / ((factor + now) / 2)
        factor, since = now, raw()
        return total

    return spent


def watched_drag(page, point: str, way: str, steps: int = 60) -> tuple[np.ndarray, float]:
    """Drag a point, a step a frame; give what each frame took, and the mean of all work, in ms.

    ``way`` is a function in JavaScript: how far, right and down, the point is at step n. What a
    frame takes is script and layout by the clock; the work, of the processor, has painting as well.
    """
    spent = stopwatch(page)
    before = spent()
    took = page.evaluate(
        """async ([name, steps]) => {
             const node = document.querySelector(`[data-point=${name}]`), from = node.querySelector('.mark').getBoundingClientRect();
             node.setPointerCapture = () => {};  // of a pointer that a page makes up
             const wait = window.requestAnimationFrame, took = [];
             window.requestAnimationFrame = (f) => wait((now) => {
               const begun = performance.now();
               f(now);
               document.body.getBoundingClientRect();
               took.push(performance.now() - begun);
             });
             const send = (kind, n) => {
               const [right, down] = way(n);
               node.dispatchEvent(new PointerEvent(kind, { bubbles: true, cancelable: true, pointerId: 1, button: 0,
                 clientX: from.x + from.width / 2 + right, clientY: from.y + from.height / 2 + down }));
             };
             send('pointerdown', 0);
             for (let n = 1; n <= steps; n += 1) {
               send('pointermove', n);
               await new Promise((done) => wait(() => wait(done)));
             }
             send('pointerup', steps);
             await new Promise((done) => wait(() => wait(done)));
             window.requestAnimationFrame = wait;
             return took;
           }""".replace("way(n)", f"({way})(n)"),
        [point, steps],
    )
    return np.array(took), (spent() - before) / steps


def finger(page):
    """Give what sends a page one event of touch: its kind, and where fingers are."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    return send
