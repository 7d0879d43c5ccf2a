"""The room keeps the docstrings' rules, and its examples run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest
from numpydoc.docscrape import NumpyDocString, Parameter
from numpydoc.validate import validate

from attncourse import analysis

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(analysis.__path__, analysis.__name__ + ".")
]
FUNCTIONS = [name for name in analysis.__all__ if inspect.isfunction(getattr(analysis, name))]
TUPLES = sorted(set(analysis.__all__) - set(FUNCTIONS))
ALWAYS = {"Summary", "Parameters", "Examples"}
WHERE_IT_INFORMS = {"Extended Summary", "Returns", "Raises", "Notes"}


def parsed(name: str) -> NumpyDocString:
    return NumpyDocString(inspect.getdoc(getattr(analysis, name)))


def described(section: list[Parameter]) -> list[str]:
    return sorted(word.strip(" *") for one in section for word in one.name.split(","))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring_is_complete(name):
    found = parsed(name)
    titles = {title for title, body in found.items() if body}
    assert ALWAYS <= titles <= ALWAYS | WHERE_IT_INFORMS
    text = "\n".join(found["Extended Summary"])
    assert ".. math::" in text
    assert "where " in text
    _, mark, source = text.rpartition("Source: ")
    assert mark
    assert re.search(r"\(\d{4}\)", source)
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|https://", source)
    assert ">>> " in "\n".join(found["Examples"])
    assert described(found["Parameters"]) == sorted(
        inspect.signature(getattr(analysis, name)).parameters
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring_keeps_numpydocs_order(name):
    thing = getattr(analysis, name)
    errors = validate(f"{thing.__module__}.{thing.__qualname__}")["errors"]
    assert [said for said in errors if said[0] in ("GL06", "GL07", "PR01", "PR02")] == []


@pytest.mark.parametrize("name", TUPLES)
def test_every_field_is_described(name):
    assert described(parsed(name)["Attributes"]) == sorted(getattr(analysis, name)._fields)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def test_every_public_name_is_exported():
    found = {
        name
        for module in MODULES
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", "") == module.__name__
        and callable(thing)
        and not name.startswith("_")
        and not module.__name__.rpartition(".")[2].startswith("_")
    }
    assert found == set(analysis.__all__)
    assert sorted(analysis.__all__) == analysis.__all__
