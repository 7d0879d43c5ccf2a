"""What the comparison of U-Nets rests on: a clean split, spots alike, gates that gate, equal sizes, fair measures."""

from __future__ import annotations

import pytest
import torch

from attncourse.experiments import brain_slices as brain
from attncourse.experiments import medical_images as task
from attncourse.experiments import unet
from attncourse.training import count_parameters


def planted(radius=2.0, n=8, seed=0):
    chosen = brain.roomy(brain.parts("apart")[1], radius)[:n]
    return brain.plant(chosen, radius, torch.Generator().manual_seed(seed)), chosen


def test_both_splits_judge_the_same_slices_and_learn_from_equally_many():
    (clean, judged), (mixed, same) = brain.parts("apart"), brain.parts("mixed")
    assert torch.equal(judged, same)
    assert len(clean) == len(mixed) == len(set(mixed.tolist()))
    assert not set(judged.tolist()) & set(clean.tolist())
    assert not set(judged.tolist()) & set(mixed.tolist())
    nearest = [(part[None] - judged[:, None]).abs().amin(1) for part in (clean, mixed)]
    assert nearest[0].min() > brain.GAP
    assert nearest[1].double().mean() < 2


def test_slices_are_halves_in_2_mm_and_tissues_are_the_likeliest():
    whole = brain.slices()
    n = brain.UP.stop - brain.UP.start
    assert whole.images.shape == (n, 1, *brain.SIDES)
    assert whole.heights.diff().unique().tolist() == [1]
    share = [(whole.tissues == c).double().mean().item() for c in range(3)]
    assert share[brain.OTHER] > share[brain.GREY] > share[brain.WHITE] > 0.1
    seen = [whole.images[:, 0][whole.tissues == c].mean() for c in range(3)]
    assert seen[brain.OTHER] < seen[brain.GREY] < seen[brain.WHITE]


@pytest.mark.parametrize("radius", task.RADII.values())
def test_one_spot_is_in_white_matter_and_three_like_it_are_not(radius):
    found, chosen = planted(radius, 16)
    tissues, area = brain.slices().tissues[chosen], int(brain.disc(radius).sum())
    assert not (found.marked & found.distractors).any()
    assert (found.images[:, 0][found.marked | found.distractors] == brain.BRIGHT).all()
    untouched = ~(found.marked | found.distractors)
    assert torch.equal(
        found.images[:, 0][untouched], brain.slices().images[chosen][:, 0][untouched]
    )
    for mask, other, tissue in zip(found.marked, found.distractors, tissues, strict=True):
        assert mask.sum() == area
        assert 2 * area < other.sum() <= 3 * area  # some reach over the border
        assert (tissue[mask] == brain.WHITE).double().mean() >= 0.8 - 1e-9
        assert (tissue[other] == brain.WHITE).double().mean() <= 0.3


def test_the_draw_decides_where_spots_lie_and_a_slice_without_room_is_refused():
    (a, _), (b, _), (c, _) = planted(seed=1), planted(seed=1), planted(seed=2)
    assert torch.equal(a.marked, b.marked)
    assert not torch.equal(a.marked, c.marked)
    with pytest.raises(ValueError, match="no room"):
        brain.plant(torch.tensor([0]), 12.0, torch.Generator())


@pytest.mark.parametrize("condition", task.SETTINGS)
def test_a_network_without_gates_is_not_smaller_and_hardly_larger(condition):
    setting, model = task.SETTINGS[condition], task.build(condition)
    gated = count_parameters(task.unet(setting._replace(gated=True)))
    assert 1 <= count_parameters(model) / gated < 1.1
    assert len(model.gates) == (2 if setting.gated else 0)
    with torch.no_grad():
        n_classes = 3 if setting.task == "tissues" else 2
        assert model(torch.rand(2, 1, *brain.SIDES)).shape == (2, n_classes, *brain.SIDES)


def test_a_gate_by_hand():
    gate = unet.Gate(1, 1, 1)
    with torch.no_grad():
        for p, value in ((gate.w_query, 2.0), (gate.w_key, -1.0), (gate.v, 3.0), (gate.b, 0.5)):
            p.fill_(value)
        q, k = torch.tensor([[[[0.3, -0.2]]]]), torch.tensor([[[[0.1, 0.4]]]])
        expected = torch.sigmoid(3 * torch.tanh(2 * q - k) + 0.5)[:, 0]
        torch.testing.assert_close(gate(q, k), expected)


