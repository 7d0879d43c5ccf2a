"""How the bibliography is sorted and labelled: by author and year, as the pages cite it.

One label serves the list and the text: *Vaswani et al., 2017*. Two works that would share one get
a letter after the year. Every arXiv number and every DOI of an entry becomes a link.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.richtext import Text
from pybtex.style.formatting.unsrt import Style as Unsorted
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.sorting import BaseSortingStyle
from sphinx.application import Sphinx

STYLE = "attcourse"
ARXIV = re.compile(r"arXiv:\s*(\d{4}\.\d{4,5}|[a-z-]+/\d{7})", re.I)


def surname(person: Any) -> str:
    """A person's last name as it is read: ``van Merriënboer``, without TeX's accents and braces."""
    parts = [*person.prelast_names, *person.last_names]
    return " ".join(str(Text.from_latex(part)) for part in parts)


def authors(entry: Any) -> str:
    """One name, two names, or the first of more."""
    persons = entry.persons.get("author") or entry.persons.get("editor") or []
    if not persons:
        return str(Text.from_latex(entry.fields.get("organization", entry.key)))
    first, *others = [surname(person) for person in persons]
    if len(others) == 1:
        return f"{first} and {others[0]}"
    return f"{first} et al." if others else first


def order(entry: Any) -> tuple[str, ...]:
    """What the list is sorted by: the label's own words, without accents, then the title."""

    def plain(text: str) -> str:
        # NFKD takes accents off their letters; it leaves the Polish l with its stroke.
        decomposed = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L"))
        return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()

    fields = entry.fields
    title = str(Text.from_latex(fields.get("title", "")))
    return (*map(plain, (authors(entry), fields.get("year", ""), title)), entry.key)


def labels(entries: Iterable[Any]) -> dict[str, str]:
    """The label of every entry by its key; a letter tells apart what would read the same."""
    entries = sorted(entries, key=order)
    same = Counter((authors(e), e.fields.get("year", "")) for e in entries)
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for entry in entries:
        who, year = own = (authors(entry), entry.fields.get("year", ""))
        letter = chr(ord("a") + seen[own]) if same[own] > 1 else ""
        seen[own] += 1
        found[entry.key] = f"{who}, {year}{letter}" if year else f"{who}{letter}"
    return found


class Sorting(BaseSortingStyle):
    """Sort as a reader looks an entry up."""

    def sort(self, entries: Iterable[Any]) -> list[Any]:
        """Sort the entries."""
        return sorted(entries, key=order)


class Labels(BaseLabelStyle):
    """Label by author and year."""

    def format_labels(self, sorted_entries: Iterable[Any]) -> Iterator[str]:
        """Yield a label an entry."""
        entries = list(sorted_entries)
        found = labels(entries)
        yield from (found[entry.key] for entry in entries)


class Style(Unsorted):
    """An entry's text, with links."""

    default_sorting_style = STYLE
    default_label_style = STYLE

    def format_entry(self, label: str, entry: Any, bib_data: Any = None) -> Any:
        """Turn an arXiv number of the note into the field that becomes a link."""
        note = entry.fields.get("note", "")
        number = ARXIV.search(note)
        if number:
            fields = [(k, v) for k, v in entry.fields.items() if k != "note"]
            rest = ARXIV.sub("", note).strip(" .,;")
            persons = entry.persons
            fields += [("note", rest)] if rest else []
            fields += [] if "eprint" in entry.fields else [("eprint", number[1])]
            key, entry = entry.key, Entry(entry.type, fields=fields, persons=persons)
            entry.key = key
        return super().format_entry(label, entry, bib_data)


def setup(app: Sphinx) -> None:
    """Register the style under its name, ``attcourse``."""
    register_plugin("pybtex.style.formatting", STYLE, Style)
    register_plugin("pybtex.style.labels", STYLE, Labels)
    register_plugin("pybtex.style.sorting", STYLE, Sorting)
