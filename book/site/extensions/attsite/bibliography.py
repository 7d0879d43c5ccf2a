"""What a link to an entry of ``references.bib`` says, and where it leads."""

from __future__ import annotations

import re
from pathlib import Path

from pybtex.database import Entry, parse_file

from attsite.references import ARXIV, authors

URL = re.compile(r"\\url\{([^}]+)\}")


def entries(path: Path) -> dict[str, Entry]:
    """All entries by key."""
    return dict(parse_file(str(path)).entries)


def fields(entry: Entry) -> dict[str, str]:
    """An entry's fields."""
    return dict(entry.fields or {})


def address(entry: Entry) -> str:
    """Where the work can be read: its own address, arXiv, or the publisher by DOI."""
    has = fields(entry)
    note = has.get("note", "")
    arxiv = ARXIV.search(note)
    quoted = URL.search(note) or URL.search(has.get("howpublished", ""))
    if "url" in has:
        return has["url"]
    if "eprint" in has or arxiv:
        return f"https://arxiv.org/abs/{has['eprint'] if arxiv is None else arxiv[1]}"
    if quoted:
        return quoted[1]
    return f"https://doi.org/{has['doi']}" if "doi" in has else ""


def label(entry: Entry, letter: str = "") -> str:
    """As in brackets: "Vaswani et al., 2017"."""
    year = fields(entry).get("year")
    return authors(entry) + (f", {year}{letter}" if year else "")


def textual(entry: Entry, letter: str = "") -> str:
    """As in a sentence: "Vaswani et al. (2017)"."""
    year = fields(entry).get("year")
    return authors(entry) + (f" ({year}{letter})" if year else "")
