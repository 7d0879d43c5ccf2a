"""The room keeps the docstrings' rules, and its examples run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

from attncourse import analysis

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(analysis.__path__, analysis.__name__ + ".")
]
FUNCTIONS = [name for name in analysis.__all__ if inspect.isfunction(getattr(analysis, name))]
TUPLES = sorted(set(analysis.__all__) - set(FUNCTIONS))
SECTIONS = ["Parameters", "Returns", "Raises", "Notes", "References", "Examples"]


def sections(name: str) -> dict[str, str]:
    text = inspect.getdoc(getattr(analysis, name))
    parts = re.split(r"^(\w+)\n-{3,}\n", text, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def described(text: str) -> list[str]:
    lines = re.findall(r"^(?! )(.*?)(?: :.*)?$", text, re.M)
    return sorted(word.strip(" *") for line in lines for word in line.split(",") if word.strip())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring_is_complete(name):
    found = sections(name)
    assert list(found)[1:] == SECTIONS
    assert ".. math::" in found[""]
    assert "where " in found[""]
    assert found["Notes"].startswith("Cost")
    assert re.search(r"\(\d{4}\)", found["References"])
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|https://", found["References"])
    assert ">>> " in found["Examples"]
    assert {"TypeError", "ValueError"} == set(re.findall(r"^\w+Error$", found["Raises"], re.M))
    assert described(found["Parameters"]) == sorted(
        inspect.signature(getattr(analysis, name)).parameters
    )


@pytest.mark.parametrize("name", TUPLES)
def test_every_field_is_described(name):
    assert described(sections(name)["Attributes"]) == sorted(getattr(analysis, name)._fields)


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
