"""What a notebook rests on: files, not rooms; meaning, not words. And what was run once is kept."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from tests.site.conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "site"))
from execute import execute, printed
from kept import KEEP, Kept, Result
from keys import Rests, key_of, rests_on
from uses import Package

BOOK = sorted(p for p in (ROOT / "book").rglob("*.ipynb") if "site" not in p.parts)

FILES = {
    "__init__.py": '"""The package."""\n',
    "reference/__init__.py": '"""An index."""\n'
    "from attncourse.reference.softmax import softmax, sparsemax\n"
    "from attncourse.reference.masks import causal_mask\n"
    "from attncourse.reference.layer import layer\n"
    '__all__ = ["causal_mask", "layer", "softmax", "sparsemax"]\n',
    "reference/softmax/__init__.py": "from attncourse.reference.softmax.stable import softmax\n"
    "from attncourse.reference.softmax.sparse import sparsemax\n",
    "reference/softmax/stable.py": "from attncourse import _checks\n\ndef softmax(x):\n"
    '    """Words."""\n    return _checks.array(x)\n',
    "reference/softmax/sparse.py": "def sparsemax(x): return x\n",
    "reference/masks.py": "def causal_mask(n): return n\n",
    "reference/layer.py": "import attncourse.reference as ref\n"
    "def layer(x):\n    return ref.softmax(x)\n",
    "_checks/__init__.py": "from attncourse._checks.arrays import array\n"
    "from attncourse._checks.other import other\n",
    "_checks/arrays.py": "def array(x): return x\n",
    "_checks/other.py": "def other(x): return x\n",
    "figures.py": "import attncourse.reference as ref\ndef draw(): return ref.causal_mask(3)\n",
    "tables.py": "def show(): return 1\n",
    "widgets/__init__.py": "from attncourse.widgets.base import Widget\n"
    "from attncourse.widgets.plane import Plane\nfrom attncourse.widgets.heads import Heads\n",
    "widgets/base.py": "class Widget: pass\n",
    "widgets/mount.js": "// everywhere\n",
    "widgets/kit/dom.js": "import { word } from './words.js'\n",
    "widgets/kit/words.js": "// words\n",
    "widgets/plane/__init__.py": "from attncourse.widgets.base import Widget\n"
    "class Plane(Widget): pass\n",
    "widgets/plane/widget.js": "import { x } from '../../grading/far.js'\n",
    "widgets/plane/widget.css": "p { color: red }\n",
    "widgets/heads/__init__.py": "from attncourse.widgets.base import Widget\n"
    "class Heads(Widget): pass\n",
    "widgets/heads/widget.js": "// heads\n",
    "grading/far.js": "// far\n",
    "claims/__init__.py": "import importlib, pkgutil\nfrom attncourse.claims.core import Verdict\n"
    "for _module in pkgutil.iter_modules(__path__):\n"
    "    if _module.name.startswith('ch'):\n"
    "        importlib.import_module(f'{__name__}.{_module.name}')\n"
    "def check(id, **given): return id\ndef registry(): return {}\n",
    "claims/core.py": "class Verdict: pass\ndef by_run(id): return lambda f: f\n"
    "def by_source(id): pass\n",
    "claims/ch01.py": "from attncourse.claims.core import by_run, by_source\n"
    "@by_run('C01')\ndef one(): pass\nby_source('C02')\n",
    "claims/ch02.py": "from attncourse.claims.core import by_run\n@by_run('C03')\ndef two(): pass\n"
    "def helper(): pass\n",
    "experiments/__init__.py": '"""Definitions, and their stored results."""\n',
    "experiments/store.py": "import importlib, json\nfrom pathlib import Path\n"
    "def load(name):\n    path = Path(__file__).parent / 'results' / f'{name}.json'\n"
    "    importlib.import_module(f'attncourse.experiments.{name}')\n    return json.loads(path)\n",
    "experiments/copying.py": "def run(): pass\n",
    "experiments/spelling.py": "def run(): pass\n",
    "experiments/results/copying.json": "{}\n",
    "experiments/results/spelling.json": "{}\n",
    "grading/__init__.py": "def __getattr__(name):\n    if name == 'check':\n"
    "        from attncourse.grading.notebook import check\n        return check\n",
    "grading/notebook.py": "def check(): pass\n",
    "cli.py": "def app(): pass\n",
    "talks.py": "def told(x): return x.__doc__\n",
    "effects.py": "import attncourse.tables\nprint('hello')\nfrom attncourse.tables import show\n",
    "source.py": "import importlib, inspect\n"
    "def show(x): importlib.import_module(x.__module__); return inspect.getsource(x)\n",
}


@pytest.fixture
def tree(tmp_path):
    """A package small enough to see whole."""
    for name, code in FILES.items():
        path = tmp_path / "attncourse" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    (tmp_path / "book").mkdir()
    return tmp_path


def page(*cells: str, tags: tuple[str, ...] = ()) -> nbformat.NotebookNode:
    made = [nbformat.v4.new_code_cell(code, metadata={"tags": list(tags)}) for code in cells]
    return nbformat.v4.new_notebook(cells=made)


def key(root: Path, *cells: str, tags: tuple[str, ...] = ()) -> str:
    where = root / "book" / "page.ipynb"
    return key_of(rests_on(where, page(*cells, tags=tags), root, Package(root / "attncourse")))


def changed(root: Path, path: Path, *cells: str) -> bool:
    """Whether an edit of a file gives the notebook another key; the edit is undone."""
    before, text = key(root, *cells), path.read_text()
    path.write_text(text + ("\nEDITED = 1\n" if path.suffix == ".py" else "edited\n"))
    after = key(root, *cells)
    path.write_text(text)
    assert key(root, *cells) == before, "undone, but the key is another"
    return after != before


def rests(root: Path, *cells: str) -> set[str]:
    """The files of the scratch package that the notebook rests on."""
    found = rests_on(root / "book" / "page.ipynb", page(*cells), root, Package(root / "attncourse"))
    return {name.removeprefix("attncourse/") for name in found if name.startswith("attncourse/")}


SOFTMAX = {"reference/softmax/stable.py", "_checks/arrays.py"}
REFERENCE = {name for name in FILES if name.startswith("reference/")} | SOFTMAX
PLANE = {"widgets/base.py", "widgets/mount.js", "widgets/kit/dom.js", "widgets/kit/words.js"}
PLANE |= {"widgets/plane/__init__.py", "widgets/plane/widget.js", "widgets/plane/widget.css"}
PLANE |= {"grading/far.js"}
CLAIM = {"claims/__init__.py", "claims/core.py"}
STORE = {"experiments/store.py"}


@pytest.mark.parametrize(
    ("code", "files"),
    [
        # Names lead to the files that define them, through any index.
        ("import attncourse.reference as ref\nref.softmax(1)", SOFTMAX),
        ("import attncourse.reference\nattncourse.reference.softmax(1)", SOFTMAX),
        ("from attncourse import reference\nf = reference.softmax", SOFTMAX),
        ("from attncourse.reference import softmax as s\ns(1)", SOFTMAX),
        ("from attncourse.reference.softmax import softmax\nsoftmax(1)", SOFTMAX),
        ("import attncourse.reference.softmax.stable as st\nst.softmax(1)", SOFTMAX),
        ("import attncourse.reference as ref\nref.layer(1)", {"reference/layer.py"} | SOFTMAX),
        (
            "from attncourse import figures\nfigures.draw()",
            {"figures.py", "reference/masks.py"},
        ),
        # A module that is only imported is not used.
        ("import attncourse.reference as ref", set()),
        ("import numpy", set()),
        # A module as a thing may lead to all that is in it.
        ("import attncourse.reference as ref\nf = getattr(ref, 'soft' + 'max')", REFERENCE),
        ("import attncourse.reference as ref\nlist(map(vars, [ref]))", REFERENCE),
        ("from attncourse.reference import *", REFERENCE),
        ("import attncourse.reference as ref\nprint(ref.__all__)", REFERENCE),
        ("import attncourse.reference as ref\nref.not_there", REFERENCE),
        ("import importlib\nimportlib.import_module('attncourse.reference').softmax", REFERENCE),
        (
            "import importlib\nx = 1\nimportlib.import_module(f'attncourse.reference.{x}')",
            REFERENCE,
        ),
        ("import importlib\nimportlib.import_module(input())", set(FILES)),
        ("import importlib\nx = 1\nimportlib.import_module(f'numpy.{x}')", set()),
        # A function may import what it needs.
        ("from attncourse import grading\ngrading.check()", {"grading/notebook.py", "grading/far.js"}),
        # A widget comes with its scripts and those that every widget needs, and no other's.
        ("from attncourse.widgets import Plane\nPlane()", PLANE),
        (
            "from attncourse.widgets import Heads\nHeads()",
            {"widgets/heads/__init__.py", "widgets/heads/widget.js"}
            | {name for name in PLANE if "plane" not in name and "far" not in name},
        ),
        # A claim is in one file; whoever asks for any asks for all.
        ("from attncourse import claims\nclaims.check('C01', x=1)", CLAIM | {"claims/ch01.py"}),
        ("from attncourse import claims\nclaims.check('C02')", CLAIM | {"claims/ch01.py"}),
        ("from attncourse.claims import check\ncheck('C03')", CLAIM | {"claims/ch02.py"}),
        (
            "from attncourse.claims.ch02 import helper\nhelper()",
            {"claims/ch02.py", "claims/core.py"},
        ),
        (
            "from attncourse import claims\nfor c in ('C' + '01',): claims.check(c)",
            {name for name in FILES if name.startswith("claims/")},
        ),
        (
            "from attncourse import claims\nclaims.registry()",
            {name for name in FILES if name.startswith("claims/")},
        ),
        # So is a stored result.
        (
            "from attncourse.experiments import store\nstore.load('copying')",
            STORE | {"experiments/copying.py", "experiments/results/copying.json"},
        ),
        (
            "from attncourse.experiments import copying\ncopying.run()",
            {"experiments/copying.py", "experiments/results/copying.json"},
        ),
        (
            "from attncourse.experiments import store\n[store.load(x) for x in 'ab']",
            {name for name in FILES if name.startswith("experiments/")} - {"experiments/__init__.py"},
        ),
        # The package's name is a word, unless a process is started by it.
        ("print('attncourse', 'attncourse.reference', 'attncourse check')", set()),
        ("import subprocess\nsubprocess.run(['ls'])", set()),
        ("import os\nos.environ['x'] = 'attncourse'", set()),
        ("!attncourse check x.ipynb", set(FILES)),
        ("out = !attncourse progress", set(FILES)),
        ("%%bash\npython -m attncourse.cli", set(FILES)),
        ("import subprocess\ncommand = ['attncourse', 'check']\nsubprocess.run(command)", set(FILES)),
        ("from subprocess import run as go\ngo('attncourse check', shell=True)", set(FILES)),
        ("exec('import attncourse.tables')", set(FILES)),
        ("exec('x = 1'); print('attncourse')", set()),
        # What does not parse may do anything.
        ("this is no Python", set(FILES)),
        # Timed code is code.
        ("import attncourse.reference as ref\n%timeit -n 10 ref.softmax(1)", SOFTMAX),
        ("%%time\nimport attncourse.reference as ref\nref.softmax(1)", SOFTMAX),
        # What an index or a module does when it is imported, it does for everyone.
        ("from attncourse.effects import show\nshow()", {"tables.py", "effects.py: what it does"}),
        # What shows sources imports what it is handed, no more.
        (
            "from attncourse.source import show\nfrom attncourse.tables import show as t\nshow(t)",
            {"source.py", "tables.py"},
        ),
    ],
)  # fmt: skip
def test_a_notebook_rests_on_the_files_that_it_uses(tree, code, files):
    assert rests(tree, code) == files


@pytest.mark.parametrize("name", ["reference/softmax/stable.py", "_checks/arrays.py", "tables.py"])
def test_an_edit_of_such_a_file_changes_the_key(tree, name):
    code = "import attncourse.reference as ref\nref.softmax(1)"
    assert changed(tree, tree / "attncourse" / name, code) is (name != "tables.py")


def test_an_index_counts_by_what_it_does(tree):
    index = tree / "attncourse" / "reference" / "__init__.py"
    code = "import attncourse.reference as ref\nref.softmax(1)"
    before = key(tree, code)
    index.write_text(index.read_text() + "from attncourse.tables import show\nLIMIT = 3\n")
    assert key(tree, code) == before
    index.write_text(index.read_text() + "import numpy\nnumpy.seterr(all='raise')\n")
    after = key(tree, code)
    assert after != before
    index.write_text(index.read_text().replace("raise", "ignore"))
    assert key(tree, code) not in (before, after)


def test_adding_a_mechanism_changes_no_key(tree):
    codes = [
        "import attncourse.reference as ref\nref.softmax(1)",
        "from attncourse import figures\nfigures.draw()",
        "from attncourse.widgets import Plane\nPlane()",
    ]
    before = [key(tree, code) for code in codes]
    room = tree / "attncourse" / "reference"
    (room / "linear.py").write_text("def linear(x): return x\n")
    index = room / "__init__.py"
    index.write_text(index.read_text() + "from attncourse.reference.linear import linear\n")
    assert [key(tree, code) for code in codes] == before
    assert "reference/linear.py" not in FILES
    used = "import attncourse.reference as ref\nref.linear(1)"
    assert changed(tree, room / "linear.py", used)


WORDS = [
    ('"""Words."""', '"""Other words."""'),
    ('    """Words."""\n', ""),
    ("    return _checks", "    # why\n    return _checks"),
    ("def softmax(x):", "# above\n\n\ndef softmax(\n    x,\n):"),
    ("return _checks.array(x)", "return _checks.array(x)  # and so on"),
]


@pytest.mark.parametrize(("old", "new"), WORDS)
def test_words_and_layout_of_the_package_do_not_count(tree, old, new):
    code = "import attncourse.reference as ref\nref.softmax(1)"
    before = key(tree, code)
    path = tree / "attncourse" / "reference" / "softmax" / "stable.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert key(tree, code) == before
    shown = code + "\nfrom attncourse.source import show\nshow(ref.softmax)"
    assert key(tree, shown) != key(tree, code)


@pytest.mark.parametrize(
    "asking",
    [
        "help(ref.softmax)", "print(ref.softmax.__doc__)", "ref.softmax?", "%pdoc ref.softmax",
        "import inspect; print(inspect.getsource(ref.softmax))", "help()",
        "from attncourse.talks import told; told(ref.softmax)",
    ],
)  # fmt: skip
def test_words_count_where_the_code_asks_for_them(tree, asking):
    code = f"import attncourse.reference as ref\n{asking}\nref.softmax(1)"
    before = key(tree, code)
    path = tree / "attncourse" / "reference" / "softmax" / "stable.py"
    path.write_text(path.read_text().replace("Words", "Other words"))
    assert key(tree, code) != before


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("# The code of the figure\nx = 1", "# The code of the table\nx = 1", True),
        ("x = 1", "# a label\n\nx = (1)", True),
        ("def f():\n    '''Words.'''\n    return 1", "def f():\n    return 1  # one", True),
        ("x = 1", "x = 2", False),
        ("'shown'", "'shown otherwise'", False),  # a cell's result
        ("x = 1\nx", "x = 1\nx;", False),  # which shows nothing
        ("print('# a')", "print('# b')", False),
        ("%%bash\n# a", "%%bash\n# b", False),
        ("%timeit -n 10 f(1)", "%timeit -n 20 f(1)", False),
        ("%%time\nx = 1", "%%time\nx = 1  # one", True),
        ("%%time\nx = 1", "x = 1", False),
        ("import inspect\ndef f():\n    return 1  # a\ninspect.getsource(f)",
         "import inspect\ndef f():\n    return 1  # b\ninspect.getsource(f)", False),
    ],
)  # fmt: skip
def test_words_of_a_notebook_do_not_count_either(tree, before, after, same):
    assert (key(tree, before) == key(tree, after)) is same


def test_a_notebook_that_reads_itself_is_held_to_the_letter_only_there(tree):
    asking = "import inspect\ndef f():\n    return 1\ninspect.getsource(f)"
    use = "import attncourse.reference as ref\nref.softmax(1)"
    before = key(tree, asking, use)
    path = tree / "attncourse" / "reference" / "softmax" / "stable.py"
    path.write_text(path.read_text().replace("Words", "Other words"))
    assert key(tree, asking, "# a label\n" + use) == before
    assert key(tree, "# a label\n" + asking, use) != before


def test_cells_and_their_bounds_count(tree):
    assert key(tree, "x = 1\ny = 2") != key(tree, "x = 1", "y = 2")
    assert key(tree, "x = 1", "") != key(tree, "x = 1")
    assert key(tree, "1 / 0", tags=("raises-exception",)) != key(tree, "1 / 0")
    assert key(tree, "x = 1", tags=("hide-input",)) == key(tree, "x = 1")


def test_the_environment_counts(tree, monkeypatch):
    before = key(tree, "import numpy")
    (tree / "requirements.txt").write_text("numpy==2\n")
    after = key(tree, "import numpy")
    assert after != before
    monkeypatch.setenv("ATTNCOURSE_STEPS", "0.1")
    assert key(tree, "import numpy") != after
    monkeypatch.delenv("ATTNCOURSE_STEPS")
    monkeypatch.setenv("ATTNCOURSE_BUILD", "elsewhere")
    assert key(tree, "import numpy") == after


def test_files_beside_a_notebook_count_if_it_names_them(tree):
    (tree / "book" / "helper.py").write_text("import attncourse.reference as ref\nref.softmax\n")
    (tree / "book" / "data.csv").write_text("1, 2\n")
    (tree / "book" / "unused.py").write_text("x = 1\n")
    use = "import helper\nopen('data.csv')"
    assert changed(tree, tree / "book" / "helper.py", use)
    assert changed(tree, tree / "book" / "data.csv", use)
    assert not changed(tree, tree / "book" / "unused.py", use)
    assert changed(tree, tree / "attncourse" / "reference" / "softmax" / "stable.py", use)
    assert changed(tree, tree / "book" / "helper.py", "%run helper.py")


# The real book.


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A copy of the package and of the notebooks, to edit."""
    root = tmp_path_factory.mktemp("real")
    leave = shutil.ignore_patterns("__pycache__", "node_modules", "site")
    shutil.copytree(ROOT / "attncourse", root / "attncourse", ignore=leave)
    shutil.copytree(ROOT / "book", root / "book", ignore=leave)
    shutil.copy(ROOT / "requirements.txt", root)
    return root


