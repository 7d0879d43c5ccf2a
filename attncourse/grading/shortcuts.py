"""Ready-made answers: a library's softmax called where the question asks to build one.

This reading finds honest shortcuts and careless ones. It is no wall: what a determined reader of
this file can hide from it, a person has to find.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from attncourse.grading import rooms
from attncourse.grading.reading import bound, imports, stars
from attncourse.grading.submission import Submission

#: What hides from a reader of the syntax tree which function is called.
OPAQUE = frozenset(
    ["eval", "exec", "compile", "__import__", "globals", "locals", "vars", "getattr", "setattr"]
)
#: Methods of arrays and tensors that answer a question at once.
METHODS = frozenset({"softmax", "log_softmax", "scaled_dot_product_attention"})
#: Modules that lead to any other.
DOORS = ("importlib", "ctypes", "subprocess", "runpy", "builtins")
#: Modules whose objects have none of these methods, and that lead to none that does.
HARMLESS = re.compile(
    r"(__future__|abc|attncourse|collections|copy|dataclasses|einops|enum|functools|IPython|itertools"
    r"|jaxtyping|math|matplotlib|numbers|numpy|operator|pathlib|random|statistics|string|time|timeit"
    r"|typing|typing_extensions|warnings)(\..*)?"
)
#: Names by which any module can be had once it is loaded.
_LOADED = frozenset({"modules", "import_module", "__loader__", "__dict__", "__builtins__"})
#: Links of the longest chain a.b.c that is looked up.
_LINKS = 16


class Shortcuts:
    """Finds what the answers of one notebook call instead of building it."""

    def __init__(self, submission: Submission):
        self.submission = submission
        self._own: dict[tuple[str, str], bool] = {}
        self._classes: dict[str, bool] = {}
        self._aliases: dict[str, str] = {}
        self._stars: list[str] = []
        trees = [cell.tree for cell in submission.cells if cell.tree]
        for tree in trees:
            self._aliases.update(imports(tree))
            self._stars += stars(tree)
        for node in (node for tree in trees for node in tree.body):
            # F = torch.nn.functional
            if isinstance(node, ast.Assign) and (path := self._path(node.value)):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self._aliases[target.id] = path
        self._tensors = any(map(_may_hold_tensors, trees))

    def find(self, name: str, forbidden: Iterable[str]) -> str | None:
        """What the answer calls instead of building it, with the place; None if it is clean."""
        banned = tuple(forbidden)
        found = self.submission.definition(name)
        if found and isinstance(found[1], ast.Import | ast.ImportFrom):
            cell, node = found
            return f"{self._aliases.get(name, name)} (cell {cell.number}, line {node.lineno})"
        for used in sorted(self.submission.needed([name])):
            for cell, node in self.submission.given.get(used, ()):
                if not isinstance(node, ast.Import | ast.ImportFrom):
                    for what, line in self._suspicious(node, banned):
                        return f"{what} (cell {cell.number}, line {line})"
        return None

    def _path(self, node: ast.AST) -> str | None:
        """The dotted path of a name or attribute, through the notebook's imports."""
        links: list[str] = []
        while isinstance(node, ast.Attribute):
            links.append(node.attr)
            node = node.value
            if len(links) > _LINKS:
                return None
        base = self._aliases.get(node.id) if isinstance(node, ast.Name) else None
        return ".".join([base, *reversed(links)]) if base else None

    def _suspicious(self, node: ast.AST, banned: tuple[str, ...]) -> Iterator[tuple[str, int]]:
        local = imports(node, nested=True)
        # Inside a function locals() shows what the function's own lines have made, and no more.
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        opaque = OPAQUE - {"locals"} if inside else OPAQUE
        for part in ast.walk(node):
            line = getattr(part, "lineno", 0)
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                if part.func.id in opaque and not self.submission.definition(part.func.id):
                    yield f"{part.func.id}()", line
            elif isinstance(part, ast.Import | ast.ImportFrom):
                for path in imports(part).values():
                    if _banned(path, banned):
                        yield path, line
            elif isinstance(part, ast.Name):
                path = local.get(part.id) or self._meaning(part.id, banned)
                if path and _banned(path, banned):
                    yield path, line
            elif isinstance(part, ast.Attribute):
                path = self._path(part)
                if path and _banned(path, banned):
                    yield path, line
                elif part.attr in METHODS and not self._is_own(part, path):
                    yield f"{path or '.' + part.attr}", line

    def _meaning(self, name: str, banned: tuple[str, ...]) -> str | None:
        """The library path that a plain name stands for when the notebook has run."""
        found = self.submission.definition(name)
        if found is None:
            stars = (f"{module}.{name}" for module in self._stars)
            return next((path for path in stars if path in banned), None)
        defined_here = isinstance(found[1], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        return None if defined_here else self._aliases.get(name)

    def _is_own(self, method: ast.Attribute, path: str | None) -> bool:
        """Whether a method called ``softmax`` is the learner's, not a tensor's.

        It is where nothing in the notebook could give a tensor, or where the object can be seen to
        be of a class of the learner's own. A class with such a method elsewhere proves nothing.
        """
        if path is not None:
            return False
        return not self._tensors or self._made_here(method.value, method.attr)

    def _made_here(self, base: ast.AST, method: str) -> bool:
        if isinstance(base, ast.Call):
            base = base.func
            return isinstance(base, ast.Name) and self._is_class(base.id)
        if not isinstance(base, ast.Name):
            return False
        key = (base.id, method)
        if key not in self._own:
            self._own[key] = self._holds_own(*key)
        return self._own[key]

    def _holds_own(self, name: str, method: str) -> bool:
        trees = [cell.tree for cell in self.submission.cells if cell.tree]
        if name in {"self", "cls"}:
            return all(_is_first_of_methods(tree, name, method) for tree in trees)
        values = [value for tree in trees for value in _values(tree, name)]
        # Every value that any variable of this name ever gets must be of such a class.
        return self._is_class(name) or (
            bool(values)
            and all(
                isinstance(v, ast.Call)
                and isinstance(v.func, ast.Name)
                and self._is_class(v.func.id)
                for v in values
            )
        )

    def _is_class(self, name: str, depth: int = 0) -> bool:
        """Whether a name is a class of the notebook, and so are the classes that it rests on."""
        if name not in self._classes:
            self._classes[name] = False  # until it is known: a class that rests on itself is none
            found = self.submission.given.get(name, ())
            self._classes[name] = bool(found) and all(
                isinstance(node, ast.ClassDef)
                and depth < _LINKS
                and all(
                    isinstance(base, ast.Name) and self._is_class(base.id, depth + 1)
                    for base in node.bases
                )
                for _, node in found
            )
        return self._classes[name]


def _is_first_of_methods(tree: ast.AST, name: str, method: str) -> bool:
    """Whether ``self`` is nothing but what the methods of a class with this method call it."""
    own: set[int] = set()
    for part in ast.walk(tree):
        if isinstance(part, ast.ClassDef) and method in bound(part.body):
            for node in part.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.args.args:
                    own.add(id(node.args.args[0]))
    return all(
        id(part) in own
        for part in ast.walk(tree)
        if (isinstance(part, ast.arg) and part.arg == name)
        or (isinstance(part, ast.Name) and part.id == name and not isinstance(part.ctx, ast.Load))
    )


def _values(tree: ast.AST, name: str) -> Iterator[ast.AST | None]:
    """What the variables of a name are given; None for a way that is not a plain assignment."""
    plain: set[int] = set()
    for part in ast.walk(tree):
        if isinstance(part, ast.Assign | ast.AnnAssign):
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id == name:
                    plain.add(id(target))
                    yield part.value
    for part in ast.walk(tree):
        if isinstance(part, ast.Name) and part.id == name and not isinstance(part.ctx, ast.Load):
            if id(part) not in plain:
                yield None
        elif isinstance(part, ast.arg) and part.arg == name:
            yield None


def _may_hold_tensors(tree: ast.AST) -> bool:
    """Whether a cell imports, or reaches by name, anything that could give a tensor."""
    for part in ast.walk(tree):
        if isinstance(part, ast.Import):
            if not all(HARMLESS.fullmatch(alias.name) for alias in part.names):
                return True
        elif isinstance(part, ast.ImportFrom):
            if not HARMLESS.fullmatch(part.module or ""):
                return True
        elif isinstance(part, ast.Name | ast.Attribute):
            name = part.id if isinstance(part, ast.Name) else part.attr
            if name in _LOADED or (name in OPAQUE and isinstance(part, ast.Name)):
                return True
    return False


def _banned(path: str, banned: tuple[str, ...]) -> bool:
    doors = (*rooms.MODULES, *DOORS)
    return path in banned or any(path == door or path.startswith(f"{door}.") for door in doors)
