"""Execute the book's notebooks: in parallel, and each only when something it rests on changed.

A notebook's **key** covers its code, the locked environment, the Python version and the rooms of
the package that it imports, directly or through another room. Results lie in a jupyter-cache, where
the Sphinx build finds them by the notebook's code. A failed notebook is never cached, so it fails
every build until it is mended.

After execution, what the notebooks measured is written down for the appendix and the tests:
``claims.json`` (every claim check), ``numbers.json`` (every number that the prose quotes) and
``executed.json`` (key, seconds and peak memory of every notebook).
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

CLAIM = "application/vnd.attncourse.claim+json"
GLUE = "application/papermill.record/"
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


class Rooms:
    """Which files of the package a piece of code rests on, by its imports."""

    def __init__(self, package: Path):
        self.package = package
        self.names = {
            p.stem
            for p in (package.iterdir() if package.is_dir() else ())
            if (p.is_dir() and any(p.glob("*.py"))) or p.suffix == ".py"
        } - {"__init__"}

    def imported(self, code: str, room: str = "") -> set[str]:
        """Rooms that the code imports itself. Code that does not parse may import any."""
        name = self.package.name
        try:
            tree = ast.parse(code)
        except SyntaxError:
            return set(self.names)
        found: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    base = f"{name}.{room}.{base}" if node.level == 1 else f"{name}.{base}"
                modules = [f"{base}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                # Started by name: a command such as "attncourse check", or a module for "-m".
                if re.match(rf"{name}(\s|$)", node.value):
                    return set(self.names)
                modules = [node.value] if re.fullmatch(rf"{name}(\.\w+)+", node.value) else []
            else:
                continue
            for module in modules:
                first, _, rest = module.partition(".")
                if first == name:
                    inner = rest.split(".")[0]
                    found |= {inner} & self.names if inner else self.names
        return found

    @cache  # noqa: B019 - one instance a build
    def files(self, room: str) -> tuple[Path, ...]:
        """All files of a room, its front-end modules and data included."""
        folder = self.package / room
        paths = folder.rglob("*") if folder.is_dir() else [self.package / f"{room}.py"]
        return tuple(
            sorted(p for p in paths if p.is_file() and p.suffix != ".pyc" and p.stem[0] != ".")
        )

    @cache  # noqa: B019
    def digest(self, room: str) -> str:
        """Hash of a room's files."""
        digest = hashlib.sha256()
        for path in self.files(room):
            digest.update(path.relative_to(self.package).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
        return digest.hexdigest()

    @cache  # noqa: B019
    def needs(self, room: str) -> frozenset[str]:
        """Rooms that a room's own code imports."""
        found: set[str] = set()
        for path in self.files(room):
            if path.suffix == ".py":
                inside = room if (self.package / room).is_dir() else ""
                found |= self.imported(path.read_text("utf8"), inside)
        return frozenset(found)

    def closure(self, code: str) -> list[str]:
        """Rooms the code rests on, through any number of imports."""
        todo, seen = self.imported(code), set()
        while todo:
            room = todo.pop()
            seen.add(room)
            todo |= self.needs(room) - seen
        return sorted(seen)


def python_code(notebook: nbformat.NotebookNode) -> str:
    """Return the notebook's code as one Python module, magics turned into calls."""
    manager = TransformerManager()
    cells = (c.source for c in notebook.cells if c.cell_type == "code")
    return "\n".join(manager.transform_cell(source) for source in cells)


def key_of(path: Path, notebook: nbformat.NotebookNode, root: Path, rooms: Rooms) -> str:
    """Hash everything that a notebook's outputs depend on."""
    digest = hashlib.sha256(f"python {sys.version_info[:2]}".encode())
    locked = root / "requirements.txt"
    digest.update(locked.read_bytes() if locked.exists() else b"")
    for neighbour in sorted(path.parent.glob("*.py")):
        digest.update(neighbour.read_bytes())
    for cell in notebook.cells:
        if cell.cell_type == "code":
            digest.update(cell.source.encode() + b"\0")
    for room in rooms.closure(python_code(notebook)):
        digest.update(f"{room} {rooms.digest(room)}\n".encode())
    return digest.hexdigest()


def run_one(page: str, path: Path, notebook: nbformat.NotebookNode, timeout: int) -> Run:
    """Execute a notebook in place, in its own folder."""
    start = time.monotonic()
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    client = NotebookClient(
        notebook,
        timeout=timeout,
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
    peak = sum(int(o.text) for o in last.outputs if o.get("name") == "stdout") // 1024
    return Run(page, seconds, peak, error or complaint(notebook))


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


def gather(notebooks: dict[str, nbformat.NotebookNode]) -> tuple[list[dict], dict[str, dict]]:
    """Collect claim records and glued numbers from executed notebooks."""
    claims: list[dict] = []
    numbers: dict[str, dict] = {}
    for page, notebook in notebooks.items():
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                if CLAIM in output.get("data", {}):
                    claims.append({**output.data[CLAIM], "page": page})
                meta = output.get("metadata", {}).get("scrapbook", {})
                if "name" in meta:
                    data = {k.removeprefix(GLUE): v for k, v in output.data.items()}
                    numbers.setdefault(page, {})[meta["name"]] = data.get("text/plain", "")
    claims.sort(key=lambda record: record["id"])
    return claims, numbers


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
    results = get_cache(store or build / ".jupyter_cache")
    rooms = Rooms(root / "attncourse")
    history = build / "executed.json"
    known = json.loads(history.read_text("utf8")) if history.exists() else {}
    notebooks: dict[str, nbformat.NotebookNode] = {}
    todo: list[tuple[str, Path]] = []
    keys: dict[str, str] = {}
    for page in pages:
        path = root / f"{page}.ipynb"
        if not path.exists():
            continue
        notebook: Any = nbformat.read(path, as_version=4)
        notebooks[page] = notebook
        keys[page] = key_of(path, notebook, root, rooms)
        with suppress(KeyError):
            record = results.match_cache_notebook(notebook)
            if record.data.get("key") == keys[page] or not workers:
                notebooks[page] = results.merge_match_into_notebook(notebook)[1]
                known[page] = {k: record.data.get(k) for k in ("key", "seconds", "peak_mb")}
                continue
        todo.append((page, path))
    # The longest first, so that no long one is left alone at the end.
    todo.sort(key=lambda item: -known.get(item[0], {}).get("seconds", 1e9))
    print(f"notebooks {len(notebooks) - len(todo)} unchanged, {len(todo)} to execute", flush=True)
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
            data = {
                "key": keys[run.page],
                "seconds": round(run.seconds, 1),
                "peak_mb": run.peak_mb,
                "execution_seconds": run.seconds,
            }
            uri = str(root / f"{run.page}.ipynb")
            bundle = CacheBundleIn(executed[run.page], uri, data=data)
            results.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            known[run.page] = {k: data[k] for k in ("key", "seconds", "peak_mb")}
    failed = {run.page for run in runs if run.error}
    claims, numbers = gather({p: n for p, n in notebooks.items() if p not in failed})
    write(build / "claims.json", claims)
    write(build / "numbers.json", numbers)
    write(history, {page: known[page] for page in notebooks if page in known})
    return sorted(runs, key=lambda run: not run.error)
