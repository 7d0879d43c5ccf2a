"""What every notebook keeps to, so that it reads well with nothing processed; one rule a function.

Each rule takes a notebook and its path and yields complaints. ``tests/test_notebooks.py`` runs all
rules over all notebooks that it finds, and each rule over a notebook with the fault it is for.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "book" / "site"), str(ROOT / "book" / "site" / "extensions")]
#: Notebooks without the parts of a lesson, and why.
NO_LESSON = {
    "book/index.ipynb": "the front page is a door: it teaches one thing and leads on",
    "book/06-applications/gallery.ipynb": "a gallery leads to the lessons that drew its pictures",
    "exercises": "an exercise is made from its questions; the page that sends there is the lesson",
    "solutions": "what exercises are made from",
}
SHOWN_LINES = 150  # of code that a reader meets unfolded, empty ones not counted
CELL_LINES = 25
PLUMBING = {"hide-input", "remove-input", "remove-cell", "hide-cell"}
#: Calls that draw, tabulate, check or record: their cells are folded.
DRAWS = re.compile(r"\b(figures\.show|tables\.show|claims\.check|numbers\.quote)\(")
RAW = {
    "a role": re.compile(r"\{[a-z][\w:+-]*\}`"),
    "a directive": re.compile(r"^ *(`{3,}|~{3,}|:{3,})\{|^ *:{3,}", re.M),
    "a placeholder": re.compile(r"\{\{.*?\}\}|\{glue|%%\w+%%"),
    "a target": re.compile(r"^\([\w-]+\)=\s*$", re.M),
    "a comment": re.compile(r"<!--(?!=\w+-->)"),
    "HTML": re.compile(r"</?(?!details\b|summary\b|strong\b|kbd\b|sub\b|sup\b|br\b)[a-z]\w*[ >/]"),
}
#: One word for one thing: what is not written, and what is.
WORDS = {
    r"[Ss]elf attention": "self-attention",
    r"[Cc]ross attention": "cross-attention",
    r"[Mm]ultihead|[Mm]ulti head": "multi-head",
    r"[Ff]eedforward|[Ff]eed forward": "feed-forward",
    r"[Ss]oft-max|[Ss]oft max": "softmax",
    r"(?<!-)\bone hot\b": "one-hot",
    r"[Dd]ot-product(?= (of|is|agrees|measures)\b)": "dot product",
    r"[Kk]ey-value cache|kv[- ]cache": "KV cache",
    r"[Tt]rainings?[- ]set": "training data",
    r"(?:un)?[Nn]ormaliz|[Ii]nitializ|[Oo]ptimiz|\b[Cc]olor|[Bb]ehavior": "British spelling",
    r"(?<![Tt]he )[Cc]hinese article|original article|[Ss]ource text": "the source article",
    r"[Tt]he Chinese article": "the source article",
    r"\*\*(Afterwards you can|After this page|Learning goals|Objectives|Goals)": (
        "**You will be able to**"
    ),
    r"\*\*(Prerequisites|Requirements|What you need|Before you start)": "**You need**",
    r"^#+ (Summary|Conclusions?|Key points|What to remember|Takeaway)$": "## Takeaways",
    r"^#+ (Practice|Exercises?|Problems?|Your turn)$": "## Practise",
    r"^#+ (References?|Source|Literature|Further reading)$": "## Sources",
    r"^> \*\*(Prediction|Guess|Before you run|Question)\b": "> **Predict.**",
    r"<summary>(The answers?|Solutions?)</summary>": "<summary>Answer</summary>",
}
FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2[`~]*[ \t]*$", re.M | re.S)
SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.S)
MATH = re.compile(r"\$\$.*?\$\$|(?<!\\)\$[^$\n]+\$", re.S)
LINK = re.compile(r"\[(?P<text>[^\[\]]+)\]\((?P<to>[^()\s]+)(?: \"(?P<title>[^\"]+)\")?\)")


def markdown(notebook: NotebookNode) -> list[str]:
    """The text cells."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def prose(text: str) -> str:
    """Markdown without formulas and code; of code in a line, one backtick is left."""
    return MATH.sub("", SPAN.sub("`", FENCE.sub("", text)))


def tags(cell: NotebookNode) -> set[str]:
    """What the site does with a cell's code."""
    return set(cell.metadata.get("tags", [])) & PLUMBING


def lesson(path: Path) -> bool:
    """Whether a notebook has to have the parts of a lesson."""
    try:
        name = path.resolve().relative_to(ROOT).as_posix()
    except ValueError:
        return True
    return name not in NO_LESSON and name.split("/")[0] not in NO_LESSON


