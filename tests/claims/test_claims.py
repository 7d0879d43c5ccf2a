"""Every deciding function gives the article's claim its verdict, and another one when the facts differ.

Each chapter's cases stand in `cases_chNN.py`: `CASES = {"C07": Case(measured, expected, counterexample, flipped)}`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from pybtex.database import parse_file
from pybtex.richtext import Text

from attncourse import claims
from attncourse.claims import core
from attncourse.claims.sources import SOURCES
from tests.claims.case import every

CASES = every()

BY_RUN = [c.id for c in claims.registry().values() if c.kind == "run"]
BY_SOURCE = [c.id for c in claims.registry().values() if c.kind == "source"]


def test_every_claim_decided_by_run_has_a_counterexample():
    assert set(CASES) == set(BY_RUN)


@pytest.mark.parametrize("id", BY_RUN)
def test_the_measurement_gives_the_expected_verdict(id):
    case = CASES[id]
    assert claims.lookup(id).decide(**case.measured).outcome == case.expected


@pytest.mark.parametrize("id", BY_RUN)
def test_a_counterexample_flips_the_verdict(id):
    case = CASES[id]
    assert case.flipped != case.expected
    assert claims.lookup(id).decide(**case.counterexample).outcome == case.flipped


@pytest.mark.parametrize("id", BY_SOURCE)
def test_a_source_is_in_the_bibliography(id):
    keys = set(re.findall(r"@\w+\{([^,\s]+)", Path("book/references.bib").read_text("utf-8")))
    assert set(claims.lookup(id).sources) <= keys


@pytest.mark.parametrize("id", claims.registry())
def test_the_record_holds_what_the_table_needs(id):
    claim = claims.lookup(id)
    verdict = claim.decide(**CASES[id].measured) if claim.kind == "run" else claim.decide()
    row = core.record(claim, verdict)
    assert row["id"] == id
    assert row["because"].endswith(".")
    assert row["verdict"].startswith(row["outcome"])
    assert row["chinese"] == claim.chinese
    assert row["sources"] == list(claim.sources)


@pytest.mark.parametrize("id", claims.registry())
def test_the_box_says_what_a_reader_must_know(id):
    """In HTML and in text: our words without quotation marks, the article's, the verdict, why."""
    claim = claims.lookup(id)
    verdict = claim.decide(**CASES[id].measured) if claim.kind == "run" else claim.decide()
    box = BeautifulSoup(core.as_html(claim, verdict), "html.parser").aside
    assert box["id"] == f"claim-{id}"
    assert json.loads(box["data-record"]) == core.record(claim, verdict)
    assert box.find(lang="zh").text == claim.chinese
    spoken = " ".join(box.text.split())
    written = " ".join(core.as_text(claim, verdict).split())
    for text in (spoken, written):
        assert "the source article, §" in text
        for part in (claim.says, claim.chinese, claim.reading, verdict.because):
            assert " ".join(part.split()) in text
        assert str(verdict).lower() in text.lower()
        for key in claim.sources:
            assert SOURCES[key].text in text
    links = [a["href"] for a in box.find_all("a")]
    assert links == [SOURCES[key].address for key in claim.sources]
    assert all(SOURCES[key].address in written for key in claim.sources)


@pytest.mark.parametrize("id", claims.registry())
def test_the_words_that_decide_are_few_and_chinese(id):
    claim = claims.lookup(id)
    assert re.search(r"[\u4e00-\u9fff]{2}", claim.chinese)
    assert len(claim.chinese) <= 45, "a short quotation, not a passage"
    assert claim.says.endswith(".")
    assert claim.reading.endswith((".", ")"))


@pytest.mark.parametrize("key", SOURCES)
def test_a_source_reads_as_its_entry(key):
    entry = parse_file("book/references.bib").entries[key]
    names = [" ".join([*p.prelast_names, *p.last_names]) for p in entry.persons["author"]]
    who = {1: names[0], 2: " and ".join(names[:2])}.get(len(names), f"{names[0]} et al.")
    text, address = SOURCES[key]
    assert text == f"{Text.from_latex(who)}, {entry.fields['year']}"
    arxiv = re.search(r"arXiv:(\d{4}\.\d{4,5})", entry.fields.get("note", ""))
    assert address == (f"https://arxiv.org/abs/{arxiv[1]}" if arxiv else entry.fields["url"])


