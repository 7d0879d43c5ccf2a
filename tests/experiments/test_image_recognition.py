"""What the comparison of image networks rests on: splits without a leak, equal sizes, one permutation, damage, ranks."""

from __future__ import annotations

import pytest
import torch

import attncourse.pytorch as att
from attncourse.experiments import image_changes as changes
from attncourse.experiments import image_recognition as task
from attncourse.training import count_parameters


def test_digits_by_writer_leave_a_gap_and_share_no_place():
    """A writer's digits come in a row, 138 on average: whoever wrote no more is on one side only."""
    train, rest, test = (task.images_of("digits", part)[0] for part in ("train", "valid", "test"))
    assert [len(x) for x in (train, rest, test)] == [1300, 137, 360]
    from sklearn.datasets import load_digits

    every = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    assert torch.equal(torch.cat([train, rest, test]).flatten(1), every)


def test_mixed_digits_are_the_same_images_drawn_once_each():
    parts = [task.images_of("digits mixed", part) for part in ("train", "valid", "test")]
    usual = [task.images_of("digits", part) for part in ("train", "valid", "test")]
    assert [len(y) for _, y in parts] == [len(y) for _, y in usual]
    a, b = (torch.cat([x.flatten(1) for x, _ in some]) for some in (parts, usual))
    assert sorted(map(tuple, a.tolist())) == sorted(map(tuple, b.tolist()))
    assert not torch.equal(a, b)


def test_images_are_from_zero_to_one_and_a_larger_one_is_the_same_picture():
    images, labels = task.images_of("mnist", "test")
    larger, theirs = task.images_of("mnist, larger", "test")
    assert images.shape == (750, 1, 28, 28)
    assert larger.shape == (750, 1, 42, 42)
    assert (images.min(), images.max()) == (0, 1)
    assert torch.equal(labels, theirs)
    back = torch.nn.functional.interpolate(larger, size=(28, 28), mode="area")
    assert (back - images).abs().mean() < 0.03


def test_a_permutation_of_patches_moves_patches_whole_and_is_the_same_for_every_image():
    images = torch.arange(2 * 28 * 28.0).reshape(2, 1, 28, 28)
    shuffled = changes.shuffle(images, "patches")
    before, after = (att.patches(x, 7) for x in (images, shuffled))
    places = [[before[n].tolist().index(row) for row in after[n].tolist()] for n in range(2)]
    assert places[0] == places[1]
    assert sorted(places[0]) == list(range(16))
    assert places[0] != list(range(16))
    assert torch.equal(shuffled, changes.shuffle(images, "patches"))


def test_a_permutation_of_pixels_tears_patches_apart():
    images = torch.arange(28 * 28.0).reshape(1, 1, 28, 28)
    shuffled = changes.shuffle(images, "pixels")
    assert torch.equal(shuffled.flatten().sort().values, images.flatten())
    sets = [{*map(float, patch)} for patch in att.patches(images, 7)[0]]
    assert {*map(float, att.patches(shuffled, 7)[0, 0])} not in sets


def test_a_vision_transformer_whose_positions_move_along_does_not_notice():
    """The page says why shuffled patches cost it nothing: the same network, other rows."""
    model = task.build("vit", seed=1)
    images = torch.rand(5, 1, 28, 28)
    shuffled = changes.shuffle(images, "patches")
    numbered = torch.arange(16.0).reshape(1, 1, 4, 4).repeat_interleave(7, 2)
    order = changes.shuffle(numbered.repeat_interleave(7, 3), "patches")[0, 0, ::7, ::7].flatten()
    moved = task.build("vit", seed=1)
    with torch.no_grad():
        moved.positions[1:] = model.positions[1:][order.long()]
        torch.testing.assert_close(moved(shuffled), model(images), atol=1e-5, rtol=1e-4)
        assert not torch.allclose(model(shuffled), model(images), atol=1e-4)


@pytest.mark.parametrize("condition", task.SETTINGS)
def test_networks_of_one_task_are_of_equal_size_and_take_its_images(condition):
    model, images = task.build(condition), task.read(condition, "test")[0]
    own = task.vit(images.shape[-1], task.SETTINGS[condition].grid)
    more = count_parameters(model) / count_parameters(own)
    assert 1 <= more < 1.02
    with torch.no_grad():
        assert model(images[:2]).shape == (2, task.N_CLASSES)


def test_500_images_are_50_of_each_digit_and_all_from_the_training_part():
    few, labels = task.read("vit, 500 images", "train")
    assert torch.bincount(labels).tolist() == [50] * 10
    assert len({x.numpy().tobytes() for x in few}) == 500
    every = {x.numpy().tobytes() for x in task.read("vit", "train")[0]}
    assert all(x.numpy().tobytes() in every for x in few)


def test_every_image_is_seen_before_any_is_seen_again():
    supply = task.batches("vit, 500 images", seed=2)
    first = torch.cat([next(supply)[0] for _ in range(16)])
    assert len({x.numpy().tobytes() for x in first}) == 500
    a, b = (next(task.batches("vit, 500 images", seed=s))[1] for s in (2, 2))
    assert torch.equal(a, b)