def test_a_closed_gate_hides_the_skip_and_an_open_one_lets_it_pass():
    """With both gates shut, only what came through the bottom is left: detail is gone."""
    model = task.build("gated, small")
    images = torch.rand(2, 1, *brain.SIDES)
    with torch.no_grad():
        plain = model(images)
        same, gates = model(images, change=lambda level, alpha: alpha, return_gates=True)
        shut, zeros = model(images, change=lambda level, a: 0 * a, return_gates=True)
        assert torch.equal(plain, same)
        assert [g.shape[-1] for g in gates] == [96, 48]
        assert all(g.min() > 0 and g.max() < 1 for g in gates)
        assert not any(z.any() for z in zeros)
        assert not torch.allclose(plain, shut, atol=1e-3)


def test_changed_gates_keep_what_they_say_they_keep():
    alpha = torch.rand(3, 6, 9)
    assert (task.opened(0, alpha) == 1).all()
    levelled = task.levelled(0, alpha)
    torch.testing.assert_close(levelled.mean((1, 2)), alpha.mean((1, 2)))
    assert (levelled.flatten(1).std(-1) < 1e-6).all()
    for change in (task.moved, task.shuffled):
        found = change(0, alpha)
        assert torch.equal(found.flatten(1).sort().values, alpha.flatten(1).sort().values)
        assert not torch.equal(found, alpha)
    assert torch.equal(task.swapped(0, alpha), alpha[[2, 0, 1]])


def test_dice_and_the_share_of_comparisons_by_hand():
    found = torch.tensor([[[1, 1, 0, 0]], [[0, 0, 0, 1]]], dtype=torch.bool)
    truth = torch.tensor([[[1, 0, 1, 1]], [[1, 0, 0, 0]]], dtype=torch.bool)
    assert task.overlap(found, truth).tolist() == pytest.approx([2 / 5, 0], abs=1e-6)
    assert task.overlap(truth, truth).tolist() == pytest.approx([1, 1])
    values = torch.tensor([[[3.0, 1, 2, 1]]])
    here, there = torch.tensor([[[True, True, 0, 0]]]), torch.tensor([[[0, 0, True, True]]])
    assert task.above(values, here.bool(), there.bool()) == pytest.approx((1 + 1 + 0 + 0.5) / 4)


def test_maps_that_know_the_truth_and_maps_that_know_nothing():
    found, _ = planted()
    maps = {
        "truth": found.marked.float(),
        "flat": torch.ones_like(found.images[:, 0]),
        "brightness": found.images[:, 0],
    }
    judged = task.maps_judged(maps, found)
    assert judged["truth"] == [1, 1]
    assert judged["flat"] == [0.5, 0.5]
    assert judged["brightness"][0] == 0.5  # the spots are equally bright
    assert judged["brightness"][1] > 0.99


def test_shifts_leave_the_shape_and_do_what_they_say():
    images = planted()[0].images
    assert torch.equal(brain.SHIFTS["none"](images), images)
    noisy = brain.noise(images) - images
    assert abs(noisy.std().item() - 0.1) < 0.005
    assert torch.equal(brain.noise(images), brain.noise(images))
    ratio = brain.bias(torch.ones(1, 1, 2, 96))
    assert ratio[0, 0, 0, [0, -1]].tolist() == pytest.approx([1.3, 0.7])
    inverted = brain.invert(images)
    assert inverted[images > 0.9].max() < inverted[(images > 0.5) & (images < 0.7)].min()
    assert torch.equal(inverted[images <= 0.05], images[images <= 0.05])


def test_networks_of_one_seed_see_the_same_spots_and_a_network_learns():
    a, b = (next(task.batches(c, 3)) for c in ("gated, small", "plain, small"))
    assert torch.equal(a[0], b[0])
    model = task.build("plain, small", 0)
    history = task.learn(model, "plain, small", 30, 0)
    assert sum(history.losses[-5:]) < 0.9 * sum(history.losses[:5])
