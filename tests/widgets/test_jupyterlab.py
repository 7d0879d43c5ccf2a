"""Widgets in a real JupyterLab: what is changed arrives in Python, and the other way round."""

import nbformat
import pytest
from playwright.sync_api import TimeoutError

from tests.jupyter import jupyterlab
from tests.widgets.pages import every_widget

PLANE = [
    "from attncourse.widgets import AttentionPlane\nplane = AttentionPlane(preset='causal')\nplane",
    "print('Python has', plane.k[0], plane.preset or 'no preset', plane.output[1].round(2))",
    "plane.selected = 3\nplane.pins = {(3, 0): 0.5}",
]
EVERY = [
    "from IPython.display import display\n"
    + "".join(f"from {kind.__module__} import {kind.__name__}\n" for kind in every_widget())
    + f"shown = [{', '.join(f'{kind.__name__}()' for kind in every_widget())}]\n"
    + "display(*shown)",
    "for widget in shown:\n"
    "    same = all(getattr(widget, name) == value for name, value in widget.start.items())\n"
    "    print(type(widget).__name__, 'is at its start' if same else 'has changed')",
    "for widget in shown:\n    widget.preset = next(iter(widget.presets), '')",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab of its own, with the notebooks in it."""
    home = tmp_path_factory.mktemp("jupyterlab")
    folder = home / "work"
    folder.mkdir()
    for name, cells in (("plane", PLANE), ("every", EVERY)):
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, folder / f"{name}.ipynb")
    with jupyterlab(folder, home) as address:
        yield address


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page, address: str):
        self.page = page
        page.set_default_timeout(90_000)
        page.goto(address)
        self.cells = page.locator(".jp-Notebook .jp-CodeCell")
        self.cells.nth(2).wait_for()
        self.rest()

    def run(self, n: int) -> None:
        # On a busy machine the first press may come before JupyterLab listens.
        prompt = self.cells.nth(n).locator(".jp-InputArea-prompt")
        before = prompt.inner_text()
        for _ in range(10):
            self.cells.nth(n).locator(".cm-content").click()
            self.page.keyboard.press("Control+Enter")
            self.page.wait_for_timeout(1000)
            if prompt.inner_text() != before:
                return
        pytest.fail(f"JupyterLab did not run cell {n}")

    def rest(self) -> None:
        """Wait until the kernel has nothing to do, and JupyterLab no reason to move the focus."""
        self.page.wait_for_function(
            "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
        )

    def says(self, text: str) -> None:
        """Run the second cell until it says so.

        More than once: a widget's latest state waits until the kernel has taken the one before,
        and on a busy machine the cell may be quicker.
        """
        cell = self.cells.nth(1)
        for _ in range(10):
            self.run(1)
            self.rest()
            try:
                cell.locator(".jp-OutputArea-output", has_text=text).wait_for(timeout=5000)
                return
            except TimeoutError:
                continue
        pytest.fail(f"Python should say\n{text}\nand this is what it has:\n{cell.inner_text()}")

    def close(self) -> None:
        """Keep what widgets are to blame for, and not what JupyterLab itself complains of."""
        ours = ("another machine", "uncaught", "TraitError")
        self.page.problems[:] = [p for p in self.page.problems if any(word in p for word in ours)]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_widget_lives_both_ways(lab, chromium_page):
    kinds = [kind.__name__ for kind in every_widget()]
    notebook = Notebook(chromium_page(), f"{lab}/lab/tree/every.ipynb?reset")
    page = notebook.page
    notebook.run(0)
    notebook.rest()
    try:
        page.locator(".ac-kit").nth(len(kinds) - 1).wait_for()
    except TimeoutError:
        pytest.fail(f"of {kinds}, JupyterLab shows {notebook.cells.nth(0).inner_text()}")
    assert page.locator(".ac-kit").count() == len(kinds)
    notebook.says("\n".join(f"{kind} is at its start" for kind in kinds))
    # From the kernel, when asked for; that is no change of a state.
    offers = page.locator(".ac-kit .heavy .load").filter(visible=True)
    assert offers.count() == sum(bool(kind.HEAVY) for kind in every_widget())
    while left := offers.count():
        offers.first.press("Enter")
        page.wait_for_function(
            "n => [...document.querySelectorAll('.ac-kit .heavy')].filter((e) => !e.hidden).length < n",
            arg=left,
        )
    for n in range(len(kinds)):
        # JupyterLab has shortcuts of its own on arrow keys.
        control = page.locator(".ac-kit").nth(n).locator("input[type=range], [role=slider]").first
        for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
            control.press(key)
        assert control.evaluate("e => e === document.activeElement"), kinds[n]
    notebook.says("\n".join(f"{kind} has changed" for kind in kinds))
    for n in range(len(kinds)):
        widget = page.locator(".ac-kit").nth(n)
        widget.locator("input[type=range], [role=slider]").first.focus()
        for _ in range(3):
            page.keyboard.press("Control+z")
    assert notebook.cells.count() == 3
    notebook.says("\n".join(f"{kind} is at its start" for kind in kinds))
    notebook.run(2)
    for n, kind in enumerate(every_widget()):
        for preset in list(kind().presets)[:1]:
            pressed = page.locator(".ac-kit").nth(n).locator(f"[data-preset='{preset}']")
            pressed.and_(page.locator("[aria-pressed=true]")).wait_for()
    notebook.close()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_drag_and_set_both_ways(lab, chromium_page):
    notebook = Notebook(chromium_page(), f"{lab}/lab/tree/plane.ipynb?reset")
    page, cells, run, python_says = notebook.page, notebook.cells, notebook.run, notebook.says
    run(0)
    plane = page.locator(".ac-plane")
    plane.wait_for()
    assert plane.count() == 1  # JupyterLab shows the widget, not its HTML as well
    assert plane.get_by_role("button", name="Copy code").is_visible()
    python_says("[-0.6, 1.3] causal")

    # JupyterLab has shortcuts of its own on arrow keys: here they move the point.
    key = plane.locator("[data-point=k0]")
    for _ in range(3):
        key.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "document.querySelector('[data-point=k0]').getAttribute('aria-valuetext') === 'x 0.15, y 1.20'"
    )
    assert page.evaluate("document.activeElement.dataset.point") == "k0"
    # "d d" would delete the cell, and "a" insert one.
    button = plane.get_by_role("button", name="Show query 3")
    button.focus()
    page.keyboard.press("a")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(500)
    assert cells.count() == 3
    assert button.evaluate("e => e === document.activeElement")
    shown = plane.locator(".sum strong").inner_text()
    x, y = (float(part) for part in shown.replace("−", "-").strip("()").split(","))
    python_says("[0.15, 1.2] no preset")
    printed = cells.nth(1).locator(".jp-OutputArea-output").inner_text()
    found = [float(part) for part in printed.split("[")[-1].strip("] \n").split()]
    assert found == pytest.approx([x, y], abs=0.011)

    run(2)
    plane.locator(".sentence", has_text="Query 4 holds key 1 at 0.50").wait_for()
    plane.get_by_role("button", name="Reset").click()
    python_says("[-0.6, 1.3] no preset")
    notebook.close()
