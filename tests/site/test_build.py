"""The build on tiny books: what fails must fail, and nothing runs twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from filelock import FileLock

from tests.site.conftest import ROOT


def notebook(*cells: str, title: str = "A page") -> nbformat.NotebookNode:
    text = f"# {title}\n\nThe first paragraph says enough to describe the page."
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(text)]
        + [
            nbformat.v4.new_markdown_cell(c[3:])
            if c.startswith("md:")
            else nbformat.v4.new_code_cell(c)
            for c in cells
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    return made


class Book:
    """A book of two pages that is built as the real one is."""

    def __init__(self, root: Path):
        self.root = root
        (root / "book").mkdir()
        (root / "book" / "site").symlink_to(ROOT / "book" / "site")
        shutil.copy(ROOT / "_config.yml", root)
        for name in ("references.bib", "references.md"):
            shutil.copy(ROOT / "book" / name, root / "book")
        pages = ["book/01-first/one", "book/references"]
        (root / "_toc.yml").write_text(
            yaml.safe_dump(
                {
                    "format": "jb-book",
                    "root": "book/index",
                    "parts": [{"caption": "1 First", "chapters": [{"file": p} for p in pages]}],
                }
            )
        )
        (root / "book" / "index.md").write_text(
            "# Tiny\n\nA book that exists to be built.\n\n```{claims-table}\n```\n"
        )
        (root / "book" / "01-first").mkdir()

    def write(self, *cells: str, tags: dict[int, list[str]] | None = None) -> None:
        made = notebook(*cells)
        for number, names in (tags or {}).items():
            made.cells[number].metadata["tags"] = names
        nbformat.write(made, self.root / "book" / "01-first" / "one.ipynb")

    def source(self) -> str:
        return (self.root / "book" / "01-first" / "one.ipynb").read_text("utf8")

    def start(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, ROOT / "book/site/build.py", "--root", ".", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.root,
            env=os.environ | {"NO_COLOR": "1"},
        )

    def build(self, *options: str) -> tuple[int, str]:
        running = self.start(*options)
        out, err = running.communicate()
        return running.returncode, out + err

    def page(self, name: str = "book/01-first/one") -> str:
        return (self.root / "_build" / "html" / f"{name}.html").read_text("utf8")


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


def test_a_failing_cell_fails_the_build_every_time(book):
    book.write("x = 1", "x / 0  # the cell that fails")
    for attempt in ("cold", "warm"):
        code, said = book.build()
        assert code != 0, attempt
        assert "book/01-first/one.ipynb, cell 3: ZeroDivisionError: division by zero" in said
        assert "the cell that fails" in said
    book.write("x = 1", "x / 2")
    code, said = book.build()
    assert code == 0, said
    book.write("x = 1", "x / 0  # broken again, results of the last build still there")
    code, said = book.build()
    assert code != 0
    assert "ZeroDivisionError" in said


def test_two_builds_in_one_folder_take_turns(book):
    """They would read each other's half-written pages: the second waits, and says so."""
    book.write("x = 1")
    (book.root / "_build").mkdir()
    with FileLock(book.root / "_build" / ".building.lock"):
        second = book.start()
        assert "This one waits for it." in second.stdout.readline()
        assert second.poll() is None
        assert not (book.root / "_build" / "html").exists()
    out, err = second.communicate()
    assert second.returncode == 0, out + err
    assert "The first paragraph says enough" in book.page()


def test_an_unchanged_notebook_never_runs_twice(book, tmp_path):
    ran = tmp_path / "ran"
    book.write(f"print('ran', file=open({str(ran)!r}, 'a'))", "print(6 * 7)")
    code, said = book.build()
    assert code == 0, said
    assert "1 to execute" in said
    code, said = book.build()
    assert code == 0, said
    assert "1 unchanged, 0 to execute" in said
    assert ran.read_text() == "ran\n"
    assert "42" in book.page()
    # Prose is not code.
    book.write(f"print('ran', file=open({str(ran)!r}, 'a'))", "print(6 * 7)", "md:More words.")
    code, said = book.build()
    assert code == 0, said
    assert "More words." in book.page()
    assert ran.read_text() == "ran\n"


