"""What a docstring promises: its sections are there, and its examples run."""

from __future__ import annotations

import builtins
import doctest
import inspect
import io
import re
import statistics

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import roles
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate
from sphinx.ext.napoleon import Config, NumpyDocstring

import attncourse
import attncourse.pytorch as att
import attncourse.reference as ref
from attncourse import analysis
from tests.test_parity import modules

#: A switch computes nothing: no formula, no cost and no source. Its example runs with the others.
SWITCHES = {"check_values"}
PUBLIC = [(room, n) for room in (ref, att) for n in room.__all__ if n not in SWITCHES]
MODULES = [attncourse, *modules(ref), *modules(att)]
ALWAYS = {"Parameters", "Examples"}
#: The paragraph before the sections; where it begins.
SOURCE = "Source: "
#: A return that the summary names, and an error that anybody would guess, need no words.
WHERE_IT_INFORMS = {"Returns", "Raises", "Notes"}
#: What numpydoc's validator asks for and these docstrings do otherwise.
OTHERWISE = {
    "SA01",  # the book's pages link what belongs together; no "See Also"
    "PR03",  # what a function has of its own may stand before what it shares with others
    "PR04",  # the signature has the types, with shapes
    "PR06",  # "integer" is a word
    "PR09",  # a description may end with a sentence in parentheses
    "RT01",  # the summary says what a function gives
    "RT02",  # a returned value has a name
    "ES01",  # a summary may say it all
}
#: A named tuple's fields are attributes, and it computes nothing.
RECORDS_OTHERWISE = {"PR01", "EX01"}
EACH = pytest.mark.parametrize(
    ("room", "name"), PUBLIC, ids=[f"{r.__name__.split('.')[1]}-{n}" for r, n in PUBLIC]
)


def parsed(thing: object) -> NumpyDocString:
    return NumpyDocString(inspect.getdoc(thing))


def is_record(thing: object) -> bool:
    """A named tuple holds arrays; it computes nothing, so it has no cost and no source."""
    return inspect.isclass(thing) and issubclass(thing, tuple)


@EACH
def test_docstring_is_complete(room, name):
    thing = getattr(room, name)
    found = parsed(thing)
    assert found["Summary"]
    if is_record(thing):
        assert found["Attributes"]
        return
    sections = {title for title, body in found.items() if body} - {"Summary", "Extended Summary"}
    wanted = ALWAYS if inspect.signature(thing).parameters else ALWAYS - {"Parameters"}
    assert wanted <= sections <= ALWAYS | WHERE_IT_INFORMS
    text = "\n".join(found["Extended Summary"])
    assert ".. math::" not in text or "where " in text, "a formula's symbols are explained"
    _, mark, source = text.rpartition(SOURCE)
    assert mark, "the last paragraph before the sections is the source"
    assert "\n\n" not in source
    assert re.search(r"\(\d{4}\)", source), "a source has a year"
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|https://", source), "and an address"
    assert ">>> " in "\n".join(found["Examples"])
    errors = {one.type for one in found["Raises"]}
    assert all(issubclass(getattr(builtins, name), Exception) for name in errors)


@EACH
def test_docstring_passes_numpydocs_validator(room, name):
    """Known sections in NumPyDoc's order, every parameter and no other, whole sentences."""
    thing = getattr(room, name)
    allowed = OTHERWISE | (RECORDS_OTHERWISE if is_record(thing) else set())
    errors = validate(f"{thing.__module__}.{thing.__qualname__}")["errors"]
    assert [said for said in errors if said[0] not in allowed] == []


@EACH
def test_every_parameter_is_described(room, name):
    thing = getattr(room, name)
    described = parsed(thing)["Attributes" if is_record(thing) else "Parameters"]
    listed = [word.strip(" *") for one in described for word in one.name.split(",")]
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


@pytest.mark.parametrize("room", [ref, att, analysis], ids=lambda room: room.__name__)
def test_docstrings_are_short(room):
    """About twenty lines is the rule; a few functions have more to say, half of them may not."""
    lengths = [
        len((inspect.getdoc(getattr(room, name)) or "").splitlines()) for name in room.__all__
    ]
    assert statistics.median(lengths) <= 24
