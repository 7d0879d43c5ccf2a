"""What a page shows of the package's code: whole, runnable, and without words that may change."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import linecache
import pkgutil
import re
import sys
import textwrap
from pathlib import Path
from typing import Literal

import pytest

import attncourse
from attncourse import source

HELPERS = '''
"""Helpers of a room."""

# Why it is 3.
_LIMIT = 3


def _inner(x):
    """Say nothing."""
    return min(x, _LIMIT)


def _unused(x):
    return x
'''
MECHANISM = '''
"""A mechanism."""

from __future__ import annotations

from attncourse.scratch._shared import deeper
from attncourse.scratch.helpers import _inner
from attncourse.scratch.other import public
from attncourse import _checks


class Base:
    """Is shown elsewhere."""


class _Hidden(Base):
    """Only a docstring."""


class Thing(_Hidden):
    """A thing.

    With words.
    """

    #: What it holds.
    held: int = 1

    def act(self, x: int) -> int:
        """Act."""
        # Because.
        return self._step(x) + self.other(x)  # and so on

    def _step(
        self,
        x: int,
        *,
        y: dict[str, int] | None = None,
    ) -> int:
        return x

    def other(self, x: int) -> int:
        return x


def mechanism(
    x: dict[str, int], way: str = "a # b", *rest: int, other: int | None = None, third: int = 1
) -> int:
    """Work.

    At length.
    """
    # A reason.
    _checks.count("x", x)
    said = """kept: a string # that is no docstring"""
    return _inner(deeper(x)) + public(x) + _again(x)


def _again(x):
    return mechanism(x) if x else _inner(x)


def short(x: int) -> int: return x


def tiny(x: int) -> int: """Only words."""


class Call:
    def __call__(
        self, x: int, *arrays: int
    ) -> int: ...