def of_book(root: Path) -> dict[str, Rests]:
    """What every notebook of a book rests on, by its name."""
    package = Package(root / "attncourse")
    found = {}
    for path in BOOK:
        name = path.relative_to(ROOT).as_posix()
        notebook = nbformat.read(root / name, as_version=4)
        found[name] = Rests(root / name, notebook, root, package)
    return found


def executed(root: Path, edits: dict[Path, str]) -> set[str]:
    """Pages that would be executed again after these edits; they are undone."""
    before = {page: key_of(rests.hashes()) for page, rests in of_book(root).items()}
    texts = {path: path.read_text("utf8") if path.exists() else None for path in edits}
    for path, text in edits.items():
        path.write_text(text, "utf8")
    after = {page: key_of(rests.hashes()) for page, rests in of_book(root).items()}
    for path, text in texts.items():
        path.unlink() if text is None else path.write_text(text, "utf8")
    return {page for page in before if before[page] != after[page]}


@pytest.fixture(scope="module")
def pages_of():
    """The pages that rest on a file of the package."""
    names = {page: set(rests.hashes()) for page, rests in of_book(ROOT).items()}

    def pages_of(file: str | Path) -> set[str]:
        path = (ROOT / file).relative_to(ROOT).as_posix()
        return {page for page, found in names.items() if path in found}

    return pages_of