def test_a_moved_copy_is_the_same_picture_elsewhere():
    images = torch.zeros(40, 1, 9, 9)
    images[:, 0, 4, 4] = torch.arange(1.0, 41)
    moved = changes.move(images, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape
    assert torch.equal(moved.sum((1, 2, 3)), torch.arange(1.0, 41))
    places = moved.flatten(1).argmax(-1)
    down, right = places // 9 - 4, places % 9 - 4
    assert {*down.tolist()} == {*right.tolist()} == {-2, -1, 0, 1, 2}


def test_a_square_hides_its_size_at_a_place_of_the_images_own():
    images = torch.ones(30, 1, 28, 28)
    hidden = changes.occlude(images, 7, 0.0) == 0
    assert (hidden.sum((1, 2, 3)) == 49).all()
    assert len({tuple(x.flatten().nonzero()[0].tolist()) for x in hidden}) > 20
    for one in hidden[:, 0]:
        rows, cols = one.nonzero().T
        assert rows.max() - rows.min() == cols.max() - cols.min() == 6


def test_blur_keeps_ink_and_spreads_it_to_all_sides():
    point = torch.zeros(1, 1, 21, 21)
    point[0, 0, 10, 10] = 1
    soft = changes.blur(point, 2.0)
    torch.testing.assert_close(soft.sum(), torch.tensor(1.0))
    torch.testing.assert_close(soft, soft.mT)
    torch.testing.assert_close(soft, soft.flip(-1))
    line = soft[0, 0].sum(0)
    away = torch.arange(21.0) - 10
    assert abs((line * away**2).sum() - 4) < 0.2  # the bell's variance


def test_hidden_patches_are_the_ones_that_were_named():
    images = torch.ones(2, 1, 8, 8)
    hidden = torch.zeros(2, 16, dtype=torch.bool)
    hidden[0, 1] = hidden[1, 12] = True  # first row, second patch; last row, first patch
    shown = changes.hide(images, hidden)
    assert torch.equal(att.patches(shown, 2).eq(0).all(-1), hidden)


def test_places_and_agreement_by_hand():
    assert changes.ranks(torch.tensor([[0.2, 0.9, 0.5]])).tolist() == [[2, 0, 1]]
    a = torch.tensor([[1.0, 2, 3]])
    assert changes.agreement(a, 2 * a + 1) == pytest.approx(1)
    assert changes.agreement(a, -a) == pytest.approx(-1)
    both = changes.agreement(torch.cat([a, a]), torch.cat([a, -a]))
    assert both == pytest.approx(0, abs=1e-12)


def test_hiding_first_what_decides_hurts_first():
    class LooksAtOnePatch(torch.nn.Module):
        def forward(self, images):
            bright = images[:, 0, :7, :7].mean((1, 2))
            return torch.stack([bright, torch.full_like(bright, 0.5)], -1)

    images, labels = torch.ones(8, 1, 28, 28), torch.zeros(8, dtype=torch.long)
    first, last = torch.arange(16.0).expand(8, -1).neg(), torch.arange(16.0).expand(8, -1)
    assert task.hidden_first(LooksAtOnePatch(), images, labels, first) == [0.0] * len(task.HIDDEN)
    assert task.hidden_first(LooksAtOnePatch(), images, labels, last) == [1.0] * len(task.HIDDEN)
    # As the second to be hidden, or the third, it goes with that number and not before.
    for place in (2, 3):
        later = first.clone()
        later[:, 0] = 0.5 - place
        expected = [float(n < place) for n in task.HIDDEN]
        assert task.hidden_first(LooksAtOnePatch(), images, labels, later) == expected


def test_rankings_know_the_patch_that_decides_and_rollout_is_a_share():
    images, labels = (x[:6] for x in task.read("vit", "test"))
    model = task.build("vit", seed=0)
    found = task.rankings(model, images, labels)
    assert all(x.shape == (6, 16) for x in found.values())
    assert (found["rollout"] >= 0).all()
    assert (found["rollout"].sum(-1) < 1).all()  # the rest stays in the class token
    empty = found["ink"] == 0
    assert empty.any()
    torch.testing.assert_close(found["effect"][empty], torch.zeros(int(empty.sum())))


def test_rollout_of_equal_weights_by_hand():
    """Two layers of half identity, half mean over 17 tokens: a quarter stays, the rest is equal."""
    model = task.build("vit")
    with torch.no_grad():
        for block in model.encoder.blocks:
            block.attention.query.weight.zero_()
    found = task.rollout(model, torch.rand(2, 1, 28, 28))
    assert found == pytest.approx(0.75 / 17, abs=1e-6)


def test_a_network_learns_and_the_seed_decides_how():
    images, labels = task.read("cnn", "test")

    def told(seed):
        model = task.build("cnn", seed)
        task.learn(model, "cnn", 60, seed)
        return task.accuracy(model, images, labels), task.scores(model, images[:1])

    (accuracy, scores), (_, again), (_, other) = told(0), told(0), told(1)
    assert accuracy > 0.6
    assert torch.equal(scores, again)
    assert not torch.equal(scores, other)
