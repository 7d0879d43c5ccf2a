"""What the questions about a compressed prompt rest on: nothing dropped changes nothing."""

from __future__ import annotations

import pytest
import torch

import attncourse.pytorch as att
from attncourse.experiments import kv_prompt as lab


class Bytes:
    """A tokenizer of letters."""

    def encode(self, text):
        return type("Encoding", (), {"ids": [ord(letter) % 60 for letter in text]})


@pytest.fixture
def small(monkeypatch):
    """A small model and a short story in the place of SmolLM2 and the plays."""
    torch.manual_seed(0)
    model = att.LanguageModel(60, 24, 6, 3, n_kv_heads=2).eval()
    monkeypatch.setattr(lab, "given", lambda: (model, Bytes()))
    return model


TEXT, QUESTION = "It was a dark and stormy night, and all slept.", "Who slept?"


def test_reading_in_two_parts_is_reading_at_once(small):
    whole = lab.read(lab.numbers(TEXT + QUESTION))
    parts = lab.read(lab.numbers(QUESTION), lab.read(lab.numbers(TEXT)))
    n = len(TEXT + QUESTION)
    for a, b in zip(whole.totals, parts.totals, strict=True):
        torch.testing.assert_close(a, b)
        assert a.shape == (2, n)
        assert a.sum() == pytest.approx(6 * n, rel=1e-4)  # each query of each head gives 1
    for a, b in zip(whole.watched, parts.watched, strict=True):
        assert a.sum() == pytest.approx(6 * lab.WATCH, rel=1e-4)
        assert (a[:, -1] > 0).all()  # the last position is seen by the last query alone
        assert b.sum() == pytest.approx(6 * len(QUESTION), rel=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("rule", lab.RULES)
def test_with_room_for_all_nothing_is_lost(small, rule):
    what = lab.read(lab.numbers(TEXT))
    n = len(TEXT)
    right = -small(lab.numbers(TEXT + QUESTION + "ab"))[0].log_softmax(-1)
    ids = lab.numbers("ab")[0]
    wanted = (right[-3, ids[0]] + right[-2, ids[1]]).item()
    for caches in (what.caches, lab.cut(what, rule, n)):
        assert lab.surprise(caches, n, QUESTION, "ab") == pytest.approx(wanted, abs=1e-4)
    cut = lab.cut(what, rule, 24)
    assert {block.self_attention.k.shape for block in cut} == {(1, 2, 24, 4)}
    assert lab.surprise(cut, n, QUESTION, "ab") != pytest.approx(wanted, abs=1e-4)


def test_the_best_are_the_ends_and_the_greatest():
    worth = torch.tensor([[0.0, 9, 1, 8, 2, 7, 3, 0, 0]])
    assert lab.best(worth, 5, n_newest=2)[0].tolist() == [1, 3, 5, 7, 8]
    assert lab.best(worth, 4, n_newest=1, n_first=2)[0].tolist() == [0, 1, 3, 8]


def test_snapkv_keeps_what_is_looked_at_with_its_neighbours():
    watched = torch.zeros(1, 200)
    watched[0, 50], watched[0, 120] = 2.0, 1.0
    kept = lab.snapkv(watched, 2 * lab.WATCH)[0].tolist()
    assert len(kept) == 32
    assert {*range(47, 54), *range(117, 124), *range(184, 200)} <= {*kept}


def test_the_control_is_drawn_and_has_both_ends():
    kept = lab.sampled(torch.Size([2, 300]), 32)
    assert kept.shape == (2, 32)
    assert kept[:, :4].tolist() == [[0, 1, 2, 3]] * 2
    assert kept[:, 16:].tolist() == [[*range(284, 300)]] * 2
    assert kept[0].tolist() != kept[1].tolist()


def test_each_fact_is_told_once_and_its_answer_is_nowhere_else():
    for number in lab.EXPERIMENT.seeds:
        text = lab.story(number)
        for fact in lab.FACTS:
            assert text.count(fact.told) == 1
            assert fact.told == f"{fact.begun}{fact.answer}."
            assert text.lower().count(fact.answer.lower() + ".") == 1
    assert len({lab.story(number) for number in lab.EXPERIMENT.seeds}) == 3
