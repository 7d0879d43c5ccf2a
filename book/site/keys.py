"""What a notebook's outputs depend on, and one hash for all of it: its **key**.

That is its own code, the files of the package that it uses (:mod:`uses` finds them), files beside
it that it imports or names, the locked environment, Python and the kernel.

**Words do not count**: docstrings, comments and layout. Code that asks for them (``help``,
``__doc__``, ``getsource``) is held to the letter, and so is what it asks about. A notebook that
starts a process and mentions the package rests on all of it, to the letter.
"""

from __future__ import annotations

import ast
import hashlib
import io
import os
import re
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from uses import HANDED, Code, Package, last_name

#: Whoever calls one of these reads words: of what is handed over, or of anything.
ASKING = {"help", "getsource", "getsourcelines", "getdoc", "getcomments", "findsource"}
MAGICS = {"pinfo", "pinfo2", "pdoc", "psource", "pfile", "history", "pycat"}
#: Magics that run the Python after them.
TIMING = re.compile(
    r"^\s*%%(?:time|timeit|capture|prun)\b.*\n"
    r"|(?<![\w%)\]])%(?:time|timeit|prun)\b(?:[ ]+-[a-z]+[ ]*\d*)*[ ]*"
)
#: Cells whose run these change; a traceback shows comments.
TAGS = {"raises-exception", "skip-execution"}
#: Where things lie or are built is no part of what comes out.
PLACES = {"ATTNCOURSE_BUILD", "ATTNCOURSE_DATA", "ATTNCOURSE_HOME", "ATTNCOURSE_PROGRESS"}


class Words(ast.NodeTransformer):
    """Leave out every string that stands alone, docstrings first."""

    def __init__(self, cell: bool = False):
        self.cell = cell  # whose own strings are its result

    def visit(self, node: ast.AST) -> ast.AST:
        """Drop them at any depth."""
        self.generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list) and not (self.cell and isinstance(node, ast.Module)):
            node.body = [inner for inner in body if not _is_word(inner)]  # type: ignore[attr-defined]
        return node


def _is_word(node: ast.AST) -> bool:
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr) and isinstance(getattr(value, "value", None), str)


def meaning(text: str, *, cell: bool = False) -> str:
    """A text that stays the same when only words or layout change."""
    return ast.dump(Words(cell).visit(ast.parse(text))) + (_quiet(text) if cell else "")


def _quiet(source: str) -> str:
    """A cell that ends in a semicolon shows nothing, and the syntax tree does not know it."""
    meant = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    last = [token.string for token in tokens if token.type not in meant][-1:]
    return " quiet" if last == [";"] else ""


def python_of(source: str) -> str:
    """A cell as Python: magics become calls, and what they time or catch stays code."""
    return TransformerManager().transform_cell(TIMING.sub("", source))


