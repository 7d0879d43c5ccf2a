"""Summaries: words, numbers of a pair's own, networks that may copy, and how they are judged."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from attncourse import data
from attncourse.data.docs import PACKAGES
from attncourse.experiments import summaries as task
from attncourse.experiments import summary_scores as scores
from attncourse.experiments import summary_texts as words_of
from attncourse.experiments.summary_texts import Pair, Texts
from attncourse.training import (
    END,
    AdditiveAttention,
    Vocabulary,
    count_parameters,
    pad,
    seed,
    train,
)

cached = all((data.cache_dir() / archive.filename).is_file() for archive in PACKAGES)
real = pytest.mark.skipif(not cached, reason="the packages are not in the cache: attncourse data")

KNOWN = ["find", "the", "of", words_of.STOP]


def pair(name, body, summary):
    return Pair.of(data.Docstring("a.py", name, summary, body))


@pytest.fixture
def tiny(monkeypatch):
    """Four known words; all others are a pair's own."""
    held = [
        pair("zog", "the frob of the zog", "Find the frob."),
        pair("findFrob", "the zog of the quux", "Find the quux."),
    ]
    made = Texts(held, held, Vocabulary([*KNOWN, words_of.UNKNOWN]), frozenset(KNOWN))
    for module in (task, words_of):
        monkeypatch.setattr(module, "texts", lambda: made)
    return made


def small(memory=AdditiveAttention, *, copies=True, known=8):
    seed(0)
    return task.Summariser(known, memory, copies=copies, d_decoder=12).eval()


def test_what_is_read_is_the_name_then_the_text():
    read = pair("findFrob", "The frob_2 of it.", "Find it!")
    assert read.source == ["find", "frob", "|", "the", "frob", "2", "of", "it"]
    assert read.target == ["find", "it"]
    assert len(pair("f", "w " * 90, "s " * 90).source) == words_of.N_READ


def test_a_word_that_is_not_known_has_a_number_in_its_pair_and_comes_back(tiny):
    first, second = tiny.train
    source, target = tiny.encode(first)
    n = len(tiny.vocabulary)
    assert [i - n for i in source if i >= n] == [0, 1, 0]  # zog, frob, zog
    assert target[-1] == n + 1  # frob, to be copied
    assert tiny.decode(first, [*target, END, target[0]]) == ["find", "the", "frob"]
    assert tiny.decode(second, [n]) == ["frob"]  # the same number is another word there
    other = pair("zog", "the zog", "Find the quux.")
    assert tiny.decode(other, tiny.encode(other)[1]) == ["find", "the", words_of.UNKNOWN]


def test_a_copied_word_gets_the_weight_of_all_its_places(tiny):
    model = small(known=len(tiny.vocabulary))
    n = model.n_known
    source = torch.tensor([[n, 3, n + 1, n]])
    weights = torch.tensor([[[0.1, 0.2, 0.3, 0.4]]])
    features = torch.randn(1, 1, 12 + 2 * 96)
    p = model.chances(features, weights, source)[0, 0]
    says = model.gate(features).sigmoid().item()
    assert p.sum().item() == pytest.approx(1, abs=1e-5)
    assert p[n].item() == pytest.approx((1 - says) * 0.5, abs=1e-5)
    assert p[n + 1].item() == pytest.approx((1 - says) * 0.3, abs=1e-5)
    said = model.out(features).softmax(-1)[0, 0]
    assert p[3].item() == pytest.approx(says * said[3].item() + (1 - says) * 0.2, abs=1e-5)


