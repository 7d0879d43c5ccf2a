"""The network in NumPy is the network in PyTorch, and what a hand sets is what is used."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import torch
import traitlets

from attncourse import data, trained
from attncourse.experiments import keep
from attncourse.experiments import letters_to_sounds as task
from attncourse.training import START, pad
from attncourse.widgets import LettersToSounds, kit, letters_to_sounds
from attncourse.widgets.letters_to_sounds import network
from attncourse.widgets.letters_to_sounds.network import END, MOST_LETTERS, MOST_ROWS


def held_out(count: int, seed: int) -> list[str]:
    """Some words that the network has not learned, short enough for the widget."""
    known = sorted(word for word in task.words().test if len(word) <= MOST_LETTERS)
    return list(np.random.default_rng(seed).choice(known, count, replace=False))


@pytest.fixture(scope="module")
def speaker():
    """The page's model, filled with the numbers that are kept, in float64."""
    own = keep.NETWORKS[0]
    return keep.filled(own.build(own.trial).double(), trained.load("letters_to_sounds").arrays)


@torch.no_grad()
def in_pytorch(speaker, word: str, hand) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Sound, weights and probabilities of each step, some rows of weights replaced."""
    state, (states, keys, mask) = speaker.encode(pad([task.LETTERS.encode(word)]))
    said, rows = torch.tensor([START]), []
    for t in range(MOST_ROWS):
        context, weights = speaker.memory(state, (states, keys, mask))
        if t in hand:
            weights = torch.tensor(hand[t])[None]
            context = (weights[:, None] @ states)[:, 0]
        state = speaker.decoder(torch.cat([speaker.embed_out(said), context], -1), state)
        logits = speaker.out(torch.cat([state, context], -1))
        said = logits.argmax(-1)
        rows.append((int(said), weights[0].numpy(), logits.softmax(-1)[0].numpy()))
        if int(said) == END:
            break
    return rows


def test_numpy_says_what_pytorch_says(speaker):
    words = held_out(200, seed=0)
    said, maps = task.pronounce(speaker, words)  # the model's own loop
    for word in words:
        widget = LettersToSounds(word)
        found = widget.compute()
        assert tuple(widget.sounds) == said[word], word
        np.testing.assert_allclose(found["weights"], maps[word], atol=1e-10)
        np.testing.assert_array_equal(found["weights"], found["own"])
        expected = in_pytorch(speaker, word, {})
        np.testing.assert_array_equal(found["sounds"], [row[0] for row in expected])
        np.testing.assert_allclose(found["probabilities"], [row[2] for row in expected], atol=1e-10)


def test_rows_set_by_hand_are_those_that_pytorch_uses(speaker):
    rng = np.random.default_rng(1)
    for word in held_out(40, seed=2):
        rows = {int(t): rng.dirichlet(np.ones(len(word))) for t in rng.integers(0, len(word), 2)}
        hand = [[t, j, float(w)] for t, row in rows.items() for j, w in enumerate(row)]
        found = LettersToSounds(word, hand=hand).compute()
        expected = in_pytorch(speaker, word, rows)
        np.testing.assert_array_equal(found["sounds"], [row[0] for row in expected])
        np.testing.assert_allclose(found["weights"], [row[1] for row in expected], atol=1e-9)
        np.testing.assert_allclose(found["probabilities"], [row[2] for row in expected], atol=1e-8)
        np.testing.assert_array_equal(found["plain"], LettersToSounds(word).compute()["sounds"])


def test_what_is_set_stays_and_the_others_share_the_rest_in_proportion():
    own = np.array([0.5, 0.3, 0.2])
    for pins, expected in [
        ([], [0.5, 0.3, 0.2]),
        ([(0, 0, 1.0)], [1.0, 0.0, 0.0]),
        ([(0, 1, 0.0)], [5 / 7, 0.0, 2 / 7]),
        ([(0, 0, 0.1)], [0.1, 0.54, 0.36]),
        ([(0, 2, 0.25), (0, 0, 0.25)], [0.25, 0.5, 0.25]),
        # Nobody is free: what is set is brought to 1. Nothing but zeros is no row.
        ([(0, 0, 0.1), (0, 1, 0.1), (0, 2, 0.3)], [0.2, 0.2, 0.6]),
        ([(0, 0, 0.0), (0, 1, 0.0), (0, 2, 0.0)], [0.5, 0.3, 0.2]),
        # Outside the word.
        ([(0, 3, 1.0)], [0.5, 0.3, 0.2]),
    ]:
        held = {letter: weight for _, letter, weight in pins}
        np.testing.assert_allclose(kit.pinned(own, held), expected, atol=1e-15)


def test_rows_before_a_change_stay_and_a_row_behind_the_end_is_not_used():
    plain = LettersToSounds("phoneme").compute()
    changed = LettersToSounds("phoneme", hand=[[2, 0, 1.0]]).compute()
    np.testing.assert_array_equal(changed["weights"][:2], plain["weights"][:2])
    np.testing.assert_array_equal(changed["own"][2], plain["own"][2])
    assert changed["weights"][2].tolist() == [1.0, *[0.0] * 6]
    assert changed["sounds"].tolist() != plain["sounds"].tolist()
    beyond = LettersToSounds("phoneme", hand=[[20, 0, 1.0], [1, 15, 1.0]]).compute()
    for name, array in plain.items():
        np.testing.assert_array_equal(beyond[name], array)


def test_a_word_that_does_not_end_is_cut():
    hand = [[t, 0, 1.0] for t in range(MOST_ROWS)]
    found = LettersToSounds("knight", hand=hand).compute()
    assert len(found["sounds"]) == MOST_ROWS
    assert END not in found["sounds"]


def test_the_presets_show_what_is_said_of_them():
    """Each row says what the page's text says, so the network that is kept decides the text."""
    said = {name: LettersToSounds(preset=name).sounds for name in LettersToSounds().presets}
    assert said["silent k"] == ["K", "N", "AY", "T"]
    assert said["silent w"] == LettersToSounds("write").sounds == ["R", "AY", "T"]
    assert said["one letter off"] == LettersToSounds("knight").sounds == ["N", "AY", "T"]
    assert said["backwards"][:4] == LettersToSounds("stop").sounds[::-1]
    assert len(said["backwards"]) > 4
    for name in said:
        widget = LettersToSounds()
        widget.preset = name
        assert widget.selected == widget.presets[name]["selected"]
        widget.reset()
        assert (widget.word, widget.hand) == ("knight", [])


