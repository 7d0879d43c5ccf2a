"""What the counts of heads rest on: which keys, which half, which control."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from attncourse import models
from attncourse.experiments import encoder_heads as game


def one_map(n, **cells):
    """A head whose query i puts all its weight on key ``to(i)``."""
    maps = np.zeros((1, n, n))
    for i in range(n):
        maps[0, i, cells["to"](i)] = 1
    return maps


@pytest.mark.parametrize(
    ("to", "where"),
    [
        (lambda i: max(i - 1, 0), "before"),
        (lambda i: min(i + 1, 6), "after"),
        (lambda i: 0, "first"),
        (lambda i: 6, "last"),
    ],
)
def test_each_place_is_found_and_no_other(to, where):
    maps = one_map(7, to=to)
    found = {place: game._weight(maps, place)[0] for place in ("before", "after", "first", "last")}
    assert found[where] == 1
    # The first word's neighbour is the mark in front, the last word's the one behind.
    assert all(share <= 0.2 for place, share in found.items() if place != where)


def test_a_pair_is_read_both_ways():
    maps = np.zeros((2, 5, 5))
    maps[0, 1, 3], maps[0, 3, 1], maps[1, 1, 3] = 0.6, 0.2, 0.5
    np.testing.assert_allclose(game._between(maps, (1, 3)), [0.4, 0.25])


def test_a_job_is_chosen_on_one_half_and_measured_on_the_other():
    found = np.zeros((8, 3))
    choosing = [0, 1, 4, 5]
    rest = [2, 3, 6, 7]
    found[choosing, 1], found[rest, 1] = 0.9, [0.2, 0.4, 0.2, 0.4]
    found[rest, 2] = 1.0  # best where nobody looks for it
    job = game._job(found, found / 10)
    assert (job.head, job.n) == (1, 4)
    assert job.found == pytest.approx(0.3)
    assert job.control == pytest.approx(0.03)
    assert job.middle == pytest.approx(0.3)
    assert job.error == pytest.approx(2 * np.std([0.2, 0.4, 0.2, 0.4], ddof=1) / 2)


def test_prose_is_plain_and_nobody_repeats_himself():
    some = game.prose(50)
    assert len(set(some)) == 50
    assert all(8 <= len(text.split()) <= 25 and text.endswith(".") for text in some)
    assert some == game.prose(50)
    assert some != game.prose(50, seed=1)


class Vocabulary:
    def get_vocab(self):
        return {"word": 10, "other": 11, "third": 12, "the": 13, "##ings": 14}


def test_the_control_of_a_copy_differs_in_the_copy_alone():
    texts = [[1, 10, 13, 10, 12, 2], [1, 13, 11, 13, 2], [1, 14, 14, 12, 2]]
    (found, places), (control, same) = game._copies(texts, Vocabulary(), np.random.default_rng(0))
    assert found == texts[:1]  # neither a short word nor the end of one
    assert places == same == [(1, 3)]
    assert control == [[1, 10, 13, 11, 12, 2]]  # the one word that is not there


def test_maps_of_a_batch_are_those_of_each_alone():
    torch.manual_seed(0)
    model = models.MiniLM(60, 20, 2, d_model=12, n_heads=3, n_layers=2, d_hidden=20).eval()
    for weight in model.parameters():
        weight.data += 0.3 * torch.randn_like(weight)
    texts = [[1, 9, 8, 2], [1, 7, 6, 5, 4, 2], [1, 3, 2]]
    found = game.maps_of(model, texts, at_once=2)
    for maps, text in zip(found, texts, strict=True):
        alone = models.attention_maps(model, torch.tensor([text])).encoder[:, 0]
        np.testing.assert_allclose(maps, alone.flatten(0, 1), atol=1e-6)


class Words:
    """A tokenizer for whole words, which remembers what it was given."""

    def __init__(self):
        self.known, self.seen = {}, []

    def encode(self, text):
        self.seen.append(text)
        tokens = ["[CLS]", *text.lower().removesuffix(".").split(), ".", "[SEP]"]
        ids = [self.known.setdefault(word, len(self.known)) for word in tokens]
        return type("One", (), {"tokens": tokens, "ids": ids})


def heads_that(monkeypatch, *look):
    """Let each head's every query put its weight on one key: ``look(tokens)`` gives its word."""
    words = Words()

    def maps_of(model, texts):
        name = {i: word for word, i in words.known.items()}
        found = []
        for text in texts:
            tokens = [name[i] for i in text]
            maps = np.full((len(look), len(text), len(text)), 0.001)
            for head, rule in enumerate(look):
                maps[head, :, tokens.index(rule(tokens))] += 0.9
            found.append(maps)
        return found

    monkeypatch.setattr(game, "maps_of", maps_of)
    return words


def first_noun(tokens):
    return tokens[2]


def fitting(tokens):
    person = dict(zip(["he", "she"], zip(*game.PERSONS, strict=True), strict=True))
    pronoun = next(word for word in tokens if word in person)
    return next(word for word in tokens if word in person[pronoun])


def test_a_head_that_does_not_read_the_pronoun_is_right_in_half(monkeypatch):
    words = heads_that(monkeypatch, first_noun, fitting)
    right = game._pronouns(None, words, np.random.default_rng(0), 30)
    assert right.shape == (60, 2)
    assert right.mean(axis=0).tolist() == [0.5, 1.0]
    assert len({text.split("because")[0] for text in words.seen}) > 20
    firsts = {text.split()[1] for text in words.seen}
    assert firsts & {he for he, _ in game.PERSONS}
    assert firsts & {she for _, she in game.PERSONS}


def test_a_head_that_does_not_read_the_last_word_is_right_in_no_pair(monkeypatch):
    def by_the_last_word(tokens):
        beasts = {beast for beast, _ in game.FITS}
        return tokens[2] if tokens[-3] in beasts else tokens[tokens.index("because") - 1]

    def wrongly(tokens):
        right = by_the_last_word(tokens)
        return tokens[2] if right != tokens[2] else tokens[tokens.index("because") - 1]

    words = heads_that(monkeypatch, first_noun, by_the_last_word, wrongly)
    found = game.twins(None, words, 40)
    assert found["both"].tolist() == [0, 1, 0]
    np.testing.assert_allclose(found["weight"], 0.902)
    assert len(set(words.seen)) == 80
