"""Every notebook as a reader meets it in JupyterLab: nothing raw, nothing open that is folded."""

from __future__ import annotations

import shutil

import nbformat
import pytest

from tests.jupyter import jupyterlab
from tests.notebooks import ROOT, tags
from tests.test_notebooks import NOTEBOOKS

READ = [path for path in NOTEBOOKS if path.relative_to(ROOT).parts[0] != "solutions"]
# What a text cell shows, code and formulas left out; and what JupyterLab made of the folds.
LOOK = """() => {
  const text = [...document.querySelectorAll('.jp-Notebook .jp-MarkdownCell')].map(cell => {
    const shown = cell.querySelector('.jp-RenderedMarkdown')
    if (!shown) return null
    const copy = shown.cloneNode(true)
    copy.querySelectorAll('pre, mjx-container, .jp-RenderedMermaid').forEach(e => e.remove())
    copy.querySelectorAll('code').forEach(e => e.replaceWith('`'))
    return {
      text: copy.textContent,
      open: shown.querySelectorAll('details[open]').length,
      folds: [...shown.querySelectorAll('details')].map(fold => ({
        label: fold.querySelector('summary')?.innerText.trim() ?? '',
        raw: [...fold.childNodes].some(
          n => n.nodeType === 3 && /\\*\\*|^#|\\]\\(/m.test(n.textContent)),
      })),
    }
  })
  const code = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].map(cell => ({
    folded: Boolean(cell.querySelector('.jp-InputPlaceholder')),
    label: cell.querySelector('.jp-InputPlaceholder')?.innerText.trim() ?? '',
  }))
  const rendered = document.querySelectorAll('.jp-MarkdownCell.jp-mod-rendered').length
  return { text, code, rendered }
}"""
# Of code in a line one backtick is left, so that a role still looks like one.
RAW = ("}`", ":::", "<!--", "-->", "{{", "$$", "accDescr")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """One JupyterLab for all of them, on copies: it writes into what it opens."""
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    for path in READ:
        copy = work / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    # All cells at once, wherever the reader has scrolled to.
    settings = folder / "jupyterlab_settings_dir/@jupyterlab/notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    with jupyterlab(work, folder) as address:
        yield address


def look(page, address, path, notebook):
    """Open a notebook and wait until all of it is there."""
    # The first one loads JupyterLab itself, which takes minutes where others use the machine.
    page.goto(
        f"{address}/lab/tree/{path.relative_to(ROOT).as_posix()}?reset",
        wait_until="domcontentloaded",
        timeout=240_000,
    )
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    page.wait_for_function(
        """([texts, codes]) => {
          const n = s => document.querySelectorAll('.jp-Notebook ' + s).length
          return n('.jp-CodeCell') === codes && n('.jp-RenderedMarkdown') >= texts
        }""",
        arg=[len(texts), len(codes)],
        timeout=240_000,
    )
    if any("$$" in cell.source for cell in texts):
        # Attached, not visible: the first formula may stand in a closed fold.
        page.wait_for_selector(
            ".jp-RenderedMarkdown mjx-container", state="attached", timeout=60_000
        )
        page.wait_for_function(
            "![...document.querySelectorAll('.jp-RenderedMarkdown')].some(e => e.innerText.includes('$$'))",
            timeout=60_000,
        )
    return page.evaluate(LOOK), codes


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_raw_and_nothing_open(lab, chromium_page):
    page = chromium_page()
    page.set_default_timeout(90_000)
    wrong = []
    for path in READ:
        notebook = nbformat.read(path, as_version=4)
        seen, codes = look(page, lab, path, notebook)
        name = path.relative_to(ROOT).as_posix()
        for cell in filter(None, seen["text"]):
            wrong += [
                f"{name}: {raw} in {cell['text'][:60]!r}" for raw in RAW if raw in cell["text"]
            ]
            wrong += [f"{name}: {cell['open']} open folds"] if cell["open"] else []
            wrong += [f"{name}: a fold without a label" for f in cell["folds"] if not f["label"]]
            wrong += [f"{name}: raw text in {f['label']!r}" for f in cell["folds"] if f["raw"]]
        for cell, there in zip(codes, seen["code"], strict=True):
            label = cell.source.split("\n")[0]
            if bool(tags(cell)) != there["folded"]:
                wrong.append(f"{name}: {'open' if tags(cell) else 'folded'}: {label!r}")
            elif there["folded"] and label not in there["label"]:
                wrong.append(f"{name}: the fold of {label!r} says {there['label']!r}")
    # A page that was left has requests under way; JupyterLab also asks for what is not there yet.
    page.problems.clear()
    assert not wrong, "\n".join(wrong)