def test_a_change_in_the_package_is_seen_on_the_page(book):
    room = book.root / "attncourse" / "reference"
    room.mkdir(parents=True)
    (room.parent / "__init__.py").touch()
    (room / "__init__.py").write_text("ANSWER = 'forty-one'\n")
    load = (
        "import sys; sys.path.insert(0, '../..')\n"
        "for name in [n for n in sys.modules if n.startswith('attncourse')]: del sys.modules[name]\n"
        "import attncourse.reference as ref\nprint(ref.ANSWER)"
    )
    book.write(load)
    assert book.build()[0] == 0
    assert "forty-one" in book.page()
    (room / "__init__.py").write_text("ANSWER = 'forty-two'\n")
    code, said = book.build()
    assert code == 0, said
    assert "forty-two" in book.page()


def test_a_broken_reference_fails_the_build(book):
    book.write("1", "md:See [nowhere](nowhere.md).")
    code, said = book.build()
    assert code != 0
    assert "nowhere.md" in said


def test_a_broken_formula_fails_the_build_and_names_it(book):
    book.write("1", r"md:A formula $\frac{1}{$ that never ends.")
    code, said = book.build()
    assert code != 0
    assert r"\frac{1}{" in said


def test_a_diagram_without_text_alternative_fails_the_build(book):
    book.write("1", "md:```mermaid\ngraph LR\n  A --> B\n```")
    code, said = book.build()
    assert code != 0
    assert "accDescr" in said
    diagram = "```mermaid\ngraph LR\n  accDescr: A leads to B.\n  A --> B\n```"
    book.write("1", f"md:{diagram}\n\n*Two boxes.*\n\n*Not a caption.* More.")
    code, said = book.build()
    assert code == 0, said
    assert 'role="img" aria-label="A leads to B."' in book.page()
    assert "@import" not in book.page()
    assert "<figcaption>Two boxes.</figcaption>" in book.page()


def test_a_warning_in_a_cell_fails_the_build(book):
    book.write("import warnings; warnings.warn('mend me')")
    code, said = book.build()
    assert code != 0
    assert "mend me" in said


def test_claims_and_numbers_are_written_down(book):
    book.write(
        # The cell counts the claim's words; the box takes them from the record.
        "from attncourse import claims\n"
        "from attncourse.claims.core import _REGISTRY, Claim, Verdict\n"
        "_REGISTRY['C99'] = Claim('C99', '9.8, 9.9', 'All is well.', '一切', 'Read so.', 'run',\n"
        "    lambda: Verdict('does not hold', 'It is <not>.'), ('vaswani2017',))\n"
        "claims.check('C99')",
        "from attncourse import numbers\nnumbers.quote(answer=42)",
        "md:The answer is 41<!--=answer-->.",
    )
    code, said = book.build()
    assert code == 0, said
    numbers = json.loads((book.root / "_build" / "numbers.json").read_text("utf8"))
    assert numbers == {"book/01-first/one": {"answer": {"text": "42"}}}
    assert "The answer is 42." in book.page()
    box = BeautifulSoup(book.page(), "html.parser").select_one("aside.att-claim#claim-C99")
    spoken = " ".join(box.text.split())
    assert "the source article, §§ 9.8, 9.9" in spoken
    assert "It says: All is well." in spoken
    assert "Does not hold. It is <not>." in spoken
    assert box.find(lang="zh").text == "一切"
    assert not box.has_attr("data-record")
    assert "Vaswani" in box.select_one("a[href*='references.html#']").text
    front = book.page("book/index")
    assert 'href="01-first/one.html#claim-C99"' in front
    assert "does not hold" in front