def test_editing_every_docstring_and_comment_executes_nothing(real):
    """In every file of the real package at once."""
    edits = {}
    for path in sorted((real / "attncourse").rglob("*.py")):
        lines = path.read_text("utf8").splitlines()
        nodes = [node for node in ast.walk(ast.parse("\n".join(lines))) if hasattr(node, "lineno")]
        for node in sorted(nodes, key=lambda node: -node.lineno):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
                said = node.body[0]
                lines[said.lineno - 1 : said.end_lineno] = [" " * said.col_offset + '"""Edited."""']
                lines.insert(said.lineno, " " * said.col_offset + "# edited")
        edits[path] = "# edited\n" + "\n".join(lines) + "\n# the end\n"
        ast.parse(edits[path])
    # A page shows code of the package with `attncourse.source.show`, which leaves words out.
    asking = {page for page, rests in of_book(real).items() if rests.letters()[0]}
    assert executed(real, edits) == asking


def test_adding_a_mechanism_executes_nothing(real):
    edits = {}
    for room in ("reference", "pytorch"):
        index = real / "attncourse" / room / "__init__.py"
        line = f"from attncourse.{room}.brand_new import brand_new\n"
        text = index.read_text("utf8")
        first = re.search(r"^from attncourse", text, re.MULTILINE).start()
        edits[index] = text[:first] + line + text[first:]
        edits[real / "attncourse" / room / "brand_new.py"] = "def brand_new(x): return x\n"
    assert executed(real, edits) == set()


