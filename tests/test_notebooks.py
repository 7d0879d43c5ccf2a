"""Every notebook reads well where readers run it, and has the parts of a lesson."""

from __future__ import annotations

import copy
import re

import nbformat
import pytest

from tests.notebooks import NO_LESSON, ROOT, SHOWN_LINES, complaints, lesson

TEMPLATE = ROOT / "book/site/template.ipynb"
NOTEBOOKS = sorted(
    path
    for folder in ("book", "exercises", "solutions")
    for path in (ROOT / folder).rglob("*.ipynb")
    if not {"node_modules", ".ipynb_checkpoints"} & set(path.parts) and path != TEMPLATE
)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_it_keeps_the_rules(path):
    found = complaints(nbformat.read(path, as_version=4), path)
    assert not found, "\n" + "\n".join(found)


def test_every_page_is_in_the_table_of_contents():
    """The build takes what the table lists, so another page would be left out without a word."""
    from toc import pages_of

    pages = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for path in [
            *NOTEBOOKS,
            *(ROOT / "book").glob("*.md"),
            *(ROOT / "book").glob("[0-9]*/*.md"),
        ]
        if path.relative_to(ROOT).parts[0] != "solutions"
    }
    left = pages - set(pages_of(ROOT / "_toc.yml"))
    assert not left, f"_toc.yml has no line for {', '.join(sorted(left))}"


def test_the_exemptions_are_of_things_that_are_there():
    assert all((ROOT / name).exists() and why for name, why in NO_LESSON.items())
    assert sum(map(lesson, NOTEBOOKS)) >= 7


@pytest.fixture(scope="module")
def template():
    return nbformat.read(TEMPLATE, as_version=4)


#: Where the template would stand once somebody copied it.
PLACE = ROOT / "book/03-algorithm/new-page.ipynb"


def test_the_template_keeps_the_rules(template):
    assert complaints(template, PLACE) == []


def test_every_form_of_a_prediction_is_accepted(template):
    changed = copy.deepcopy(template)
    by_factor = NUMBER.replace("take 5", "take a factor of 2")
    for text in (NUMBER, by_factor, NUMBER.replace("41%", "9 / 22 ≈ 41%"), IN_WORDS):
        add(text)(changed)
    assert complaints(changed, PLACE) == []


def swap(old, new, count=1):
    """A change of the text, which must be there."""

    def change(notebook):
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and re.search(old, cell.source, re.M):
                cell.source = re.sub(old, lambda m: new, cell.source, count=count, flags=re.M)
                return
        raise AssertionError(f"the template has no {old}")

    return change


NUMBER = """> **Predict.** How much is left?
>
> *A number in %, give or take 5.*

<details>
<summary>Answer</summary>

**41%** of it, because nine tenths are kept at each of eight steps.

</details>"""
IN_WORDS = """> **Predict.** What will change?
>
> *In your own words.*

<details>
<summary>Answer</summary>

The first row.

</details>"""


def add(text):
    """One more text cell, after the first."""
    return lambda notebook: notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text))


def put(source, **metadata):
    """One more code cell."""
    cell = nbformat.v4.new_code_cell(source, metadata=metadata)
    return lambda notebook: notebook.cells.insert(1, cell)