def test_a_claim_by_source_stands_on_a_markdown_page(book):
    book.write("1")
    index = book.root / "book" / "index.md"
    index.write_text(index.read_text() + "\n```{claim} C36\n```\n\nMore.\n")
    code, said = book.build()
    assert code == 0, said
    front = BeautifulSoup(book.page("book/index"), "html.parser")
    box = front.select_one("aside.att-claim#claim-C36")
    assert "decided by the literature" in box.text
    assert "递归神经网络" in box.select_one(".att-claim-reading [lang=zh]").text
    # The box comes after the table, and the table has it all the same.
    assert front.select_one(".claims-table a")["href"] == "#claim-C36"
    records = json.loads((book.root / "_build" / "claims.json").read_text("utf8"))
    assert [(r["id"], r["page"]) for r in records] == [("C36", "book/index")]
    # A page that shows it too decides it twice.
    book.write("from attncourse import claims\nclaims.check('C36')")
    code, said = book.build()
    assert code != 0
    assert "C36 is decided twice" in said
    book.write("1")
    index.write_text(index.read_text().replace("```{claim} C36\n```", ""))
    code, said = book.build()
    assert code == 0, said
    assert "No page has checked a claim yet" in book.page("book/index")


@pytest.mark.parametrize(
    ("id", "words"), [("C07", "decided by a run"), ("C99", "no claim is registered as 'C99'")]
)
def test_a_markdown_page_cannot_decide_what_needs_a_run(book, id, words):
    book.write("1")
    index = book.root / "book" / "index.md"
    index.write_text(index.read_text() + f"\n```{{claim}} {id}\n```\n")
    code, said = book.build()
    assert code != 0
    assert words in said


def test_chinese_words_are_marked_as_chinese(book):
    book.write("1", "md:The word 注意力, and 值.\n\n`代码` stays code.")
    assert book.build()[0] == 0
    page = BeautifulSoup(book.page(), "html.parser")
    assert [tag.text for tag in page.find_all(lang="zh")] == ["注意力", "值"]


def test_a_text_that_is_not_what_its_run_gave_fails_the_build(book):
    cells = ("from attncourse import numbers\nnumbers.quote(answer=42, slow='9 s', factor=3)",)
    book.write(*cells, "md:The answer is 42<!--=answer-->, after 40 s<!--=slow-->.")
    code, said = book.build()
    assert code != 0
    wrong = "book/01-first/one: slow: the text says s, the run says 9 s; allowed: the same words"
    assert wrong in said
    book.write(*cells, "md:The answer is 9<!--=answer-->, after *40 s*<!--=slow-->.")
    code, said = book.build()
    assert code != 0
    assert "answer: the text says 9, the run says 42; allowed: a factor of 3" in said
    assert "slow: the text says 40 s, the run says 9 s; allowed: a factor of 3" in said
    code, said = book.build("--numbers")
    assert code == 0, said
    assert "book/01-first/one: answer, slow" in said
    assert "42<!--=answer-->, after *9 s*<!--=slow-->" in book.source()
    code, said = book.build()
    assert code == 0, said
    assert "after <em>9 s</em>." in book.page()


def test_a_number_without_a_cell_and_a_cell_without_a_number_fail_the_build(book):
    quote = "from attncourse import numbers\nnumbers.quote(answer=42)"
    book.write(quote, "md:The answer is 42<!--=answr-->.")
    code, said = book.build()
    assert code != 0
    assert "the text quotes 'answr', but no cell has numbers.quote(answr=" in said
    assert "a cell quotes 'answer', but the text has no <!--=answer-->" in said