def test_an_edit_of_a_mechanism_executes_the_pages_that_use_it(real, pages_of):
    path = "attncourse/reference/scaled_dot_product.py"
    edit = {real / path: (real / path).read_text("utf8") + "\nEDITED = 1\n"}
    assert executed(real, edit) == pages_of(path) != set()
    assert pages_of("attncourse/reference/nystrom.py") < pages_of(path)


def test_a_claim_belongs_to_the_pages_that_check_it(pages_of):
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf8") for path in BOOK}
    for path in sorted((ROOT / "attncourse" / "claims").glob("ch*.py")):
        ids = re.findall(r'"(C\d+(?:-[a-z]+)?)"', path.read_text("utf8"))
        check = rf"claims\.check\(\s*(\\n\",\s*\"\s*)?\\\"({'|'.join(ids)})\\\""
        mine = {
            page
            for page, text in texts.items()
            if re.search(check, text) or f"claims.{path.stem} " in text
        }
        assert pages_of(path) == mine, path.name


def test_an_experiment_belongs_to_the_pages_that_import_it(pages_of):
    """To read one's stored results is no use of the others."""
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf8") for path in BOOK}
    for name in ("beyond_length", "say_it_back", "scores", "text_classification"):
        importing = {page for page, text in texts.items() if f"experiments import {name}" in text}
        assert importing
        assert pages_of(f"attncourse/experiments/{name}.py") == importing, name


