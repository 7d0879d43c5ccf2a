"""The plays' reader, on a page of its own making and on the real ones."""

from __future__ import annotations

import pytest

from attncourse import data
from attncourse.data import plays

PAGE = r"""# A Play

## ACT I

### SCENE I. A room. 1 o'clock.

_Enter ANNE
and BEN_

**ANNE**  
Who _[Aside]_ goes  
there?

**BEN**  
I. \[Within\] And you?

_Exit ANNE_

Are you gone?

**First Lord**  
[Reads.] No.

*Drum within.*
"""
TEXT = "ANNE\nWho goes\nthere?\n\nBEN\nI. And you?\nAre you gone?\n\nFirst Lord\nNo.\n"


def test_speakers_and_speeches_stay_and_nothing_else():
    assert plays.speeches(PAGE) == TEXT


def test_an_unknown_part():
    with pytest.raises(ValueError, match="expected one of train, valid, test or None, got 'dev'"):
        data.shakespeare("dev")


cached = (data.cache_dir() / plays.SHAKESPEARE.filename).is_file()


@pytest.mark.skipif(not cached, reason="the plays are not in the cache: attncourse data")
def test_the_real_plays_are_what_their_record_says():
    every = data.shakespeare()
    n = sum(map(len, every.values()))
    assert f"{len(every)} plays by Shakespeare, {n:,} characters" in plays.SHAKESPEARE.holds
    assert f"{len(every)} plays." in data.shakespeare.__doc__
    assert every["macbeth"].startswith(
        "First Witch\nWhen shall we three meet again\nIn thunder, lightning, or in rain?\n\nSecond"
    )
    for text in every.values():
        assert not set(text) & set("#*_[]<>\\")
        assert all(speech.count("\n") for speech in text.strip().split("\n\n"))


@pytest.mark.skipif(not cached, reason="the plays are not in the cache: attncourse data")
def test_each_play_is_in_one_part():
    parts = [data.shakespeare(part) for part in ("train", "valid", "test")]
    assert [len(part) for part in parts] == [34, 2, 2]
    assert sorted(play for part in parts for play in part) == sorted(data.shakespeare())
