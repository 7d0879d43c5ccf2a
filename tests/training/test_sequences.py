"""Symbols, batches and the error rate, against values that can be counted by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attncourse.training import (
    END,
    PAD,
    BucketedBatches,
    Vocabulary,
    closest,
    edit_distance,
    pad,
)

words = st.text("abc", max_size=6)


def test_a_vocabulary_gives_back_what_it_took():
    phonemes = Vocabulary(["K", "AE", "T", "K"])
    assert len(phonemes) == 6
    numbers = phonemes.encode(("K", "AE", "T"))
    assert min(numbers) == END + 1
    assert phonemes.decode([*numbers, END, 3, PAD]) == ["K", "AE", "T"]


def test_a_symbol_without_a_number_is_named():
    with pytest.raises(ValueError, match="'é' in 'café' is not in the vocabulary"):
        Vocabulary("cafe").encode("café")


def test_what_a_model_must_not_say_is_visible():
    assert Vocabulary("ab").decode([PAD, 3, END]) == ["?", "a"]


def test_padding_comes_last():
    assert pad([[5], [6, 7, 8]]).tolist() == [[5, PAD, PAD], [6, 7, 8]]
    with pytest.raises(ValueError, match="at least one"):
        pad([])


def test_a_pass_holds_every_pair_once_with_its_end():
    pairs = [([3 + i % 5] * (1 + i % 7), [4 + i % 3] * (1 + i % 4)) for i in range(333)]
    batches = BucketedBatches(pairs, batch_size=4, seed=1)
    found = []
    for source, target in batches:
        assert source.dtype == torch.int64
        assert 1 <= len(source) == len(target) <= 4
        for s, t in zip(source.tolist(), target.tolist(), strict=True):
            t = [n for n in t if n != PAD]
            assert t[-1] == END
            found.append(([n for n in s if n != PAD], t[:-1]))
    assert sorted(found) == sorted(pairs)


def test_batches_hold_like_lengths_in_an_order_that_changes():
    pairs = [([3] * (1 + i % 10), [3]) for i in range(1000)]
    batches = BucketedBatches(pairs, batch_size=10, seed=0)
    widths = [(source != PAD).sum(1) for source, _ in batches]
    assert max(int(w.max() - w.min()) for w in widths) <= 1
    first, second = ([tuple(s.shape) for s, _ in batches] for _ in range(2))
    assert first != second
    again = [tuple(s.shape) for s, _ in BucketedBatches(pairs, batch_size=10, seed=0)]
    assert again == [(len(w), int(w.max())) for w in widths]


@pytest.mark.parametrize(
    ("a", "b", "errors"),
    [("", "", 0), ("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("ab", "ba", 2)],
)
def test_edit_distance_counted_by_hand(a, b, errors):
    assert edit_distance(a, b) == edit_distance(b, a) == errors


@given(words, words, words)
def test_edit_distance_is_a_distance(a, b, c):
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


def test_the_best_reference_counts_errors_per_symbol():
    assert closest("tomato", ["tomayto", "tomato"]) == (0, "tomato")
    assert closest("ab", ["xb", "abcdefgh"]) == (1, "xb")
    # Two errors in four symbols are better than one error in one.
    assert closest("ab", ["a", "abcd"]) == (2, "abcd")
    with pytest.raises(ValueError, match="none of them empty"):
        closest("a", [])
    with pytest.raises(ValueError, match="none of them empty"):
        closest("a", [""])