'''


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A room of three files that lives for one test."""
    files = {
        "__init__": "from attncourse.scratch.mechanism import Base, Thing, mechanism, short\n"
        "from attncourse.scratch.other import public\n"
        "__all__ = ['Base', 'Thing', 'mechanism', 'public', 'short']\n",
        "helpers": HELPERS,
        "_shared": 'def deeper(x):\n    """Words."""\n    return x\n',
        "other": "def public(x):\n    return x\n",
        "mechanism": MECHANISM,
    }
    for name, text in files.items():
        (tmp_path / "scratch").mkdir(exist_ok=True)
        (tmp_path / "scratch" / f"{name}.py").write_text(text)
    monkeypatch.setattr(attncourse, "__path__", [*attncourse.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    source._module.cache_clear()
    yield importlib.import_module("attncourse.scratch")
    for name in [name for name in sys.modules if name.startswith("attncourse.scratch")]:
        del sys.modules[name]
    del attncourse.scratch
    source._module.cache_clear()


def defined(text: str) -> list[str]:
    """Names that a piece of code defines, in its order."""
    names = []
    for node in ast.parse(textwrap.dedent(text)).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", node)
        names.append(getattr(target, "name", getattr(target, "id", None)))
    return names


def test_a_function_comes_with_its_helpers_and_theirs(scratch):
    # Not with what a room exports, with checks, or with what it does not use.
    text = source.code(scratch.mechanism)
    assert defined(text) == ["mechanism", "_inner", "deeper", "_again", "_LIMIT"]
    assert "# Why it is 3.\n_LIMIT = 3" in text
    assert "At length" not in text
    assert "Say nothing" not in text
    names = {Path(path).stem for path in source.files(scratch.mechanism)}
    assert names == {"mechanism", "helpers", "_shared"}  # a page is read again when one changes
    assert "    # A reason.\n    _checks" in text
    assert "x: dict[str, int], way" in text


def test_a_class_comes_with_its_private_base(scratch):
    text = source.code(scratch.Thing)
    assert defined(text) == ["Thing", "_Hidden"]
    assert "class _Hidden(Base):\n    ..." in text
    assert "class Thing(_Hidden):\n    #: What it holds.\n    held: int = 1" in text


def test_a_method_comes_with_the_private_methods_that_it_calls(scratch):
    assert defined(source.code(scratch.Thing.act)) == ["act", "_step"]


def test_several_share_their_helpers(scratch):
    text = source.code(scratch.mechanism, scratch.Thing)
    assert defined(text)[:2] == ["mechanism", "Thing"]
    assert defined(text).count("_inner") == 1


def test_a_notebook_is_shown_no_types_and_no_comments(scratch):
    text = str(source.show(scratch.mechanism, scratch.Thing))
    ast.parse(text)
    assert "def mechanism(x, way='a # b', *rest, other=None, third=1):\n" in text
    assert '"""kept: a string # that is no docstring"""' in text
    assert "def _step(self, x, *, y=None):\n" in text
    assert "A reason" not in text
    assert "Because" not in text
    assert "self.other(x)\n" in text
    assert "held: int = 1" in text
    assert "def short" in str(source.show(scratch.short))
    typed = str(source.show(scratch.mechanism, types=True))
    assert "other: int | None = None" in typed
    assert source.show(scratch.short)._repr_markdown_().startswith("```python\ndef short")


def test_short_definitions_stay_whole(scratch):
    module = importlib.import_module("attncourse.scratch.mechanism")
    for text in (source.code(module.tiny, module.Call), str(source.show(module.tiny, module.Call))):
        assert defined(text) == ["tiny", "Call"]
        assert "words" not in text
        assert "-> int: ..." in text


def test_editing_words_changes_nothing_that_a_notebook_prints(scratch, tmp_path):
    """The book does not execute a notebook again for a docstring or a comment."""
    things = ("mechanism", "Thing")
    before = str(source.show(*(getattr(scratch, name) for name in things)))
    path = tmp_path / "scratch" / "mechanism.py"
    text = path.read_text().replace("At length.", "At great length.\n\n    And more.")
    text = text.replace("# A reason.", "# Another.\n\n    # And a third.").replace(
        "# and so on", ""
    )
    text = text.replace("class Thing", "# New.\nclass Thing").replace("With words.", "")
    path.write_text(text.replace('"""Only a docstring."""', '"""Other words."""'))
    source._module.cache_clear()
    for name in [name for name in sys.modules if name.startswith("attncourse.scratch")]:
        del sys.modules[name]
    linecache.checkcache()
    again = importlib.import_module("attncourse.scratch")
    assert str(source.show(*(getattr(again, name) for name in things))) == before


@pytest.mark.parametrize(
    "thing", [len, 3, lambda x: x, Literal["a"]], ids=["built in", "number", "lambda", "alias"]
)
def test_what_has_no_source_is_refused(thing):
    with pytest.raises(TypeError, match=r"source|expected a function"):
        source.code(thing)


def test_the_whole_package_can_be_shown():
    """Each public name of each room: code that parses, with each private name it uses."""
    shown = 0
    for room in pkgutil.iter_modules(attncourse.__path__, "attncourse."):
        package = importlib.import_module(room.name)
        if room.name == "attncourse._checks":  # which no fold shows
            continue
        for name in getattr(package, "__all__", ()):
            thing = getattr(package, name)
            if not inspect.isfunction(thing) and not inspect.isclass(thing):
                continue
            for text in (source.code(thing), str(source.show(thing))):
                tree = ast.parse(text)
                used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
                private = {n for n in used if re.match(r"_[^_]", n)} - {"_checks"}
                bound = {
                    n.id
                    for n in ast.walk(tree)
                    if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
                }
                assert private <= {*defined(text), *bound}, name
            shown += 1
    assert shown > 100


def test_the_example_is_right():
    assert doctest.testmod(source).failed == 0
    assert doctest.testmod(source).attempted > 0