def test_plain_markdown_becomes_boxes_cards_references_and_labelled_folds(book):
    (book.root / "book" / "index.md").write_text(
        "# Tiny\n\nA book that exists to be built.\n\n:::{glossary}\none-hot vector\n  Words.\n:::\n"
    )
    book.write(
        "# The code of nothing\nx = 1",
        "md:> **Predict.** *Which* one?\n\n> Only a quotation.",
        'md:A [vector](../index.md#term-one-hot-vector) ([V et al., 2017](https://x.org "vaswani2017")).',
        'md:([Cho et al., 2014](https://x.org "cho2014gru")), [Cho et al. (2014)](https://x.org "cho2014properties").',
        "md:- **[One](../index.md).** Words.\n- **[Two](../index.md).** Words.\n\nOr\n\n- **Bold** words.",
        "md:<details>\n<summary>Answer</summary>\n\nIt is *so*.\n\n</details>",
        "md:## Takeaways\n\n- One.",
        tags={1: ["hide-input"]},
    )
    code, said = book.build()
    assert code == 0, said
    page = BeautifulSoup(book.page(), "html.parser").select_one("article")
    (box,) = page.select("div.predict.admonition")
    assert box.select_one(".admonition-title").text == "Predict"
    assert str(box.select_one("p:last-child")) == "<p><em>Which</em> one?</p>"
    assert "Only a quotation." in page.select_one("blockquote").text
    assert page.select_one("a[href$='index.html#term-one-hot-vector']").text == "vector"
    (cited,) = [a for a in page.select("a.reference.internal") if a.text == "V et al., 2017"]
    there, place = cited["href"].split("#")
    assert there.endswith("references.html")
    entries = BeautifulSoup(book.page("book/references"), "html.parser")
    assert "Vaswani" in entries.find(id=place).text
    # Two works of 2014 by Cho and others: the list tells them apart, and so does the text.
    shown = [a.text for a in page.select("a.reference.internal[href*='references.html#']")]
    assert {"Cho et al., 2014a", "Cho et al. (2014b)"} < set(shown)
    assert [len(cards.select("li")) for cards in page.select("ul.att-cards")] == [2]
    assert page.select_one("details:not([class]) em").text == "so"
    assert page.select_one("details.hide summary .collapsed").text == "The code of nothing"
    assert page.select_one("section.takeaways li").text.strip() == "One."
    # Neither a term nor a key that is not there goes unnoticed.
    book.write(
        'md:A [vector](../index.md#term-thing), [A](https://x.org "a2017").',
    )
    code, said = book.build()
    assert code != 0
    assert "term-thing" in said
    assert "references.bib has no entry 'a2017'" in said


CHOICE = """> **Predict.** How *large* is it?
>
> 1. As $x^2$.
> 2. As 41%<!--=share-->.

<details>
<summary>Answer</summary>

1. It tempts by its square.
2. **Yes.** The run says so.

</details>"""
NUMBER = """> **Predict.** How much?
>
> *A number in %, give or take 5.*

<details>
<summary>Answer</summary>

**41%**<!--=share--> of it.

</details>"""
WORDS = """> **Predict.** What happens?
>
> *In your own words.*

<details>
<summary>Answer</summary>

Nothing.

</details>"""


