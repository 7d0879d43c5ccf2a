"""The plane in a real JupyterLab: what is dragged arrives in Python, and the other way round."""

import nbformat
import pytest

from tests.jupyter import jupyterlab

CELLS = [
    "from attncourse.widgets import AttentionPlane\nplane = AttentionPlane(preset='causal')\nplane",
    "print('Python has', plane.k[0], plane.preset or 'no preset', plane.output[1].round(2))",
    "plane.selected = 3\nplane.pins = {(3, 0): 0.5}",
]


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab of its own, with a notebook in it."""
    folder = tmp_path / "work"
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, folder / "plane.ipynb")
    with jupyterlab(folder, tmp_path) as address:
        yield address


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_drag_and_set_both_ways(lab, chromium_page):
    page = chromium_page(f"{lab}/lab/tree/plane.ipynb?reset")
    page.set_default_timeout(90_000)
    cells = page.locator(".jp-Notebook .jp-CodeCell")

    def run(n):
        # On a busy machine the first press may come before JupyterLab listens.
        prompt = cells.nth(n).locator(".jp-InputArea-prompt")
        before = prompt.inner_text()
        for _ in range(10):
            cells.nth(n).locator(".cm-content").click()
            page.keyboard.press("Control+Enter")
            page.wait_for_timeout(1000)
            if prompt.inner_text() != before:
                return
        pytest.fail(f"JupyterLab did not run cell {n}")

    def rest():
        """Wait until the kernel has nothing to do, and JupyterLab no reason to move the focus."""
        page.wait_for_function(
            "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
        )

    def python_says(text):
        run(1)
        cells.nth(1).locator(".jp-OutputArea-output", has_text=text).wait_for()
        rest()

    cells.nth(2).wait_for()
    rest()
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
    elsewhere = [problem for problem in page.problems if "another machine" in problem]
    ours = [problem for problem in page.problems if "uncaught" in problem]
    # What JupyterLab itself complains of in its console is not this test's business.
    page.problems[:] = elsewhere + ours