def test_a_page_shows_the_start_before_anything_is_loaded():
    widget = LettersToSounds("thumb", hand=[[1, 0, 0.5]])
    assert (widget.sample["word"], widget.sample["hand"]) == ("thumb", [[1, 0, 0.5]])
    for name, array in widget.compute().items():
        np.testing.assert_allclose(widget.sample["result"][name], array, atol=5.1e-7)
    assert widget.sample["sounds"] == task.words().phonemes.symbols
    # And the bytes themselves are in no page.
    assert len(widget._repr_html_()) < 100_000
    table = widget.fallback_html()
    assert table.count("<tr>") == 1 + len(widget.compute()["sounds"])
    assert '<th scope="col">b</th>' in table


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"word": ""}, "word: expected 1 to 16 letters from a to z, got ''"),
        ({"word": "Knight"}, "word: expected 1 to 16 letters from a to z, got 'Knight'"),
        ({"word": "a" * 17}, "word: expected 1 to 16 letters"),
        ({"word": None}, "word: expected 1 to 16 letters"),
        ({"word": "a\n"}, "word: expected 1 to 16 letters"),
        ({"hand": [[0, 0]]}, "hand: expected weights set by hand"),
        ({"hand": [[0, 0, 1.5]]}, "hand: .*a weight: expected a number from 0 to 1, got 1.5"),
        ({"hand": [[0, 0.5, 1]]}, "hand: .*a letter: expected a whole number from 0 to 15"),
        ({"hand": [[24, 0, 1]]}, "hand: .*a sound: expected a number from 0 to 23"),
        ({"hand": [[0, 16, 1]]}, "hand: .*a letter: expected a number from 0 to 15"),
        ({"hand": [[0, 0, 0.6], [0, 1, 0.5]]}, "hand: .*together 1 at most"),
        ({"hand": [[0, 0, 0.1], [0, 0, 0.2]]}, "hand: .*each once"),
        ({"hand": 3}, "hand: expected weights set by hand"),
        ({"selected": 24}, "selected: expected"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_a_sentence(given, says):
    with pytest.raises(traitlets.TraitError, match=says):
        LettersToSounds(**given)


def test_weights_are_kept_in_order_and_a_whole_row_may_be_set():
    given = [[1, 3, 0.25], [0, 5, 1], [1, 0, 0.75]]
    assert LettersToSounds(hand=given).hand == [[0, 5, 1.0], [1, 0, 0.75], [1, 3, 0.25]]


def test_random_states_are_set_by_hand_in_every_way():
    """Rows that are used up and rows that are not, one-letter words, letters that are all set."""
    widgets = [LettersToSounds.random(np.random.default_rng(seed)) for seed in range(200)]
    together = [
        sum(w for t, _, w in widget.hand if t == row) for widget in widgets for row in {t for t, *_ in widget.hand}
    ]  # fmt: skip
    assert min(together) < 0.5
    assert max(together) > 0.99
    assert any(len(widget.word) == 1 for widget in widgets)
    used = [widget.compute()["weights"] != widget.compute()["own"] for widget in widgets[:40]]
    assert 5 < sum(each.any() for each in used) < 40
    assert any(not widget.hand for widget in widgets)


def test_every_sound_has_a_word_in_which_the_dictionary_hears_it(chromium_page):
    page = chromium_page("about:blank")
    sounds = trained.load("letters_to_sounds").record["sounds"]
    found = page.evaluate(
        """async ([text, sounds]) => {
             const widget = await import(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
             return sounds.map(widget.example); }""",
        [str(LettersToSounds._esm), [*sounds, "end"]],
    )
    assert found.pop() is None
    heard: dict[str, tuple[str, ...]] = {}
    for word, pronounced in data.cmudict(stress=False):
        heard.setdefault(word, pronounced)
    for sound, parts in zip(sounds, found, strict=True):
        word = "".join(parts)
        assert len(parts) == 3, sound
        assert parts[1], f"{sound}: no letters of {word} stand out"
        assert heard[word].count(sound) == 1, f"{sound} in {word}: {heard[word]}"
        # The letters that stand out are where the sound is: as many before as behind, roughly.
        place = heard[word].index(sound)
        assert (place == 0) == (parts[0] == ""), f"{sound} in {word}: {parts}"
        assert (place == len(heard[word]) - 1) == (parts[2] == ""), f"{sound} in {word}: {parts}"


def test_examples_run():
    failed, tried = map(
        sum, zip(doctest.testmod(letters_to_sounds), doctest.testmod(network), strict=True)
    )
    assert (failed, tried) == (0, 1)
