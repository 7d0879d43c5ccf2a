"""The rules of the house that a program can check: short files, no helper twice, one direction."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "attncourse"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 250  # lines of a file, docstrings not counted
SMALL = 25  # parts of a syntax tree: a line that only passes on
#: Who may know whom. A room is a folder or a file of the package; one that has no line is refused.
KNOWS = {
    "_autocast": set(),
    "_checks": set(),
    "reference": {"_checks"},
    "pytorch": {"_autocast", "_checks"},
    "analysis": {"_checks", "reference"},
    "data": set(),
    "models": {"_checks", "pytorch", "data"},
    "training": {"_checks", "pytorch"},
    "experiments": {
        "_checks",
        "pytorch",
        "reference",
        "training",
        "data",
        "models",
        "analysis",
        "trained",
        "widgets",
    },
    "trained": set(),
    "claims": {"reference"},
    "figures": set(),
    "tables": set(),
    "numbers": set(),
    "source": set(),
    "widgets": {"analysis", "reference", "trained"},
    "grading": set(),
    "cli": {"cli_class", "grading", "data", "models", "experiments", "training"},
    "cli_class": {"grading"},
}
#: Libraries of a room that is bound to few; Python's own go without saying.
LIBRARIES = {
    "_checks": {"jaxtyping", "numpy"},
    "reference": {"einops", "jaxtyping", "numpy"},
    # unearth fetches the one source distribution: pip would run its setup.py; av decodes films.
    "data": {"av", "numpy", "platformdirs", "tqdm", "unearth"},
    "claims": {"IPython", "numpy"},
    "trained": {"numpy"},
}
#: What the package never imports: what is made from it, and what tests it.
ABOVE = {"book", "solutions", "exercises", "tests", "benchmarks"}


def short(file: Path) -> str:
    return str(file.relative_to(PACKAGE))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def body(function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements without the docstring."""
    return function.body[1:] if ast.get_docstring(function) else function.body


def length(text: str) -> int:
    """Lines of a file without those of its docstrings."""
    said = [
        node.body[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node, clean=False) is not None
    ]
    return len(text.splitlines()) - sum(s.end_lineno - s.lineno + 1 for s in said)


def rooms(package: Path) -> list[str]:
    """Folders and files of a package."""
    inner = (p for p in package.iterdir() if p.suffix == ".py" or any(p.glob("*.py")))
    return sorted({p.stem for p in inner} - {"__init__"})


def complaints(package: Path) -> list[str]:
    """Imports of a package that its rules do not allow, and rooms without a rule."""
    graph = grimp.build_graph(package.name, include_external_packages=True, cache_dir=None)
    found = [f"{room} has no line in KNOWS" for room in rooms(package) if room not in KNOWS]
    for module in sorted(graph.modules):
        name, _, rest = module.partition(".")
        if name != package.name:
            continue
        room = rest.partition(".")[0]
        for other in sorted(graph.find_modules_directly_imported_by(module)):
            first, _, inner = other.partition(".")
            if first == name:
                known = inner.partition(".")[0]
                wrong = known not in {"", room, *KNOWS.get(room, ())}
            else:
                ours = LIBRARIES.get(room, {first}) | sys.stdlib_module_names
                wrong = first in ABOVE or first not in ours
            if wrong:
                found.append(f"{module} imports {other}")
    return found


@pytest.mark.parametrize("file", FILES, ids=short)
def test_a_file_fits_the_head(file):
    """Longer is a folder, divided by names of the field."""
    assert length(file.read_text("utf8")) <= LONGEST


def test_docstrings_have_no_length():
    assert length('"""One.\n\nTwo."""\nX = 1\n#: Three.\n\n\ndef f():\n    """Four."""\n') == 5


@pytest.mark.parametrize("room", rooms(PACKAGE))
def test_no_helper_twice(room):
    """No two functions of a room do the same, whatever they are called."""
    where = defaultdict(list)
    single = PACKAGE / f"{room}.py"
    for file in [single] if single.exists() else (PACKAGE / room).rglob("*.py"):
        for function in functions(ast.parse(file.read_text("utf8"))):
            statements = body(function)
            if len(list(ast.walk(ast.Module(statements, [])))) > SMALL:
                what = ast.dump(function.args), *map(ast.dump, statements)
                where[what].append(f"{short(file)}: {function.name}")
    assert [names for names in where.values() if len(names) > 1] == []


