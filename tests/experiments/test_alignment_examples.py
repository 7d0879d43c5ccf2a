"""The examples that the widget of alignments keeps are those that the command makes."""

from __future__ import annotations

import json

import numpy as np

from attncourse.experiments import alignment_examples as made
from attncourse.widgets.alignment import runs
from tests.speaking import speaks


def kept(kind):
    return [one for one in runs.stored()["each"] if one["title"].startswith(kind)]


def test_the_kept_network_still_looks_where_it_is_stored_to_look():
    again = runs.clean("examples", made.spanish())["each"]
    assert len(again) == len(kept("Spanish")) == len(made.INTO_SPANISH)
    for new, old in zip(again, kept("Spanish"), strict=True):
        for part in ("title", "note", "names", "source", "target", "gold"):
            assert new[part] == old[part]
        assert np.abs(runs.whole_weights(new) - runs.whole_weights(old)).max() <= 2


def test_the_stored_strings_are_those_of_the_command():
    provenance = json.loads(runs.STORED.read_text("utf8"))["provenance"]
    assert provenance["steps"] == made.STEPS
    for text, one in zip(made.INTO_CHINESE, kept("Chinese"), strict=True):
        assert one["title"] == f"Chinese: {text}"
        assert f"{made.STEPS['Chinese']} steps" in one["note"]
    assert len(kept("Speech")) == len(made.SPOKEN)
    assert all(f"{made.STEPS['digits']:,} steps" in one["note"] for one in kept("Speech"))


@speaks
def test_the_sound_that_is_kept_is_what_was_said():
    said = [made.speech_recognition.held_out()[i] for i in made.SPOKEN]
    for utterance, one in zip(said, kept("Speech"), strict=True):
        assert one["title"] == f"Speech: {utterance.digits}, by {utterance.line.voice}"
        wave = runs.as_wave(runs.unpacked(one["sound"]))
        expected = runs.at_rate(utterance.wave, utterance.rate)
        assert len(wave) == len(expected)
        assert np.corrcoef(wave, expected)[0, 1] > 0.999