def test_a_widget_belongs_to_the_pages_that_show_it(pages_of):
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf8") for path in BOOK}
    shown = {page for page, text in texts.items() if "import AttentionPlane" in text}
    assert shown
    for path in (ROOT / "attncourse" / "widgets" / "plane").glob("*.js"):
        assert pages_of(path) == shown, path.name


# What was run once is kept.


@pytest.fixture
def ran(tree):
    """A page that notes each run of itself, and the way to build it."""
    log = tree / "ran.txt"

    def build(*cells: str) -> tuple[int, str]:
        first = f"print('ran', file=open({str(log)!r}, 'a'))"
        load = f"import sys; sys.path.insert(0, {str(tree)!r})"
        nbformat.write(page(load, first, *cells), tree / "book" / "page.ipynb")
        runs = execute(tree, tree / "_build", ["book/page"], store=tree / "store")
        assert not [run.error for run in runs if run.error]
        n_runs = len(log.read_text().splitlines()) if log.exists() else 0
        executed = nbformat.read(tree / "book" / "page.ipynb", as_version=4)
        from jupyter_cache import get_cache

        merged = get_cache(tree / "store").merge_match_into_notebook(executed)[1]
        return n_runs, "".join(
            o.get("text", "") for c in merged.cells for o in c.get("outputs", [])
        )

    return build