@pytest.mark.parametrize("file", FILES, ids=short)
def test_imports_are_written_in_full(file):
    tree = ast.parse(file.read_text("utf8"))
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level]


def place(module: str) -> list[str]:
    """The folder of a module: in the two libraries that of the mechanism, elsewhere the room."""
    parts = module.split(".")
    return parts[1 : 3 if parts[1:2] in (["reference"], ["pytorch"]) else 2]


def crossing(module: str, code: str) -> list[str]:
    """Names with an underscore that a module takes from another folder."""
    return [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("attncourse.")
        for alias in node.names
        if alias.name.startswith("_") and place(node.module) != place(module)
    ]


@pytest.mark.parametrize("file", FILES, ids=short)
def test_no_private_name_crosses_a_folder(file):
    module = ".".join(["attncourse", *file.relative_to(PACKAGE).with_suffix("").parts])
    assert crossing(module, file.read_text("utf8")) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from attncourse.reference.softmax.stable import _below", 1),
        ("from attncourse.reference.flash.tiles import _cut", 0),
        ("from attncourse.reference.softmax.stable import below", 0),
        ("def f():\n    from attncourse.grading.records import _finite, Record", 1),
        ("from attncourse import _checks", 0),
    ],
)
def test_a_private_name_that_crosses_is_found(code, found):
    assert len(crossing("attncourse.reference.flash.forward", code)) == found


def other_idioms(code: str) -> list[str]:
    """Imports of checks in another way than ``from attncourse import _checks``."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(code))
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("attncourse._checks")
        )
        or (isinstance(node, ast.Import) and any("._checks" in n.name for n in node.names))
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "attncourse"
            and any(n.name == "_checks" and n.asname for n in node.names)
        )
    ]


@pytest.mark.parametrize(
    "file", [file for file in FILES if "_checks" not in file.relative_to(PACKAGE).parts], ids=short
)
def test_checks_are_called_in_one_way(file):
    """So that a reader knows a check by its name, ``_checks.count(…)``, in every file."""
    assert other_idioms(file.read_text("utf8")) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from attncourse._checks import transformer as check", 1),
        ("from attncourse._checks.looking import asked", 1),
        ("import attncourse._checks.arrays", 1),
        ("from attncourse import _checks as check", 1),
        ("from attncourse import _checks", 0),
        ("from attncourse import _checks, data", 0),
    ],
)
def test_another_idiom_is_found(code, found):
    assert len(other_idioms(code)) == found


def test_imports_go_one_way():
    """grimp reads the imports; the rules are ours: import-linter has none for "may know only"."""
    assert complaints(PACKAGE) == []


def test_rules_have_no_loop():
    """A room that knows another is never known by it, through any number of rooms."""
    assert list(TopologicalSorter(KNOWS).static_order())


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A package of a few rooms, to break the rules in."""
    package = tmp_path / "smallhouse"
    for room in ("reference", "pytorch", "claims"):
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").touch()
    for file in ("__init__", "cli", "reference/softmax", "pytorch/softmax", "claims/ch01"):
        (package / f"{file}.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return package


@pytest.mark.parametrize(
    ("file", "code", "said"),
    [
        ("reference/softmax", "import numpy", None),
        ("claims/ch01", "from smallhouse.reference import softmax", None),
        ("reference/softmax", "import torch", "imports torch"),
        ("reference/softmax", "from smallhouse.pytorch import softmax", "imports smallhouse.py"),
        ("pytorch/softmax", "def f():\n    import smallhouse.reference", "imports smallhouse.ref"),
        ("claims/ch01", "from smallhouse.pytorch.softmax import x", "imports smallhouse.py"),
        ("cli", "from smallhouse.claims import ch01", "imports smallhouse.claims"),
        ("cli", "import tests.cases", "imports tests"),
        ("attic", "", "attic has no line in KNOWS"),
        ("attic/__init__", "", "attic has no line in KNOWS"),
    ],
)  # fmt: skip
def test_a_wrong_import_and_a_room_without_a_rule_are_refused(house, file, code, said):
    path = house / f"{file}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(code)
    found = complaints(house)
    assert found == [] if said is None else [said in one for one in found] == [True]
