"""What the package offers, read from its own code: names, signatures, docstrings, examples.

Nothing is listed here. A name is found because its room exports it; where it stands on the pages
follows from the file that defines it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from numpydoc.docscrape import NumpyDocString, Parameter
from sphinx.pycode import ModuleAnalyzer

#: The two plain rooms, which share names and words, and what a reader calls them.
TWINS = {"reference": "NumPy", "pytorch": "PyTorch"}
WIDTH = 78


@dataclass
class Thing:
    """One public name: the same function in one room or in two."""

    name: str
    kind: str  # function, class or data
    rooms: dict[str, Any] = field(default_factory=dict)  # room -> the object itself
    modules: dict[str, ModuleType] = field(default_factory=dict)  # room -> where it is defined

    @property
    def file(self) -> str:
        """The file inside its room, without the ending, as ``masks/positions``."""
        room, module = next(iter(self.modules.items()))
        return module.__name__.removeprefix(f"attncourse.{room}.").replace(".", "/")

    @property
    def full_name(self) -> str:
        """What a reference says: the bare name, or with the room where that is not one of two."""
        room = next(iter(self.rooms))
        return self.name if room in TWINS else f"attncourse.{room}.{self.name}"

    @property
    def text(self) -> str:
        """The docstring. Of twins PyTorch's: the same words, and those on ``device`` besides."""
        room, thing = list(self.rooms.items())[-1]
        if self.kind == "data":
            analyzer = ModuleAnalyzer.for_module(self.modules[room].__name__)
            return "\n".join(analyzer.find_attr_docs().get(("", self.name), ()))
        return inspect.getdoc(thing) or ""

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return self.text.partition("\n\n")[0].replace("\n", " ")


@cache
def things(room: str = "") -> tuple[Thing, ...]:
    """Every public name of a room (or of the two that are twins), in the order of the files."""
    found: dict[str, Thing] = {}
    for one in [room] if room else TWINS:
        package = importlib.import_module(f"attncourse.{one}")
        for name in package.__all__:
            thing = getattr(package, name)
            kind = "class" if isinstance(thing, type) else "function" if callable(thing) else "data"
            entry = found.setdefault(name, Thing(name, kind))
            entry.rooms[one], entry.modules[one] = thing, _defining(package, name, thing)
    return tuple(sorted(found.values(), key=lambda thing: (_rank(_first(thing)), _line(thing))))


def things_of(file: str, room: str = "", order: str = "") -> list[Thing]:
    """The public names that one file, or one folder, of a room defines.

    ``order`` names files of the folder that come first, in this order.
    """
    inside = re.compile(rf"{re.escape(file)}(/|$)")
    found = [thing for thing in things(room) if not file or inside.match(thing.file)]
    first = [f"{file}/{name}" if file else name for name in order.split()]
    if unknown := set(first) - {thing.file for thing in found}:
        raise LookupError(f"no public name in {', '.join(sorted(unknown))}")
    places = {name: place for place, name in enumerate(first)}
    return sorted(found, key=lambda thing: places.get(thing.file, len(places)))


def introduction(file: str, room: str = "") -> str:
    """The docstring of a file or a folder."""
    for one in [room] if room else reversed(TWINS):
        name = f"attncourse.{one}" + (f".{file.replace('/', '.')}" if file else "")
        if importlib.util.find_spec(name):
            return inspect.getdoc(importlib.import_module(name)) or ""
    raise LookupError(f"no room has a file {file!r}")


@cache
def _top_level(path: Path) -> dict[str, int]:
    """Names that a file defines, with their lines."""
    lines: dict[str, int] = {}
    for node in ast.parse(path.read_text("utf8")).body:
        targets = getattr(node, "targets", [getattr(node, "target", node)])
        for target in [inner for one in targets for inner in getattr(one, "elts", [one])]:
            name = getattr(target, "name", getattr(target, "id", ""))
            lines.setdefault(name, node.lineno)
    return lines


def _defining(package: ModuleType, name: str, thing: Any) -> ModuleType:
    """The module that a name comes from; a constant does not know its own."""
    if isinstance(thing, FunctionType | type):
        return importlib.import_module(thing.__module__)
    folder = Path(str(package.__file__)).parent
    for path in sorted(folder.rglob("*.py")):
        if name in _top_level(path) and path.stem != "__init__":
            inner = ".".join(path.relative_to(folder).with_suffix("").parts)
            return importlib.import_module(f"{package.__name__}.{inner}")
    raise LookupError(f"{package.__name__}.{name} is defined nowhere")


def _first(thing: Thing) -> ModuleType:
    return next(iter(thing.modules.values()))


def _line(thing: Thing) -> int:
    return _top_level(Path(str(_first(thing).__file__)))[thing.name]


@cache
def _rank(module: ModuleType) -> tuple[int, str]:
    """A file comes after those of its folder that it builds on, so the simplest is first."""
    folder = module.__name__.rpartition(".")[0] + "."
    tree = ast.parse(Path(str(module.__file__)).read_text("utf8"))
    names = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
    near = [name for name in names if name.startswith(folder) and name != module.__name__]
    return max((_rank(importlib.import_module(n))[0] + 1 for n in near), default=0), module.__name__


