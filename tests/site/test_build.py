"""The build on tiny books: what fails must fail, and nothing runs twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from tests.site.conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "site"))
from execute import CLAIM

GLUE = "application/papermill.record/text/plain"


def notebook(*cells: str, title: str = "A page") -> nbformat.NotebookNode:
    text = f"# {title}\n\nThe first paragraph says enough to describe the page."
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(text)]
        + [
            nbformat.v4.new_markdown_cell(c[3:])
            if c.startswith("md:")
            else nbformat.v4.new_code_cell(c)
            for c in cells
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    return made


class Book:
    """A book of two pages that is built as the real one is."""

    def __init__(self, root: Path):
        self.root = root
        (root / "book").mkdir()
        (root / "book" / "site").symlink_to(ROOT / "book" / "site")
        shutil.copy(ROOT / "_config.yml", root)
        (root / "book" / "references.bib").write_text("")
        pages = ["book/01-first/one"]
        (root / "_toc.yml").write_text(
            yaml.safe_dump(
                {
                    "format": "jb-book",
                    "root": "book/index",
                    "parts": [{"caption": "1 First", "chapters": [{"file": p} for p in pages]}],
                }
            )
        )
        (root / "book" / "index.md").write_text(
            "# Tiny\n\nA book that exists to be built.\n\n```{claims-table}\n```\n"
        )
        (root / "book" / "01-first").mkdir()

    def write(self, *cells: str) -> None:
        nbformat.write(notebook(*cells), self.root / "book" / "01-first" / "one.ipynb")

    def build(self) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, ROOT / "book/site/build.py", "--root", "."],
            capture_output=True,
            text=True,
            cwd=self.root,
            env=os.environ | {"NO_COLOR": "1"},
        )
        return done.returncode, done.stdout + done.stderr

    def page(self, name: str = "book/01-first/one") -> str:
        return (self.root / "_build" / "html" / f"{name}.html").read_text("utf8")


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


def test_a_failing_cell_fails_the_build_every_time(book):
    book.write("x = 1", "x / 0  # the cell that fails")
    for attempt in ("cold", "warm"):
        code, said = book.build()
        assert code != 0, attempt
        assert "book/01-first/one.ipynb, cell 3: ZeroDivisionError: division by zero" in said
        assert "the cell that fails" in said
    book.write("x = 1", "x / 2")
    code, said = book.build()
    assert code == 0, said
    book.write("x = 1", "x / 0  # broken again, results of the last build still there")
    code, said = book.build()
    assert code != 0
    assert "ZeroDivisionError" in said


def test_an_unchanged_notebook_never_runs_twice(book, tmp_path):
    ran = tmp_path / "ran"
    book.write(f"print('ran', file=open({str(ran)!r}, 'a'))", "print(6 * 7)")
    code, said = book.build()
    assert code == 0, said
    assert "1 to execute" in said
    code, said = book.build()
    assert code == 0, said
    assert "1 unchanged, 0 to execute" in said
    assert ran.read_text() == "ran\n"
    assert "42" in book.page()
    # Prose is not code.
    book.write(f"print('ran', file=open({str(ran)!r}, 'a'))", "print(6 * 7)", "md:More words.")
    code, said = book.build()
    assert code == 0, said
    assert "More words." in book.page()
    assert ran.read_text() == "ran\n"


def test_a_change_in_the_package_is_seen_on_the_page(book):
    room = book.root / "attncourse" / "reference"
    room.mkdir(parents=True)
    (room.parent / "__init__.py").touch()
    (room / "__init__.py").write_text("ANSWER = 'forty-one'\n")
    load = (
        "import sys; sys.path.insert(0, '../..')\n"
        "for name in [n for n in sys.modules if n.startswith('attncourse')]: del sys.modules[name]\n"
        "import attncourse.reference as ref\nprint(ref.ANSWER)"
    )
    book.write(load)
    assert book.build()[0] == 0
    assert "forty-one" in book.page()
    (room / "__init__.py").write_text("ANSWER = 'forty-two'\n")
    code, said = book.build()
    assert code == 0, said
    assert "forty-two" in book.page()


def test_a_broken_reference_fails_the_build(book):
    book.write("1", "md:See [nowhere](nowhere.md).")
    code, said = book.build()
    assert code != 0
    assert "nowhere.md" in said


def test_a_broken_formula_fails_the_build_and_names_it(book):
    book.write("1", r"md:A formula $\frac{1}{$ that never ends.")
    code, said = book.build()
    assert code != 0
    assert r"\frac{1}{" in said


def test_a_diagram_without_text_alternative_fails_the_build(book):
    book.write("1", "md:```{mermaid}\ngraph LR\n  A --> B\n```")
    code, said = book.build()
    assert code != 0
    assert ":alt:" in said
    book.write("1", "md:```{mermaid}\n:alt: A leads to B.\ngraph LR\n  A --> B\n```")
    code, said = book.build()
    assert code == 0, said
    assert 'role="img" aria-label="A leads to B."' in book.page()
    assert "@import" not in book.page()


def test_a_warning_in_a_cell_fails_the_build(book):
    book.write("import warnings; warnings.warn('mend me')")
    code, said = book.build()
    assert code != 0
    assert "mend me" in said


def test_claims_and_numbers_are_written_down(book):
    record = {"id": "C99", "sections": "9.9", "says": "All is well.", "kind": "run", "sources": []}
    record |= {"verdict": "does not hold", "outcome": "does not hold", "because": "It is not."}
    book.write(
        f"from IPython.display import display\ndisplay({{'text/html': '<aside id=\"claim-C99\">x</aside>', {CLAIM!r}: {record!r}}}, raw=True)",
        "from myst_nb import glue\nglue('answer', 42, display=False)",
        "md:The answer is {glue:text}`answer`.",
    )
    code, said = book.build()
    assert code == 0, said
    numbers = json.loads((book.root / "_build" / "numbers.json").read_text("utf8"))
    assert numbers == {"book/01-first/one": {"answer": "42"}}
    assert "The answer is <span" in book.page() or "The answer is 42" in book.page()
    front = book.page("book/index")
    assert 'href="01-first/one.html#claim-C99"' in front
    assert "does not hold" in front


def test_pages_are_numbered_by_their_chapter(book):
    book.write("1")
    assert book.build()[0] == 0
    assert "1.1" in book.page().split("<h1>")[1].split("</h1>")[0]


def test_a_draft_leaves_out_what_is_missing_and_a_build_does_not(book):
    code, said = book.build()
    assert code != 0
    assert "one" in said
