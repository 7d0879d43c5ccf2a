"""What a link to an entry of ``references.bib`` says, and where it leads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pybtex.database import parse_file
from pybtex.richtext import Text

ARXIV = re.compile(r"^arXiv:(\S+)$")
URL = re.compile(r"\\url\{([^}]+)\}")


def entries(path: Path) -> dict[str, Any]:
    """All entries by key."""
    return dict(parse_file(str(path)).entries)


def address(entry: Any) -> str:
    """Where the work can be read: its own address, arXiv, or the publisher by DOI."""
    fields: Any = entry.fields
    note = fields.get("note", "")
    arxiv = ARXIV.match(note)
    quoted = URL.search(note) or URL.search(fields.get("howpublished", ""))
    if "url" in fields:
        return fields["url"]
    if number := fields.get("eprint") or (arxiv and arxiv[1]):
        return f"https://arxiv.org/abs/{number}"
    if quoted:
        return quoted[1]
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    return ""


def _authors(entry: Any) -> str:
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [
        str(Text(" ").join([*person.rich_prelast_names, *person.rich_last_names]))
        for person in people
    ]
    if len(names) > 2:
        return f"{names[0]} et al."
    return " and ".join(names)


def label(entry: Any) -> str:
    """As in brackets: "Vaswani et al., 2017"."""
    return ", ".join(filter(None, (_authors(entry), entry.fields.get("year"))))


def textual(entry: Any) -> str:
    """As in a sentence: "Vaswani et al. (2017)"."""
    year = entry.fields.get("year")
    return _authors(entry) + (f" ({year})" if year else "")
