"""What the book's own run measured, and the verdicts it printed, are what the pages rest on."""

from __future__ import annotations

import json
import re

import pytest

from attncourse import claims, experiments
from attncourse.experiments import Trial, letters_to_sounds, say_it_back
from tests.claims.case import every
from tests.site.conftest import ROOT

CASES = every()
SOUNDS = "book/06-applications/letters-to-sounds"


@pytest.fixture(scope="module")
def sounds(html):
    """The numbers that the page on letters and sounds quotes, as it shows them."""
    pages = json.loads((html.parent / "numbers.json").read_text("utf8"))
    return pages[SOUNDS]


def number(quoted):
    """A quoted value as a float; per cent as a share."""
    text = quoted["text"].replace("−", "-")
    return float(text.rstrip("%")) / (100 if text.endswith("%") else 1)


def test_the_live_runs_are_the_kept_ones_of_seed_0(html):
    """Both come from one definition; another processor may move a training a little."""
    pages = json.loads((html.parent / "numbers.json").read_text("utf8"))
    digits, words = pages["book/01-background/why-attention"], pages[SOUNDS]
    page = (ROOT / f"{SOUNDS}.ipynb").read_text("utf8")
    n_steps = int(re.search(r"SHORT = (\d+)", page)[1])
    for condition, short, apart in (("attention", "with", 0.08), ("one vector", "without", 0.12)):
        kept = experiments.stored(say_it_back.EXPERIMENT)[Trial(condition, 1500, 0)]["right"]
        for n in (4, 8, 12, 16):
            assert number(digits[f"{short}_{n}"]) == pytest.approx(kept[n - 1], abs=apart)
        kept = experiments.stored(letters_to_sounds.EXPERIMENT)[Trial(condition, n_steps, 0)]
        live = number(words[f"per_{short}_percent"]) / 100
        assert live == pytest.approx(kept["errors"], abs=0.015)


def test_held_out_words_are_said_with_few_errors(sounds):
    assert 0 < number(sounds["per_with_percent"]) <= 20


def test_attention_is_clearly_better_than_a_fixed_vector(sounds):
    without = number(sounds["per_without_percent"])
    assert number(sounds["per_with_percent"]) < 0.8 * without


def test_the_map_runs_forward(sounds):
    assert 0.9 < number(sounds["monotonicity"]) <= 1


def test_the_numbers_stand_in_the_text(html, sounds):
    text = (html / f"{SOUNDS}.html").read_text("utf8")
    for name in ("per_with_percent", "per_without_percent", "monotonicity"):
        assert sounds[name]["text"] in text


def test_every_claim_is_decided_once_in_the_book_and_as_its_test_says(html):
    records = json.loads((html.parent / "claims.json").read_text("utf8"))
    decided = {record["id"]: record["outcome"] for record in records}
    assert len(decided) == len(records)
    assert set(decided) == set(claims.registry())
    assert [record["id"] for record in records] == sorted(decided)
    assert {id: case.expected for id, case in CASES.items()} == {id: decided[id] for id in CASES}
