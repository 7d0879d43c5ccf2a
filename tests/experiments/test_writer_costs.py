"""What the writers cost, by hand and by PyTorch's counter; and the network that is told what is near."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import attncourse.pytorch as att
from attncourse.experiments import four_writers as four
from attncourse.experiments import near_first, writer_costs
from attncourse.training import count_parameters

NETWORKS = ("attention", "GRU", "gated linear")


def test_the_grus_operations_are_two_a_weight_at_every_length():
    model = four.build("GRU")
    used = sum(p.numel() for name, p in model.named_parameters() if "weight" in name)
    used -= model.get_parameter("embedding.weight").numel()
    assert writer_costs.operations("GRU", 64) == writer_costs.operations("GRU", 9999) == 2 * used


@pytest.mark.parametrize("length", [64, 96])
def test_the_gated_recurrences_operations_are_those_that_pytorch_counts(length):
    tokens = torch.zeros(1, length, dtype=torch.long)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        four.build("gated linear")(tokens)
    # The library carries a column for the normaliser, which is not asked for here.
    column = 2 * four.N_HEADS * (writer_costs.CHUNK + 2 * writer_costs.D_K)
    counted = writer_costs.operations("gated linear", length) + four.N_LAYERS * column
    assert counter.get_total_flops() == length * counted


def test_attention_costs_more_for_each_character_the_longer_the_text():
    costs = [writer_costs.operations("attention", n) for n in (64, 128, 192)]
    # A character sees half a character more for each that is added: 2 layers of 2 products.
    assert costs[1] - costs[0] == costs[2] - costs[1] == 2 * 2 * four.N_LAYERS * four.D_MODEL * 32


def test_what_is_kept_grows_with_attention_alone():
    kept = {name: [writer_costs.kept(name, n) for n in (64, 128)] for name in NETWORKS}
    assert kept["attention"][1] == 2 * kept["attention"][0]
    for name in ("GRU", "gated linear"):
        assert kept[name][0] == kept[name][1] < kept["attention"][0]


def test_times_are_taken_of_all():
    for name in NETWORKS:
        assert writer_costs.training_seconds(four.build(name), 64, 128) > 0


@pytest.mark.parametrize("condition", near_first.NETWORKS[:2])
def test_nearness_is_all_that_differs_and_it_has_no_parameters(condition):
    told, plain = near_first.build(condition, 3), four.build("attention", 3)
    pairs = zip(told.named_parameters(), plain.named_parameters(), strict=True)
    assert all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)
    tokens = torch.randint(70, (1, 30))
    with torch.no_grad():
        assert not torch.equal(told(tokens), plain(tokens))


def test_the_slopes_make_what_is_near_weigh_more_before_training():
    told = near_first.build("attention, ALiBi", 3)
    with torch.no_grad():
        looks = told(
            torch.randint(70, (1, 30)),
            return_weights=True,
            attend=att.scaled_dot_product_attention,
        )
    heads = looks[-1][0].self_attention[0, :, -1]  # nearly even without slopes
    assert heads[0, -1] > 3 * heads[0, 0]


def test_slopes_beside_rotary_positions_are_those_of_alibi():
    """Where every place turns by nothing, slopes are all that is left of places."""
    both = near_first.build("attention, rotary and ALiBi", 3)
    alone = near_first.build("attention, ALiBi", 3)
    tokens = torch.randint(70, (2, 30))
    with torch.no_grad():
        assert not torch.allclose(both(tokens), alone(tokens), atol=1e-3)
        both.relative.frequencies = torch.zeros(writer_costs.D_K // 2)
        torch.testing.assert_close(both(tokens), alone(tokens))


def test_the_gru_in_the_blocks_is_not_the_smaller_one_and_sees_no_future():
    model = near_first.build("GRU in the blocks")
    size = count_parameters(four.build("attention"))
    assert size <= count_parameters(model) < 1.02 * size
    tokens = torch.randint(70, (2, 50))
    other = tokens.clone()
    other[:, 40] += 1
    with torch.no_grad():
        moved = (model(other) - model(tokens)).abs().amax((0, 2)) > 0
    assert moved.tolist() == [place >= 40 for place in range(50)]


def test_what_a_network_has_read_is_what_it_was_trained_on(monkeypatch):
    seen = []

    class Watched(four.Windows):
        def __iter__(self):
            for read, wanted in super().__iter__():
                seen.append(torch.cat([read, wanted[:, -1:]], dim=1))
                yield read, wanted

    monkeypatch.setattr(four, "Windows", Watched)
    four.learn(four.build("GRU", seed=2), "GRU", 3, seed=2)
    monkeypatch.undo()
    assert torch.equal(writer_costs.read_by(3, seed=2), torch.cat(seen[:3]))
    assert not torch.equal(writer_costs.read_by(3, seed=1), torch.cat(seen[:3]))


def test_a_step_is_timed_of_each():
    found = writer_costs.step_seconds(NETWORKS, n_steps=1, n_rounds=1)
    assert list(found) == list(NETWORKS)
    assert min(found.values()) > 0
