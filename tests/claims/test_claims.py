"""Every deciding function gives the article's claim its verdict, and another one when the facts differ.

Each chapter's cases stand in `cases_chNN.py`: `CASES = {"C07": Case(measured, expected, counterexample, flipped)}`.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import tests.claims as here
from attncourse import claims
from attncourse.claims import core

CASES = {}
for module in pkgutil.iter_modules(here.__path__):
    if module.name.startswith("cases_"):
        CASES |= importlib.import_module(f"tests.claims.{module.name}").CASES

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
    assert f'id="claim-{id}"' in core.as_html(claim, verdict)
    assert id in core.as_text(claim, verdict)


def test_an_unknown_claim_names_the_known_ones():
    with pytest.raises(KeyError, match="no claim is registered as 'C99'"):
        claims.check("C99")


def test_a_condition_belongs_to_holds_if_only():
    with pytest.raises(ValueError, match="a condition belongs to"):
        claims.Verdict("holds", "It does.", "sometimes")
    with pytest.raises(ValueError, match="a condition belongs to"):
        claims.Verdict("holds if", "It may.")


def test_a_claim_by_source_needs_a_source():
    with pytest.raises(ValueError, match="at least one BibTeX key"):
        claims.by_source(
            "C98", sections="1", says="x", verdict=claims.Verdict("holds", "Yes."), sources=()
        )


def test_html_is_escaped():
    claim = core.Claim("C97", "1", "a < b & c", "run", lambda: claims.Verdict("holds", "1 < 2."))
    assert "a &lt; b &amp; c" in core.as_html(claim, claims.Verdict("holds", "1 < 2."))
