"""The twins' words are written by a command; nothing is left for it to write."""

from __future__ import annotations

import pytest

from tests.words import changes, joined, written

REFERENCE = """Add one.

.. math:: y = x + 1

Parameters
----------
x : array
    What to add to.

Examples
--------
>>> np.add(1, 1)
2"""
TWIN = '''import torch


def add(x, device=None):
    """Subtract one.

    Parameters
    ----------
    x : array
        What to add to.
    device : str, optional
        Where it is computed.

    Examples
    --------
    >>> torch.add(1, 1)
    2
    """
    return x + 1  # "Subtract one."
'''


def test_nothing_is_left_to_write():
    assert [str(path) for path in changes()] == [], "run 'make words'"


def test_words_come_over_and_the_twins_own_stays():
    text = written(TWIN, "add", REFERENCE)
    assert '"""Add one.' in text
    assert ".. math:: y = x + 1" in text
    assert (
        text.count("    device : str, optional\n        Where it is computed.\n\n    Examples") == 1
    )
    assert ">>> torch.add(1, 1)" in text
    assert "np.add" not in text
    assert text.endswith('    return x + 1  # "Subtract one."\n')
    assert written(text, "add", REFERENCE) == text, "once is enough"


def test_a_backslash_makes_the_text_raw():
    text = written(TWIN, "add", REFERENCE.replace("x + 1", r"x \cdot 1"))
    assert '    r"""Add one.' in text
    assert r"x \cdot 1" in text


def test_a_twin_without_an_example_takes_none():
    assert joined(REFERENCE + "\n", "Add.\n").rstrip().endswith("What to add to.")


@pytest.mark.parametrize("name", ["multiply", "torch"])
def test_what_the_file_does_not_define_is_said(name):
    with pytest.raises(ValueError, match=f"{name}: the file does not define it at its top"):
        written(TWIN, name, REFERENCE)


def test_a_definition_without_docstring_is_said():
    with pytest.raises(ValueError, match="bare: it has no docstring"):
        written("def bare():\n    return 1\n", "bare", REFERENCE)
