"""Numbers of a run in the text: recorded, found, compared, written."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from attncourse import numbers
from tests.notebooks import ROOT

sys.path.insert(0, str(ROOT / "book" / "site"))
import quoted


@pytest.fixture
def recorded(monkeypatch):
    """What was handed to the notebook's output."""
    record = {}
    monkeypatch.setattr(numbers, "_publish", record.update)
    return record


def test_values_are_recorded_as_the_text_shows_them(recorded):
    numbers.quote(
        share=f"{-0.123:.1%}", many=np.int64(7), words="self-attention, x-1", power="1e-5"
    )
    assert {name: value["text"] for name, value in recorded.items()} == {
        "share": "−12.3%", "many": "7", "words": "self-attention, x-1", "power": "1e-5",
    }  # fmt: skip


def test_a_tolerance_is_recorded_with_the_value(recorded):
    numbers.quote(a="9%", within=3)
    numbers.quote(b="1.4", factor=1.5)
    numbers.quote(c="cat", within=float("inf"))
    assert recorded["a"] == {"text": "9%", "within": "3"}
    assert recorded["b"] == {"text": "1.4", "factor": "1.5"}
    json.loads(json.dumps(recorded, allow_nan=False))


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), None, True, [1]])
def test_only_the_page_knows_how_many_digits_it_needs(recorded, value):
    with pytest.raises(TypeError, match="share"):
        numbers.quote(share=value)
    assert not recorded


@pytest.mark.parametrize(
    "options", [{"within": -1}, {"factor": 0.5}, {"within": 1, "factor": 2}, {"within": np.nan}]
)
def test_a_tolerance_that_allows_nothing_is_refused(recorded, options):
    with pytest.raises(ValueError, match=r"within|factor"):
        numbers.quote(share="1", **options)


def test_nothing_to_quote_is_refused(recorded):
    with pytest.raises(ValueError, match="empty"):
        numbers.quote(words=" ")


def test_in_a_notebook_the_output_is_empty_and_carries_the_record():
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    try:
        with capture_output() as said:
            shell.run_cell("from attncourse import numbers\nnumbers.quote(a=1)")
    finally:
        InteractiveShell.clear_instance()
    (output,) = said.outputs
    assert output.data == {}
    assert output.metadata == {"attncourse.numbers": {"a": {"text": "1"}}}
    assert not said.stdout


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("It is 87%<!--=a-->.", "87%"),
        ("87%<!--=a--> it is", "87%"),
        ("(87%<!--=a-->)", "87%"),
        ("“(87%<!--=a-->", "87%"),
        ("of −0.5<!--=a-->", "−0.5"),
        ("- 7<!--=a--> of ten", "7"),
        ("| 8 | 12%<!--=a--> |", "12%"),
        ("| 8 |12%<!--=a-->|", "12%"),
        ("**87%<!--=a-->** of", "87%"),
        ("**87% of it**<!--=a-->", "87% of it"),
        ("*the cat*<!--=a--> sat", "the cat"),
        ("a *b* and *the cat*<!--=a-->", "the cat"),
        ("the `<s>`<!--=a-->", "<s>"),
        ("a `b` or `c d`<!--=a-->", "c d"),
        ("two\nlines and 5<!--=a-->", "5"),
    ],
)
def test_an_anchor_belongs_to_what_stands_before_it(markdown, text):
    (found,) = quoted.quotations(markdown)
    assert (found.name, found.text) == ("a", text)
    assert markdown[found.start : found.end] == text


def test_two_anchors_side_by_side():
    found = list(quoted.quotations("from 6.1<!--=low-->–6.9<!--=high--> points"))
    assert [(f.name, f.text) for f in found] == [("low", "6.1"), ("high", "6.9")]


def test_an_anchor_in_code_is_an_example():
    assert not list(quoted.quotations("Write `87%<!--=a-->`:\n\n```\n5<!--=b-->\n```\n"))


@pytest.mark.parametrize(
    ("says", "run", "options", "good"),
    [
        ("87%", "87%", {}, True),
        ("87%", "88%", {}, True),
        ("87%", "89%", {}, False),
        ("0.50", "0.51", {}, True),
        ("0.50", "0.52", {}, False),
        ("0.5", "0.52", {}, True),
        ("−0.5", "0.5", {}, False),
        ("7,494", "7,495", {}, True),
        ("7,494", "7,496", {}, False),
        ("2 of 10", "3 of 10", {}, True),
        ("2 of 10", "2 in 10", {}, False),
        ("2 digits", "1 digit", {}, False),
        ("6.1 to 6.9", "6.1 to 7.2", {}, False),
        ("cat", "dog", {}, False),
        ("cat", "dog", {"within": "inf"}, True),
        ("cat", "dog", {"within": "3"}, False),
        ("87%", "90%", {"within": "3"}, True),
        ("87%", "91%", {"within": "3"}, False),
        ("1.4", "2.8", {"factor": "2"}, True),
        ("1.4", "0.7", {"factor": "2"}, True),
        ("1.4", "2.9", {"factor": "2"}, False),
        ("1.4", "−1.4", {"factor": "2"}, False),
        ("1e-5", "2e-5", {}, True),
        ("1e-5", "3e-5", {}, False),
        ("5", "6%", {}, False),
    ],
)
def test_how_far_the_text_may_be_from_the_run(says, run, options, good):
    assert (quoted.off(says, {"text": run, **options}) == "") is good


def test_a_complaint_is_one_line_with_all_that_is_needed():
    texts = ["87%<!--=a--> and 5<!--=b-->"]
    values = {"a": {"text": "91%", "within": "3"}, "b": {"text": "5"}}
    assert quoted.complaints("book/page", texts, values) == [
        "book/page: a: the text says 87%, the run says 91%; allowed: 3 more or less"
    ]


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("indent", [1, 4])
@pytest.mark.parametrize("end", ["", "\n"])
def test_writing_leaves_every_other_byte_alone(tmp_path, ascii_only, indent, end):
    def made(share, name):
        source = [f"It’s {share}<!--=share--> “of”\n", "\n", f"`{name}`<!--=name-->, 1<!--=same-->"]
        cells = [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": source},
            {"cell_type": "code", "source": "numbers.quote(share='87%<!--=share-->')"},
            {"cell_type": "markdown", "source": f"**{share} → all**<!--=share-->"},
        ]
        return json.dumps({"cells": cells}, ensure_ascii=ascii_only, indent=indent) + end

    path = tmp_path / "page.ipynb"
    path.write_bytes(made("87%", "<s>").encode())
    values = {"share": {"text": "−91%"}, "name": {"text": "</s>"}, "same": {"text": "1"}}
    assert set(quoted.write(path, values)) == {"share", "name"}
    expected = made("−91%", "</s>")
    # The last cell quotes the same value, whole.
    escaped = json.dumps("−91% → all", ensure_ascii=ascii_only)[1:-1]
    expected = expected.replace(escaped, json.dumps("−91%", ensure_ascii=ascii_only)[1:-1])
    assert path.read_bytes() == expected.encode()
    before = path.stat().st_mtime_ns
    assert quoted.write(path, values) == []
    assert path.stat().st_mtime_ns == before
