"""Which files of the package a piece of code uses: names are followed to where they are defined.

``import attncourse.reference as ref`` and ``ref.softmax`` lead to the file of softmax, through any
number of re-exports, and from there to what that file uses. ``getattr(ref, name)``, or ``ref``
handed on, leads to all of ``reference``.

- An index (``__init__``) that is only passed through counts by what it *does*, not by what it
  names. It stands as ``~module``.
- A package whose modules are imported by name at run time (claims, experiments) is a registry:
  ``claims.check("C07")`` leads to the module that says "C07", or is called so; any other use of
  what loads them (of anything, where importing the package does) to all its modules.
- A file that is no Python (a widget's script, a stored result) belongs to the module beside it that
  has its name, else to every module of its folder. A script comes with the scripts it imports.

Written here because the graph that a library gives (grimp, say) is one of modules: in it whoever
imports from ``attncourse.reference`` rests on all of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

#: Functions that import a module by its name.
DYNAMIC = {"import_module", "__import__"}
#: What starts processes or runs files.
STARTING = {"subprocess", "os", "asyncio", "runpy", "pty"}
STARTS = r"run|Popen|(check_)?call|check_output|get(status)?output|system|popen|(posix_)?spawn\w*"
STARTS += r"|exec\w+|create_subprocess_\w+|run_path|run_module|startfile"
#: Line magics that start nothing.
QUIET = {"matplotlib", "config", "load_ext", "autoreload", "precision", "env", "pip", "time"}
QUIET |= {"pinfo", "pinfo2", "pdoc", "psource", "pfile", "pycat", "history"}
#: Imports what it is handed, which whoever hands it over has imported already.
HANDED = "source"
SCRIPT = re.compile(r"""\b(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""")

Name = tuple[str, tuple[str, ...]]  # a module, and what is asked of it


def last_name(node: ast.AST) -> str:
    """``c`` of ``a.b.c``, ``a`` of ``a``."""
    return getattr(node, "attr", getattr(node, "id", ""))


class Code:
    """A piece of code: what it defines, what it imports, and which names it uses."""

    def __init__(self, tree: ast.Module, module: str = "", package: str = ""):
        self.tree = tree
        self.module = module
        self.imports: dict[str, Name] = {}  # local name -> where it comes from
        self.stars: list[str] = []
        self.defines: set[str] = set()
        for node in tree.body:
            self.defines |= set(_bound(node))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.asname:
                        self.imports[alias.asname] = (alias.name, ())
                    else:
                        first = alias.name.partition(".")[0]
                        self.imports[first] = (first, ())
            elif isinstance(node, ast.ImportFrom):
                origin = node.module or ""
                if node.level:
                    parts = package.split(".")
                    kept = parts[: len(parts) - node.level + 1]
                    origin = ".".join([*kept, *([origin] if origin else [])])
                for alias in node.names:
                    if alias.name == "*":
                        self.stars.append(origin)
                    else:
                        self.imports[alias.asname or alias.name] = (origin, (alias.name,))

    @cached_property
    def uses(self) -> list[tuple[Name, frozenset[str] | None]]:
        """Every imported name where it is used, and the strings it is called with, if it is."""
        return list(self._uses(self.tree))

    def _uses(self, tree: ast.AST) -> Iterator[tuple[Name, frozenset[str] | None]]:
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Name) or node.id not in self.imports:
                continue
            if not isinstance(node.ctx, ast.Load):
                continue
            module, chain = self.imports[node.id]
            top: ast.expr = node
            while isinstance(parent := parents.get(top), ast.Attribute):
                chain, top = (*chain, parent.attr), parent
            called = parents.get(top)
            said = None
            if isinstance(called, ast.Call) and called.func is top:
                given = [*called.args, *(k.value for k in called.keywords)]
                found = {a.value for a in given if isinstance(a, ast.Constant)}
                said = frozenset(s for s in found if isinstance(s, str))
            yield (module, chain), said
        for module in self.stars:
            yield (module, ()), None
        for module, whole in self._imported_by_name:
            if whole:
                yield (module, ()), None

    @cached_property
    def doing(self) -> list[ast.stmt]:
        """Top-level statements that do more than give a name to something."""
        return [node for node in self.tree.body if not _names_only(node)]

    @cached_property
    def fills(self) -> bool:
        """Whether modules are imported by name as soon as this one is imported."""
        calls = (n for node in self.doing for n in ast.walk(node) if isinstance(n, ast.Call))
        return any(last_name(call.func) in DYNAMIC for call in calls)

    def only_doing(self) -> Code:
        """What is left of it where it is only passed through."""
        code = Code(ast.Module(self.doing, []), self.module)
        code.imports = self.imports
        code.stars = []
        return code

    @cached_property
    def strings(self) -> set[str]:
        """Every string of the code but docstrings, the parts of f-strings among them."""
        alone = {n.value for n in ast.walk(self.tree) if isinstance(n, ast.Expr)}
        found = (n for n in ast.walk(self.tree) if isinstance(n, ast.Constant) and n not in alone)
        return {node.value for node in found if isinstance(node.value, str)}

    @cached_property
    def starts(self) -> bool:
        """Whether it starts a process, or a magic that may."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                root = ast.unparse(node.func).partition(".")[0]
                origin, chain = self.imports.get(root, ("", ()))
                name = last_name(node.func) if isinstance(node.func, ast.Attribute) else chain[-1:]
                if origin.partition(".")[0] in STARTING and re.fullmatch(STARTS, "".join(name)):
                    return True
                if root == "get_ipython()" and not (
                    last_name(node.func) == "run_line_magic"
                    and getattr(node.args[0], "value", "") in QUIET
                ):
                    return True
        return False

    @cached_property
    def executes(self) -> bool:
        """Whether it executes text."""
        calls = (n.func for n in ast.walk(self.tree) if isinstance(n, ast.Call))
        called = {func.id for func in calls if isinstance(func, ast.Name)}
        return bool(called & {"exec", "eval", "compile"})

    @cached_property
    def loads(self) -> set[str]:
        """The packages whose modules it imports by a name that only the run knows; "" is any."""
        return {start.rpartition(".")[0] for start, whole in self._imported_by_name if not whole}

    @cached_property
    def _imported_by_name(self) -> list[tuple[str, bool]]:
        """How each such name begins, and whether that is all of it."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and last_name(node.func) in DYNAMIC and node.args:
                start, whole = "", True
                for part in getattr(node.args[0], "values", [node.args[0]]):
                    if isinstance(part, ast.Constant):
                        start += str(part.value)
                    elif last_name(getattr(part, "value", part)) == "__name__":
                        start += self.module
                    else:
                        whole = False
                        break
                found.append((start, whole))
        return found

    @cached_property
    def says(self) -> set[str]:
        """The strings by which it registers: first arguments of decorators and top-level calls."""
        calls = [n.value for n in self.tree.body if isinstance(n, ast.Expr)]
        for node in ast.walk(self.tree):
            calls += getattr(node, "decorator_list", [])
        first = [c.args[0] for c in calls if isinstance(c, ast.Call) and c.args]
        return {a.value for a in first if isinstance(a, ast.Constant) and isinstance(a.value, str)}


def _names_only(node: ast.stmt) -> bool:
    """Whether a statement does nothing but give a name to something."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return not node.decorator_list  # a decorator may register
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        plain = all(isinstance(target, ast.Name | ast.Tuple) for target in targets)
        return plain and not any(isinstance(n, ast.Call) for n in ast.walk(node))
    if isinstance(node, ast.If):
        return last_name(node.test) == "TYPE_CHECKING" and not node.orelse
    said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return said or isinstance(node, ast.Import | ast.ImportFrom)


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))
    elif isinstance(node, ast.If | ast.Try | ast.With | ast.For):
        for name in ("body", "orelse", "finalbody"):
            for inner in getattr(node, name, []):
                yield from _bound(inner)
        for handler in getattr(node, "handlers", []):
            for inner in handler.body:
                yield from _bound(inner)


