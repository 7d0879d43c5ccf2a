"""The directives ``{library}`` and ``{library-index}``: the package's pages, from its docstrings.

```{library} masks
```

documents every public name that ``masks`` defines in the reference and in PyTorch, each once.
``:room: training`` documents a file of another room, or all of it where no file is named.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Parser, directives
from docutils.utils import new_document
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx_external_toc.parsing import parse_toc_yaml

import attncourse.source
from attsite import catalogue
from attsite.catalogue import TWINS, Thing

FOLDER = "book/api/"
#: NumPyDoc's titles, in the order of the page, and what the page calls them.
TITLES = {
    "Examples": "Example",
    "Attributes": "Fields",
    "Parameters": "Parameters",
    "Returns": "Returns",
    "Raises": "Raises",
    "Notes": "Cost",
    "Source": "Source",
}


class Restructured(SphinxDirective):
    """A directive that reads reStructuredText, though the page is Markdown."""

    def rst(self, text: str) -> list[nodes.Node]:
        """Parse a text, its references and formulas those of the page."""
        document = new_document(self.env.doc2path(self.env.docname), self.state.document.settings)
        document.reporter = self.state.document.reporter
        Parser().parse(text, document)
        return list(document.children)

    def inline(self, text: str) -> list[nodes.Node]:
        """Parse one line."""
        return [child for block in self.rst(text) for child in block.children]

    def watch(self, found: tuple[Thing, ...] | list[Thing]) -> None:
        """Read this page again when the code it rests on changes."""
        ours = [one for thing in found if thing.kind != "data" for one in thing.rooms.values()]
        defining = {str(m.__file__) for thing in found for m in thing.modules.values()}
        for path in defining | attncourse.source.files(*ours):
            self.env.note_dependency(path)


class Library(Restructured):
    """Document what one file or folder of the package defines."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = {"room": directives.unchanged, "order": directives.unchanged}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Build an introduction, a list of the names, and a section a name."""
        room, files = self.options.get("room", ""), "".join(self.arguments)
        try:
            found = documented(files, room, self.options.get("order", ""))
        except LookupError as error:
            raise self.error(str(error)) from None
        self.watch(found)
        self.env.ref_context["py:module"] = f"attncourse.{room}" if room else None
        first, _, rest = catalogue.introduction(files.split(" ")[0], room).partition("\n\n")
        result = self.rst(f"{_lead(first)}\n\n{rest}")
        if len(found) > 1:
            result.append(contents(self, found, self.env.docname))
        result += [self.section(thing) for thing in found]
        self.env.ref_context.pop("py:module", None)
        return result

    def section(self, thing: Thing) -> nodes.section:
        """Document one name, under an address that stays."""
        section = nodes.section(ids=[thing.name], names=[thing.name], classes=["att-api"])
        taken = self.state.document.ids.get(thing.name)
        if taken is not None:  # the page's own heading, "Softmax": the function needs the address
            taken["ids"] = [f"{name}-page" if name == thing.name else name for name in taken["ids"]]
        self.state.document.ids[thing.name] = section
        section += nodes.title("", "", nodes.literal("", thing.name))
        domain: Any = self.env.get_domain("py")
        domain.note_object(thing.full_name, thing.kind, thing.name, location=section)
        for room in thing.rooms:
            alias = f"attncourse.{room}.{thing.name}"
            if alias != thing.full_name:
                domain.note_object(alias, thing.kind, thing.name, aliased=True)
        call = "()" if thing.kind == "function" else ""
        entry = ("single", f"{thing.name}{call}", thing.name, "", None)
        section += addnodes.index(entries=[entry])
        section += self.where(thing)
        room, ours = list(thing.rooms.items())[-1]
        if thing.kind == "data":
            section += self.code(f"{thing.name} = {ours!r}", "att-signature")
        else:
            other = thing.rooms["reference"] if len(thing.rooms) == 2 else None
            text = catalogue.signature(thing.name, ours, other)
            section += self.code(text, "att-signature")
        section += self.words(thing.text, thing)
        for name, method in vars(ours).items() if thing.kind == "class" else ():
            if not name.startswith("_") and callable(method) and method.__doc__:
                section += self.method(thing, name, method)
        if thing.kind != "data":
            section += self.rst(self.source(thing))
        return section

    def method(self, thing: Thing, name: str, method: Any) -> nodes.section:
        """Document a method that has something to say."""
        section = nodes.section(ids=[f"{thing.name}.{name}"], names=[f"{thing.name}.{name}"])
        section += nodes.title("", "", nodes.literal("", name))
        text = catalogue.signature(name, method)
        section += self.code(text, "att-signature")
        section += self.words(inspect.getdoc(method) or "")
        return section

    def words(self, text: str, thing: Thing | None = None) -> list[nodes.Node]:
        """Set a docstring: what it is, then its sections, each under its title."""
        parts = catalogue.sections(text)
        result = self.rst(parts[""])
        for title, shown in TITLES.items():
            if title == "Examples":
                body = self.rst(self.examples(thing)) if thing else []
            elif title not in parts:
                continue
            elif title in ("Notes", "Source"):
                # A word begins with a capital; a formula stays as it is.
                said = re.sub(r"^Cost: ([a-z]*)", _capital, parts[title])
                body = self.rst(_linked(said))
            else:
                body = self.rst(_escaped(parts[title]))
                for item in (i for b in body for i in b.findall(nodes.definition_list_item)):
                    _mark_names(item, title)
            if body:
                result += [nodes.rubric(shown, shown), *body]
        return result

    def where(self, thing: Thing) -> nodes.paragraph:
        """Say where a name comes from."""
        line = nodes.paragraph(classes=["att-where"])
        for number, room in enumerate(thing.rooms):
            line += [nodes.Text(" and ")] * (number > 0)
            line += nodes.literal("", f"attncourse.{room}")
        return line

    def examples(self, thing: Thing) -> str:
        """The example of each room, one visible at a time."""
        found = {room: catalogue.shown(catalogue.example(thing, room)) for room in thing.rooms}
        return self.tabs({room: text for room, text in found.items() if text}, "pycon")

    def source(self, thing: Thing) -> str:
        """The code itself with its private helpers, folded."""
        texts = {room: attncourse.source.code(one) for room, one in thing.rooms.items()}
        folded = textwrap.indent(self.tabs(texts, "python"), "   ")
        return f".. dropdown:: Source code of {thing.name}\n\n{folded}"

    def tabs(self, texts: dict[str, str], language: str) -> str:
        """One text alone, or one a tab."""
        blocks = {
            room: f".. code-block:: {language}\n\n{textwrap.indent(text, '   ')}\n"
            for room, text in texts.items()
        }
        if len(blocks) < 2:
            return "".join(blocks.values())
        items = [
            f".. tab-item:: {TWINS[room]}\n   :sync: {room}\n\n{textwrap.indent(block, '   ')}\n"
            for room, block in blocks.items()
        ]
        inner = textwrap.indent("\n".join(items), "   ")
        return f".. tab-set::\n   :sync-group: room\n\n{inner}"

    def code(self, text: str, style: str) -> nodes.literal_block:
        """A block of code."""
        return nodes.literal_block(text, text, language="python", classes=[style])


