"""Networks that watch: who can see time, equal sizes, and what is judged on what."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from attncourse import data
from attncourse.data.clips import VIDEO_CLIPS
from attncourse.experiments import arrow_of_time, key_frames, video_analysis, video_models
from attncourse.experiments import moving_digits as made
from attncourse.training import count_parameters

KINDS = ("joint", "divided", "factorised", "timeless", "frames", "mean", "gru", "cnn3d")


@pytest.mark.parametrize("kind", KINDS)
def test_networks_are_of_equal_size(kind):
    size = count_parameters(video_models.build("joint", 4))
    assert 1 <= count_parameters(video_models.build(kind, 4)) / size < 1.02


@pytest.mark.parametrize("kind", KINDS)
def test_who_sees_the_order_of_frames(kind):
    """Exactly those that the page says cannot answer the same, whichever way a clip is played."""
    model = video_models.build(kind, 4, seed=1)
    clips = torch.rand(3, made.N_FRAMES, made.SIDE, made.SIDE)
    with torch.no_grad():
        apart = (model(clips) - model(clips.flip(1))).abs().max().item()
    assert (apart < 1e-5) is (kind in ("timeless", "frames", "mean"))


def test_divided_attention_looks_over_time_at_one_place_and_then_over_places_in_one_frame():
    block = video_models.Divided(12, 3, 24)
    x, other = torch.randn(2, 1, 4, 5, 12).unbind()
    changed = x.clone()
    changed[0, 1, 2] = other[0, 1, 2]
    heard = []
    block.over_time.register_forward_hook(lambda module, given, found: heard.append(found))
    with torch.no_grad():
        moved = (block(changed) - block(x)).abs().amax(-1)[0] > 0
    over_time = (heard[0] - heard[1]).abs().amax(-1)[0] > 0  # places, then frames
    assert torch.equal(over_time, (torch.arange(5) == 2)[:, None].expand(5, 4))
    assert moved.all()  # from its place in every frame on to all places of that frame


def test_rollout_gives_shares_of_all_patches_of_all_frames():
    model = video_models.Watcher("joint", 4)
    looks = model.looks(torch.rand(2, made.N_FRAMES, made.SIDE, made.SIDE))
    assert looks.shape == (2, made.N_FRAMES, 9)
    assert looks.sum((1, 2)) == pytest.approx([1, 1])


@pytest.mark.parametrize("kind", ["joint", "divided", "factorised"])
def test_counted_work_is_that_of_the_page(kind):
    """Scores and sums: all pairs, pairs along time and in frames, or frames first and then time."""
    frames, places, d, layers = 16, 9, video_models.D_MODEL, video_models.N_LAYERS

    def counted(n):
        with torch.device("meta"):
            model = video_models.Watcher(kind, 4, n_frames=n)
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                model(torch.zeros(1, n, made.SIDE, made.SIDE))
        return counter.get_total_flops() // 2

    pairs = {
        "joint": lambda n: layers * (n * places) ** 2,
        "divided": lambda n: layers * n * places * (n + places),
        "factorised": lambda n: n * places**2 + n**2,
    }[kind]
    # What grows with the square of the frames: the second difference, all else is linear in them.
    second = counted(3 * frames) - 2 * counted(2 * frames) + counted(frames)
    assert second == 2 * d * (pairs(3 * frames) - 2 * pairs(2 * frames) + pairs(frames))


def test_held_out_clips_hold_each_digit_both_ways():
    clips, labels = video_analysis.held_out()
    assert clips.shape == (1500, made.N_FRAMES, made.SIDE, made.SIDE)
    assert torch.equal(clips[:750].flip(1), clips[750:])
    assert (torch.bincount(labels).float() / 1500 - 0.25).abs().max() < 0.04
    assert (torch.bincount(labels, minlength=4)[0] == torch.bincount(labels)[1]).item()


@pytest.mark.parametrize("condition", key_frames.SETTINGS)
def test_readers_of_frames_are_of_equal_size_and_say_a_digit(condition):
    setting = key_frames.SETTINGS[condition]
    size = count_parameters(key_frames.FrameReader("time", setting.n_frames))
    model = key_frames.build(condition)
    assert 1 <= count_parameters(model) / size < 1.02
    clips = key_frames.held_out(condition)[0][:3]
    shares, weights = key_frames.look(model, clips)
    assert shares.shape == (3, 10)
    assert (weights is None) == (setting.pool in ("mean", "largest", "gru"))
    if weights is not None:
        torch.testing.assert_close(weights.sum(-1), torch.ones(3))


def test_without_positions_frames_are_a_set():
    clips = key_frames.held_out("time, flash")[0][:4]
    for name, same in (("time, flash", False), ("time, no order, flash", True)):
        model = key_frames.build(name, seed=1)
        there, back = (key_frames.look(model, c)[0] for c in (clips, clips.flip(1)))
        assert torch.allclose(there, back, atol=1e-5) is same


def test_hiding_a_frame_changes_that_frame_alone():
    for condition in ("attention, 8 frames", "attention, flash"):
        clips, _, key = key_frames.held_out(condition)
        hidden = key_frames.hide(condition, clips, key)
        changed = (hidden != clips).any(-1).any(-1)
        assert torch.equal(changed.nonzero()[:, 1], key)


cached = (data.cache_dir() / VIDEO_CLIPS.filename).is_file()


@pytest.mark.skipif(not cached, reason="the films are not in the cache: attncourse data")
def test_films_are_cut_where_they_are_cut_and_parts_share_no_frame():
    early, late = (arrow_of_time.shots(part) for part in ("train", "test"))
    assert [len(s) for s in early] == [79, 18, 27, 36, 30, 33, 72]
    assert [len(s) for s in late] == [53, 19, 25, 20, 22, 48]
    film = arrow_of_time.small("bikes")
    jumps = (film[1:] - film[:-1]).abs().mean((1, 2))
    assert sorted((jumps.topk(5).indices + 1).tolist()) == list(arrow_of_time.CUTS)
    there = {frame.numpy().tobytes() for shot in early for frame in shot}
    assert not there & {frame.numpy().tobytes() for shot in late for frame in shot}


@pytest.mark.skipif(not cached, reason="the films are not in the cache: attncourse data")
def test_a_question_is_asked_of_each_clip_with_both_answers():
    clips, labels = arrow_of_time.held_out("films, backwards, cnn3d", "test", n=20)
    assert labels.tolist() == [0] * 20 + [1] * 20
    assert torch.equal(clips[:20].flip(1), clips[20:])
    torch.testing.assert_close(clips.mean((1, 2, 3)), torch.zeros(40), atol=1e-4, rtol=0)