def _within(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


class Package:
    """The files of a package, and what each rests on."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.name = folder.name
        self.paths: dict[str, Path] = {}
        self.others: list[Path] = []
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if not path.is_file() or path.suffix == ".pyc" or path.name.startswith("."):
                continue
            if path.suffix == ".py":
                parts = [self.name, *path.relative_to(folder).with_suffix("").parts]
                self.paths[".".join(parts).removesuffix(".__init__")] = path
            else:
                self.others.append(path)
        self._code: dict[str, Code] = {}
        self._needs: dict[str, set[str]] = {}

    def code(self, module: str) -> Code:
        """A module's code."""
        if module not in self._code:
            path = self.paths[module]
            package = module if path.stem == "__init__" else module.rpartition(".")[0]
            tree = ast.parse(path.read_text("utf8"))
            self._code[module] = Code(tree, module, package)
        return self._code[module]

    def inside(self, module: str) -> set[str]:
        """A module and, if it is a package, all that are in it."""
        return {m for m in self.paths if m == module or m.startswith(f"{module}.")}

    def resolve(self, name: Name) -> set[str]:
        """The modules that define a name; ``~module`` for one that is only passed through."""
        module, chain = name
        found: set[str] = set()
        while module in self.paths:
            code = self.code(module)
            if not chain:
                return found | self.inside(module)
            first, rest = chain[0], chain[1:]
            if first == "__all__":
                return found | self.inside(module)
            if first in code.defines:
                return found | {module}
            found |= {f"~{module}"} if code.doing else set()
            if first in code.imports and code.imports[first] != (module, (first,)):
                origin, inner = code.imports[first]
                module, chain = origin, (*inner, *rest)
            elif f"{module}.{first}" in self.paths:
                module, chain = f"{module}.{first}", rest
            elif code.stars:
                return found.union(*(self.resolve((star, ())) for star in code.stars))
            else:
                # Unknown, "__all__" for one: it may lead to anything in there.
                return found | self.inside(module)
        return found

    @cached_property
    def registries(self) -> dict[str, set[str]]:
        """Packages whose modules are imported by name at run time, and the modules that do it."""
        found: dict[str, set[str]] = {}
        for module, path in self.paths.items():
            if any(name in path.read_text("utf8") for name in DYNAMIC):
                for package in self.code(module).loads & set(self.paths):
                    found.setdefault(package, set()).add(module)
        return found

    def used(self, code: Code) -> set[str]:
        """The modules that a piece of code rests on itself."""
        found: set[str] = set()
        for name, said in code.uses:
            reached = self.resolve(name)
            found |= reached
            for module in {m.lstrip("~") for m in reached}:
                for package in self.registries:
                    if _within(module, package) and not _within(code.module, package):
                        found |= self._registered(package, module, said)
        for package in code.loads:
            # Code that loads a package which it is no part of; a registry's users are asked above.
            if _within(package, self.name) and not _within(code.module, package):
                found |= self.inside(package)
            elif not package and code.module != f"{self.name}.{HANDED}":
                found |= self.inside(self.name)
        if code.starts:  # "-m", "attncourse.grading.worker"
            named = (code.strings & set(self.paths)) - {self.name}
            found = found.union(*(self.inside(name) for name in named))
        return found

    def _registered(self, package: str, module: str, said: frozenset[str] | None) -> set[str]:
        """Modules of a registry that a use of it loads: those it names, or all."""
        entries = self.inside(package) - {package}
        if named := {
            m for m in entries if (said or set()) & (self.code(m).says | {m.rpartition(".")[2]})
        }:
            return named
        loaders = self.registries[package]
        # By importing the package, if it loads its modules then and not only when it is asked.
        filled = self.code(package).fills and not self.code(module).says
        return entries if filled or self._plain_closure(module) & loaders else set()

    def _plain_closure(self, module: str) -> set[str]:
        """A module and all that it uses, registries aside."""
        todo, seen = {module}, set()
        while todo:
            one = todo.pop()
            seen.add(one)
            found = set().union(*(self.resolve(name) for name, _ in self.code(one).uses))
            todo |= {m.lstrip("~") for m in found} - seen
        return seen

    def needs(self, module: str) -> set[str]:
        """The modules that a module uses; of one passed through, only what it does is asked."""
        if module not in self._needs:
            bare = module.lstrip("~")
            code = self.code(bare)
            if module.startswith("~"):
                code = code.only_doing()
            self._needs[module] = self.used(code)
        return self._needs[module]

    def closure(self, modules: Iterable[str]) -> set[str]:
        """Modules and all that they rest on."""
        todo, seen = set(modules), set()
        while todo:
            module = todo.pop()
            seen.add(module)
            todo |= self.needs(module) - seen
        return {m for m in seen if not (m[0] == "~" and m[1:] in seen)}

    def data(self, modules: set[str], said: set[str]) -> set[Path]:
        """Files that are no Python and belong to these modules, or are named in the code."""
        found = set()
        files = {self.paths[m]: m for m in modules if not m.startswith("~")}
        folders = {path.parent for path in files}
        for path in self.others:
            home = next(f for f in path.parents if any(f.glob("*.py")) or f == self.folder)
            namesakes = {home / f"{path.stem}.py", home / path.stem / "__init__.py"}
            if namesakes & set(self.paths.values()):
                named = home in folders and said & {path.stem, path.name}
                if namesakes & set(files) or named:
                    found.add(path)
            elif home in folders and path.name != "py.typed":
                found.add(path)
        todo = list(found)
        while todo:
            path = todo.pop()
            if path.suffix in (".js", ".mjs"):
                for other in SCRIPT.findall(path.read_text("utf8")):
                    target = (path.parent / other).resolve()
                    if target.is_file() and target not in found:
                        found.add(target)
                        todo.append(target)
        return found