@pytest.mark.parametrize("condition", task.MEMORIES)
def test_padding_changes_nothing(tiny, condition):
    memory, copies = task.MEMORIES[condition]
    model = small(memory, copies=copies, known=len(tiny.vocabulary))
    rows = [tiny.encode(each)[0] for each in tiny.train]
    alone, looked, gate = model.sum_up(pad(rows[:1]), 4)
    both, maps, gates = model.sum_up(pad([rows[0], [*rows[1], 3, 3, 3, 3]]), 4)
    assert torch.equal(alone[0], both[0])
    torch.testing.assert_close(gate[0], gates[0])
    if looked is not None:
        torch.testing.assert_close(looked[0], maps[0, :, : looked.shape[2]])
        torch.testing.assert_close(maps.sum(-1), torch.ones_like(maps[..., 0]))


@pytest.mark.parametrize(("copies", "right"), [(True, 2), (False, 0)])
def test_only_a_network_that_copies_says_a_word_that_is_not_known(tiny, copies, right):
    model = small(copies=copies, known=len(tiny.vocabulary))
    source, target = zip(*(tiny.encode(each) for each in tiny.train), strict=True)
    batch = pad(source), pad([[*row, END] for row in target])
    train(model, model.loss, [batch], n_steps=60, learning_rate=0.02)
    said, maps, _ = task.summaries(model, tiny.train)
    assert sum(s == each.target for s, each in zip(said, tiny.train, strict=True)) == right
    assert maps[0].shape == (len(said[0]), len(tiny.train[0].source))


def test_the_second_look_depends_on_the_first():
    seed(0)
    looks = task.TwoRounds(6, 5)
    states, mask = torch.randn(1, 4, 5), torch.ones(1, 4).bool()
    memory = looks.remember(states, states[:, -1], mask)
    state = torch.randn(1, 6)
    _, weights = looks(state, memory)
    with torch.no_grad():
        looks.ask.weight.mul_(-3)
    _, other = looks(state, memory)
    assert not torch.allclose(weights, other)


def test_scores_by_hand():
    asked = pair("shortest_path", "one two three", "Find the shortest path.")
    assert scores.name(asked) == ["shortest", "path"]
    assert scores.lead(asked, 2) == ["one", "two"]
    # Two of two words are right, two of four are said: 2 * 1 * 0.5 / 1.5.
    assert scores.rouge([scores.name(asked)], [asked]) == pytest.approx([2 / 3])
    assert scores.rouge([["path", "shortest"]], [asked]) == pytest.approx([1 / 3])  # order counts
    assert scores.rouge([["?", "?"]], [asked]) == [0]


def test_weight_on_telling_words():
    asked = pair("path", "the shortest of", "Find the shortest path.")
    assert scores.telling(asked).tolist() == [True, False, False, True, False]
    look = np.array([[0.5, 0.1, 0.1, 0.2, 0.1], [0.1, 0.1, 0.1, 0.6, 0.1]])
    weight, share = scores.focus([look], [asked])
    assert weight == pytest.approx(0.7)
    assert share == pytest.approx(2 / 5)


def test_the_nearest_docstring_lends_its_summary():
    known = [pair("a", "graph node edge", "About a graph."), pair("b", "wave sound", "On a wave.")]
    assert scores.nearest(known, [pair("c", "sound wave", "?")]) == [["on", "a", "wave"]]


@real
def test_networks_are_of_equal_size_and_none_is_smaller_than_attention():
    sizes = {name: count_parameters(task.build(name)) for name in task.MEMORIES}
    assert min(sizes.values()) == sizes["attention"]
    assert sizes["one vector"] < 1.01 * sizes["attention"]
    assert sizes["attention that copies"] < 1.01 * sizes["attention"]
    assert sizes["two rounds"] < 1.06 * sizes["attention"]


@real
def test_the_known_words_are_of_training_alone():
    every = words_of.texts()
    learned = {word for each in every.train for word in [*each.source, *each.target]}
    assert every.often <= learned | {words_of.STOP}
    assert not {each.doc.file for each in every.train} & {each.doc.file for each in every.test}


def test_all_conditions_have_a_memory():
    assert set(task.EXPERIMENT.budgets) == set(task.MEMORIES)
