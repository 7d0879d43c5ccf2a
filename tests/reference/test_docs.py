"""What a docstring promises: its sections are there, and its examples run."""

from __future__ import annotations

import doctest
import inspect
import io
import re

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import roles
from sphinx.ext.napoleon import Config, NumpyDocstring

import attncourse
import attncourse.pytorch as att
import attncourse.reference as ref
from tests.test_parity import modules

PUBLIC = [(room, name) for room in (ref, att) for name in room.__all__]
MODULES = [attncourse, *modules(ref), *modules(att)]
SECTIONS = ["Parameters", "Returns", "Raises", "Notes", "References", "Examples"]
EACH = pytest.mark.parametrize(
    ("room", "name"), PUBLIC, ids=[f"{r.__name__.split('.')[1]}-{n}" for r, n in PUBLIC]
)


def sections(text: str) -> dict[str, str]:
    parts = re.split(r"^(\w+)\n-{3,}\n", text, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def is_record(thing: object) -> bool:
    """A named tuple holds arrays; it computes nothing, so it has no cost and no source."""
    return inspect.isclass(thing) and issubclass(thing, tuple)


@EACH
def test_docstring_is_complete(room, name):
    thing = getattr(room, name)
    found = sections(inspect.getdoc(thing))
    if is_record(thing):
        assert "Attributes" in found
        assert found[""].strip()
        return
    wanted = [s for s in SECTIONS if not (s == "Returns" and inspect.isclass(thing))]
    assert list(found)[1:] == wanted, "sections, in NumPyDoc's order"
    assert ".. math::" in found[""]
    assert "where " in found[""]
    assert found["Notes"].startswith("Cost")
    assert re.search(r"\(\d{4}\)", found["References"]), "a source has a year"
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|https://", found["References"]), "and an address"
    assert ">>> " in found["Examples"]
    assert {"TypeError", "ValueError"} == set(re.findall(r"^\w+Error$", found["Raises"], re.M))


@EACH
def test_every_parameter_is_described(room, name):
    thing = getattr(room, name)
    described = sections(inspect.getdoc(thing))["Attributes" if is_record(thing) else "Parameters"]
    listed = [
        word.strip(" *")
        for line in re.findall(r"^(?! )(.*?)(?: :.*)?$", described, re.M)
        for word in line.split(",")
        if word.strip()
    ]
    assert sorted(listed) == sorted(inspect.signature(thing).parameters)


@EACH
def test_docstring_is_valid_markup(room, name):
    """The book is built with warnings as errors; this finds a stray asterisk in a second."""
    roles.register_generic_role("func", nodes.literal)
    # A field's type is shown as it stands, so it is no markup.
    bare = re.sub(r"^(\w[\w, ]*) : .*$", r"\1", inspect.getdoc(getattr(room, name)), flags=re.M)
    text = str(NumpyDocstring(bare, Config(napoleon_use_ivar=True)))
    warnings = io.StringIO()
    publish_doctree(text, settings_overrides={"warning_stream": warnings})
    assert warnings.getvalue() == ""


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples(module):
    result = doctest.testmod(module)
    assert result.failed == 0


def test_examples_are_found():
    """All modules together hold at least one example for each public name."""
    assert sum(doctest.testmod(module).attempted for module in MODULES) >= len(PUBLIC)
