"""How the looks of the translator are read, checked and counted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from attncourse.experiments import alignment, bitext
from attncourse.experiments import translation as task
from attncourse.experiments import translation_scores as scores


def said(source, words, looks):
    """A translation whose rows look at one place each, and whose last row looks at the first."""
    weights = np.eye(len(source.split()))[[*looks, 0]]
    return scores.Said(tuple(source.split()), tuple(words.split()), weights)


WORDS = {"temperature": "temperatura", "outdoor": "exterior", "sensor": "sensor"}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        # Spanish order: both words looked up where they stand; in step only the middle one.
        (said("the outdoor temperature", "la temperatura exterior", [0, 2, 1]), (2, 2, 0, 0)),
        (said("the outdoor temperature", "la temperatura exterior", [0, 1, 1]), (2, 1, 0, 1)),
        (said("the outdoor temperature", "la exterior temperatura", [0, 1, 0]), (2, 1, 2, 0)),
        # Too short to be wrong, or said twice, or not said.
        (said("outdoor temperature", "temperatura exterior", [1, 0]), (0, 0, 0, 0)),
        (said("the outdoor outdoor", "la exterior a", [0, 1, 2]), (0, 0, 0, 0)),
        (said("the outdoor sun", "la luz del", [0, 1, 2]), (0, 0, 0, 0)),
    ],
)
def test_a_look_is_right_on_the_word_that_is_translated(one, expected):
    found = alignment.checked([one], WORDS)
    assert (found["looks"], found["right"], found["diagonal"], found["near"]) == expected


def test_the_dictionary_has_strings_of_one_word_with_one_translation():
    words = alignment.lexicon()
    pairs = [(a, b) for a, b in bitext.strings("es").train if len(a) == len(b) == 1]
    assert len(words) > 300
    assert all(((english,), (spanish,)) in pairs for english, spanish in words.items())
    assert words["temperature"] == "temperatura"


@pytest.mark.parametrize(
    ("written", "right", "expected"),
    [
        ("la temperatura exterior", "temperatura exterior", (1, 1, 1, 1)),
        ("la exterior temperatura", "temperatura exterior", (1, 1, 0, 0)),
        ("la exterior temperatura", "exterior y temperatura", (1, 0, 1, 0)),
        # One of the two is not written, or not due, or stands there twice.
        ("la temperatura", "temperatura exterior", (0, 0, 0, 0)),
        ("la temperatura exterior", "temperatura", (0, 0, 0, 0)),
        ("exterior temperatura exterior", "temperatura exterior", (0, 0, 0, 0)),
    ],
)
def test_order_is_judged_where_both_words_are_there(written, right, expected):
    one = said("the outdoor temperature", written, [0] * len(written.split()))
    found = alignment.ordered([one], [tuple(right.split())], WORDS)
    assert tuple(found[k] for k in ("pairs", "turned", "right", "turned_right")) == expected


U = bitext.UNKNOWN


def test_a_look_is_beside_the_unknown_word_where_there_is_no_doubt():
    one = said("clears a sonos timer", f"borra un {U}", [0, 1, 3])
    right = ("borra", "un", "sonos")
    assert alignment.strange(one.source) == [2]
    assert alignment.beside([one], [right]) == {1: 1}
    assert alignment.beside([one], [("borra", "un")]) == {}  # the English word is not due
    twice = said("clears a sonos timer", f"borra {U} {U}", [0, 1, 3])
    assert alignment.beside([twice], [right]) == {}
    assert alignment.at_unknown([one, twice]) == [0, 3]
    assert alignment.at_unknown([said("the sonos", f"el {U}", [0, 1])]) == [1, 1]


def test_a_row_is_put_on_the_unknown_word_on_its_neighbours_and_on_nothing():
    """A decoder that writes <unk> only while it reads the state of an unknown word."""
    model = task.build("es", "attention").eval()
    known = bitext.strings("es")
    strange, unknown = (vocabulary.encode([U])[0] for vocabulary in (known.english, known.foreign))
    one = said("the sonos timer", f"el {U} {U}", [0, 1, 1])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        states = torch.zeros(1, 3, 192)
        states[0, 1, 0] = 1  # that of the unknown word
        model.out.weight[unknown, 128] = 1
        model.out.bias[7] = 0.5
    assert bitext.encode(one.source, known.english)[1] == strange
    model.encode = lambda source: (
        torch.zeros(1, 128),
        (states, torch.zeros(1, 3, 64), torch.ones(1, 1, 3, dtype=torch.bool)),
    )
    found = alignment.moved(model, [one])
    assert found == {
        "unknown word": [2, 2],
        "word before": [0, 2],
        "word behind": [0, 2],
        "nothing": [0, 2],
    }


def test_multiply_adds_are_those_counted_by_hand():
    model = task.build("es", "attention")
    n_out = len(bitext.strings("es").foreign)
    counts = alignment.multiply_adds(model, kv_len=5, q_len=7)
    assert counts["attention"] == 5 * 192 * 64 + 7 * (128 * 64 + 5 * 64 + 5 * 192)
    assert counts["output"] == 7 * 320 * n_out
    assert counts["decoder"] == 7 * 3 * (64 + 192 + 128) * 128
    assert counts["encoder"] == 5 * 2 * 3 * (64 + 96) * 96 + 192 * 128
    assert alignment.multiply_adds(task.build("es", "one vector"), 5, 7)["attention"] == 0


def test_runs_for_a_picture_have_a_row_for_each_word_and_the_end():
    model = task.build("es", "attention").eval()
    run = alignment.shown(model, ["API name", "Failed to connect to {host}"])[1]
    assert run["source"] == ["failed", "to", "connect", "to", "{host}"]
    assert len(run["weights"]) == len(run["target"])
    np.testing.assert_allclose(np.sum(run["weights"], axis=1), 1, atol=1e-3)


def test_what_is_shown_was_not_learned_from():
    learned = {a for a, _ in bitext.strings("es").train}
    assert not learned & {bitext.words_of(text) for text in alignment.SHOWN}
