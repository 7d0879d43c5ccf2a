"""The directive ``{article-outline}``: the source article's sections and where they are answered.

What cannot be computed stands in ``book/article.yml``: the article's headings in Chinese and
English, and the names of the pages that answer them. Titles, links and claims come from the book
itself. A page that is not there yet has no link; the line says that it is to come.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from attsite.claims import decided, link, row_of, section_id

DATA = Path(__file__).parents[3] / "article.yml"
OWN = re.compile(r"book/(\d\d-[^/]+/)?[^/]+$")
HEAD = ("§", "Its heading", "Answered on")


def chapters() -> list[dict[str, Any]]:
    """The ten chapters of the article's own list, with the sections that make them up."""
    return yaml.safe_load(DATA.read_text("utf8"))


def pages_by_name(docs: Iterable[str]) -> dict[str, str]:
    """The book's own pages by the last part of their name; the library's pages are no answer."""
    return {page.rpartition("/")[2]: page for page in docs if OWN.match(page)}


def sections() -> Iterator[dict[str, Any]]:
    """Every section, in order."""
    for chapter in chapters():
        yield from chapter["sections"]


class outline(nodes.General, nodes.Element):
    """Stands for one chapter's lines until every page is read."""


class Outline(SphinxDirective):
    """``{article-outline} 4``: the lines of the fourth chapter of the article's list."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Leave the place."""
        number = int(self.arguments[0])
        if not any(chapter["chapter"] == number for chapter in chapters()):
            raise self.error(f"the article lists ten chapters; it has none numbered {number}")
        self.env.note_dependency(str(DATA))
        env: Any = self.env
        env.attsite_shows_outline = {self.env.docname} | getattr(
            self.env, "attsite_shows_outline", set()
        )
        return [outline(chapter=number)]


class FillOutline(SphinxPostTransform):
    """Write the lines, once every page is read."""

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        """Replace the places by tables."""
        listed = {chapter["chapter"]: chapter for chapter in chapters()}
        for place in list(self.document.findall(outline)):
            place.replace_self(self.table(listed[place["chapter"]]))

    def table(self, chapter: dict[str, Any]) -> nodes.table:
        """One chapter."""
        table, group = nodes.table(classes=["article-outline"]), nodes.tgroup(cols=len(HEAD))
        table += group
        group.extend(nodes.colspec(colwidth=width) for width in (8, 46, 46))
        head, body = nodes.thead(), nodes.tbody()
        group.extend([head, body])
        head += row_of(*(nodes.paragraph("", name) for name in HEAD))
        for section in chapter["sections"]:
            number = str(section["number"])
            title = nodes.paragraph()
            title += nodes.inline("", section["zh"], classes=["language-zh"])
            title += nodes.Text(f" {section['en']}")
            answer = nodes.paragraph("", "", *self.answer(number, section.get("pages", [])))
            row = row_of(nodes.paragraph("", number), title, answer)
            row["ids"] = [section_id(number)]
            body += row
        return table

    def answer(self, number: str, pages: list[str]) -> Iterator[nodes.Node]:
        """Links to the pages and the claims that answer a section, and what is still to come."""
        here = self.env.docname
        known = pages_by_name(self.env.found_docs)
        there = [known[name] for name in pages if name in known]
        claims = [c for c in decided(self.env) if number in c["sections"].split(", ")]
        # A page that decides one of the section's claims answers it, whether it is named or not.
        there += dict.fromkeys(c["page"] for c in claims if c["page"] not in there)
        for i, page in enumerate(there):
            if i:
                yield nodes.Text("; ")
            yield link(self.app, here, page, self.env.titles[page].astext())
            own = [c for c in claims if c["page"] == page]
            for j, claim in enumerate(own):
                yield nodes.Text(" (" if not j else ", ")
                yield link(self.app, here, f"{page}#claim-{claim['id']}", claim["id"])
            if own:
                yield nodes.Text(")")
        if not there:
            yield nodes.Text("to come" if pages else "—")
        elif any(name not in known for name in pages):
            yield nodes.Text("; more to come")


def renew(app: Sphinx, env: Any) -> list[str]:
    """The outline changes when a title does, or what is decided where."""
    titles = {page: title.astext() for page, title in env.titles.items()}
    shown = [titles, [(c["id"], c["page"], c["sections"]) for c in decided(env)]]
    if shown == getattr(env, "attsite_outline_shown", None):
        return []
    env.attsite_outline_shown = shown
    return sorted(getattr(env, "attsite_shows_outline", set()) & set(env.found_docs))


def setup(app: Sphinx) -> None:
    """Register the directive and what fills it."""
    app.add_node(outline)
    app.add_directive("article-outline", Outline)
    app.add_post_transform(FillOutline)
    app.connect("env-updated", renew)
