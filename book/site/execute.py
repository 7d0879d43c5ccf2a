"""Execute the book's notebooks: in parallel, and each only when something it rests on changed.

A notebook's **key** covers its code, the locked environment, the Python version and the files of
the package that it uses (:mod:`keys`). Results are kept by key (:mod:`kept`) and handed to the
Sphinx build in a jupyter-cache, where it finds them by the notebook's code. A failed notebook is
never kept, so it fails every build until it is mended.

MyST-NB and jupyter-cache execute too, but by the notebook's code alone: an edit of the package or
of the locked environment would leave old results on the page.

After execution, what the notebooks measured is written down for the tests: ``numbers.json`` (every
number that the prose quotes) and ``executed.json`` (each notebook's key, seconds and memory).
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from kept import Kept, Result
from keys import key_of, rests_on
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from uses import Package

NUMBERS = "attncourse.numbers"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
# Asked of the kernel after the last cell, then dropped from the notebook.
PEAK = (
    "try:\n    import resource, sys\n"
    "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss"
    " // (1024 if sys.platform == 'darwin' else 1))\n"
    "except ImportError:\n    print(0)"
)


@dataclass(frozen=True)
class Run:
    """What came of executing one notebook."""

    page: str
    seconds: float
    peak_mb: int = 0
    error: str = ""


def run_one(page: str, path: Path, notebook: nbformat.NotebookNode, timeout: int) -> Run:
    """Execute a notebook in place, in its own folder."""
    start = time.monotonic()
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    client = NotebookClient(
        notebook,
        timeout=timeout,
        # What a cell shows may come late where the machine is busy; the default drops it, silently.
        iopub_timeout=timeout,
        raise_on_iopub_timeout=True,
        kernel_name=notebook.metadata.get("kernelspec", {}).get("name", "python3"),
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
    )
    error = ""
    # What the kernel itself says is of interest only if it dies.
    with tempfile.TemporaryFile("w+") as said:
        try:
            client.execute(stderr=said)
        except DeadKernelError as failure:
            said.seek(0)
            error = f"the kernel died: {failure}\n{said.read()[-2000:]}"
        except (CellExecutionError, CellTimeoutError) as failure:
            error = explain(failure, notebook)
    seconds = time.monotonic() - start
    last = notebook.cells.pop()
    return Run(page, seconds, printed(last) // 1024, error or complaint(notebook))


def printed(cell: nbformat.NotebookNode) -> int:
    """The number that a cell printed, 0 if none; a busy kernel hands a line over in pieces."""
    return int("".join(o.text for o in cell.outputs if o.get("name") == "stdout") or 0)


def explain(failure: Exception, notebook: nbformat.NotebookNode) -> str:
    """Say which cell failed and how, without colours and without frames of libraries."""
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                trace = ANSI.sub("", "\n".join(output.traceback))
                return f"cell {number}: {output.ename}: {output.evalue}\n{trace}"
    return f"{type(failure).__name__}: {ANSI.sub('', str(failure))}"


def complaint(notebook: nbformat.NotebookNode) -> str:
    """Return what a cell wrote to stderr, unless it is a progress bar: readers never see it."""
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                # A bar redraws its line with carriage returns; a warning does not.
                text = "\n".join(
                    line for line in output.text.splitlines(keepends=False) if "it/s" not in line
                )
                if "Warning" in text or "Traceback" in text:
                    return f"cell {number} warns; mend the cause or expect it openly:\n{text}"
    return ""


def gather(notebooks: dict[str, nbformat.NotebookNode]) -> dict[str, dict]:
    """Collect the quoted numbers from executed notebooks."""
    numbers: dict[str, dict] = {}
    for page, notebook in notebooks.items():
        numbers[page] = {}
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                numbers[page] |= output.get("metadata", {}).get(NUMBERS, {})
    return numbers


def summary(result: Result) -> dict[str, Any]:
    """What ``executed.json`` says of a notebook."""
    return {"key": result.key, "seconds": result.seconds, "peak_mb": result.peak_mb}


def hand_over(
    handed: JupyterCacheAbstract, path: Path, notebook: nbformat.NotebookNode, result: Result
) -> None:
    """Put a result where the Sphinx build looks for it, unless it is there."""
    with suppress(KeyError):
        if handed.match_cache_notebook(notebook).data.get("key") == result.key:
            return
    data = {"key": result.key, "execution_seconds": result.seconds}
    bundle = CacheBundleIn(notebook, str(path), data=data)
    handed.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def outputs_at_hand(handed: JupyterCacheAbstract, notebook: nbformat.NotebookNode) -> bool:
    """Take what an older run left for the same code, in a draft that executes nothing."""
    with suppress(KeyError):
        merged = handed.merge_match_into_notebook(notebook)[1]
        notebook.cells, notebook.metadata = merged.cells, merged.metadata
        return True
    return False


def write(path: Path, data: object) -> None:
    """Write JSON, and leave the file alone where nothing changed."""
    text = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if not path.exists() or path.read_text("utf8") != text:
        path.write_text(text, "utf8")


def execute(
    root: Path,
    build: Path,
    pages: list[str],
    *,
    store: Path | None = None,
    workers: int = 2,
    timeout: int = 600,
) -> list[Run]:
    """Bring the cache up to date for these pages and report what had to run.

    Parameters
    ----------
    root
        The repository.
    build
        Where the records are written.
    pages
        Document names, ``"book/01-background/primer"``; those that are no notebooks are skipped.
    store
        The cache's folder; ``build/.jupyter_cache`` by default.
    workers
        How many notebooks run at a time; 0 runs none, and outputs of older runs will do.
    timeout
        Seconds that one cell may take.

    Returns
    -------
    list[Run]
        One for each executed notebook, failed ones first.
    """
    build.mkdir(parents=True, exist_ok=True)
    store = store or build / ".jupyter_cache"
    handed, kept = get_cache(store), Kept(store / "kept")
    package = Package(root / "attncourse")
    history = build / "executed.json"
    known = json.loads(history.read_text("utf8")) if history.exists() else {}
    notebooks: dict[str, nbformat.NotebookNode] = {}
    todo: list[tuple[str, Path]] = []
    rests: dict[str, dict[str, str]] = {}
    for page in pages:
        path = root / f"{page}.ipynb"
        if not path.exists():
            continue
        notebook: Any = nbformat.read(path, as_version=4)
        notebooks[page] = notebook
        rests[page] = rests_on(path, notebook, root, package)
        if result := kept.get(page, key_of(rests[page])):
            result.put_into(notebook)
            hand_over(handed, path, notebook, result)
            known[page] = summary(result)
        elif workers or not outputs_at_hand(handed, notebook):
            todo.append((page, path))
    # The longest first, so that no long one is left alone at the end.
    todo.sort(key=lambda item: -known.get(item[0], {}).get("seconds", 1e9))
    print(f"notebooks {len(notebooks) - len(todo)} unchanged, {len(todo)} to execute", flush=True)
    for page, _ in todo:
        print(f"  because {kept.why(page, rests[page])}: {page}", flush=True)
    runs: list[Run] = []
    if not workers:
        runs, todo = [Run(page, 0, error="not executed") for page, _ in todo], []
    with ThreadPoolExecutor(workers or 1) as pool:
        executed = {page: deepcopy(notebooks[page]) for page, _ in todo}
        futures = [pool.submit(run_one, p, path, executed[p], timeout) for p, path in todo]
        for future in as_completed(futures):
            run = future.result()
            runs.append(run)
            state = "FAILED " if run.error else "done   "
            print(f"  {state} {run.seconds:6.1f} s {run.peak_mb:5d} MB  {run.page}", flush=True)
            if run.error:
                known.pop(run.page, None)
                continue
            notebooks[run.page] = executed[run.page]
            result = Result.of(
                executed[run.page],
                key=key_of(rests[run.page]),
                rests=rests[run.page],
                seconds=round(run.seconds, 1),
                peak_mb=run.peak_mb,
            )
            kept.put(run.page, result)
            hand_over(handed, root / f"{run.page}.ipynb", executed[run.page], result)
            known[run.page] = summary(result)
    failed = {run.page for run in runs if run.error}
    numbers = gather({p: n for p, n in notebooks.items() if p not in failed})
    write(build / "numbers.json", numbers)
    write(history, {page: known[page] for page in notebooks if page in known})
    return sorted(runs, key=lambda run: not run.error)