def test_undoing_an_edit_or_editing_words_executes_nothing(ran, tree):
    path = tree / "attncourse" / "tables.py"
    use = "from attncourse import tables\nprint('shows', tables.show())"
    assert ran(use) == (1, "shows 1\n")
    assert ran(use) == (1, "shows 1\n")
    path.write_text("def show(): return 2\n")
    assert ran(use) == (2, "shows 2\n")
    path.write_text('def show():\n    """Say."""\n    return 1  # as before\n')
    assert ran("# A label\n" + use) == (2, "shows 1\n")
    path.write_text("def show(): return 2\n")
    assert ran("# Another label\n" + use) == (2, "shows 2\n")
    assert ran(use.replace("shows", "says")) == (3, "says 2\n")
    assert ran(use) == (3, "shows 2\n")


def test_what_is_kept_is_bounded(tmp_path):
    kept = Kept(tmp_path)
    for n in range(KEEP + 3):
        kept.put("book/a", Result(f"key {n}", {"x": str(n)}, 1.0, 2))
        kept.put("book/b", Result("key", {}, 1.0, 2))
        if n == 5:
            assert kept.get("book/a", "key 0")  # used, so that it is no longer the oldest
    left = [n for n in range(KEEP + 3) if (tmp_path / "book--a" / f"key {n}.json").exists()]
    assert left == [n for n in range(KEEP + 3) if n not in (1, 2, 3)]
    assert kept.get("book/b", "key")
    assert kept.get("book/b", "another") is None
    assert kept.why("book/a", {"x": str(KEEP + 2)}) == ""
    assert kept.why("book/a", {"x": "other", "y": "1"}) == "x, y"
    assert kept.why("book/c", {}) == "never executed"


def test_a_number_that_arrives_in_pieces_is_read():
    pieces = [nbformat.v4.new_output("stream", text=text) for text in ("12", "34", "\n")]
    assert printed(nbformat.v4.new_code_cell("", outputs=pieces)) == 1234
    assert printed(nbformat.v4.new_code_cell("")) == 0  # the kernel died before
