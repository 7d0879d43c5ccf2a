"""What the page of text generation measures with: tables of counts by hand, names, copies, heads that are off."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import attncourse.pytorch as att
from attncourse import data
from attncourse.experiments import text_generation as task
from attncourse.experiments import writing

A, B, C = 0, 1, 2


def abc(text):
    return np.array(["abc".index(c) for c in text])


@pytest.fixture(scope="module")
def model():
    return writing.build(1).eval()


def test_a_stretch_has_a_number_of_its_own():
    assert task.numbered(abc("abca"), 2, 3).tolist() == [1, 5, 6]
    every = np.array(list(itertools.product(range(3), repeat=4)))
    assert len(np.unique(task.numbered(every, 4, 3))) == 81


def test_single_characters_by_hand():
    """Five of one, one of another, none of the third; 0.5 of each count is shared out evenly."""
    tables = task.Tables(abc("aaabaa"), 3, order=1, discount=0.5)
    chances = tables.chances(abc("")[None], np.array([[A, B, C]]))
    shared = 0.5 * 2 / 6 / 3
    assert np.allclose(chances, [[4.5 / 6 + shared, 0.5 / 6 + shared, shared]])


def test_a_shorter_context_counts_variety():
    """Behind b stands a, ten times, and behind a only b: how often b occurs does not count, only behind what."""
    tables = task.Tables(abc("ab" * 10 + "ca" + "cb"), 3, order=2, discount=0.5)
    # Different characters before a: b, c. Before b: a, c. Before c: b, a. So each has two of six.
    lower = (2 - 0.5) / 6 + 0.5 * 3 / 6 / 3
    after_c = tables.chances(abc("c")[None], np.array([[A, B, C]]))  # "ca", "cb": once each
    assert np.allclose(after_c[0, 2], 0.5 * 2 / 2 * lower)
    assert np.allclose(after_c[0, 0], 0.5 / 2 + 0.5 * 2 / 2 * lower)


@pytest.mark.parametrize("order", range(1, 6))
def test_chances_add_up_to_one_for_known_and_unknown_contexts(order):
    rng = np.random.default_rng(order)
    tables = task.Tables(rng.choice(4, 300, p=[0.5, 0.3, 0.15, 0.05]), 4, order=5)
    before = np.array(list(itertools.product(range(4), repeat=5)))
    every = np.arange(4)[None].repeat(len(before), 0)
    chances = tables.chances(before, every, order)
    assert np.allclose(chances.sum(1), 1)
    assert (chances > 0).all()


def test_a_table_looks_no_further_back_than_it_may():
    tables = task.Tables(abc("abcabcaabbcc" * 5), 3, order=4)
    one, other = abc("aaaabca")[None], abc("cbcaabca"[1:])[None]  # the last four are the same
    assert (one[:, -4:] == other[:, -4:]).all()
    assert tables.losses(one)[0, -1] == tables.losses(other)[0, -1]
    assert tables.losses(one, 2)[0, -1] != tables.losses(one, 4)[0, -1]


def test_the_loss_is_of_each_next_character_told_those_before():
    tables = task.Tables(abc("abcabcabcaab"), 3, order=3)
    row = abc("bcaab")[None]
    losses = tables.losses(row)
    assert losses.shape == (1, 4)
    for t in range(1, 5):
        chance = tables.chances(row[:, max(0, t - 2) : t], row[:, t : t + 1])
        assert np.allclose(losses[0, t - 1], -np.log(chance[0, 0]))


def test_a_table_writes_what_it_has_counted():
    tables = task.Tables(abc("abc" * 50), 3, order=3)
    tokens, _ = att.generate(tables.step, torch.tensor([[A], [C]]), 5)
    assert tokens.tolist() == [[A, B, C, A, B, C], [C, A, B, C, A, B]]


def test_reading_more_lowers_the_loss_on_unread_plays():
    windows = writing.unread("valid")[:10].numpy()
    few, more = (
        task.Tables(writing.text().train.numpy()[:n], len(writing.text().alphabet))
        for n in (2000, 60_000)
    )
    assert more.losses(windows).mean() < few.losses(windows).mean() - 0.3


def test_losses_are_those_of_the_judge(model):
    windows = writing.unread("valid")[:52]
    losses = task.losses(model, windows)
    assert losses.shape == (52, writing.WINDOW)
    assert abs(losses.mean().item() - writing.judge(model, windows)) < 1e-5


def test_told_little_is_told_nothing_else(model):
    """What stands before the told characters does not matter; what is told does."""
    texts = writing.unread("valid")[:3]
    other = texts.clone()
    other[:, :-6] = 7
    few = task.with_context(model, texts, 5)
    assert np.array_equal(few, task.with_context(model, other, 5))
    assert not np.allclose(few, task.with_context(model, other, 6))


def test_stretches_of_the_test_are_of_the_test():
    some = task.stretches(5, 50)
    unread = "\n".join(data.shakespeare("test").values())
    assert all(writing.text().decode(row) in unread for row in some)
    assert writing.text().decode(some[-1]) == unread[-50:]


@pytest.mark.parametrize(
    ("written", "share"), [("a b c d e", 1.0), ("a b c a b c a b c", 3 / 7), ("a b", 0.0)]
)
def test_different_stretches_by_hand(written, share):
    assert task.different(written) == pytest.approx(share)


def test_the_longest_copy_is_found():
    read, rng = "the quick brown fox jumps", np.random.default_rng(0)
    number = {c: i for i, c in enumerate(sorted({*read, *"xyz"}))}

    def code(text):
        return np.array([number[c] for c in text])

    copies = task.Copies(code(read), len(number), shortest=3)
    for written in ("zzquick brozz", "the qxx fox jumps", "xyzxyz", "umps", "br", "the fox"):
        spans = [written[i:j] for i in range(len(written)) for j in range(i + 3, len(written) + 1)]
        longest = max((s for s in spans if s in read), key=len, default="")
        assert copies.longest(code(written)).tolist() == code(longest).tolist() if longest else True
        assert len(copies.longest(code(written))) == len(longest)
    own = rng.integers(0, 5, 400)  # a text that repeats itself has many places for one stretch
    assert len(task.Copies(own, 5, shortest=3).longest(own[100:190])) == 90


def test_names_stand_above_speeches_and_are_found_again():
    again, new = task.watched(20)
    assert len(new) == 20
    assert len(again) > 100
    for name in [*again[::20], *new]:
        window = writing.text().decode(name.window)
        line = window[-name.length :]
        assert len(window) == writing.WINDOW + 1
        assert line.endswith("\n")
        assert "\n" not in line[:-1]
        assert window[: -name.length].endswith("\n\n")
        if name.back is None:
            assert "\n\n" + line not in window[: -name.length]
        else:
            first = len(window) - name.length - name.back
            assert window[first - 2 : first + name.length] == "\n\n" + line


def test_a_names_loss_is_the_sum_over_its_characters(model):
    again, _ = task.watched(1)
    some = [*again[:2], *again[40:42]]
    tables = task.Tables(writing.text().train.numpy()[:5000], len(writing.text().alphabet), order=3)
    for judge in (model, tables):
        found = task.of_names(judge, some)
        for value, name in zip(found, some, strict=True):
            row = name.window[None]
            losses = (
                judge.losses(row.numpy()) if judge is tables else task.losses(model, row).numpy()
            )
            assert value == pytest.approx(losses[0, -name.length :].sum(), rel=1e-4)
    near = task.of_names(model, some, n_told=4)
    cut = some[0].window[None, -some[0].length - 4 :]
    assert near[0] == pytest.approx(
        task.losses(model, cut)[0, -some[0].length :].sum().item(), rel=1e-4
    )


def test_memory_helps_with_what_the_text_so_far_holds():
    """And it looks at nothing but the text so far: what comes later moves nothing."""
    again, new = task.watched(6)
    tables = task.Tables(writing.text().train.numpy()[:50_000], len(writing.text().alphabet))
    gains = [
        task.of_names(tables, names).mean() - task.with_memory(tables, names).mean()
        for names in (again[::50], new)
    ]
    assert gains[0] > gains[1] + 3
    name = again[0]
    two = task.Name(name.window[:-1], name.length - 1, name.back)
    whole = task.with_memory(tables, [name])
    part = task.with_memory(tables, [two])
    assert 0 < part[0] < whole[0]


def test_distances_are_counted_backwards():
    """One head looks at itself, one two places back, one evenly."""
    weights = torch.zeros(5, 1, 3, 9, 9)
    for t in range(2, 9):
        weights[:, 0, 0, t, t] = weights[:, 0, 1, t, t - 2] = 1
        weights[:, 0, 2, t, : t + 1] = 1 / (t + 1)
    found = task.distances(weights, 4)
    assert found.shape == (4, 1, 3)
    assert found[:, 0, 0].tolist() == [1, 0, 0, 0]
    assert found[:, 0, 1].tolist() == [0, 0, 1, 0]
    assert np.allclose(found[:, 0, 2], np.mean([1 / (t + 1) for t in range(4, 9)]))


def test_maps_are_rows_of_shares_of_the_past(model):
    maps = task.maps(model, writing.unread("valid")[:2, :10])
    assert maps.shape == (2, writing.N_LAYERS, writing.N_HEADS, 10, 10)
    assert torch.allclose(maps.sum(-1), torch.ones(()))
    assert not maps.triu(1).any()


def test_a_head_is_off_and_on_again(model):
    tokens = writing.unread("valid")[:2]
    before = task.losses(model, tokens)
    with task.HeadsOff(model, [(1, 2)]):
        off = task.losses(model, tokens)
        out = model.decoder.blocks[1].attention.out.weight
        assert not out[:, 64:96].any()
        assert out[:, :64].all()
        assert out[:, 96:].all()
    assert not torch.allclose(off, before)
    assert torch.equal(task.losses(model, tokens), before)
    with task.HeadsOff(model, [(0, h) for h in range(4)]):
        x = torch.randn(1, 5, writing.D_MODEL)
        with torch.no_grad():
            assert not model.decoder.blocks[0].attention(x, causal=True).any()
