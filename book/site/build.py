"""Build the book: npm packages, data, notebooks, pages. ``make book`` calls this.

python book/site/build.py                         the whole book into _build/html
python book/site/build.py --build /tmp/mine       somewhere else
python book/site/build.py --only book/03-algorithm/five-steps
one page, its warnings shown, not fatal
python book/site/build.py --numbers               no pages: the run's numbers into the text
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# One thread a kernel: two notebooks run at a time, and results do not depend on the machine.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")

REDIRECT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{title}: the front page.">
<title>{title}</title>
<link rel="icon" href="data:,">
<meta http-equiv="refresh" content="0; url={first}">
</head>
<body>
<main><h1>{title}</h1><p>The course begins on <a href="{first}">its front page</a>.</p></main>
</body>
</html>
"""


def main(argv: list[str] | None = None) -> int:
    """Build, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="the book's sources")
    parser.add_argument("--build", type=Path, default=Path("_build"), help="where to build")
    parser.add_argument("--store", type=Path, help="where executed notebooks are kept")
    parser.add_argument("--only", default="", help="one page, as it stands in _toc.yml")
    parser.add_argument("--draft", action="store_true", help="leave out missing pages; warn only")
    parser.add_argument(
        "--no-execute", action="store_true", help="a draft with the outputs that are at hand"
    )
    parser.add_argument(
        "--numbers", action="store_true", help="write the run's numbers into the notebooks' text"
    )
    parser.add_argument("--workers", type=int, default=2, help="notebooks executed at a time")
    args = parser.parse_args(argv)
    root, build = args.root.resolve(), args.build.resolve()
    store = args.store.resolve() if args.store else root / "_build" / ".jupyter_cache"
    draft = args.draft or bool(args.only) or args.no_execute

    os.environ.update(dict.fromkeys(THREADS, "1"))
    # A reader's own IPython start-up files do not belong in the book.
    os.environ["IPYTHONDIR"] = str(build / ".ipython")
    # jsonschema would compile 39 grammars for web addresses, which no notebook's schema asks for.
    sys.modules.setdefault("rfc3987_syntax", None)  # pyrefly: ignore
    sys.path[:0] = [str(HERE), str(HERE / "extensions")]
    # Two builds in one folder would read each other's half-written pages.
    build.mkdir(parents=True, exist_ok=True)
    lock = FileLock(build / ".building.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        print(f"Another build is writing into {build}. This one waits for it.", flush=True)
        lock.acquire(timeout=-1)
    try:
        return _build(args, root, build, store, draft)
    finally:
        lock.release()


def _build(args: argparse.Namespace, root: Path, build: Path, store: Path, draft: bool) -> int:
    from execute import execute
    from node import install
    from toc import pages_of, write_toc

    start = time.monotonic()
    os.environ["ATTSITE_NODE"] = install()
    fetch_data()
    toc = write_toc(root / "_toc.yml", build / "_toc.yml", args.only, draft)
    workers = 0 if args.no_execute else args.workers
    runs = execute(root, build, pages_of(toc), store=store, workers=workers)
    failed = [run for run in runs if run.error]
    for run in failed if workers else []:
        print(f"\n{run.page}.ipynb, {run.error}\n", file=sys.stderr)
    if failed and not draft:
        names = ", ".join(run.page for run in failed)
        print(f"The book was not built: {len(failed)} failed ({names}).", file=sys.stderr)
        return 1
    if args.numbers:
        return write_numbers(root, build, pages_of(toc), failed=bool(failed))
    wrong = wrong_numbers(root, build, pages_of(toc))
    print("".join(f"{line}\n" for line in wrong), end="", file=sys.stderr)
    if wrong and not draft:
        print(f"The book was not built: {len(wrong)} numbers are off. Look at each; then", end=" ")
        print("'make numbers' writes the run's values into the text.")
        return 1
    code = sphinx(root, build, store, toc, draft, [f"{run.page}.ipynb" for run in failed])
    if code:
        print("\nThe book was not built: mend what is said above.", file=sys.stderr)
        return 1
    print(f"\nBuilt in {time.monotonic() - start:.0f} s. Open {(build / 'html' / 'index.html')}")
    return 0


def wrong_numbers(root: Path, build: Path, pages: list[str]) -> list[str]:
    """One line for each number whose text is further from its run than it may be.

    A shortened run (``ATTNCOURSE_STEPS``) measures other things, so it checks none.
    """
    from quoted import complaints, texts

    if float(os.environ.get("ATTNCOURSE_STEPS", "1")) != 1:
        return []
    values = json.loads((build / "numbers.json").read_text("utf8"))
    return [
        line
        for page in pages
        if values.get(page)
        for line in complaints(page, texts(root / f"{page}.ipynb"), values[page])
    ]


def write_numbers(root: Path, build: Path, pages: list[str], *, failed: bool) -> int:
    """Write the run's values into the notebooks, and say which ones changed."""
    from quoted import write

    if float(os.environ.get("ATTNCOURSE_STEPS", "1")) != 1:
        print("A shortened run's numbers do not belong in the text.", file=sys.stderr)
        return 1
    values = json.loads((build / "numbers.json").read_text("utf8"))
    for page in pages:
        changed = write(root / f"{page}.ipynb", values[page]) if values.get(page) else []
        if changed:
            print(f"{page}: {', '.join(changed)}")
    return int(failed)


def fetch_data() -> None:
    """Fetch the data sets and check their hashes, so that no notebook waits for a network."""
    if importlib.util.find_spec("attncourse") and importlib.util.find_spec("attncourse.data"):
        from attncourse import data

        data.fetch_all(print)


def sphinx(root: Path, build: Path, store: Path, toc: Path, draft: bool, failed: list[str]) -> int:
    """Run Jupyter Book's Sphinx build: warnings are errors, missing references are warnings."""
    from jupyter_book.sphinx import build_sphinx

    result = build_sphinx(
        root,
        build / "html",
        noconfig=True,
        path_config=root / "_config.yml",
        confoverrides={
            "external_toc_path": toc.as_posix(),
            "latex_individualpages": False,
            "nitpicky": not draft,
            "nb_execution_cache_path": str(store),
            # In a draft, a page that failed just now is shown without outputs.
            "nb_execution_excludepatterns": failed,
            "attsite_build": str(build),
        },
        warningiserror=not draft,
        keep_going=True,
        quiet=True,
    )
    if isinstance(result, Exception):
        return 1
    if result == 0:
        import yaml

        title = yaml.safe_load((root / "_config.yml").read_text("utf8"))["title"]
        first = yaml.safe_load(toc.read_text("utf8"))["root"] + ".html"
        (build / "html" / "index.html").write_text(REDIRECT.format(title=title, first=first))
    return result


if __name__ == "__main__":
    raise SystemExit(main())