def test_no_source_is_listed_for_nothing():
    used = {key for claim in claims.registry().values() for key in claim.sources}
    assert used == set(SOURCES)


GOOD = {
    "id": "C97",
    "sections": "1",
    "says": "All is well.",
    "chinese": "一切",
    "reading": "Read so.",
    "kind": "run",
    "decide": lambda: claims.Verdict("holds", "It is."),
}


@pytest.mark.parametrize(
    ("spoiled", "words"),
    [
        ({"says": "“All is well.”"}, "no quotation marks"),
        ({"says": 'It says "all is well".'}, "no quotation marks"),
        ({"chinese": " "}, "needs the Chinese words"),
        ({"reading": ""}, "needs the Chinese words"),
        ({"sources": ("nobody1900",)}, "cites nobody1900"),
        ({"kind": "source"}, "at least one BibTeX key"),
    ],
)
def test_a_claim_that_misses_a_part_is_refused(spoiled, words):
    core.Claim(**GOOD)
    with pytest.raises(ValueError, match=words):
        core.Claim(**GOOD | spoiled)


def test_a_weight_is_tested_in_both_readings():
    """C26: as a correlation, as a relevance of the pair, and as a share of the row."""
    decide, case = claims.lookup("C26").decide, CASES["C26"]
    of_pair = case.counterexample | {"pair_correlation": [-0.8] * 3}
    assert "relevance" in decide(**of_pair).condition
    assert "share" not in decide(**of_pair).condition
    assert "share among the keys of one row" in decide(**case.measured).condition
    no_row = case.measured | {"weights": np.array([[0.7, 0.7]])}
    assert decide(**no_row).outcome == "does not hold"
    assert decide(**case.measured | {"weights": np.array([[1.7, -0.7]])}).outcome == "does not hold"
    for name in ("pair_score", "pair_correlation"):
        with pytest.raises(ValueError, match="stays fixed while the other keys change"):
            decide(**case.measured | {name: [0.1, 0.2, 0.3]})


def test_a_threshold_selects_where_one_key_passes_for_every_query():
    """C23: with sure weights it does, and then a draw may still take another key."""
    decide, case = claims.lookup("C23").decide, CASES["C23"]
    draws = decide(**case.counterexample | {"drawn_best": 0.9})
    assert draws.condition == "it takes the largest weight and does not draw"
    several = decide(**case.counterexample | {"chosen": [1, 2, 1]})
    assert several.outcome == "does not hold"
    assert "reads 1 to 2 of the keys" in several.because
    assert "0.2 does best: one key passes for 67% of the queries, none for 0%, more for 33%" in (
        decide(**case.measured).because
    )


def test_an_unknown_claim_names_the_known_ones():
    with pytest.raises(KeyError, match="no claim is registered as 'C99'"):
        claims.check("C99")


def test_a_condition_belongs_to_holds_if_only():
    with pytest.raises(ValueError, match="a condition belongs to"):
        claims.Verdict("holds", "It does.", "sometimes")
    with pytest.raises(ValueError, match="a condition belongs to"):
        claims.Verdict("holds if", "It may.")


def test_html_is_escaped():
    claim = core.Claim(**GOOD | {"says": "a < b & c"})
    assert "a &lt; b &amp; c" in core.as_html(claim, claims.Verdict("holds", "1 < 2."))


def test_chapters_one_to_four_decide_every_claim_of_theirs():
    """The statements of the article's sections 1 to 3.11, and those of 7 and 9 on the same matters."""
    theirs = {f"C{n:02}" for n in (*range(1, 15), 23, *range(26, 32), 35, 36, 38)}
    assert theirs - set(claims.registry()) == set()
