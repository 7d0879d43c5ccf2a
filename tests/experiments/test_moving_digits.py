"""Clips made of digits: what one frame, all frames and their order tell is exact, not a matter of luck."""

from __future__ import annotations

import pytest
import torch

from attncourse.experiments import moving_digits as made


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def images():
    return torch.rand(200, made.SMALL, made.SMALL, generator=draw(3)) + 0.1


def corners(clips):
    """Where a digit's upper left corner is: none of its pixels is 0."""
    there = clips > 0
    return torch.stack([there.any(3).int().argmax(-1), there.any(2).int().argmax(-1)], -1)


def test_a_digit_stands_where_it_is_put_and_nowhere_else(images):
    down, right = torch.tensor([[0, 10]]), torch.tensor([[3, 7]])
    clips = made.place(images[:1], down, right)
    assert clips.shape == (1, 2, 24, 24)
    assert torch.equal(clips[0, 0, :14, 3:17], images[0])
    assert torch.equal(clips[0, 1, 10:, 7:21], images[0])
    torch.testing.assert_close(clips[0].sum((1, 2)), images[0].sum().repeat(2))


@pytest.mark.parametrize(
    ("move", "path"), [(made.steady, [1] * 7), (made.slowing, [3, 2, 2, 1, 1, 0, 0])]
)
def test_a_digit_moves_by_the_law_to_where_its_label_says(images, move, path):
    clips, labels = move(images, draw())
    steps = corners(clips).diff(dim=1)
    way = torch.tensor(made.DIRECTIONS)[labels]
    assert torch.equal(steps, way[:, None] * torch.tensor(path)[:, None])
    assert {*labels.tolist()} == {0, 1, 2, 3}


def test_a_steady_clip_backwards_is_one_of_the_opposite_direction_and_as_likely(images):
    """So frames without their order cannot tell left from right: the page's ceiling of one half."""
    many = images.repeat(20, 1, 1)
    clips, labels = made.steady(many, draw())
    turned, opposite = made.both_ways(clips, labels, made.OPPOSITE)
    n = len(labels)
    assert torch.equal(turned[n:].flip(1), clips)
    steps = corners(turned).diff(dim=1)[:, 0]
    assert torch.equal(steps, torch.tensor(made.DIRECTIONS)[opposite])
    # Where a digit is in the first frame of a clip to the left is where one to the right ends.
    where = corners(clips)
    ends = torch.bincount(where[labels == 0][:, -1, 1], minlength=11) / (labels == 0).sum()
    starts = torch.bincount(where[labels == 1][:, 0, 1], minlength=11) / (labels == 1).sum()
    assert (ends - starts).abs().max() < 0.05


def test_a_torn_digit_has_the_same_quarters_and_none_in_its_place(images):
    torn = made.torn(images, draw())
    cut = [(slice(r, r + 7), slice(c, c + 7)) for r in (0, 7) for c in (0, 7)]
    for before, after in zip(images[:50], torn[:50], strict=True):
        new = [
            next(k for k, old in enumerate(cut) if torch.equal(after[q], before[old])) for q in cut
        ]
        assert sorted(new) == [0, 1, 2, 3]
        assert all(k != place for place, k in enumerate(new))


def test_the_key_frame_alone_has_the_digit(images):
    labels = torch.arange(200) % 10
    clips, asked, key = made.one_digit(images, labels, 6, draw())
    assert torch.equal(asked, labels)
    assert torch.equal(clips[torch.arange(200), key], images)
    same = (clips[:, :, None, None] == images[None, None, None, :1]).all(-1).all(-1)
    assert same[..., 0, 0][1:].sum() == 0
    assert {*key.tolist()} == set(range(6))


def test_after_the_flash_comes_the_digit_that_is_asked_for(images):
    labels = torch.arange(200) % 10
    clips, asked, key = made.after_the_flash(images, labels, 6, draw())
    row = torch.arange(200)
    assert torch.equal(asked, labels)
    assert torch.equal(clips[row, key], images)
    white = (clips == 1.0).all(-1).all(-1)
    assert torch.equal(white.sum(1), torch.ones(200, dtype=torch.long))
    assert white[row, key - 1].all()
    assert {*key.tolist()} == {1, 2, 3, 4, 5}


def test_questions_change_those_clips_that_they_should():
    clips = torch.arange(8.0).reshape(1, 8, 1, 1).repeat(60, 1, 1, 1)
    yes = torch.arange(2).repeat(30)
    turned = made.backwards(clips, yes, draw())[..., 0, 0]
    assert (turned[yes == 0].diff() == 1).all()
    assert (turned[yes == 1].diff() == -1).all()
    mixed = made.out_of_order(clips, yes, draw())[..., 0, 0]
    assert torch.equal(mixed[yes == 0], clips[yes == 0][..., 0, 0])
    moved = mixed[yes == 1] - torch.arange(8.0)
    assert torch.equal(moved.abs().sum(1), torch.full((30,), 6.0))
    assert torch.equal(mixed[yes == 1].sort().values, clips[:30, :, 0, 0])
    assert len({tuple(line) for line in moved.tolist()}) > 3
