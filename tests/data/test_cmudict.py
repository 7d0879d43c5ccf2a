"""The dictionary's reader and the split, on a page of its own making and on the real one."""

from __future__ import annotations

import pytest

from attncourse import data
from attncourse.data import cmu

PAGE = b"""'bout B AW1 T
aalborg AO1 L B AO0 R G # place, danish
read R EH1 D
read(2) R IY1 D
tomato T AH0 M EY1 T OW2
tomato(2) T AH0 M AA1 T OW2
tomato(3) T AH1 M EY1 T OW2
"""


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr(cmu, "read", lambda archive, member: PAGE)


def test_variants_are_pairs_of_one_word_and_comments_are_dropped(page):
    pairs = data.cmudict()
    assert pairs[0] == ("'bout", ("B", "AW1", "T"))
    assert pairs[1] == ("aalborg", ("AO1", "L", "B", "AO0", "R", "G"))
    assert [p for w, p in pairs if w == "read"] == [("R", "EH1", "D"), ("R", "IY1", "D")]


def test_without_stress_what_no_longer_differs_is_one(page):
    tomatoes = [p for w, p in data.cmudict(stress=False) if w == "tomato"]
    assert tomatoes == [("T", "AH", "M", "EY", "T", "OW"), ("T", "AH", "M", "AA", "T", "OW")]


def test_the_parts_share_no_word_and_leave_none_out(page):
    parts = [data.cmudict(part) for part in ("train", "valid", "test")]
    assert sorted(pair for part in parts for pair in part) == sorted(data.cmudict())
    words = [{word for word, _ in part} for part in parts]
    assert not words[0] & words[1]
    assert not words[0] & words[2]
    assert not words[1] & words[2]


def test_an_unknown_part(page):
    with pytest.raises(ValueError, match="expected one of train, valid, test or None, got 'dev'"):
        data.cmudict("dev")


@pytest.mark.parametrize(
    "family",
    [("read", "read(2)", "Read", "read's"), ("dogs", "dogs'"), ("boss", "boss's")],
)
def test_what_could_give_a_word_away_stays_with_it(family):
    assert len({data.part_of(word) for word in family}) == 1


def test_the_split_is_the_same_on_every_machine():
    parts = [data.part_of(word) for word in ("attention", "daughter", "laughter", "query", "'s")]
    assert parts == ["train", "test", "test", "test", "train"]


def test_the_parts_have_their_sizes():
    drawn = [data.part_of(f"word{i}") for i in range(20_000)]
    assert drawn.count("train") / len(drawn) == pytest.approx(0.90, abs=0.01)
    assert drawn.count("valid") / len(drawn) == pytest.approx(0.05, abs=0.01)
    assert drawn.count("test") / len(drawn) == pytest.approx(0.05, abs=0.01)


cached = (data.cache_dir() / cmu.CMUDICT.filename).is_file()


@pytest.mark.skipif(not cached, reason="the CMU dictionary is not in the cache: attncourse data")
def test_the_real_dictionary_is_what_its_record_says():
    pairs = data.cmudict()
    words = {word for word, _ in pairs}
    assert f"{len(words):,} English words with {len(pairs):,} pron" in cmu.CMUDICT.holds
    assert f"{len(words):,} words of North American English with {len(pairs):,} pronunciations" in (
        data.cmudict.__doc__
    )
    assert dict(pairs)["attention"] == ("AH0", "T", "EH1", "N", "SH", "AH0", "N")
    plain = data.cmudict("test", stress=False)
    assert len({p for _, phonemes in plain for p in phonemes}) == 39
    assert all(data.part_of(word) == "test" for word, _ in plain)