class LibraryIndex(Restructured):
    """List every public name of the package, page by page in the order of the contents."""

    def run(self) -> list[nodes.Node]:
        """Build a section a page."""
        toc = parse_toc_yaml(self.config.external_toc_path)
        result: list[nodes.Node] = []
        for page in [page for page in toc if page.startswith(FOLDER)]:
            source = Path(self.env.doc2path(page)).read_text("utf8")
            title = re.findall(r"^# (.*)$", source, re.M)[0]
            found = calls(source)
            if not found:
                continue
            self.watch(found)
            section = nodes.section(ids=[nodes.make_id(title)], names=[title])
            section += nodes.title("", "", _reference(page, "", self.env.docname, title))
            section += contents(self, found, page)
            result.append(section)
        return result


def documented(files: str, room: str = "", order: str = "") -> list[Thing]:
    """What one ``{library}`` documents; ``order`` puts files of its folder first."""
    found = []
    for file in files.split() or [""]:
        of_file = catalogue.things_of(file, room, order)
        if not of_file:
            raise LookupError(f"no public name in {file}")
        found += of_file
    return found


def calls(source: str) -> list[Thing]:
    """What all ``{library}`` of a page document, in the order of the page."""
    found = []
    for files, lines in re.findall(r"^```\{library\} *(.*)\n((?::.*\n)*)```", source, re.M):
        found += documented(files, **dict(re.findall(r"^:(\w+): *(.*)$", lines, re.M)))
    return found


def contents(directive: Restructured, found: list[Thing], page: str) -> nodes.definition_list:
    """List names with their first lines, each a way to its section."""
    items = nodes.definition_list(classes=["att-names"])
    here = directive.env.docname
    for thing in found:
        link = _reference(page, thing.name, here, "", nodes.literal("", thing.name))
        room = thing.full_name.rpartition(".")[0]
        directive.env.ref_context["py:module"] = room or None
        line = nodes.paragraph("", "", *directive.inline(thing.summary))
        definition = nodes.definition("", line)
        items += nodes.definition_list_item("", nodes.term("", "", link), definition)
    return items


def _reference(page: str, anchor: str, here: str, text: str, *inside: nodes.Node) -> nodes.Element:
    """A link that follows the page wherever it is built."""
    if page == here:
        return nodes.reference("", text, *inside, internal=True, refid=anchor)
    up = "../" * here.count("/")
    target = f"{up}{page}.html" + (f"#{anchor}" if anchor else "")
    return nodes.reference("", text, *inside, internal=True, refuri=target)


def _lead(line: str) -> str:
    """A module's first line without the name that the page's title has said already."""
    name, colon, rest = line.partition(": ")
    return rest[0].upper() + rest[1:] if colon and len(name) < 40 else line


def _capital(match: re.Match[str]) -> str:
    word = match[1]
    is_word = len(word) > 1 and match.string[match.end() : match.end() + 1] in " ,;."
    return word.capitalize() if is_word else word


def _escaped(text: str) -> str:
    """Terms of a definition list are names: their asterisks are no markup."""
    return "\n".join(
        line.replace("*", r"\*") if line and not line.startswith(" ") else line
        for line in text.splitlines()
    )


def _linked(text: str) -> str:
    """Give every arXiv number its address."""
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"`arXiv:\1 <https://arxiv.org/abs/\1>`__", text)


def _mark_names(item: nodes.definition_list_item, title: str) -> None:
    """Set names as code; what a result is, if it has no name, is a kind."""
    term = item.children[0]
    assert isinstance(term, nodes.term)
    if title == "Returns" and not isinstance(item.children[1], nodes.classifier):
        term["classes"].append("att-kind")
        return
    names = term.astext().split(", ")
    term.children.clear()
    for number, name in enumerate(names):
        term += [nodes.Text(", ")] * (number > 0)
        term += nodes.literal("", name)


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("library", Library)
    app.add_directive("library-index", LibraryIndex)