def sections(text: str) -> dict[str, str]:
    """A docstring's sections by title; what stands before the first has the title ``""``.

    The last paragraph before the sections begins ``Source:``, and has that title.
    """
    parsed = NumpyDocString(text)
    said = "\n".join([*parsed["Summary"], "", *parsed["Extended Summary"]])
    said, mark, source = said.rpartition("\n\nSource: ")
    found = {"": said, "Source": source} if mark else {"": source}
    for title, body in parsed.items():
        if body and title not in ("Signature", "Summary", "Extended Summary", "index"):
            found[title] = "\n".join(line for one in body for line in _lines(one))
    return found


def _lines(one: str | Parameter) -> list[str]:
    """A line as it is; a parameter, or what is returned or raised, as the docstring has it."""
    if isinstance(one, str):
        return [one]
    head = " : ".join(word for word in (one.name, one.type) if word)
    return [head, *(f"    {line}" if line else "" for line in one.desc)]


def example(thing: Thing, room: str) -> str:
    """A room's example, with the imports that it takes for granted."""
    text = sections(inspect.getdoc(thing.rooms[room]) or "").get("Examples", "").strip()
    if not text:
        return ""
    package = importlib.import_module(f"attncourse.{room}")
    code_of_it = "\n".join(re.findall(r"^(?:>>>|\.\.\.) ?(.*)$", text, re.M))
    used = {node.id for node in ast.walk(ast.parse(code_of_it)) if isinstance(node, ast.Name)}
    given = {alias.asname or alias.name for alias in _imported(code_of_it)}
    lines = []
    for name, module in sorted(vars(thing.modules[room]).items()):
        if name in used - given and isinstance(module, ModuleType):
            known = module.__name__
            lines.append(f">>> import {known}" + (f" as {name}" if known != name else ""))
    if names := sorted((used - given) & set(package.__all__)):
        line = f">>> from attncourse.{room} import {', '.join(names)}"
        if len(line) > WIDTH:
            inner = "".join(f"...     {name},\n" for name in names)
            line = f">>> from attncourse.{room} import (\n{inner}... )"
        lines.append(line)
    return "\n".join([*lines, text])


def shown(example: str) -> str:
    """An example without its instructions to doctest, which no reader types."""
    return re.sub(r" *# doctest: .*$", "", example, flags=re.M)


def _imported(text: str) -> Iterator[ast.alias]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from node.names


def signature(name: str, thing: Any, without: Any = None) -> str:
    """A signature on one line, or a parameter a line, the shapes in it.

    ``Array`` stands for either library's. A parameter that the twin ``without`` lacks is marked.
    """
    if isinstance(thing, type) and issubclass(thing, Exception):
        return f"class {name}({thing.__bases__[0].__name__})"
    parameters = list(inspect.signature(thing).parameters.values())
    if parameters and parameters[0].name in ("self", "_cls"):
        parameters = parameters[1:]
    twin = inspect.signature(without).parameters if without else None
    lines, starred = [], False
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            starred = True
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            lines.append(("*", ""))
            starred = True
        mark = "  # PyTorch only" if twin is not None and parameter.name not in twin else ""
        lines.append((_parameter(parameter), mark))
    returned = inspect.signature(thing).return_annotation
    arrow = "" if returned is inspect.Signature.empty or isinstance(thing, type) else " -> "
    after = arrow and arrow + _annotation(returned)
    short = f"{name}({', '.join(text for text, _ in lines)}){after}"
    if len(short) <= WIDTH and not any(mark for _, mark in lines) and "\n" not in short:
        return short
    body = "".join(f"    {text},{mark}\n" for text, mark in lines)
    return f"{name}(\n{body}){after}" if lines else f"{name}(){after}"


def _parameter(parameter: inspect.Parameter) -> str:
    star = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(parameter.kind.name, "")
    text = star + parameter.name
    typed = parameter.annotation is not parameter.empty
    if typed:
        text += f": {_annotation(parameter.annotation, '    ')}"
    if parameter.default is parameter.empty:
        return text
    default = getattr(parameter.default, "__name__", repr(parameter.default)).replace("'", '"')
    return f"{text} = {default}" if typed else f"{text}={default}"


def _annotation(given: Any, indent: str = "") -> str:
    given = getattr(given, "__forward_arg__", given)
    text = given if isinstance(given, str) else getattr(given, "__name__", str(given))
    text = re.sub(r"\b(np\.ndarray|(torch\.)?Tensor)\b", "Array", text)
    return _laid_out(ast.parse(text, mode="eval").body, indent)


def _laid_out(node: ast.expr, indent: str) -> str:
    """An annotation, broken where it is too long for a line."""
    text = ast.unparse(node).replace("'", '"').replace('" ', '"')
    if len(text) + len(indent) <= WIDTH:
        return text
    if isinstance(node, ast.BinOp):
        inner = indent + "    "
        return f"{_laid_out(node.left, indent)}\n{inner}| {_laid_out(node.right, inner)}"
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        inner = indent + "    "
        parts = "".join(f"{inner}{_laid_out(part, inner)},\n" for part in node.slice.elts)
        return f"{ast.unparse(node.value)}[\n{parts}{indent}]"
    return text