def test_predictions_say_what_they_ask_and_what_is_right(book):
    """With nothing but their Markdown in the page: the form is made of it where a script runs."""
    quote = "from attncourse import numbers\nnumbers.quote(share='42%')"
    book.write(quote, *(f"md:{text}" for text in (CHOICE, NUMBER, WORDS)), "md:> **Predict.** And?")
    code, said = book.build()
    assert code == 0, said
    page = BeautifulSoup(book.page(), "html.parser")
    choice, number, words = page.select(".att-predict")
    for part in (choice, number, words):
        assert [child.name for child in part.find_all(recursive=False)] == ["div", "details"]
        assert part.select_one("div.predict > .admonition-title").text == "Predict"
    assert (choice["data-kind"], choice["data-right"]) == ("choice", "1")
    assert "42%." in choice.select("div.predict ol > li")[1].text
    assert choice.select_one("div.predict ol .katex")
    assert (number["data-kind"], number["data-unit"], number["data-plus"]) == ("number", "%", "5")
    assert (number["data-value"], number["data-shown"]) == ("42", "42%")
    assert words["data-kind"] == "words"
    assert len({part["data-key"] for part in (choice, number, words)}) == 3
    assert len(page.select("div.predict.admonition")) == 4
    assert len(page.select("script[src*='predict.js']")) == 1
    wrong = {
        CHOICE.replace("**Yes.** The", "The"): "exactly one begins with **Yes.**",
        CHOICE.replace("1. It tempts by its square.\n", ""): "one entry for each choice",
        NUMBER.replace("**41%**<!--=share-->", "**9 of 22**"): "begins with it, in bold",
        WORDS.replace("Answer", "What happened"): "folded answer right below",
    }
    book.write(quote, *(f"md:{text}" for text in wrong))
    code, said = book.build()
    assert code != 0
    assert [complaint for complaint in wrong.values() if complaint not in said] == []
    book.write("1")
    assert book.build()[0] == 0
    assert "predict.js" not in book.page()


def test_a_translation_gets_the_same_numbers_boxes_and_references(book):
    config = yaml.safe_load((book.root / "_config.yml").read_text("utf8"))
    config["sphinx"]["config"] |= {"language": "de", "locale_dirs": ["locale"]}
    (book.root / "_config.yml").write_text(yaml.safe_dump(config, allow_unicode=True))
    said = {
        "It is 41<!--=answer--> today.": "Heute sind es 41<!--=answer-->.",
        "**Predict.** How many?": "**Sage voraus.** Wie viele?",
        "Only *one*.": "Nur *eins*, also 41<!--=answer-->.",
        "Takeaways": "Was bleibt",
        "*A number in %, give or take 5.*": "*Eine Prozentzahl, auf 5 genau.*",
        "**41**<!--=answer--> of it.": "**41**<!--=answer--> davon.",
        "**Yes.** The run says so.": "**Ja.** Das sagt die Rechnung.",
    }
    folder = book.root / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    messages = [f'\nmsgid "{old}"\nmsgstr "{new}"\n' for old, new in said.items()]
    (folder / "book.po").write_text(head + "".join(messages))
    book.write(
        "from attncourse import numbers\nnumbers.quote(answer=42)",
        "md:It is 41<!--=answer--> today.\n\n> **Predict.** How many?",
        "md:<details>\n<summary>Answer</summary>\n\nOnly *one*.\n\n</details>",
        "md:## Takeaways\n\n- One.",
        "md:" + NUMBER.replace("share", "answer").replace("41%", "41"),
        "md:" + CHOICE.replace("41%<!--=share-->", "so"),
    )
    code, out = book.build()
    assert code == 0, out
    page = BeautifulSoup(book.page(), "html.parser").select_one("article")
    assert "Heute sind es 42." in page.text
    assert page.select_one("div.predict .admonition-title").text == "Sage voraus"
    assert page.select_one("div.predict > p:last-child").text == "Wie viele?"
    assert "Nur eins, also 42." in page.select_one("details:not([class])").text
    assert "Was bleibt" in page.select_one("section.takeaways h2").text
    number, choice = page.select(".att-predict")
    assert (number["data-kind"], number["data-plus"], number["data-value"]) == ("number", "5", "42")
    assert not number.has_attr("data-unit")
    assert (choice["data-kind"], choice["data-right"]) == ("choice", "1")
    assert choice.select("details li strong")[0].text == "Ja."


def test_pages_are_numbered_by_their_chapter(book):
    book.write("1")
    assert book.build()[0] == 0
    assert "1.1" in book.page().split("<h1>")[1].split("</h1>")[0]


def test_a_draft_leaves_out_what_is_missing_and_a_build_does_not(book):
    code, said = book.build()
    assert code != 0
    assert "one" in said
