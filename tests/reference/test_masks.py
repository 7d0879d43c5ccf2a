from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref

LENGTH = st.integers(0, 8)
COUNT = st.integers(1, 9)


def grid(text: str) -> np.ndarray:
    return np.array([[mark == "x" for mark in line] for line in text.split()])


@pytest.mark.parametrize(
    ("mask", "picture"),
    [
        (ref.causal_mask(3, 3), "x.. xx. xxx"),
        (ref.causal_mask(2, 4), "xxx. xxxx"),
        (ref.causal_mask(4, 2), ".. .. x. xx"),
        (ref.causal_mask(1, 4), "xxxx"),
        (ref.sliding_window_mask(4, 4, 1), "x... .x.. ..x. ...x"),
        (ref.sliding_window_mask(4, 4, 2), "x... xx.. .xx. ..xx"),
        (ref.sliding_window_mask(2, 5, 3), ".xxx. ..xxx"),
        (ref.sliding_window_mask(3, 1, 2), ". . x"),
        (ref.prefix_mask(3, 4, 0), "xx.. xxx. xxxx"),
        (ref.prefix_mask(4, 4, 2), "xx.. xx.. xxx. xxxx"),
        (ref.prefix_mask(3, 2, 1), "x. x. xx"),
        (ref.block_mask(4, 4, 2), "xx.. xx.. ..xx ..xx"),
        (ref.block_mask(2, 5, 3), "...xx ...xx"),
        (ref.block_mask(3, 2, 2), ".. xx xx"),
        (ref.document_mask(np.array([[5, 5, 1]]))[0, 0], "xx. xx. ..x"),
        (ref.document_mask(np.array([[5, 1, 1, 5]]), 2)[0, 0], ".xx. x..x"),
        (ref.padding_mask(np.array([2, 0, 3]), 3)[:, 0, 0], "xx. ... xxx"),
        (ref.padding_mask(np.array([2, 0, 3]), 3, side="left")[:, 0, 0], ".xx ... xxx"),
    ],
)
def test_by_hand(mask, picture):
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, grid(picture))


def test_batch_masks_broadcast_over_heads_and_queries():
    assert ref.padding_mask(np.array([2, 3]), 7).shape == (2, 1, 1, 7)
    assert ref.document_mask(np.zeros((2, 7), dtype=int), 5).shape == (2, 1, 5, 7)


@given(q_len=LENGTH, kv_len=LENGTH, n=COUNT)
def test_entry_by_entry(q_len, kv_len, n):
    """Every entry of every mask, from the position of its query and of its key."""
    definitions = [
        (ref.causal_mask(q_len, kv_len), lambda p, j: j <= p),
        (ref.sliding_window_mask(q_len, kv_len, n), lambda p, j: 0 <= p - j <= n - 1),
        (ref.prefix_mask(q_len, kv_len, n), lambda p, j: j <= p or j <= n - 1),
        (
            ref.block_mask(q_len, kv_len, n),
            lambda p, j: any({p, j} <= set(range(s, s + n)) for s in range(-9 * n, 9 * n, n)),
        ),
    ]
    for mask, allowed in definitions:
        assert mask.shape == (q_len, kv_len)
        for i, j in np.ndindex(q_len, kv_len):
            assert mask[i, j] == allowed(i + kv_len - q_len, j)


@given(
    total=st.integers(1, 8),
    q_len=LENGTH,
    n=COUNT,
    documents=st.lists(st.integers(0, 2), min_size=8, max_size=8),
)
def test_fewer_queries_are_the_last_ones(total, q_len, n, documents):
    """With a cache, the rows of the last queries are the last rows of the whole mask."""
    q_len = min(q_len, total)
    ids = np.array([documents[:total]])
    for mask in (
        lambda q_len: ref.causal_mask(q_len, total),
        lambda q_len: ref.sliding_window_mask(q_len, total, n),
        lambda q_len: ref.prefix_mask(q_len, total, n),
        lambda q_len: ref.block_mask(q_len, total, n),
        lambda q_len: ref.document_mask(ids, q_len)[0, 0],
    ):
        np.testing.assert_array_equal(mask(q_len), mask(total)[total - q_len :])


def test_masks_compose():
    lengths = np.array([4, 2])
    both = ref.causal_mask(4, 4) & ref.padding_mask(lengths, 4)
    assert both.shape == (2, 1, 4, 4)
    np.testing.assert_array_equal(both[1, 0], grid("x... xx.. xx.. xx.."))
    either = ref.causal_mask(3, 3) | ref.create_mask(lambda q_pos, kv_pos: kv_pos == 2, 3, 3)
    np.testing.assert_array_equal(either, grid("x.x xxx xxx"))
    np.testing.assert_array_equal(~ref.causal_mask(2, 2), grid(".x .."))


def test_materialise_gives_positions_aligned_bottom_right():
    seen = []

    def mask_mod(q_pos, kv_pos):
        seen.extend([q_pos.tolist(), kv_pos.tolist()])
        return q_pos == kv_pos

    np.testing.assert_array_equal(ref.create_mask(mask_mod, 2, 4), grid("..x. ...x"))
    assert seen == [[[2], [3]], [[0, 1, 2, 3]]]


def test_materialise_lays_out_a_predicate_on_one_position():
    first = ref.create_mask(lambda q_pos, kv_pos: kv_pos == 0, 2, 3)
    np.testing.assert_array_equal(first, grid("x.. x.."))
    first[0, 0] = False  # and the rows do not share memory
    assert first[1, 0]