def spine(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Title, description, goals, needs, a prediction, takeaways, practice, sources."""
    cells = markdown(notebook)
    text = "\n\n".join(cells)
    blocks = [block.strip() for block in text.split("\n\n") if block.strip()]
    bare = FENCE.sub("", text)
    if not blocks or not re.match(r"# \S", blocks[0]) or len(re.findall(r"^# ", bare, re.M)) != 1:
        yield "begin with one title, '# …', and have no other of that size"
    if not lesson(path):
        return
    if len(blocks) < 2 or not re.match(r"[\w“*].{40,}", blocks[1], re.S) or "**You" in blocks[1]:
        yield "the first paragraph, after the title, says in a sentence or two what the page is about"
    for words in ("**You will be able to**", "**You need**"):
        if not any(block.startswith(words) for block in blocks):
            yield f"a paragraph begins with {words}"
    if not re.search(r"^> \*\*Predict\.\*\*", text, re.M):
        yield "ask for a prediction: '> **Predict.** Which …?'"
    heads = re.findall(r"^## (.+)$", bare, re.M)
    if heads[-3:] != ["Takeaways", "Practise", "Sources"]:
        yield "end with '## Takeaways', '## Practise' and '## Sources', in this order"
        return
    parts = dict(zip(heads[-3:], re.split(r"^## .+$", text, flags=re.M)[-3:], strict=True))
    if not re.match(r"\s*[-*] ", parts["Takeaways"]):
        yield "the takeaways are a list"
    if "exercises/" not in parts["Practise"] and "<details>" not in parts["Practise"]:
        yield "practice is a link to the exercise, or a problem with a folded answer"
    if not any(link["title"] for link in LINK.finditer(parts["Sources"])):
        yield "the sources cite something"


PREDICTION = re.compile(r"^> \*\*Predict\.\*\*[^\n]*(?:\n>[^\n]*)*", re.M)
ANSWER = re.compile(r"\s*<details>\n<summary>Answer</summary>\n\n(.*?)\n\n</details>", re.S)
ENTRY = re.compile(r"^\d+\. +(.*(?:\n(?!\d+\. |\n).*)*)", re.M)


def predictions(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """A reader can answer each: two to five choices, each with its why; a number; or words."""
    from attsite.predictions import A_NUMBER, IN_WORDS, value

    for text in markdown(notebook):
        for found in PREDICTION.finditer(text):
            lines = [line.removeprefix(">").strip() for line in found[0].splitlines()]
            below = ANSWER.match(text, found.end())
            last, name = lines[-1], f"{lines[0][:60]!r}"
            form = last[1:-1] if re.fullmatch(r"\*[^*]+\*", last) else ""
            choices = ENTRY.findall("\n".join(lines))
            if not below:
                yield f"a prediction has its folded answer right below it: {name}"
            elif form == IN_WORDS:
                continue
            elif form:
                said = re.match(r"\*\*([^*]+)\*\*(?:<!--=\w+-->)?(.*)", below[1], re.S)
                if not A_NUMBER.fullmatch(form):
                    yield f"the form is 'A number in …, give or take ….': {form!r}"
                if not said or value(said[1]) is None or len(said[2].strip()) < 30:
                    yield f"the answer begins with its number, in bold, and says why: {name}"
            else:
                whys = ENTRY.findall(below[1])
                if not re.match(r"\d+\. ", last):
                    yield f"end it with numbered choices, or say that it is a number or words: {name}"
                if not 2 <= len(choices) <= 5 or len(set(choices)) != len(choices):
                    yield f"give two to five different choices, not {len(choices)}: {name}"
                if len(whys) != len(choices):
                    yield f"{len(choices)} choices have {len(whys)} entries in the answer: {name}"
                if [why.startswith("**Yes.**") for why in whys].count(True) != 1:
                    yield f"exactly one entry begins with **Yes.**: {name}"
                if any(len(why.removeprefix("**Yes.**").strip()) < 30 for why in whys):
                    yield f"each entry says why it tempts, or why it is right: {name}"
                if len(set(whys)) != len(whys):
                    yield f"each choice has a why of its own: {name}"


def plain(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """No markup that only the site's build would understand."""
    for text in markdown(notebook):
        bare = prose(text)
        for what, pattern in RAW.items():
            # A directive hides in a fence's first line; everything else in running text.
            for found in pattern.finditer(text if what == "a directive" else bare):
                yield f"{what} that only the site understands: {found[0].strip()!r}"
        if len(re.findall(r"<details\b", bare)) != len(re.findall(r"</details>", bare)):
            yield "<details> and </details> stand in one cell, as often as each other"
        for fold in re.finditer(r"<details>.*?</details>", text, re.S):
            if not re.match(r"<details>\n<summary>.+</summary>\n\n.*\n\n</details>", fold[0], re.S):
                yield f"a fold has its <summary>, blank lines, then Markdown: {fold[0][:40]!r}"


def links(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Every link leads to a file that exists, every term to the glossary."""
    for text in markdown(notebook):
        for link in LINK.finditer(FENCE.sub("", text)):
            target, _, place = link["to"].partition("#")
            if re.match(r"\w+:", link["to"]) or not target:
                continue
            if not (path.parent / target).is_file():
                yield f"no such page: {link['to']}"
            elif place.startswith("term-") and place not in glossary():
                yield f"the glossary has no {place}"


@cache
def glossary() -> set[str]:
    """The places of all terms, as Sphinx names them: with their capitals."""
    from sphinx.util.nodes import _make_id as make_id

    text = (ROOT / "book/01-background/terms.md").read_text("utf8")
    return {make_id(f"term-{name}") for name in re.findall(r"^(\S.*)\n  \S", text, re.M)}


@cache
def bibliography() -> dict[str, Any]:
    """The entries of the bibliography."""
    from attsite.bibliography import entries

    return entries(ROOT / "book/references.bib")


def citations(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """A link with a title is a citation: key, words and address are those of the entry."""
    from attsite.bibliography import address, label, textual

    for text in markdown(notebook):
        for link in LINK.finditer(FENCE.sub("", text)):
            if not link["title"]:
                continue
            entry = bibliography().get(link["title"])
            if entry is None:
                yield f"references.bib has no entry {link['title']}"
                continue
            if link["to"] != address(entry):
                yield f"{link['title']} is at {address(entry)}, not {link['to']}"
            words = " ".join(link["text"].split())
            if words not in (label(entry), textual(entry)):
                yield f"{link['title']} is cited as {label(entry)!r} or {textual(entry)!r}, not {words!r}"


def folds(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Plumbing is folded everywhere, and its first line says what it holds."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        first = cell.source.split("\n")[0]
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        if tags(cell) and not hidden:
            yield f'a cell that the site folds has "jupyter": {{"source_hidden": true}}: {first!r}'
        if hidden and not tags(cell):
            yield f"a folded cell has the tag hide-input, remove-input or remove-cell: {first!r}"
        if tags(cell) and not re.fullmatch(r"# [A-Z0-9“].{4,97}", first):
            yield f"a folded cell's first line is a comment that says what it holds: {first!r}"
        for call in unseen(cell):
            yield f"{call} shows nothing, since the cell goes on after it: {first!r}"
        if DRAWS.search(cell.source) and not tags(cell) and lesson(path):
            yield f"{DRAWS.search(cell.source)[1]} stands in a folded cell: {first!r}"


def unseen(cell: NotebookNode) -> list[str]:
    """Calls that give a figure or a table to nobody: a notebook shows what a cell ends with."""
    try:
        before = ast.parse(cell.source).body[:-1]
    except SyntaxError:  # a magic line
        return []
    return [
        ast.unparse(line.value.func)
        for line in before
        if isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Call)
        and ast.unparse(line.value.func) in ("figures.show", "tables.show", "source.show")
    ]


def code(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """What a reader meets unfolded is short and needs no excuse."""
    shown = [cell for cell in notebook.cells if cell.cell_type == "code" and not tags(cell)]
    total = sum(bool(line.strip()) for cell in shown for line in cell.source.splitlines())
    if total > SHOWN_LINES and lesson(path):
        yield f"{total} lines of code are shown; {SHOWN_LINES} are enough for a page"
    for cell in shown:
        lines = len(cell.source.splitlines())
        subject = cell.metadata.get("attncourse", {}).get("subject", False)
        if lines > CELL_LINES and not subject and lesson(path):
            yield f"a cell of {lines} lines is shown: {cell.source.splitlines()[0]!r}"
    for cell in notebook.cells:
        if cell.cell_type == "code" and "# noqa" in cell.source:
            yield f"# noqa: {cell.source.splitlines()[0]!r}"
        if cell.cell_type == "code" and cell.outputs:
            yield "commit it without outputs"


def words(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """The same words for the same things."""
    for text in markdown(notebook):
        bare = LINK.sub(lambda link: link["text"], prose(text))
        for pattern, right in WORDS.items():
            for found in re.finditer(pattern, bare, re.M):
                yield f"{found[0]!r}: the course writes {right!r}"


#: What a phone gives to a plot, and its smallest letter that is no small print; pixels.
PHONE, SMALLEST = 358, 11
NEW = re.compile(r"figures\.new\(\s*(?P<width>\d+(?:\.\d+)?)?")


def letters(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Letters that are given a size are large enough where the plot is as narrow as a phone."""
    for cell in notebook.cells:
        if cell.cell_type != "code" or not (opened := NEW.search(cell.source)):
            continue
        width = float(opened["width"] or 5.2)
        for size in re.findall(r"(?:font|label)size=(\d+(?:\.\d+)?)", cell.source):
            if float(size) * PHONE / (72 * width) < SMALLEST:
                yield f"letters of {size} points in a figure {width} inches wide is small print on a phone"


RULES = [spine, predictions, plain, links, citations, folds, code, words, letters]


def complaints(notebook: NotebookNode, path: Path) -> list[str]:
    """What all rules say about a notebook."""
    return [f"{rule.__name__}: {line}" for rule in RULES for line in rule(notebook, path)]