FOLDED = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}}
PAPER = "https://arxiv.org/abs/1706.03762"
FAULTS = {
    "no title": (swap(r"^# .*$", "Words"), "spine: begin with one title"),
    "two titles": (add("# Another"), "spine: begin with one title"),
    "no description": (swap(r"\A(# .*\n\n).*\n\n", "# A title\n\n"), "spine: the first paragraph"),
    "no goals": (swap(r"\*\*You will be able to\*\*", "You can"), "spine: a paragraph begins with"),
    "no needs": (swap(r"\*\*You need\*\*", "Bring"), "spine: a paragraph begins with **You need"),
    "no prediction": (swap(r"^> \*\*Predict\.\*\*", "> Think."), "spine: ask for a prediction"),
    "a prediction without its answer": (
        swap(r"(?s)(?<=depends on the query\.\n)\n<details>.*</details>", ""),
        "predictions: a prediction has its folded answer",
    ),
    "a prediction that only asks": (
        swap(r"(?s)\n>\n> 1\..*?(?=\n\n)", ""),
        "predictions: end it with numbered choices",
    ),
    "one choice": (swap(r"(?s)\n> 2\..*?(?=\n\n)", ""), "predictions: give two to five"),
    "a choice twice": (
        swap(r"(?<=> 2\. )One half each", "One each"),
        "predictions: give two to five",
    ),
    "a choice without its why": (
        swap(r"^3\. Their \*scores\*.*\n", ""),
        "predictions: 3 choices have 2 entries",
    ),
    "no choice is right": (swap(r"\*\*Yes\.\*\* ", ""), "predictions: exactly one entry begins"),
    "two choices are right": (
        swap(r"(?<=^1\. )That", "**Yes.** That"),
        "predictions: exactly one entry begins",
    ),
    "a wrong choice without a reason": (
        swap(r"(?<=^1\. )That would.*", "No, it is not."),
        "predictions: each entry says why",
    ),
    "a number without its tolerance": (
        add(NUMBER.replace(", give or take 5", "")),
        "predictions: the form is",
    ),
    "a number that the answer does not begin with": (
        add(NUMBER.replace("**41%** of", "About 41% of")),
        "predictions: the answer begins with its number",
    ),
    "no takeaways": (swap(r"^## Takeaways", "## More"), "spine: end with"),
    "takeaways in a paragraph": (swap(r"(?<=## Takeaways\n\n)- ", "So: "), "spine: the takeaways"),
    "no practice": (swap(r"^## Practise", "## More"), "spine: end with"),
    "practice without a task": (
        swap(r"(?s)(?<=## Practise\n\n).*?(?=\n\n## Sources|\Z)", "Practise a lot."),
        "spine: practice is",
    ),
    "no sources": (swap(r"^## Sources", "## More"), "spine: end with"),
    "sources without a citation": (
        swap(r"(?s)(?<=## Sources\n\n).*", "Many books."),
        "spine: the sources cite",
    ),
    "a role": (add("A {term}`query`."), "plain: a role"),
    "a number by role": (add("It is {glue:text}`x:.2f`."), "plain: a role"),
    "a directive": (add(":::{note}\nLook.\n:::"), "plain: a directive"),
    "a directive in a fence": (add("```{note}\nLook.\n```"), "plain: a directive"),
    "a substitution": (add("It is {{ number }}."), "plain: a placeholder"),
    "a label": (add("(here)=\n"), "plain: a target"),
    "a comment": (add("Words. <!-- to do -->"), "plain: a comment"),
    "HTML": (add("<div class='box'>Words</div>"), "plain: HTML"),
    "an image in HTML": (add('<img src="x.png">'), "plain: HTML"),
    "a fold without blank lines": (
        add("<details>\n<summary>Answer</summary>\nText\n</details>"),
        "plain: a fold",
    ),
    "a fold that stays open": (add("<details>\n<summary>Answer</summary>\n\nText"), "plain: <deta"),
    "a page that is not there": (add("See [later](later.ipynb)."), "links: no such page"),
    "a term that is not there": (
        add("A [thing](../01-background/terms.md#term-thing)."),
        "links: the glossary has no term-thing",
    ),
    "an unknown citation": (add(f'([A, 2017]({PAPER} "a2017"))'), "citations: references.bib has"),
    "another paper's address": (
        add('([Vaswani et al., 2017](https://arxiv.org/abs/1 "vaswani2017"))'),
        "citations: vaswani2017 is at",
    ),
    "another paper's authors": (
        add(f'([Vaswani, 2017]({PAPER} "vaswani2017"))'),
        "citations: vaswani2017 is cited as",
    ),
    "a fold that is open in JupyterLab": (
        put("# What it holds\nx = 1", tags=["hide-input"]),
        "folds: a cell that the site folds",
    ),
    "a fold that is open on the site": (
        put("# What it holds\nx = 1", jupyter={"source_hidden": True}),
        "folds: a folded cell has the tag",
    ),
    "a figure that nobody sees": (
        put("# The code of the figure: one bar\nfigures.show(fig, alt='a')\nx = 1", **FOLDED),
        "folds: figures.show shows nothing",
    ),
    "small print": (
        put(
            "# The code of the figure: a\nfig, ax = figures.new(5.0, 3)\nax.legend(fontsize=10)",
            **FOLDED,
        ),
        "letters: letters of 10 points in a figure 5.0 inches",
    ),
    "a fold without a label": (put("x = 1", **FOLDED), "folds: a folded cell's first line"),
    "a fold labelled by a stray word": (put("# a\nx = 1", **FOLDED), "folds: a folded cell's"),
    "an open figure": (put("figures.show(fig, alt='A line.')"), "folds: figures.show stands"),
    "an open claim": (put("claims.check('C01')"), "folds: claims.check stands"),
    "an open table": (put("tables.show([], [], '')"), "folds: tables.show stands"),
    "an open record": (put("numbers.quote(a=1)"), "folds: numbers.quote stands"),
    "too much code": (
        put("\n".join(["x = 1"] * (SHOWN_LINES + 1)), attncourse={"subject": True}),
        "code: ",
    ),
    "a long cell": (put("\n".join(["x = 1"] * 26)), "code: a cell of 26 lines"),
    "an excuse": (put("O = 1  # noqa: E741"), "code: # noqa"),
    "outputs": (
        lambda notebook: notebook.cells.append(
            nbformat.v4.new_code_cell(
                "print(1)", outputs=[nbformat.v4.new_output("stream", text="1\n")]
            )
        ),
        "code: commit it without outputs",
    ),
    "another word": (add("Here is self attention."), "words: 'self attention'"),
    "another heading": (add("## Summary\n\nWords."), "words: '## Summary'"),
    "another name of the article": (add("The Chinese article says so."), "words: "),
    "another question": (add("> **Guess.** What comes?"), "words: "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_notebook_with_a_fault_is_refused(template, fault):
    change, expected = FAULTS[fault]
    spoiled = copy.deepcopy(template)
    change(spoiled)
    found = complaints(spoiled, PLACE)
    assert any(line.startswith(expected) for line in found), found


@pytest.mark.parametrize(
    "text",
    [
        "Set notation such as $\\{a, b\\}$ and `{glue:text}` in code is no role.",
        "```python\n# a comment\nx = {}\n```",
        "A matrix $A_{ij}$ and a `<div>` that is code.",
        "It is 87%<!--=a--> and `<s>`<!--=b-->.",
        "a < b and b > c",
        "```mermaid\ngraph LR\n  accDescr: One leads to two.\n  A[\"x<br/>y\"] --> B\n```",
    ],
)  # fmt: skip
def test_good_text_is_left_alone(template, text):
    good = copy.deepcopy(template)
    add(text)(good)
    assert complaints(good, PLACE) == []


def test_a_cell_that_is_the_pages_subject_may_be_long(template):
    good = copy.deepcopy(template)
    put("\n".join(["x = 1"] * 60), attncourse={"subject": True})(good)
    assert complaints(good, PLACE) == []
