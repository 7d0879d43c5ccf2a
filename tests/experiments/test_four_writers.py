"""What the comparison of writers rests on: equal sizes, no future, the same characters, controls."""

from __future__ import annotations

import pytest
import torch

from attncourse.experiments import four_writers as four
from attncourse.experiments.ngrams import NGrams
from attncourse.training import count_parameters

NETWORKS = ("attention", "GRU", "gated linear")


@pytest.fixture(scope="module")
def counted():
    return NGrams(four.text().train[:50_000], len(four.text().alphabet), order=4)


def test_the_networks_are_of_one_size_and_attention_is_the_smallest():
    sizes = [count_parameters(four.build(name)) for name in NETWORKS]
    assert sizes[0] == min(sizes)
    assert max(sizes) < 1.02 * sizes[0]


def test_noise_in_training_changes_nothing_that_is_drawn_before_it():
    a, b = (four.build(name, seed=3).state_dict() for name in ("GRU", "GRU, noise"))
    assert all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("name", NETWORKS)
def test_no_network_sees_the_future(name):
    model, tokens = four.build(name), torch.randint(70, (2, 50))
    other = tokens.clone()
    other[:, 40] += 1
    with torch.no_grad():
        moved = (model(other) - model(tokens)).abs().amax((0, 2)) > 0
    assert not moved[:40].any()
    assert moved[40:].all()


def test_a_tiny_training_learns_and_what_is_wanted_is_the_next_character():
    model = four.build("GRU", seed=1)
    history = four.learn(model, "GRU", 12, seed=1)
    assert history.losses[-1] < history.losses[0] - 0.5
    torch.manual_seed(5)
    read, wanted = next(iter(four.Windows(0.0)))
    assert read.shape == wanted.shape == (four.BATCH, four.WINDOW)
    assert torch.equal(read[:, 1:], wanted[:, :-1])


def test_noise_replaces_its_share_of_what_is_read_and_nothing_of_what_is_wanted():
    torch.manual_seed(0)
    read, wanted = next(iter(four.Windows(0.5)))
    assert 0.3 < (read[:, 1:] != wanted[:, :-1]).float().mean() < 0.5  # some fall on themselves
    clean, noisy = four.noisy(0.0), four.noisy(0.2)
    assert torch.equal(clean.read, four.windows("test", len(clean.read)).read)
    assert torch.equal(clean.wanted, noisy.wanted)
    assert 0.14 < (clean.read != noisy.read).float().mean() < 0.2


def test_unread_plays_are_not_in_those_that_were_read():
    read = four.text().decode(four.text().train)
    for row in four.windows("test", 20).read:
        assert four.text().decode(row) not in read
    assert not any(name in read or name.title() in read for name in four.NAMES)


def test_the_same_characters_are_judged_after_every_context():
    cases = [four.reaching(back) for back in range(0, four.WINDOW, four.STRIDE)]
    last = [case.wanted[:, -four.STRIDE :] for case in cases]
    assert all(torch.equal(wanted, last[0]) for wanted in last)
    assert [case.read.shape[1] for case in cases] == [16, 32, 48, 64]
    assert torch.equal(cases[2].read[:, -16:], cases[0].read)


@pytest.mark.parametrize("distance", four.DISTANCES)
def test_a_name_comes_again_at_its_distance_or_another_name_came(distance):
    decode = four.text().decode
    (same, letters), (other, elsewhere) = (
        four.names_again(distance, other) for other in (False, True)
    )
    assert len(same.read) == len(other.read) == 8 * len(four.NAMES)
    between = [
        [decode(r).partition("\n")[2][: distance - 1] for r in c.read] for c in (same, other)
    ]
    assert between[0] == between[1]
    assert letters.sum() == elsewhere.sum()
    for case, judged in ((same, letters), (other, elsewhere)):
        for read, wanted, places in zip(case.read, case.wanted, judged, strict=True):
            text = decode(read)
            first, _, rest = text.partition("\n")
            again = text.rindex("\n\n", 0, int(places.nonzero()[0])) + 2
            name = text[again:][: four.KNOWN] + decode(wanted[places])
            assert name in four.NAMES
            assert (first == name) == (case is same)
            assert again - len(first) == distance
            assert name.title() not in rest


def test_a_table_copies_no_name_and_forgets_noise_after_its_order(counted):
    costs = four.name_costs(counted)
    assert costs["same"] == costs["other"]  # all that differs is out of its reach
    for kind in ("burst", "outlier"):
        extra = four.damage(counted, kind)
        assert extra[0] > 0.5
        assert not any(extra[counted.order - 1 :])


def test_damage_begins_behind_what_was_changed():
    for kind, length in (("burst", four.BURST), ("outlier", 1)):
        clean, changed = four.damaged(kind)
        moved = (clean.read != changed.read).any(0)
        assert moved.nonzero().flatten().tolist() == [*range(four.PLACE, four.PLACE + length)]
        assert torch.equal(clean.wanted, changed.wanted)


def test_more_context_can_only_be_used_by_a_writer_that_looks_so_far(counted):
    found = four.by_context(counted)
    assert found[0] > found[1]
    assert len(set(found[1:])) == 1
