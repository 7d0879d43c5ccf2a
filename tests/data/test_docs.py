"""The docstrings' reader, on code of its own making and on the real packages."""

from __future__ import annotations

import pytest

from attncourse import data
from attncourse.data import docs as module

BODY = " ".join(f"word{n}" for n in range(module.BODY))
CODE = f'''
def whole(x):
    """Say what this
    does to x.

    {BODY}
    """
    raise SystemExit("never run")


class Outer:
    """Hold one method only.

    {BODY}
    """

    def method(self):
        """Find the shortest way.

        {BODY}
        """


def short(x):
    """Too short.

    {BODY}
    """


def bare(x):
    """Say what this does, and no more."""


def thin(x):
    """Say what this does.

    {BODY.rsplit(" ", 1)[0]}
    """
'''


def test_functions_classes_and_methods_are_found_in_one_line_each():
    found = {doc.name: doc for doc in module.documented("a/b.py", CODE)}
    assert set(found) == {"whole", "Outer", "method"}
    assert found["whole"] == data.Docstring("a/b.py", "whole", "Say what this does to x.", BODY)


def test_an_unknown_part():
    with pytest.raises(ValueError, match="expected one of train, valid, test or None, got 'dev'"):
        data.docstrings("dev")


cached = all((data.cache_dir() / archive.filename).is_file() for archive in module.PACKAGES)


@pytest.mark.skipif(not cached, reason="the packages are not in the cache: attncourse data")
def test_the_real_docstrings_are_what_their_record_says():
    parts = [data.docstrings(part) for part in ("train", "valid", "test")]
    every = [doc for part in parts for doc in part]
    assert round(len(every), -3) == 8000
    assert "About 8,000" in data.docstrings.__doc__
    files = [{doc.file for doc in part} for part in parts]
    assert len(files[0] | files[1] | files[2]) == sum(map(len, files))
    assert len({doc.summary.lower() for doc in every}) == len(every)
    assert {doc.file.partition("/")[0] for doc in every} == {"sympy", "mne", "keras", "networkx"}
    assert not any("/tests/" in doc.file for doc in every)
    assert all(len(doc.summary.split()) in module.SUMMARY for doc in every)
    assert parts[2][0].file in data.docstrings.__doc__