def asked_about(tree: ast.AST) -> Iterator[str]:
    """The names about which code asks for words; "" is any."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "__doc__":
            yield _root(node.value)
        elif isinstance(node, ast.Call) and last_name(node.func) in ASKING:
            yield _root(node.args[0]) if node.args else ""
        elif isinstance(node, ast.Call) and last_name(node.func) == "run_line_magic":
            magic, *rest = (str(getattr(part, "value", "")) for part in node.args)
            if magic in MAGICS:
                yield "".join(rest).partition(".")[0]


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return getattr(node, "id", "")


class Rests:
    """What one notebook rests on."""

    def __init__(self, path: Path, notebook: nbformat.NotebookNode, root: Path, package: Package):
        self.folder, self.root, self.package = path.parent, root.resolve(), package
        self.kernel = notebook.metadata.get("kernelspec", {}).get("name", "python3")
        self.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        try:
            self.sources = [python_of(cell.source) for cell in self.cells]
            trees = [ast.parse(source) for source in self.sources]
        except SyntaxError:
            trees = []
        self.unread = len(trees) < len(self.cells)  # what does not parse may use anything
        self.own = {name: n for n, tree in enumerate(trees) for name in Code(tree).defines}
        code = Code(ast.Module([node for tree in trees for node in tree.body], []))
        self.neighbours = self._neighbours(code)
        self.pieces = [code, *self.neighbours.values()]
        self.strings = set[str]().union(*(piece.strings for piece in self.pieces))
        self.anything = self.unread or any(map(self._may_run_anything, self.pieces))
        used = set[str]().union(*(package.used(piece) for piece in self.pieces))
        self.modules = set(package.paths) if self.anything else package.closure(used)

    def _neighbours(self, code: Code) -> dict[Path, Code]:
        """Python files beside the notebook that it imports or names, through each other too."""
        beside = {path.stem: path for path in self.folder.glob("*.py")}
        todo, found = [code], dict[Path, Code]()
        while todo:
            piece = todo.pop()
            wanted = {module.partition(".")[0] for module, _ in piece.imports.values()}
            wanted |= {*piece.stars, *(re.sub(r"\.py$", "", said) for said in piece.strings)}
            for name in wanted & set(beside):
                if beside[name] not in found:
                    tree = ast.parse(beside[name].read_text("utf8"))
                    found[beside[name]] = Code(tree, name)
                    todo.append(found[beside[name]])
        return found

    def _may_run_anything(self, code: Code) -> bool:
        name = self.package.name
        said = "\n".join(code.strings)
        return bool(
            (code.starts and re.search(rf"\b{name}\b", said))
            or (code.executes and re.search(rf"\b(import|from)\s+{name}\b", said))
        )

    def letters(self) -> tuple[bool, set[int]]:
        """Whether all words count, and the cells whose own words do."""
        asked = {name for piece in self.pieces for name in asked_about(piece.tree)}
        whole = {m for m in self.modules if m[0] != "~"} - {f"{self.package.name}.{HANDED}"}
        asking = any(any(asked_about(self.package.code(module).tree)) for module in whole)
        everything = self.anything or asking or bool(asked - set(self.own))
        return everything, {self.own[name] for name in asked & set(self.own)}

    def _named(self) -> Iterator[Path]:
        """Files of the repository that the code names, as seen from the notebook's folder."""
        for name in self.strings:
            if 0 < len(name) < 200 and not re.match(r"[/~]|.*[\n\0]", name):
                path = (self.folder / name).resolve()
                if path.is_file() and path.suffix != ".py" and path.is_relative_to(self.root):
                    yield path

    def hashes(self) -> dict[str, str]:
        """Everything that the outputs depend on, each with its hash."""
        locked = self.root / "requirements.txt"
        found = {
            "python": "{}.{}".format(*sys.version_info),
            "kernel": str(self.kernel),
            "requirements.txt": _hash(locked.read_bytes() if locked.exists() else b""),
        }
        for name in sorted(os.environ):
            if name.startswith(f"{self.package.name.upper()}_") and name not in PLACES:
                found[name] = os.environ[name]
        everything, to_the_letter = self.letters()
        for number, cell in enumerate(self.cells):
            tags = sorted(TAGS & set(cell.metadata.get("tags", [])))
            verbatim = everything or tags or number in to_the_letter
            text = cell.source if verbatim else meaning(self.sources[number], cell=True)
            magics = TIMING.findall(cell.source)
            found[f"cell {number + 1}"] = _hash(f"{tags} {magics} {text}".encode())
        for path in sorted(self.neighbours):
            found[path.name] = _of_file(path, everything)
        for module in sorted(self.modules):
            path = self.package.paths[module.lstrip("~")]
            name = path.relative_to(self.package.folder.parent).as_posix()
            if module.startswith("~"):
                doing = ast.Module(self.package.code(module[1:]).doing, [])
                found[f"{name}: what it does"] = _hash(ast.dump(Words().visit(doing)).encode())
            else:
                found[name] = _of_file(path, everything)
        data = self.package.data(self.modules, self.strings)
        for path in sorted({*data, *self._named()}):
            found[os.path.relpath(path, self.root)] = _hash(path.read_bytes())
        return found


def rests_on(
    path: Path, notebook: nbformat.NotebookNode, root: Path, package: Package
) -> dict[str, str]:
    """Everything that a notebook's outputs depend on, each with its hash."""
    return Rests(path, notebook, root, package).hashes()


def key_of(found: dict[str, str]) -> str:
    """One hash for all that a notebook rests on."""
    return _hash("\n".join(f"{name} {digest}" for name, digest in found.items()).encode())


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _of_file(path: Path, to_the_letter: bool) -> str:
    stat = path.stat()
    return _of_version(path, to_the_letter, stat.st_mtime_ns, stat.st_size)


@cache
def _of_version(path: Path, to_the_letter: bool, *version: int) -> str:
    text = path.read_text("utf8")
    return _hash((text if to_the_letter else meaning(text)).encode())
