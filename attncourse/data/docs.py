"""What programmers write above their functions: a line that sums up, and the text below it."""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from attncourse.data.archive import Archive, fetch
from attncourse.data.split import Part, check_part, part_of


def _package(requirement: str, sha256: str, licence: str, source: str, size: int) -> Archive:
    name, version = requirement.split("==")
    return Archive(
        name="docstrings",
        requirement=requirement,
        filename=f"{name}-{version}-py3-none-any.whl",
        sha256=sha256,
        licence=licence,
        source=source,
        holds=f"the source of {name}, for its docstrings",
        size=size,
    )


#: Four packages about four things: mathematics, networks, neural networks, recordings of brains.
PACKAGES: tuple[Archive, ...] = (
    _package(
        "sympy==1.14.0",
        "e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5",
        "BSD-3-Clause",
        "https://github.com/sympy/sympy",
        6_299_353,
    ),
    _package(
        "mne==1.13.2",
        "36bbdd9fdc68431309a75e9dc6331b9de085cb6836688ac50b7b89f141a83cc3",
        "BSD-3-Clause",
        "https://github.com/mne-tools/mne-python",
        7_668_762,
    ),
    _package(
        "keras==3.15.1",
        "836460e480930acbd19bb7a17e62f9ecad40e8a9af9a651fc8d0586a96d27e20",
        "Apache-2.0",
        "https://github.com/keras-team/keras",
        2_398_595,
    ),
    _package(
        "networkx==3.6.1",
        "d47fbf302e7d9cbbb9e2555a0d267983d2aa476bac30e90dfbe5669bd57f3762",
        "BSD-3-Clause",
        "https://github.com/networkx/networkx",
        2_068_504,
    ),
)
SUMMARY, BODY = range(3, 21), 20  # words of a summary that is kept, and the fewest of a body


class Docstring(NamedTuple):
    """A documented function or class.

    Attributes
    ----------
    file
        Where it stands, ``"networkx/algorithms/dag.py"``.
    name
        What it is called.
    summary
        The paragraph above, in one line.
    body
        What stands below it, in one line.
    """

    file: str
    name: str
    summary: str
    body: str


def docstrings(part: Part | None = None) -> list[Docstring]:
    """Load the documented functions and classes of four Python packages.

    About 8,000. Kept are summaries of 3 to 20 words with a body of at least 20. The same summary is
    kept once, whoever wrote it. All of one file are in one part, so that functions which were
    written together do not give each other away.

    Source: the packages sympy, https://github.com/sympy/sympy, mne,
    https://github.com/mne-tools/mne-python, keras, https://github.com/keras-team/keras, and
    networkx, https://github.com/networkx/networkx.

    Parameters
    ----------
    part
        ``"train"``, ``"valid"`` or ``"test"``; all of them by default.

    Returns
    -------
    list of Docstring
        In the order of packages, files and lines.

    Raises
    ------
    DataError
        An archive is neither in the cache nor to be had; the message says what to do.
    ValueError
        There is no such part.

    Notes
    -----
    Licence: BSD-3-Clause (sympy, mne, networkx) and Apache-2.0 (keras). The packages are read,
    not installed. Archives:

    - ``sympy==1.14.0``, 6.3 MB,
      e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5;
    - ``mne==1.13.2``, 7.7 MB,
      36bbdd9fdc68431309a75e9dc6331b9de085cb6836688ac50b7b89f141a83cc3;
    - ``keras==3.15.1``, 2.4 MB,
      836460e480930acbd19bb7a17e62f9ecad40e8a9af9a651fc8d0586a96d27e20;
    - ``networkx==3.6.1``, 2.1 MB,
      d47fbf302e7d9cbbb9e2555a0d267983d2aa476bac30e90dfbe5669bd57f3762.

    Cost: some seconds, once a process.

    Examples
    --------
    >>> docstrings("test")[0].file  # doctest: +SKIP
    'sympy/combinatorics/coset_table.py'
    """
    check_part(part)
    return [doc for doc in _every() if part is None or part_of(doc.file) == part]


@cache
def _every() -> tuple[Docstring, ...]:
    known: dict[str, Docstring] = {}
    for archive in PACKAGES:
        with zipfile.ZipFile(fetch(archive)) as wheel:
            for file in sorted(wheel.namelist()):
                if file.endswith(".py") and not re.search(r"/tests?/|/(test|conftest)[^/]*$", file):
                    for doc in documented(file, wheel.read(file).decode("utf-8")):
                        known.setdefault(doc.summary.lower(), doc)
    return tuple(known.values())


def documented(file: str, code: str) -> Iterator[Docstring]:
    """Find a file's documented functions, classes and methods; the code is parsed and never run."""
    bodies: list[list[ast.stmt]] = [ast.parse(code).body]
    for body in bodies:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                head, _, rest = (ast.get_docstring(node) or "").partition("\n\n")
                summary, below = " ".join(head.split()), " ".join(rest.split())
                if len(summary.split()) in SUMMARY and len(below.split()) >= BODY:
                    yield Docstring(file, node.name, summary, below)
            if isinstance(node, ast.ClassDef):
                bodies.append(node.body)
